"""Fine-tuning: the weights of Keras's guide, to the same bits however it is run, and callbacks over both phases."""

import numpy as np
import pytest
from support.training_runs import batches_of, outcome, plain, same, trial_of, trials_of

from cnnjobs import (
    SGD,
    Adam,
    BestWeights,
    CosineDecay,
    EarlyStopping,
    Finetune,
    ReduceLROnPlateau,
    Variant,
    callback,
    custom,
)
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.files import Files


def net(input_shape, classes, training=None, trainable=False, batch_norm=True, model_frozen=False):
    """A base of two blocks as a layer of a network, frozen, under a head."""
    import keras

    layers = keras.layers
    blocks = []
    for number in (1, 2):
        blocks += [layers.Conv2D(6, 3, name=f"block{number}_conv", kernel_regularizer="l2")]
        blocks += [layers.BatchNormalization(name=f"block{number}_bn")] if batch_norm else []
        blocks += [layers.ReLU()]
    base = keras.Sequential([keras.Input(input_shape), *blocks], name="base")
    base.trainable = trainable
    inputs = keras.Input(input_shape)
    x = layers.Flatten()(base(inputs, training=training))
    model = keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))
    if model_frozen:
        model.trainable = False
    return model


FIRST, SECOND = 2, 2
TUNED = plain(
    custom(net),
    optimizer=SGD(0.05, momentum=0.9),
    epochs=FIRST + SECOND,
    finetune=Finetune(after=FIRST, learning_rate=0.01, layers="block2"),
)


def by_hand(network):
    """Call the base with training=False as the guide does, of a functional network Keras 3.15 does not heed it."""
    import keras

    class ByHand(keras.Model):
        def __init__(self):
            super().__init__()
            self.base, self.rest = network.get_layer("base"), network.layers[2:]

        def call(self, x, training=None):
            x = self.base(x, training=False)
            for layer in self.rest:
                x = layer(x)
            return x

    return ByHand()


@pytest.mark.filterwarnings("ignore:.*shuffle=True.*")
@pytest.mark.parametrize("optimizer", [SGD(0.05, momentum=0.9), Adam(0.003)], ids=["SGD with momentum", "Adam"])
def test_weights_are_those_of_keras_guide_by_hand_on_the_same_batches(worker, optimizer):
    import keras
    import tensorflow as tf

    trial = trial_of(TUNED.but(optimizer=optimizer))
    keras.utils.set_random_seed(trial.seeds.init)
    network = net((8, 8, 1), 10)
    model = by_hand(network)
    batches = list(batches_of(worker, trial, FIRST + SECOND))
    steps = len(batches) // (FIRST + SECOND)
    shapes = (tf.TensorSpec([None, 8, 8, 1]), tf.TensorSpec([None], tf.int32))

    def fit(batches, learning_rate):
        made = type(optimizer).__name__
        options = {"momentum": 0.9} if made == "SGD" else {}
        model.compile(getattr(keras.optimizers, made)(learning_rate, **options), "sparse_categorical_crossentropy")
        data = tf.data.Dataset.from_generator(lambda: batches, output_signature=shapes)
        model.fit(data, epochs=len(batches) // steps, steps_per_epoch=steps, shuffle=False, verbose=0)

    fit(batches[: FIRST * steps], optimizer.learning_rate)
    for layer in network.get_layer("base").layers:
        layer.trainable = layer.name.startswith("block2")
    fit(batches[FIRST * steps :], 0.01)
    found = outcome(worker, trial)
    assert found["learning_rate"].tolist() == pytest.approx([optimizer.learning_rate] * FIRST + [0.01] * SECOND)
    for mine, theirs in zip(worker.train_graph.model.get_weights(), network.get_weights(), strict=True):
        assert np.abs(mine - theirs).max() < 1e-5


def changed(worker, trial):
    """Names of the weights that differ from those that the network begins with."""
    fresh = worker.train_graph._build(trial.seeds.init)
    both = zip(worker.train_graph.model.weights, fresh.weights, strict=True)
    return {mine.path.split("/", 1)[1] for mine, theirs in both if not np.array_equal(mine.numpy(), theirs.numpy())}


@pytest.mark.parametrize("training", [None, False])
def test_the_named_layers_are_trained_but_for_the_statistics_of_batch_normalisation(worker, training):
    trial = trial_of(TUNED.but(model=custom(net, training=training)))
    outcome(worker, trial)
    block2 = {"block2_conv/kernel", "block2_conv/bias", "block2_bn/gamma", "block2_bn/beta"}
    assert changed(worker, trial) == {*block2, "kernel", "bias"}


@pytest.mark.parametrize("frozen", [False, True], ids=["nothing", "everything"])
def test_networks_that_are_frozen_altogether_or_not_at_all(worker, frozen):
    model = custom(net, trainable=True, model_frozen=frozen)
    trial = trial_of(TUNED.but(model=model, finetune=Finetune(after=FIRST, learning_rate=0.01)))
    found = outcome(worker, trial)
    losses = found["val_loss"]
    assert (losses[0] == losses[1]) == frozen
    assert losses[3] < losses[1] and "block1_conv/kernel" in changed(worker, trial)


def interrupted(worker, trial, other, epoch, folder):
    """Cut a trial off when epoch `epoch` is done, begin another, and run it again; return its outcome."""
    worker.checkpoints = Checkpoints(Files(folder), every_s=0)
    try:
        running = worker.run(trial)
        next(message for message in running if message.epoch == epoch)
        next(running)  # into the epoch after: the checkpoint is written when it begins
        running.close()
        next(worker.run(other))
        return outcome(worker, trial)
    finally:
        worker.checkpoints = None


@pytest.mark.parametrize(
    "changes",
    [
        {
            "schedule": CosineDecay(),
            "optimizer": Adam(0.003),
            "callbacks": (EarlyStopping(patience=2, min_delta=9.0), BestWeights(monitor="loss")),
        },
        {"model": custom(net, batch_norm=False), "precision": "float16", "xla": True},
        {"callbacks": (ReduceLROnPlateau(patience=1, min_delta=9.0),)},
    ],
    ids=["schedule, Adam, stopping", "float16, XLA", "plateau"],
)
def test_a_trial_that_is_cut_off_in_either_phase_or_between_has_the_same_bits(worker, tmp_path, caplog, changes):
    trial, other = trials_of(TUNED.but(**changes))
    expected = outcome(worker, trial)
    assert not same(outcome(worker, other), expected)
    assert same(outcome(worker, trial), expected), "after another repeat, which ended in the second phase"
    for epoch in (1, 2, 3):
        assert same(interrupted(worker, trial, other, epoch, tmp_path / str(epoch)), expected), epoch
        assert f"goes on after epoch {epoch}, from" in caplog.text


def test_more_epochs_go_on_to_the_bits_of_one_run(worker, tmp_path, caplog):
    folders = Files(tmp_path / "checkpoints"), Files(tmp_path / "states")
    worker.checkpoints = Checkpoints(folders[0], finals=folders[1], keeps_final=True)
    try:
        outcome(worker, trial_of(TUNED.but(epochs=FIRST + 1)))
        continued = outcome(worker, trial_of(TUNED))
    finally:
        worker.checkpoints = None
    assert f"goes on after epoch {FIRST + 1}, from" in caplog.text
    assert same(continued, outcome(worker, trial_of(TUNED)))


def test_the_schedule_is_laid_over_each_phase(worker):
    *_, result = worker.run(trial_of(TUNED.but(schedule=CosineDecay())))
    last, steps = [], -(-1151 // 64)
    for rate in (0.05, 0.01):
        points = [rate * (1 + np.cos(np.pi * step / (2 * steps))) / 2 for step in (steps - 1, 2 * steps - 1)]
        last += points
    assert result.epochs["learning_rate"] == pytest.approx(last, rel=1e-2, abs=1e-6)


def watched(trial, seen):
    import keras

    class Watching(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
            with open(seen, "a") as file:
                file.write(f"{epoch} {rate:.3g} {len(self.model.trainable_weights)}\n")

    return Watching()


def test_callbacks_see_both_phases_and_stop_only_the_second(worker, tmp_path):
    """Nothing ever improves by so much: patience 1 would end training after the second epoch."""
    seen = tmp_path / "seen"
    callbacks = (
        callback(watched, seen=str(seen)),
        EarlyStopping(patience=2, min_delta=9.0, monitor="loss"),
        ReduceLROnPlateau(patience=2, min_delta=9.0, factor=0.5, monitor="loss"),
        BestWeights(monitor="val_loss"),
    )
    finetune = Finetune(after=4, learning_rate=0.01, layers="base/block2")
    *_, result = worker.run(trial_of(TUNED.but(epochs=9, callbacks=callbacks, finetune=finetune)))
    assert seen.read_text().splitlines() == [
        *("0 0.05 2", "1 0.05 2", "2 0.05 2", "3 0.025 2"),
        *("4 0.01 6", "5 0.01 6"),
    ]
    assert result.final["epochs_done"] == 6


def test_the_best_weights_may_be_of_the_first_phase(worker):
    """The second phase spoils what the first has learned."""
    finetune = Finetune(after=2, learning_rate=30.0)
    *_, result = worker.run(trial_of(TUNED.but(finetune=finetune, callbacks=BestWeights(), optimizer=SGD(0.05))))
    assert result.status == "diverged" or result.final["best_epoch"] == 2


NAMES = {
    "block1": ["block1_conv", "block1_bn"],
    "base/block2": ["block2_conv", "block2_bn"],
    "base": ["block1_conv", "block1_bn", "block2_conv", "block2_bn"],
    "all": ["block1_conv", "block1_bn", "block2_conv", "block2_bn"],
    ("block2_conv", "block1_bn"): ["block1_bn", "block2_conv"],
    3: ["block1_bn", "block2_conv", "block2_bn"],
    "dense": [],
}


@pytest.mark.parametrize("layers", NAMES)
def test_layers_are_found_by_how_their_names_begin(worker, layers):
    import keras

    from cnnjobs.training.unfreezing import Unfreezing

    keras.utils.clear_session(free_memory=False)
    unfreezing = Unfreezing(Finetune(after=1, layers=layers), net((8, 8, 1), 10))
    assert [one.names[-1] for one in unfreezing.layers] == NAMES[layers]


def test_a_number_at_the_end_of_a_name_is_a_whole_number(worker):
    import keras

    from cnnjobs.training.unfreezing import Unfreezing

    convs = [keras.layers.Conv2D(2, 1, name=f"block_{number}_expand", trainable=False) for number in (1, 2, 16)]
    model = keras.Sequential([keras.Input((8, 8, 1)), *convs])
    chosen = Unfreezing(Finetune(after=1, layers="block_1"), model).layers
    assert [one.names[-1] for one in chosen] == ["block_1_expand"]


def test_of_many_layers_the_beginnings_are_told(worker):
    from cnnjobs.models.networks.layer_names import shortened

    blocks = [f"block_{number}_{end}" for number in range(1, 10) for end in ("expand", "expand_BN", "project")]
    told = "Conv1..., bn..., " + ", ".join(f"block_{number}..." for number in range(1, 10)) + ", Conv_1..."
    assert shortened(["Conv1", "bn_Conv1", *blocks, "Conv_1_bn"]) == told


def attention(input_shape, classes):
    """Weights in a layer of one's own that has layers, in a subclass of Model, under a wrapper; some are shared."""
    import keras

    class Block(keras.layers.Layer):
        def __init__(self, name):
            super().__init__(name=name)
            self.inner = [keras.layers.Dense(4, name="first"), keras.layers.Dense(4, name="second")]

        def build(self, shape):
            self.gain = self.add_weight(shape=(), initializer="ones", name="gain")

        def call(self, x):
            return self.inner[1](self.inner[0](x)) * self.gain

    class Body(keras.Model):
        def __init__(self):
            super().__init__(name="body")
            self.blocks = [Block("stage1"), Block("stage2")]
            self.head = keras.layers.Dense(classes, name="head")

        def call(self, x, training=None):
            for block in self.blocks:
                x = block(x)
            return self.head(keras.ops.mean(x, axis=(1, 2)))

    body = Body()
    for block in body.blocks:
        block.trainable = False
    return body


def test_layers_inside_subclasses_and_layers_of_ones_own_are_tuned(worker):
    trial = trial_of(TUNED.but(model=attention, finetune=Finetune(after=2, learning_rate=0.05, layers="stage2/second")))
    outcome(worker, trial)
    tuned = worker.train_graph._unfreezing
    assert [one.names for one in tuned.layers] == [("body", "stage2", "second")]
    assert len(tuned.weights) == 4


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("blok2", "Received: 'blok2'. Frozen are block1_conv, block1_bn, block2_conv, block2_bn"),
        (("block1", "flatten"), "Received: 'flatten'"),
        (5, "must be at most 4, the layers with weights that the network has frozen. Received: layers=5"),
    ],
)
def test_layers_that_are_not_there_are_told_before_anything_runs(worker, layers, message):
    found = looked_at(TUNED.but(finetune=Finetune(after=FIRST, layers=layers)))
    assert message in found.why and not found.built


def looked_at(variant):
    from support.training_runs import digits

    from cnnjobs.models.network_facts import NetworkRequest, first_pictures
    from cnnjobs.training.devices import make_strategy
    from cnnjobs.training.network_probe import look_at

    data = digits(64)
    return look_at(
        NetworkRequest(variant, 10, 1, first_pictures(data.x_train, data.y_train, 8)), make_strategy(1, 0, 1)
    )


def test_what_is_tuned_is_said_with_the_network(worker):
    found = looked_at(TUNED)
    assert found.notes == ()
    assert found.summary.endswith("Trained: 970 weights; after epoch 2 1,312, those of block2_conv, block2_bn too.")
    (note,) = looked_at(TUNED.but(model=custom(net, trainable=True))).notes
    assert note.startswith("all that `Finetune.layers` names, 'block2', is trained from the beginning: after epoch 2")


def test_layers_of_bundled_networks_are_looked_for_too(worker):
    from cnnjobs import small_cnn

    finetune = Finetune(after=1, layers="block5")
    found = looked_at(Variant(model=small_cnn(filters=(4, 4), dense=8), finetune=finetune))
    assert "Received: 'block5'. It has conv2d, conv2d_1, dense, dense_1" in found.why
