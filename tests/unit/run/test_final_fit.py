"""The final model: which rows it trains on, whose seeds, and what happens when it fails."""

from dataclasses import replace

import pytest
from support.fakes import FakeWorker, Notes, fake_worker, write_job

from cnnjobs.engine.base import TrialResources
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.errors import SpecError, TrialsFailed
from cnnjobs.messages import Result
from cnnjobs.run.final_fit import FinalFit, for_fit
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job, store_at
from cnnjobs.store.checkpoints import Checkpoints

VARIANTS = """
    "plain": base,
    "stops": base.but(callbacks=EarlyStopping(patience=2)),
    "own": base.but(callbacks=callback(mine)),
    "raises": base.but(batch_size=5),
    "diverges": base.but(batch_size=6),
"""


class Telling(FakeWorker):
    """Tells a network with its result."""

    def run(self, trial):
        for message in super().run(trial):
            done = isinstance(message, Result) and message.status == "completed"
            yield replace(message, model=b"network") if done else message


@pytest.fixture
def fit_of(tmp_path):
    """Prepare the fit of a variant, with the job's text changed."""

    def make(variant, repeat=1, old="repeats=2", new="repeats=2"):
        path = write_job(tmp_path, variants=VARIANTS)
        text = path.read_text().replace("Augment, Job", "Augment, EarlyStopping, Job, callback")
        text = text.replace("base =", "def mine(trial):\n    return None\n\nbase =", 1).replace(old, new)
        path.write_text(text)
        read = for_fit(read_job(str(path), Overrides()), variant, repeat)
        return FinalFit(prepare(read, Overrides(), lambda *_: None))

    return make


def run(fit, tmp_path, make_worker=lambda data, resources, checkpoints: Telling(data, resources)):
    store = store_at(str(tmp_path / "results"), fit.prepared.job)
    checkpoints = Checkpoints(store.files.below("models", "checkpoints"))
    return fit.run(InlineEngine(), make_worker, TrialResources(1, 0, 1), store, checkpoints, Notes())


def test_a_variant_without_callbacks_trains_on_all_rows_and_looks_at_no_others(fit_of):
    fit = fit_of("plain")
    assert fit.trial.protocol.validation is None
    assert fit.trial.protocol.describe() == "all training rows, no validation"
    assert fit.notes == ()


@pytest.mark.parametrize("variant", ["stops", "own"])
def test_callbacks_that_may_look_at_validation_rows_keep_those_of_the_job(fit_of, variant):
    fit = fit_of(variant)
    assert fit.trial.protocol.validation == 0.2
    assert fit.notes == (f"Callbacks of {variant!r} decide by validation rows: 20% of the training rows held out for "
                         "validation",)  # fmt: skip


def test_of_folds_one_is_kept_for_callbacks(fit_of):
    fit = fit_of("stops", new="repeats=2, folds=4")
    assert (fit.trial.protocol.folds, fit.trial.protocol.validation) == (None, 0.25)
    assert fit_of("plain", new="repeats=2, folds=900").trial.protocol.folds is None, "more than a class has images"


def test_choices_on_the_test_set_are_told(fit_of):
    fit = fit_of("stops", new="repeats=2, validation='test'")
    assert "decide by the test set (validation='test'), which flatters" in fit.notes[0]
    assert fit_of("plain", new="repeats=2, validation='test'").notes == ()


def test_sources_and_repeats_of_the_variant_alone_count(fit_of):
    names = ["plain", "stops", "own", "raises", "diverges"]
    own = f"repeats={dict.fromkeys(names, 2)}, vary={dict.fromkeys(names, ('init',)) | {'stops': ()}}"
    assert fit_of("stops", repeat=3, new=own).trial.seeds == fit_of("stops", repeat=1).trial.seeds
    assert fit_of("plain", repeat=3, new=own).trial.seeds.init == fit_of("plain", repeat=3).trial.seeds.init


def test_a_repeat_has_the_seeds_that_it_has_in_the_job(fit_of, tmp_path):
    fit = fit_of("plain", repeat=2)
    prepared = prepare(read_job(str(tmp_path / "job.py"), Overrides()), Overrides(), lambda *_: None)
    twin = next(trial for trial in prepared.plan.trials if trial.variant == "plain" and trial.repeat == 1)
    assert fit.trial.seeds == twin.seeds
    assert fit.trial.trial_id != twin.trial_id


def test_other_variants_do_not_stand_in_the_way(fit_of):
    assert fit_of("plain", old="batch_size=5", new="batch_size=10**5").trial.variant == "plain"


def test_a_variant_must_be_named_where_there_are_several(fit_of):
    with pytest.raises(SpecError, match=r"`variant` must be one of tiny's: plain, stops, .* Received: none\."):
        fit_of(None)
    with pytest.raises(SpecError, match=r"Received: 'two'\."):
        fit_of("two")


def test_the_network_comes_with_its_numbers(fit_of, tmp_path):
    trained = run(fit_of("plain"), tmp_path)
    assert trained.model == b"network"
    assert 0 <= trained.final["test_accuracy"] <= 1


def test_a_fit_that_fails_names_its_log(fit_of, tmp_path):
    with pytest.raises(TrialsFailed, match=r"The fit failed: RuntimeError: no such layer. Its log: .*\.log"):
        run(fit_of("raises"), tmp_path, fake_worker)


def test_a_fit_that_diverges_gives_no_model(fit_of, tmp_path):
    with pytest.raises(TrialsFailed, match="The fit diverged at epoch 1: its loss is not finite"):
        run(fit_of("diverges"), tmp_path)
