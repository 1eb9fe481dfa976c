"""Jobs whose variants watch metrics: what the data do not allow, and what `plan` says of trials without them."""

import pytest

from cnnjobs import EarlyStopping, Job, Variant, metric, mlp
from cnnjobs.errors import SpecError
from cnnjobs.run.final_fit import for_fit
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job, store_at, watches_validation
from cnnjobs.run.unwatched import unwatched_notes

BASE = Variant(model=mlp(dense=(8,)), epochs=2)


def f2(labels, probabilities):
    return 0.5


OWN = metric(f2, higher_is_better=True)


def prepared(variant, **job):
    made = Job(**({"name": "w", "dataset": "digits", "repeats": 2, "variants": {"v": variant}} | job))
    return prepare(read_job(made, Overrides()), Overrides(), lambda *_: None)


@pytest.mark.parametrize(
    ("variant", "validation", "words"),
    [
        (BASE.but(watch="macro_f1"), None, "Variant 'v': `watch` needs validation rows. Received: validation=None"),
        (BASE.but(callbacks=EarlyStopping(monitor=OWN)), None, "its callbacks need validation rows"),
        (BASE.but(callbacks=EarlyStopping(monitor="val_ece")), None, "its callbacks need validation rows"),
        (BASE.but(watch="recall[cat]"), 0.2, r"Variant 'v': `watch` must name a class .*'recall\[cat\]'.* 0, 1, 2"),
        (BASE.but(callbacks=EarlyStopping(monitor="val_f1[cat]")), 0.2, "must name a class of the data set"),
        (BASE.but(watch="top10_accuracy"), "test", "of which every label is among the 10 most probable classes"),
    ],
)
def test_what_a_data_set_does_not_have_cannot_be_watched(variant, validation, words):
    with pytest.raises(SpecError, match=words):
        prepared(variant, validation=validation)


def test_folds_and_the_test_set_are_validation_rows():
    variant = BASE.but(watch=("recall['3']", "top9_accuracy", OWN))
    watched = prepared(variant, folds=3).plan.trials[0].spec.watched
    assert list(watched) == [
        "val_f2",
        "val_recall[3]",
        "val_top9_accuracy",
    ]
    assert not any("decide by the test set" in note for note in prepared(variant, validation="test").notes)
    choosing = BASE.but(callbacks=EarlyStopping(monitor=OWN))
    assert watches_validation(choosing)
    assert any("decide by the test set" in note for note in prepared(choosing, validation="test").notes)


def test_the_final_fit_watches_nothing_unless_callbacks_leave_it_validation_rows():
    def fitted(variant):
        job = Job(name="w", dataset="digits", repeats=1, variants={"v": variant})
        return for_fit(read_job(job, Overrides()), None, 1).job

    assert fitted(BASE.but(watch="mcc")).variants["v"].watch == ()
    assert fitted(BASE.but(watch="mcc")).validation is None
    kept = fitted(BASE.but(watch="mcc", callbacks=EarlyStopping(monitor="val_ece")))
    assert list(kept.variants["v"].watched) == ["val_ece", "val_mcc"]


def test_plan_says_which_finished_trials_lack_what_is_watched_now(tmp_path):
    plain, watching = prepared(BASE), prepared(BASE.but(watch=("mcc", OWN)))
    store = store_at(str(tmp_path), plain.job)
    assert list(unwatched_notes(watching, store)) == []
    for number, trial in enumerate(plain.plan.trials):
        which = {"trial_id": trial.trial_id, "condition_id": trial.condition_id, "job": "w", "variant": "v"}
        store.commit(which | {"repeat": number, "fold": 0, "status": "completed"}, {}, None)
    assert list(unwatched_notes(plain, store)) == []
    (note,) = unwatched_notes(watching, store)
    assert note.startswith("'v' trains again because it now watches f2, mcc. Its 2 finished trials have no values")
