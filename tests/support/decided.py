"""Stores of jobs whose repeats ended by a rule, with made-up pairs."""

from dataclasses import replace
from types import MappingProxyType

from cnnjobs.comparison.decisions import Endings, job_ruling
from cnnjobs.store.decision_rule import DecisionRule
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import StoredVariant
from tests.support.stores import predictions, stored_dataset, stored_job

DIVERGED, FAILED = "diverged", "failed"
"""In place of a difference: how the variant's run ended."""

A = [1.2, 0.9, 1.5, 1.1, 1.3]
B = [0.6, 0.1, 0.9, 0.4, -0.1, 0.7, 0.5, 0.8, 0.3, 0.6, 0.4, 0.2]
C = [-0.5, -0.2, -0.9, 0.1, -0.6, -0.7, -0.4, -0.8, -0.3, -0.6]
D = [0.3, -0.2, 0.1, -0.4, 0.2, 0, -0.1, 0.5, -0.3, 0.1, 0.2, -0.2, 0.4, -0.1, 0, 0.1, -0.3, 0.2, 0.1, -0.1]
I = [0.6, DIVERGED, 0.9, 0.4, -0.1, DIVERGED, 0.5, 0.8, 0.3, 0.6, 0.4]  # noqa: E741 - as the case is called
"""Known answers of the rule: differences in points, repeat by repeat."""


def decided_store(
    root,
    pairs,
    *,
    margin=None,
    most_repeats=20,
    alpha=0.05,
    keep=True,
    metric="test_accuracy",
    name="job",
    settings=MappingProxyType({}),
):
    """A store of a job with a rule.

    Args:
        root: folder of the jobs.
        pairs: variant -> for each repeat its difference to the reference, in points of accuracy (of a loss: as
            stored), or how its run ended.
        margin: in points.
        most_repeats: of a variant.
        alpha: of the rule.
        keep: whether `job.json` has what is decided, as after a submit.
        metric: that decides.
        name: of the job.
        settings: variant -> its settings.
    """
    store = Store(Files(root / name))
    conditions = {variant: f"{name}-{index}" for index, variant in enumerate(("baseline", *pairs))}
    factor = 1 if metric.endswith("loss") else 100
    rule = DecisionRule(
        alpha=alpha,
        margin=None if margin is None else margin / factor,
        most_repeats=most_repeats,
        metric=metric,
        reference=conditions["baseline"],
        variants={condition: variant for variant, condition in conditions.items() if variant != "baseline"},
    )
    variants = {one: StoredVariant(condition_id=own, settings=settings.get(one, {})) for one, own in conditions.items()}
    dataset = stored_dataset(name=f"data of {name}", test_rows=40, classes=3)
    store.write_job(stored_job(name, conditions, repeats=most_repeats, decide=rule, variants=variants, dataset=dataset))
    for repeat in range(max(len(own) for own in pairs.values())):
        commit_run(store, "baseline", repeat, base(repeat), metric)
    for variant, own in pairs.items():
        for repeat, one in enumerate(own):
            ended = one if isinstance(one, str) else base(repeat) + one / factor
            commit_run(store, variant, repeat, ended, metric)
    if keep:
        keep_decisions(store)
    return store


def base(repeat):
    """The reference's value at a repeat: its own spread is wider than that of most differences."""
    return 0.80 + 0.03 * ((repeat * 7) % 11) / 11


def commit_run(store, variant, repeat, ended, metric="test_accuracy"):
    """Store a run with a value, or how it ended."""
    condition = store.kept_job().conditions[variant]
    row = {"trial_id": f"{condition}-{repeat}", "condition_id": condition, "job": "job", "variant": variant}
    row |= {"repeat": repeat, "fold": 0, "status": ended if isinstance(ended, str) else "completed"}
    own = number_of(condition, repeat)
    others = {"test_accuracy": 0.5, "test_loss": 0.4 + own, "val_accuracy": 0.5 + own / 7, "train_loss": 0.1 + own}
    values = {} if isinstance(ended, str) else others | {metric: ended}
    store.commit(
        row | values,
        {},
        None if isinstance(ended, str) else predictions(repeat + 100 * int(condition.rpartition("-")[2])),
    )


def number_of(condition, repeat):
    """A number that no two runs share: equal ones would be said to be equal to the bit."""
    return (sum(map(ord, condition)) % 97 + 100 * ((repeat * 5) % 13)) * 1e-5


def keep_decisions(store):
    """Keep in `job.json` what is decided now, as a submit does at its end."""
    job = store.kept_job()
    found = job_ruling(store, job)
    rows = store.read("trials", columns=["trial_id", "condition_id", "repeat", "status", job.decide.metric])
    endings = Endings.of_rows(rows.table.to_pylist(), job.decide.metric)
    variants = {name: replace(one, repeats=found.repeats[name]) for name, one in job.variants.items()}
    store.write_job(replace(job, variants=variants, decide=found.kept(job.conditions, endings)))
