"""The job that audits a variant: what varies in each of its rows, and what is left out."""

import re

import pytest
from support.stores import stored_dataset

from cnnjobs import Augment, Job, MixUp, Variant, custom, mlp, vgg, vgg16
from cnnjobs.errors import SpecError
from cnnjobs.planning.audit_names import ALL, TWICE
from cnnjobs.planning.trials import make_plan
from cnnjobs.report.sections.seed_audit import vary_text
from cnnjobs.run.audit import audit_of, left_out
from cnnjobs.spec import SOURCES

BASE = Variant(model=vgg(dropout=0.2), augment=Augment(shift=0.1))
JOB = Job(name="a", dataset="digits", repeats=3, variants={"base": BASE, "plain": Variant(model=vgg())})


def net(input_shape, classes): ...


def test_every_source_varies_alone_and_all_together_and_none():
    audit = audit_of(JOB, "base")
    assert audit.name == "a-audit-base"
    assert list(audit.variants) == [ALL, *(f"{source} alone" for source in SOURCES), TWICE]
    assert [audit.vary_of(name) for name in audit.variants] == [SOURCES, *((source,) for source in SOURCES), ()]
    assert [audit.repeats_of(name) for name in audit.variants] == [3] * 6 + [2]
    assert all(variant is BASE for variant in audit.variants.values())


def test_seeds_vary_where_they_should():
    trials = make_plan(audit_of(JOB, "base"), "data").trials
    for trial in trials:
        first = next(one for one in trials if one.variant == trial.variant)
        varying = {source for source in SOURCES if getattr(trial.seeds, source) != getattr(first.seeds, source)}
        asked = {ALL: set(SOURCES), TWICE: set()}.get(trial.variant, {trial.variant.split()[0]})
        assert varying == (asked if trial.repeat else set())


def test_all_sources_are_the_trials_of_the_job_itself():
    own = {trial.trial_id for trial in make_plan(JOB, "data").trials if trial.variant == "base"}
    audit = make_plan(audit_of(JOB, "base"), "data").trials
    assert {trial.trial_id for trial in audit if trial.variant == ALL} == own
    assert len({trial.trial_id for trial in audit}) == 3 * 6 + 2


@pytest.mark.parametrize(
    ("variant", "changes", "without"),
    [
        (BASE, {}, set()),
        (BASE, {"validation": "test"}, {"split"}),
        (BASE, {"validation": None}, {"split"}),
        (BASE, {"validation": "test", "folds": None}, {"split"}),
        (BASE, {"folds": 5}, set()),
        (BASE.but(augment=None), {}, {"augment"}),
        (BASE.but(augment=MixUp()), {}, set()),
        (BASE.but(model=mlp()), {}, {"dropout"}),
        (BASE.but(model=mlp(dropout=(0.0, 0.5))), {}, set()),
        (BASE.but(model=vgg16(weights=None, trainable_blocks=5)), {}, {"dropout"}),
        (BASE.but(model=custom(net), augment=None), {}, {"augment"}),
    ],
)
def test_only_sources_that_certainly_do_nothing_are_left_out(variant, changes, without):
    assert set(left_out(JOB.but(variants={"v": variant}, **changes), "v")) == without


def test_variants_whose_plain_names_are_alike_have_audits_of_their_own():
    job = JOB.but(variants={"a b": BASE, "a-b": BASE.but(epochs=3)})
    assert [audit_of(job, name).name for name in job.variants] == ["a-audit-a-b-1", "a-audit-a-b-2"]


def kept(job):
    return make_plan(job, "data").as_stored(stored_dataset())


def test_a_job_says_which_sources_vary_and_which_are_held():
    assert vary_text(kept(JOB)) is None
    held = vary_text(kept(JOB.but(vary=("init", "order")))).text
    assert held.startswith(
        "Between repeats only the initialisation and the order of the images vary; held as in the first repeat: the "
        "choice of held-out rows, the augmentation, the dropout."
    )
    assert "Between repeats only the dropout varies;" in vary_text(kept(JOB.but(vary=("dropout",)))).text
    assert "nothing varies: every repeat has the seeds of the first" in vary_text(kept(JOB.but(vary=()))).text
    mixed = vary_text(kept(JOB.but(vary={"base": SOURCES, "plain": ["init"]}))).text
    assert "of base all sources of chance vary; of plain only the initialisation varies" in mixed


def test_a_long_name_of_a_variant_is_cut_short_in_that_of_its_audit():
    job = JOB.but(variants={"v" * 99 + "a": BASE, "v" * 99 + "b": BASE.but(epochs=3)})
    audits = [audit_of(job, name).name for name in job.variants]
    assert all(len(audit) == 100 and audit.startswith("a-audit-vvvv") for audit in audits)
    assert len(set(audits)) == 2
    assert re.fullmatch(r"a-audit-v+-[0-9a-f]{8}", audits[0])


@pytest.mark.parametrize("length", range(80, 86))
def test_a_long_name_of_a_job_leaves_room_for_the_hash_of_a_variants(length):
    name = audit_of(JOB.but(name="n" * length), "plain").name
    assert len(name) <= 100
    assert "--" not in name


def test_a_job_whose_name_is_too_long_for_an_audit_is_refused():
    message = (
        "`audit` needs a job whose `name` has at most 85 characters, because it adds to it. Received: a name of 86"
    )
    with pytest.raises(SpecError, match=message):
        audit_of(JOB.but(name="n" * 86), "base")
