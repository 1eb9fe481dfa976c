"""`cnnjobs plan JOB`: what there is, what is done, what would run; Ray is not started."""

import shlex
from typing import TYPE_CHECKING, Any

import click

from cnnjobs.cli.options import DEFAULT_RESULTS, override_options

if TYPE_CHECKING:
    from cnnjobs.run.prepare import Prepared
    from cnnjobs.spec import Job
    from cnnjobs.spec.half_width import HalfWidth
    from cnnjobs.store.store import Store


@click.command(short_help="Show what there is, what is stored, what would run.")
@click.argument("job", metavar="JOB")
@override_options
@click.option("--audit", metavar="VARIANT", help="What `submit --audit VARIANT` would run.")
@click.option("--sizes/--no-sizes", default=True, help="Count each model's parameters (loads TensorFlow, 4 to 13 s).")
@click.option("--summary", is_flag=True, help="Show the layers of each network (loads TensorFlow).")
def plan(job: str, *, results: str, audit: str | None, sizes: bool, summary: bool, **overrides: Any) -> None:
    """Show the variants of JOB, which of their trials are stored, and what `submit` would run."""
    from cnnjobs.cli.networks import build_networks, show_summaries
    from cnnjobs.datasets import needs_download
    from cnnjobs.run.audit import for_audit
    from cnnjobs.run.prepare import Overrides, prepare, read_job, store_at
    from cnnjobs.run.progress import Waiting

    asked = Overrides(**overrides)
    read = plain = read_job(job, asked)
    if audit is not None:
        read = for_audit(plain, audit, asked.only)
    known = needs_download(read.dataset)
    prepared = prepare(read, asked, Waiting()) if known is None else None
    if prepared is not None:
        known = prepared.dataset.image_shape, len(prepared.dataset.class_names)
        for note in prepared.notes:
            click.echo(f"note: {note}", err=True)
    networks = build_networks(read.job, *known) if known is not None and (sizes or summary) else {}
    counted = {name: facts.parameters for name, facts in networks.items()} if sizes else {}
    if prepared is not None:
        _show_counts(prepared, store_at(results, prepared.job), counted)
        _show_half_width(prepared, store_at(results, prepared.job), job, results)
        if audit is not None:
            _show_shared(prepared, store_at(results, plain.job), store_at(results, prepared.job))
    else:
        _show_unknown(read.job, counted)
    if summary:
        show_summaries(networks, asked.only)


def _show_unknown(job: "Job", counted: dict[str, int]) -> None:
    """Print the table of a job whose data set is not here yet."""
    _show(job, [_cells(job, name, counted, "?", "?", "?", "?") for name in job.variants])
    click.echo(
        "The data set is not on this machine yet: `submit` downloads it. Which trials are stored cannot be told "
        "until then, because a trial's identity holds the content of its data set."
    )


def _show_counts(prepared: "Prepared", store: "Store", counted: dict[str, int]) -> None:
    """Print the table with what is stored and what would run."""
    from cnnjobs.run.submit import missing_trials

    job, trials = prepared.job, prepared.plan.trials
    missing, state = missing_trials(prepared, store)
    rows = []
    for name in job.variants:
        own = [trial.trial_id for trial in trials if trial.variant == name]
        done = sum(identity in state.finished for identity in own)
        would = sum(trial.variant == name for trial in missing)
        stale = state.stale.get(name, 0)
        rows.append(_cells(job, name, counted, str(done), str(len(own) - done), str(stale), str(would)))
    _show(job, rows)
    data = prepared.dataset
    click.echo(
        f"{data.name}: {len(data.y_train):,} training and {len(data.y_test):,} test images of "
        f"{len(data.class_names)} classes; {prepared.plan.protocol.describe()}."
    )
    failed = f" ({len(state.failed)} of them failed before)" if state.failed else ""
    if missing:
        click.echo(
            f"`submit` would run {len(missing)} of {len(trials)} trials{failed}; results: {store.files.location}"
        )
    else:
        click.echo(f"`submit` would run nothing: all is stored in {store.files.location}")
    for name in state.damaged:
        click.echo(f"note: not readable, counts as missing: {name}", err=True)


def _show_half_width(prepared: "Prepared", store: "Store", path: str, results: str) -> None:
    """Say which half width was asked for and is not reached, and how to go on."""
    job = store.job or {"variants": {}}
    current = set(prepared.plan.conditions.values())
    names = {name for name, variant in job["variants"].items() if variant["condition_id"] in current}
    if "half_width" not in job or not names:
        return
    from cnnjobs.comparison.half_width import asked_for, precisions, rule_of
    from cnnjobs.comparison.table import job_table

    rule = rule_of(job)
    if rule is None:
        return
    open_ones = [one for one in precisions(store, job_table(store, rule.metric), rule) if one.left]
    open_ones = [one for one in open_ones if one.variant in names]
    left = sum(one.left for one in open_ones)
    if left:
        least = "at least " if any(one.needed is None for one in open_ones) else ""
        click.echo(
            f"A half width of {asked_for(rule)} was asked for: {least}{left:,} run{'s' if left > 1 else ''} still to "
            f"go: {_go_on(prepared, rule, path, results)}"
        )


def _go_on(prepared: "Prepared", rule: "HalfWidth", path: str, results: str) -> str:
    """Return the command that runs what the half width still needs."""
    from cnnjobs.remote.remote_submit import words_of
    from cnnjobs.spec.half_width import MOST_REPEATS

    given = words_of(click.get_current_context(), leave=("job", "repeats", "results", "audit", "sizes", "summary"))
    words = ["cnnjobs", "submit", path, "--half-width", f"{100 * rule.half_width:g}", *given]
    words += ["--most-repeats", str(rule.most)] if rule.most != MOST_REPEATS else []
    words += ["--repeats", str(rule.pilot)] if prepared.job.repeats != rule.pilot else []
    words += ["--results", results] if results != DEFAULT_RESULTS else []
    return shlex.join(words)


def _show_shared(prepared: "Prepared", of_job: "Store", store: "Store") -> None:
    """Say how many trials of an audit its job has run already."""
    from cnnjobs.run.audit import to_take_over

    shared = sum(1 for _ in to_take_over(of_job, store, prepared))
    if shared:
        click.echo(f"{shared} of these are stored in {of_job.files.location}: `submit` takes them over from there.")


def _cells(job: "Job", name: str, counted: dict[str, int], *counts: str) -> tuple[str, ...]:
    variant = job.variants[name]
    size = f"{counted[name]:,}" if name in counted else "-"
    return (name, str(job.repeats_of(name)), str(job.folds or "-"), str(variant.epochs), size, *counts)


def _show(job: "Job", rows: list[tuple[str, ...]]) -> None:
    from cnnjobs.cli.tables import show_table

    header = ("variant", "repeats", "folds", "epochs", "parameters", "done", "missing", "stale", "would run")
    show_table(job.name, header, rows)
