"""A trial asked for with more epochs goes on from what the shorter one ended with, to the bits of one run."""

import numpy as np
import pytest
from support.training_runs import DROPPING, everything, outcome, same, trial_of

from cnnjobs import BestWeights, CosineDecay, Cyclical, EarlyStopping, ReduceLROnPlateau, callback
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.files import Files

EPOCHS = 4


@pytest.fixture
def keeper(worker, tmp_path):
    """Let the worker keep what its trials end with."""
    folders = Files(tmp_path / "checkpoints"), Files(tmp_path / "states")
    worker.checkpoints = Checkpoints(folders[0], finals=folders[1], keeps_final=True)
    yield worker.checkpoints
    worker.checkpoints = None


def longer(worker, variant):
    """Run 2 epochs, then the same with `EPOCHS`; return the outcome of the second, and of one run."""
    outcome(worker, trial_of(variant.but(epochs=2)))
    continued = outcome(worker, trial_of(variant.but(epochs=EPOCHS)))
    worker.checkpoints = None
    return continued, outcome(worker, trial_of(variant.but(epochs=EPOCHS)))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"schedule": Cyclical(epochs=3)},
        {"callbacks": (BestWeights(monitor="loss"), ReduceLROnPlateau(patience=1, min_delta=0.5))},
    ],
    ids=["plain", "cyclical", "callbacks"],
)
def test_more_epochs_go_on_to_the_bits_of_one_run(worker, keeper, caplog, changes):
    continued, whole = longer(worker, everything(DROPPING["vgg"], **changes))
    assert "goes on after epoch 2, from" in caplog.text
    assert same(continued, whole)


def test_seconds_of_epochs_that_another_trial_has_trained_are_that_trials(worker, keeper):
    variant = everything(DROPPING["small_cnn"])
    *_, short = worker.run(trial_of(variant.but(epochs=2)))
    *_, long = worker.run(trial_of(variant.but(epochs=3)))
    assert long.final["train_seconds"] == pytest.approx(long.epochs["train_seconds"][-1])
    assert long.final["seconds"] < short.final["seconds"] + long.epochs["train_seconds"][-1] + 60
    assert long.epochs["train_seconds"][:2] == short.epochs["train_seconds"]


def test_a_run_that_was_stopped_early_stays_stopped(worker, keeper, caplog):
    stopping = EarlyStopping(patience=1, monitor="loss", min_delta=100.0)
    continued, whole = longer(worker, everything(DROPPING["small_cnn"], callbacks=stopping))
    assert len(whole["loss"]) == 2
    assert "goes on after epoch 2, from" in caplog.text
    assert same(continued, whole)


def remember(trial):
    import keras

    return keras.callbacks.Callback()


@pytest.mark.parametrize(
    "changes", [{"schedule": CosineDecay()}, {"callbacks": callback(remember)}], ids=["schedule", "callback"]
)
def test_a_run_that_may_depend_on_its_length_starts_over(worker, keeper, caplog, changes):
    continued, whole = longer(worker, everything(DROPPING["small_cnn"], **changes))
    assert "goes on" not in caplog.text
    assert same(continued, whole)


def test_fewer_epochs_do_not_begin_with_more(worker, keeper, caplog):
    variant = everything(DROPPING["small_cnn"])
    outcome(worker, trial_of(variant.but(epochs=3)))
    short = outcome(worker, trial_of(variant.but(epochs=2)))
    assert "goes on" not in caplog.text
    assert len(short["loss"]) == 2
    worker.checkpoints = None
    assert same(short, outcome(worker, trial_of(variant.but(epochs=2))))


def test_latency_is_told_and_the_first_time_takes_longer(worker):
    from support.training_runs import trials_of

    first, second = trials_of(everything(DROPPING["mlp"], batch_size=96))
    *_, one = worker.run(first)
    *_, two = worker.run(second)
    assert one.final["first_batch_seconds"] > one.final["batch_seconds"] > 0
    assert two.final["first_batch_seconds"] is None, "another trial has traced the graph"
    assert one.final["batch_images"] == 256
    assert np.isfinite(two.final["batch_seconds"])
