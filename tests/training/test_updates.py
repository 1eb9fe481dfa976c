"""What surrounds an optimizer: clipping, averages of weights, and several steps an update."""

import numpy as np
import pytest
from support.fit import fitted, keras_optimizer
from support.training_runs import BUNDLED, outcome, plain, same, trial_of

from cnnjobs import (
    SGD,
    Adam,
    BestWeights,
    CosineDecay,
    EarlyStopping,
    MixUp,
    ReduceLROnPlateau,
    callback,
    small_cnn,
    vgg,
)

NETWORK = small_cnn(filters=(4, 4), dense=8)
NORMALISED = vgg(blocks=1, filters=4, dense=8, batch_norm=True)


def run(worker, variant, **job):
    *_, result = worker.run(trial_of(variant, **job))
    return result


def weights(worker):
    return worker.train_graph.model.get_weights()


# --- clipping --------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*shuffle=True.*")
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [({"clip_norm": 0.05}, {"global_clipnorm": 0.05}), ({"clip_value": 0.002}, {"clipvalue": 0.002})],
    ids=["norm", "value"],
)
def test_gradients_are_clipped_as_in_fit(worker, ours, theirs):
    variant = plain(NETWORK, optimizer=SGD(0.1, momentum=0.9), batch_size=100)
    trial = trial_of(variant.but(**ours))
    expected = fitted(worker, trial, keras_optimizer(variant.optimizer, **theirs))
    outcome(worker, trial)
    clipped = weights(worker)
    outcome(worker, trial_of(variant))
    for mine, keras_own, plainly in zip(clipped, expected, weights(worker), strict=True):
        assert np.abs(mine - keras_own).max() < 1e-5
        assert np.abs(mine - plainly).max() > 1e-3


def test_half_precision_clips_the_gradient_and_not_its_multiple(worker):
    """The loss is multiplied by 2**15: clipped before that is undone, the weights would hardly move."""
    variant = plain(NETWORK, optimizer=SGD(0.5), epochs=1, batch_size=200, clip_norm=0.1)
    full = run(worker, variant).epochs
    half = run(worker, variant.but(precision="float16")).epochs
    assert half["val_loss"] == pytest.approx(full["val_loss"], rel=0.01)


# --- averages --------------------------------------------------------------------------------------------------------


def recorder(trial, folder, name):
    import keras

    class Recorder(keras.callbacks.Callback):
        """Writes down the weights that it sees at the beginnings and ends of epochs."""

        def on_epoch_begin(self, epoch, logs=None):
            np.savez(f"{folder}/{name}-begin-{epoch}", *self.model.get_weights())

        def on_epoch_end(self, epoch, logs=None):
            np.savez(f"{folder}/{name}-{epoch}", *self.model.get_weights())

    return Recorder()


def recorded(folder, name, epochs):
    found = []
    for epoch in range(epochs):
        with np.load(folder / f"{name}-{epoch}.npz") as arrays:
            found.append([arrays[key] for key in arrays.files])
    return found


def test_averages_are_those_of_a_recomputation(worker, tmp_path):
    """With one update an epoch, the weights after each are seen by a callback."""
    variant = plain(NORMALISED, optimizer=Adam(0.01), epochs=8, batch_size=2000)
    seen = {"folder": str(tmp_path), "name": "raw"}
    run(worker, variant.but(callbacks=callback(recorder, **seen)))
    run(worker, variant.but(ema=0.6, callbacks=callback(recorder, **seen | {"name": "ema"})))
    raw, averages = recorded(tmp_path, "raw", 8), recorded(tmp_path, "ema", 8)
    began = recorded(tmp_path, "ema-begin", 8)
    average = began[0]
    for number in range(1, 9):
        decay = min(0.6, (1 + number) / (10 + number))
        average = [decay * one + (1 - decay) * new for one, new in zip(average, raw[number - 1], strict=True)]
        for mine, expected in zip(averages[number - 1], average, strict=True):
            assert mine == pytest.approx(expected, abs=1e-6)
        if number > 1:  # training goes on with the weights themselves
            assert all((one == two).all() for one, two in zip(began[number - 1], raw[number - 2], strict=True))
    assert all((one == two).all() for one, two in zip(weights(worker), averages[-1], strict=True))


def test_what_is_measured_stored_and_saved_is_of_the_averages(worker):
    variant = plain(NORMALISED, optimizer=SGD(0.1, momentum=0.9), epochs=3, ema=0.95)
    result = run(worker, variant, validation="test")
    assert result.final["test_loss"] == result.epochs["val_loss"][-1]
    network, scaling, _ = worker.trained()
    outputs = network(scaling(worker.dataset.x_test.astype(np.float32)), training=False).numpy()
    assert outputs == pytest.approx(result.predictions.probabilities, abs=1e-5)
    without = run(worker, variant.but(ema=None), validation="test")
    assert without.epochs["loss"] == result.epochs["loss"], "training itself is the same"
    assert without.epochs["val_loss"] != result.epochs["val_loss"]


@pytest.mark.parametrize(
    "kind", [BestWeights(), EarlyStopping(patience=2, restore_best=True)], ids=["BestWeights", "EarlyStopping"]
)
def test_what_is_put_back_are_the_averages_of_the_best_epoch(worker, tmp_path, kind):
    variant = plain(NETWORK, optimizer=SGD(0.3, momentum=0.9), epochs=8, ema=0.8)
    seen = callback(recorder, folder=str(tmp_path), name="ema")
    result = run(worker, variant.but(callbacks=(kind, seen)))
    best = int(np.argmin(result.epochs["val_loss"]))
    assert result.final["best_epoch"] == best + 1 < len(result.epochs["val_loss"]), "a case that shows something"
    assert result.final["val_loss"] == result.epochs["val_loss"][best]
    expected = recorded(tmp_path, "ema", best + 1)[-1]
    assert all((one == two).all() for one, two in zip(weights(worker), expected, strict=True))


def spectral(input_shape, classes):
    import keras

    layers = keras.layers
    kernel = layers.SpectralNormalization(layers.Conv2D(4, 3))
    head = [layers.BatchNormalization(), layers.Flatten(), layers.Dense(classes)]
    return keras.Sequential([keras.Input(input_shape), kernel, *head])


def test_of_what_is_not_trained_only_statistics_of_batch_normalisation_are_averaged():
    """An average of the unit vectors of a spectral normalisation is too short: such networks explode with averages."""
    from cnnjobs.training.averages import Averages

    network = spectral((8, 8, 1), 10)
    followed = Averages(network, network.trainable_variables, 0.9).followed
    names = {one.path for one in followed}
    moving = {name for name in names if name.endswith(("moving_mean", "moving_variance"))}
    assert len(moving) == 2
    assert names - moving == {one.path for one in network.trainable_variables}
    assert len(network.variables) > len(followed), "the unit vector is left out"


# --- several steps an update -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("accumulate", [4, 1000], ids=["", "more than an epoch has"])
def test_steps_of_an_update_are_one_step_of_all_their_rows(worker, accumulate):
    """The last update of an epoch takes the steps that are left, as the last step takes the rows that are."""
    model = vgg(blocks=1, filters=4, dense=8, weight_decay=0.01)
    large = plain(model, optimizer=Adam(0.003), batch_size=16 * accumulate, schedule=CosineDecay(), clip_norm=0.5)
    large = large.but(ema=0.9, augment=MixUp(alpha=0.5), epochs=3)
    expected = outcome(worker, trial_of(large))
    rows = outcome(worker, trial_of(large.but(batch_size=16, accumulate=accumulate)))
    assert (rows["learning_rate"] == expected["learning_rate"]).all()
    for name in ("loss", "objective", "val_loss", "probabilities"):
        assert rows[name] == pytest.approx(expected[name], rel=1e-4, abs=1e-5), name


def test_a_last_update_of_fewer_rows_is_averaged_by_rows():
    from cnnjobs.training.accumulation import Accumulation

    epoch = Accumulation(np.array([16, 16, 16, 16, 3]), 2)
    assert (epoch.updates, epoch.ends.tolist()) == (3, [False, True, False, True, True])
    assert epoch.shares.tolist() == [0.5, 0.5, 0.5, 0.5, 1.0]
    assert Accumulation(np.array([16, 16, 8]), 3).shares.tolist() == pytest.approx([0.4, 0.4, 0.2])


def branched(input_shape, classes):
    import keras

    inputs = keras.Input(input_shape)
    flat = keras.layers.Flatten()(inputs)
    unused = keras.layers.Dense(3)(flat)
    outputs = keras.layers.Dense(classes)(flat)
    return keras.Model(inputs, outputs + 0 * keras.ops.stop_gradient(keras.ops.sum(unused)))


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
def test_weights_that_the_loss_does_not_depend_on_stay_as_they_are(worker):
    from cnnjobs import AdamW, custom

    variant = plain(custom(branched), optimizer=AdamW(0.1, weight_decay=0.5), epochs=1, clip_norm=1.0, ema=0.9)
    for accumulate in (1, 3):
        outcome(worker, trial_of(variant.but(accumulate=accumulate)))
        kernel = weights(worker)[0]
        worker.train_graph.restart(trial_of(variant).seeds)
        assert weights(worker)[0] == pytest.approx(kernel, rel=1e-6)


# --- with the rest ---------------------------------------------------------------------------------------------------


def looker(trial, folder):
    import keras

    class Looker(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            optimizer = self.model.optimizer
            updates, rate = optimizer.iterations.numpy(), optimizer.learning_rate.numpy()
            with open(f"{folder}/seen", "a") as file:
                print(type(optimizer).__name__, updates, rate, file=file)

    return Looker()


def test_callbacks_find_the_optimizer_and_set_its_rate(worker, tmp_path):
    """A reduced rate is used with several steps an update too, and updates are counted, not steps."""
    reduce = ReduceLROnPlateau(patience=1, min_delta=10.0)
    variant = plain(NETWORK, optimizer=SGD(0.5), epochs=3, batch_size=100, accumulate=3, ema=0.9, xla=True)
    run(worker, variant.but(callbacks=(reduce, callback(looker, folder=str(tmp_path)))), validation="test")
    lines = (tmp_path / "seen").read_text().split()
    assert lines[::3] == ["SGD"] * 3
    assert lines[1::3] == ["5", "10", "15"]  # 15 steps of 1437 rows an epoch
    assert [float(rate) for rate in lines[2::3]] == pytest.approx([0.5, 0.25, 0.125])


def test_more_epochs_go_on_to_the_bits_of_one_run(worker, tmp_path):
    from cnnjobs.store.checkpoints import Checkpoints
    from cnnjobs.store.files import Files

    variant = plain(NETWORK, optimizer=Adam(0.01), accumulate=3, ema=0.9, clip_norm=0.3, callbacks=BestWeights())
    folders = Files(tmp_path / "checkpoints"), Files(tmp_path / "states")
    worker.checkpoints = Checkpoints(folders[0], finals=folders[1], keeps_final=True)
    try:
        outcome(worker, trial_of(variant))
        continued = run(worker, variant.but(epochs=4))
        ours = worker.train_graph.variables()
    finally:
        worker.checkpoints = None
    assert continued.epochs["epoch"] == [1, 2, 3, 4]
    once = run(worker, variant.but(epochs=4))
    assert continued.epochs["val_loss"] == once.epochs["val_loss"]
    assert all(one.tobytes() == two.tobytes() for one, two in zip(ours, worker.train_graph.variables(), strict=True))


def test_neutral_settings_change_no_bit(worker):
    plainly = outcome(worker, trial_of(plain(BUNDLED["small_cnn"])))
    huge = outcome(worker, trial_of(plain(BUNDLED["small_cnn"], clip_norm=1e30)))
    assert same(plainly, outcome(worker, trial_of(plain(BUNDLED["small_cnn"], accumulate=1, ema=None))))
    assert same(plainly, huge)
