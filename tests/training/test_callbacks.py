"""Callbacks: Keras's stock ones, the specs, and those of the user's, at the ends of epochs."""

import csv

import numpy as np
import pytest
from support.training_runs import BUNDLED, COLUMNS, outcome, plain, trial_of

from cnnjobs import BestWeights, CosineDecay, EarlyStopping, ReduceLROnPlateau, callback

VARIANT = plain(BUNDLED["small_cnn"], epochs=4)


def stock(trial, kind, **options):
    import keras

    return getattr(keras.callbacks, kind)(**options)


def run(worker, variant, **job):
    *_, result = worker.run(trial_of(variant, **job))
    return result


def test_stock_callbacks_of_keras_work(worker, tmp_path):
    kinds = [
        callback(stock, kind="CSVLogger", filename=str(tmp_path / "log.csv")),
        callback(stock, kind="ModelCheckpoint", filepath=str(tmp_path / "best.keras"), save_best_only=True),
        callback(stock, kind="TensorBoard", log_dir=str(tmp_path / "board")),
        callback(stock, kind="TerminateOnNaN"),
        callback(stock, kind="EarlyStopping", monitor="val_accuracy", patience=9),
        callback(stock, kind="ReduceLROnPlateau", monitor="val_accuracy", patience=9),
        callback(stock, kind="ProgbarLogger"),
    ]
    result = run(worker, VARIANT.but(callbacks=kinds))
    with open(tmp_path / "log.csv") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["val_loss"]) for row in rows] == result.epochs["val_loss"]
    assert list((tmp_path / "board" / "train").glob("events*"))
    assert list((tmp_path / "board" / "validation").glob("events*"))
    import keras

    best = keras.models.load_model(tmp_path / "best.keras")
    assert best.count_params() == result.final["parameters"]


def board_values(folder):
    import tensorflow as tf
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return [float(tf.make_ndarray(event.tensor_proto)) for event in events.Tensors("epoch_loss")]


def test_tensorboard_shows_the_loss_of_every_epoch(worker, tmp_path):
    pytest.importorskip("tensorboard")
    result = run(worker, VARIANT.but(callbacks=callback(stock, kind="TensorBoard", log_dir=str(tmp_path))))
    assert board_values(tmp_path / "train") == pytest.approx(result.epochs["loss"])
    assert board_values(tmp_path / "validation") == pytest.approx(result.epochs["val_loss"])


def halving(trial):
    import keras

    return keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)


def test_a_callback_can_set_the_learning_rate(worker):
    result = run(worker, VARIANT.but(callbacks=callback(halving)))
    assert result.epochs["learning_rate"] == pytest.approx([0.01, 0.005, 0.0025, 0.00125])


def stopping(trial, after):
    import keras

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            metrics = {"loss", "accuracy", "mse", "top5_accuracy"}
            assert set(logs) == metrics | {f"val_{name}" for name in metrics} | {"objective"}
            self.model.stop_training = epoch + 1 == after

    return Stop()


def test_a_callback_of_the_users_can_stop_training(worker):
    assert run(worker, VARIANT.but(callbacks=callback(stopping, after=2))).final["epochs_done"] == 2
    assert run(worker, VARIANT).final["epochs_done"] == 4, "the next trial is not stopped"


def naming(trial, folder):
    import keras

    return keras.callbacks.CSVLogger(f"{folder}/{trial.variant}-{trial.repeat}.csv")


def test_a_callback_knows_which_trial_it_is_for(worker, tmp_path):
    run(worker, VARIANT.but(callbacks=callback(naming, folder=str(tmp_path))))
    assert (tmp_path / "v-0.csv").exists()


def every_batch(trial):
    import keras

    class Batches(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise AssertionError("never called")

    return Batches()


def no_callback(trial):
    return "nothing"


@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        (callback(every_batch), ValueError, "called at the ends of epochs only. Received: Batches, which wants on_tr"),
        (callback(stock, kind="TensorBoard", update_freq=10), ValueError, "TensorBoard, which wants every 10 batches"),
        (callback(stock, kind="BackupAndRestore", backup_dir="x"), ValueError, "BackupAndRestore is not needed"),
        (callback(no_callback), TypeError, r"no_callback\(\) must return a keras.callbacks.Callback. Received: 'noth"),
    ],
)
def test_a_callback_that_cannot_work_is_refused(worker, made, error, message):
    with pytest.raises(error, match=message):
        run(worker, VARIANT.but(callbacks=made))


def test_a_schedule_and_a_callback_that_sets_the_rate_exclude_each_other(worker):
    with pytest.raises(ValueError, match="exclude each other"):
        run(worker, VARIANT.but(callbacks=callback(halving), schedule=CosineDecay()))


NOISY = plain(BUNDLED["vgg with batch normalisation"], epochs=8, batch_size=200)


def test_early_stopping_stops_after_its_patience(worker):
    result = run(worker, NOISY.but(callbacks=EarlyStopping(patience=1, min_delta=10)))
    assert result.final["epochs_done"] == 2
    assert result.status == "completed"
    assert result.final["best_epoch"] is None


def ruining(trial):
    import keras

    return keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate if epoch < 5 else 2.0)


@pytest.mark.parametrize("keeping", [BestWeights(monitor="val_loss"), EarlyStopping(patience=99, restore_best=True)])
def test_best_weights_come_back_and_are_those_that_are_tested(worker, keeping):
    from cnnjobs.spec.metrics import cross_entropy

    result = run(worker, NOISY.but(callbacks=(keeping, callback(ruining))))
    losses = result.epochs["val_loss"]
    best = int(np.argmin(losses)) + 1
    assert best < 8, "else this proves nothing"
    assert result.final["epochs_done"] == 8
    assert result.final["best_epoch"] == best
    assert result.final["val_loss"] == losses[best - 1]
    assert result.final["train_loss"] == result.epochs["loss"][-1]
    again = outcome(worker, trial_of(NOISY.but(epochs=best)))
    assert (again["probabilities"] == result.predictions.probabilities).all()
    assert result.final["test_loss"] == cross_entropy(result.predictions.probabilities, result.predictions.labels)


def test_the_rate_is_halved_on_a_plateau(worker):
    lowering = ReduceLROnPlateau(patience=2, min_delta=10, min_learning_rate=0.004)
    result = run(worker, NOISY.but(callbacks=lowering))
    assert result.epochs["learning_rate"] == pytest.approx([0.01] * 3 + [0.005] * 2 + [0.004] * 3)


def test_callbacks_that_only_watch_change_no_bit(worker):
    plainly = outcome(worker, trial_of(VARIANT))
    watched = outcome(worker, trial_of(VARIANT.but(callbacks=EarlyStopping(patience=99))))
    assert all((plainly[name] == watched[name]).all() for name in COLUMNS)
    assert (plainly["probabilities"] == watched["probabilities"]).all()


def own_checkpoints(trial, path):
    import keras

    class Mine(keras.callbacks.ModelCheckpoint):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)

        def on_test_end(self, logs=None):
            self.tested = sorted(logs)

    return Mine(path)


def test_a_subclass_of_a_stock_callback_works_and_validation_is_told(worker, tmp_path):
    run(worker, VARIANT.but(callbacks=callback(own_checkpoints, path=str(tmp_path / "last.keras"))))
    assert (tmp_path / "last.keras").exists()


def test_a_log_goes_on_where_a_trial_that_was_cut_off_stopped(worker, tmp_path):
    from cnnjobs.store.checkpoints import Checkpoints
    from cnnjobs.store.files import Files

    path = tmp_path / "log.csv"
    trial = trial_of(VARIANT.but(callbacks=callback(stock, kind="CSVLogger", filename=str(path))))
    worker.checkpoints = Checkpoints(Files(tmp_path / "checkpoints"), every_s=0)
    try:
        running = worker.run(trial)
        next(message for message in running if message.epoch == 2)
        next(running)
        running.close()
        *_, result = worker.run(trial)
    finally:
        worker.checkpoints = None
    with open(path) as file:
        assert [float(row["loss"]) for row in csv.DictReader(file)] == result.epochs["loss"]
