"""A trial is the same trial exactly when everything that decides it is the same."""

import numpy as np
import pytest
from support.stores import stored_dataset

from cnnjobs import SGD, Augment, Job, Variant, vgg
from cnnjobs.errors import SpecError
from cnnjobs.planning.identity import canonical, digest
from cnnjobs.planning.trials import make_plan, seeds_of
from cnnjobs.spec import SOURCES

BASE = Variant(model=vgg(), optimizer=SGD(0.1))


def job(**changes):
    given = {"name": "a", "dataset": "digits", "repeats": 2, "variants": {"base": BASE, "two": BASE.but(epochs=3)}}
    return Job(**(given | changes))


def ids(one, fingerprint="data", limit=None):
    return [trial.trial_id for trial in make_plan(one, fingerprint, limit).trials]


def test_names_stay_out_of_the_identity():
    renamed = job(name="b", variants={"other": BASE, "names": BASE.but(epochs=3)})
    assert ids(renamed) == ids(job())


def test_more_repeats_keep_the_trials_there_were():
    assert set(ids(job())) < set(ids(job(repeats=5)))
    assert len(set(ids(job(repeats=5)))) == 10


@pytest.mark.parametrize(
    "other",
    [
        job(seed=1),
        job(validation=0.3),
        job(validation="test"),
        job(folds=2),
        job(replicas=2),
        job(vary=("init",)),
        job(variants={"base": BASE.but(epochs=11), "two": BASE.but(epochs=4)}),
        job(variants={"base": BASE.but(augment=Augment(shift=0.1)), "two": BASE.but(batch_size=1)}),
    ],
)
def test_whatever_decides_a_trial_changes_its_identity(other):
    assert not set(ids(other)) & set(ids(job()))


def test_the_gpus_of_a_trial_stay_out_of_its_identity_but_its_replicas_do_not():
    assert ids(job(gpus_per_trial=0.25)) == ids(job(gpus_per_trial=1)) == ids(job())
    assert ids(job(gpus_per_trial=4)) == ids(job(replicas=4)) == ids(job(replicas=4, gpus_per_trial=0))


def test_data_and_its_limit_are_part_of_the_identity():
    assert not set(ids(job())) & set(ids(job(), "other data"))
    assert not set(ids(job())) & set(ids(job(), limit=100))


def test_a_changed_default_would_change_the_identity():
    assert canonical(BASE)["optimizer"] == {"kind": "SGD", "learning_rate": 0.1, "momentum": 0.0, "nesterov": False}


def test_identities_have_at_least_sixteen_hex_digits():
    assert all(len(identity) >= 16 and int(identity, 16) >= 0 for identity in ids(job()))


def test_a_hyperparameter_without_json_form_is_refused():
    with pytest.raises(SpecError, match="must be a finite number, text, None"):
        digest({"a": object()})
    with pytest.raises(SpecError, match="must be a finite number"):
        digest({"a": float("nan")})


def test_numbers_of_numpy_are_numbers():
    numpy_ones = BASE.but(optimizer=SGD(np.float64(0.1)), epochs=np.int64(10))
    assert digest(numpy_ones) == digest(BASE)


def test_a_repeat_has_the_same_seeds_in_every_variant():
    trials = make_plan(job(folds=2), "data").trials
    for trial in trials:
        twin = next(
            t for t in trials if t.variant != trial.variant and (t.repeat, t.fold) == (trial.repeat, trial.fold)
        )
        assert twin.seeds == trial.seeds


def test_sources_and_repeats_have_seeds_of_their_own():
    values = [value for repeat in range(50) for value in vars(seeds_of(0, repeat)).values()]
    assert len(set(values)) == len(values)
    assert all(0 <= value < 2**31 for value in values)


@pytest.mark.parametrize("source", SOURCES)
def test_a_frozen_source_keeps_the_seed_of_the_first_repeat(source):
    free, frozen = seeds_of(0, 3), seeds_of(0, 3, [name for name in SOURCES if name != source])
    assert getattr(frozen, source) == getattr(seeds_of(0, 0), source)
    others = [name for name in SOURCES if name != source]
    assert [getattr(frozen, name) for name in others] == [getattr(free, name) for name in others]


def test_repeats_are_trials_of_their_own_even_when_nothing_varies():
    assert len(set(ids(job(vary=())))) == 4


def test_variants_with_repeats_of_their_own_have_the_same_trials_as_with_repeats_for_all():
    own = job(repeats={"base": 3, "two": 1})
    assert len(ids(own)) == 4
    assert set(ids(own)) < set(ids(job(repeats=3)))
    plan = make_plan(job(), "data")
    assert [trial.trial_id for trial in plan.with_repeats({"base": 3, "two": 1}).trials] == ids(own)


def test_one_variant_under_several_names_that_vary_otherwise_is_several_conditions():
    same = job(variants={"all": BASE, "init": BASE}, vary={"all": SOURCES, "init": ["init"]})
    plan = make_plan(same, "data")
    assert plan.conditions["all"] == make_plan(job(), "data").conditions["base"]
    first, second = (trial.seeds for trial in plan.trials if trial.variant == "init")
    assert (first.order, first.dropout) == (second.order, second.dropout)
    assert first.init != second.init
    stored = plan.as_stored(stored_dataset())
    assert stored.variants["init"].vary == ("init",)
    assert stored.vary == SOURCES


def test_equal_variants_are_refused():
    with pytest.raises(SpecError, match="'base' and 'copy', whose settings are all the same"):
        make_plan(job(variants={"base": BASE, "copy": BASE.but()}), "data")


def test_what_took_longest_an_epoch_starts_first():
    plan = make_plan(job(), "data")
    base, two = plan.conditions["base"], plan.conditions["two"]
    epochs = BASE.epochs
    assert [trial.variant for trial in plan.missing((), rates={base: 1.0, two: epochs})] == ["two"] * 2 + ["base"] * 2
    assert [trial.variant for trial in plan.missing((), rates={two: 5.0})] == ["base"] * 2 + ["two"] * 2, (
        "as the others"
    )


def test_missing_are_those_not_done_longest_first():
    plan = make_plan(job(), "data")
    first = plan.trials[0]
    missing = plan.missing({first.trial_id})
    assert [trial.label() for trial in missing] == ["base, repeat 2", "two, repeat 1", "two, repeat 2"]
    assert [trial.variant for trial in plan.missing((), only=("two",))] == ["two", "two"]


def test_one_number_in_two_forms_is_one_setting():
    assert digest(BASE.but(optimizer=SGD(1))) == digest(BASE.but(optimizer=SGD(1.0, momentum=0)))


def test_validation_is_no_part_of_the_identity_with_folds():
    assert ids(job(folds=2)) == ids(job(folds=2, validation=0.5))
