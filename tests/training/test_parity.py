"""The trainer against Keras: `fit` on the same batches, Keras's schedules, other precisions, XLA, float64."""

from dataclasses import replace

import numpy as np
import pytest
from support.fit import fitted, keras_optimizer
from support.training_runs import AUGMENT, BUNDLED, outcome, plain, trial_of

from cnnjobs import (
    SGD,
    Adam,
    CosineDecay,
    CosineRestarts,
    ExponentialDecay,
    Nadam,
    OneCycle,
    PolynomialDecay,
    RMSprop,
    TimeDecay,
    Warmup,
    custom,
    schedule,
    vgg,
)
from cnnjobs.spec import Run

EPOCHS = 3


@pytest.mark.filterwarnings("ignore:.*shuffle=True.*")
@pytest.mark.parametrize(
    ("model", "optimizer"),
    [
        (BUNDLED["small_cnn"], SGD(0.01, momentum=0.9)),
        (BUNDLED["small_cnn"], SGD(0.01, momentum=0.9, nesterov=True)),
        (BUNDLED["small_cnn"], Adam(0.001)),
        (BUNDLED["small_cnn"], Nadam(0.001)),
        (BUNDLED["small_cnn"], RMSprop(0.001, momentum=0.5)),
        (BUNDLED["small_cnn"], RMSprop(0.001, centered=True)),
        (vgg(blocks=2, filters=8, dense=16, weight_decay=0.01), SGD(0.01, momentum=0.9)),
        (vgg(blocks=2, filters=8, dense=16, weight_decay=0.01), Adam(0.001)),
        (vgg(blocks=1, filters=8, dense=16, batch_norm=True), Adam(0.001)),
    ],
    ids=[
        "SGD with momentum",
        "Nesterov",
        "Adam",
        "Nadam",
        "RMSprop",
        "centred",
        "L2, SGD",
        "L2, Adam",
        "batch normalisation",
    ],
)
def test_weights_are_those_of_fit_on_the_same_batches(worker, model, optimizer):
    trial = trial_of(plain(model, optimizer=optimizer, epochs=EPOCHS, augment=AUGMENT, batch_size=100))
    expected = fitted(worker, trial, keras_optimizer(optimizer))
    found = outcome(worker, trial)
    ours = worker.train_graph.model.get_weights()
    assert found["loss"][0] > found["loss"][-1]
    for mine, theirs in zip(ours, expected, strict=True):
        assert np.abs(mine - theirs).max() < 1e-5


def dense(input_shape, classes):
    import keras

    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(classes),
        ]
    )


def test_the_loss_is_that_of_a_float64_recomputation(worker):
    """With a learning rate too small to move a float32, the weights stay the initial ones."""
    trial = trial_of(plain(custom(dense), optimizer=SGD(1e-30), epochs=1), validation="test")
    found = outcome(worker, trial)
    first, bias, last, bias_out = (np.float64(value) for value in worker.train_graph.model.get_weights())
    data = worker.dataset

    def loss(images, labels):
        pixels = images.reshape(len(images), -1) / 255
        logits = np.maximum(pixels @ first + bias, 0) @ last + bias_out
        logits -= logits.max(axis=1, keepdims=True)
        return np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels])

    assert found["loss"][0] == pytest.approx(loss(data.x_train, data.y_train), rel=1e-6)
    assert found["val_loss"][0] == pytest.approx(loss(data.x_test, data.y_test), rel=1e-6)


# --- schedules -------------------------------------------------------------------------------------------------------

RATE, STEPS = 0.1, 7


def of_keras(step, steps):
    import keras

    return keras.optimizers.schedules.CosineDecay(1.0, steps, alpha=0.1)(step)


def keras_schedules():
    from keras.optimizers import schedules

    return [
        (CosineDecay(final=0.1), schedules.CosineDecay(RATE, 10 * STEPS, alpha=0.1)),
        (CosineDecay(epochs=4), schedules.CosineDecay(RATE, 4 * STEPS)),
        (ExponentialDecay(rate=0.9, epochs=2), schedules.ExponentialDecay(RATE, 2 * STEPS, 0.9)),
        (
            ExponentialDecay(rate=0.9, epochs=2, staircase=True),
            schedules.ExponentialDecay(RATE, 2 * STEPS, 0.9, staircase=True),
        ),
        (TimeDecay(decay=0.01), schedules.InverseTimeDecay(RATE, 1, 0.01)),
        (TimeDecay(), schedules.InverseTimeDecay(RATE, 1, RATE / 10)),
        (PolynomialDecay(final=0.1), schedules.PolynomialDecay(RATE, 10 * STEPS, RATE / 10)),
        (PolynomialDecay(power=2, epochs=4), schedules.PolynomialDecay(RATE, 4 * STEPS, 0, power=2)),
        (CosineRestarts(epochs=3, t_mul=1, final=0.1), schedules.CosineDecayRestarts(RATE, 3 * STEPS, 1, 1, 0.1)),
        (
            CosineRestarts(epochs=1.5, t_mul=1.5, m_mul=0.7, final=0.1),
            schedules.CosineDecayRestarts(RATE, 1.5 * STEPS, 1.5, 0.7, 0.1),
        ),
        (schedule(of_keras), schedules.CosineDecay(RATE, 10 * STEPS, alpha=0.1)),
    ]


def test_schedules_are_those_of_keras(worker):
    run = Run(RATE, 10, STEPS)
    for ours, theirs in keras_schedules():
        rates = [RATE * ours.factor_at(step, run) for step in range(10 * STEPS)]
        assert rates == pytest.approx([float(theirs(step)) for step in range(10 * STEPS)], rel=1e-5), ours


@pytest.fixture(scope="module")
def one_digit(digits):
    """A worker on a thousand copies of one picture: every step has the same gradient."""
    from cnnjobs.training.trial import TrialWorker

    copies = replace(digits, x_train=digits.x_train[[0] * 1000], y_train=digits.y_train[[0] * 1000])
    return TrialWorker(copies, cpus=1, gpus=0, replicas=1)


def falling(step, steps, to):
    return to if step > steps / 2 else 1


@pytest.mark.parametrize("chosen", [CosineDecay(), Warmup(epochs=1, then=schedule(falling, to=0.2)), OneCycle()])
def test_each_step_is_taken_with_the_rate_of_its_schedule(one_digit, chosen):
    """With a gradient that stays the same, what a bias moves is the sum of the rates of all steps."""
    variant = plain(custom(dense), optimizer=SGD(1e-5), epochs=3, batch_size=40)
    found = outcome(one_digit, trial_of(variant.but(schedule=chosen), validation="test"))
    constant = outcome(one_digit, trial_of(variant, validation="test"))
    run = Run(1e-5, 3, 25)
    factors = [chosen.factor_at(step, run) for step in range(75)]
    assert found["learning_rate"] == pytest.approx([1e-5 * factors[last] for last in (24, 49, 74)], rel=1e-5)
    assert found["variable 3"] == pytest.approx(constant["variable 3"] * np.mean(factors), rel=2e-3)


# --- precision and XLA -----------------------------------------------------------------------------------------------


def test_xla_compiles_a_network_whose_images_are_moved(worker):
    """The size of moved images is known while the network is traced."""
    moved = plain(BUNDLED["vgg"], epochs=1, batch_size=100, augment=AUGMENT)
    full = outcome(worker, trial_of(moved, validation=0.5))
    compiled = outcome(worker, trial_of(moved.but(xla=True), validation=0.5))
    assert compiled["val_loss"] == pytest.approx(full["val_loss"], rel=1e-3)


@pytest.mark.parametrize(
    ("settings", "tolerance"), [({"precision": "bfloat16"}, 0.03), ({"precision": "float16"}, 0.02)]
)
@pytest.mark.parametrize("name", BUNDLED)
def test_mixed_precision_follows_float32(worker, name, settings, tolerance):
    short = {"epochs": 1, "batch_size": 100}  # float16 is emulated on CPUs, and slow
    full = outcome(worker, trial_of(plain(BUNDLED[name], **short), validation=0.5))
    mixed = outcome(worker, trial_of(plain(BUNDLED[name], **short, **settings), validation=0.5))
    assert mixed["val_loss"] == pytest.approx(full["val_loss"], rel=tolerance)
    assert not np.array_equal(mixed["val_loss"], full["val_loss"]), "computed otherwise"
    weights = worker.train_graph.model.trainable_variables
    assert {str(weight.dtype) for weight in weights} == {"float32"}
    assert mixed["probabilities"].dtype == np.float32
    assert np.allclose(mixed["probabilities"].sum(axis=1), 1, atol=1e-5)


def test_float16_scales_the_loss(worker):
    """Gradients below 6e-8 vanish in float16; scaled by 2**15 they do not."""
    variant = plain(BUNDLED["small_cnn"], precision="float16", epochs=1, batch_size=300)
    outcome(worker, trial_of(variant, validation=0.5))
    assert worker.train_graph.model.optimizer.dynamic_scale.numpy() == 2**15


@pytest.mark.parametrize("name", BUNDLED)
def test_xla_follows_the_plain_graph(worker, name):
    few_steps = plain(BUNDLED[name], epochs=1, batch_size=400)
    plainly = outcome(worker, trial_of(few_steps))
    compiled = outcome(worker, trial_of(few_steps.but(xla=True)))
    assert compiled["val_loss"] == pytest.approx(plainly["val_loss"], rel=1e-4)
    again = outcome(worker, trial_of(few_steps.but(xla=True)))
    assert all(compiled[name].tobytes() == again[name].tobytes() for name in compiled)


def overlapping(input_shape, classes):
    import keras

    layers = keras.layers
    head = [layers.Flatten(), layers.Dense(classes)]
    return keras.Sequential([keras.Input(input_shape), layers.MaxPooling2D(3, strides=2), *head])


def test_pooling_that_xla_has_no_deterministic_gradient_for_is_refused(worker):
    with pytest.raises(ValueError, match=r"`xla=True` needs max pooling whose windows.*pool_size=\(3, 3\)"):
        outcome(worker, trial_of(plain(custom(overlapping), xla=True)))


def test_pooling_for_xla_has_the_gradient_of_max_pooling(worker):
    import keras
    import tensorflow as tf

    from cnnjobs.training.xla import prepare_for_xla

    network = keras.Sequential([keras.Input((9, 7, 2)), keras.layers.MaxPooling2D((2, 3))])
    prepare_for_xla(network, replicas=1)
    pixels = np.random.RandomState(0).randint(0, 3, (4, 9, 7, 2)).astype(np.float32)  # ties, a remainder
    pixels[0, 0, 0] = -np.inf
    images = tf.constant(pixels)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(images)
        ours = network(images)
        theirs = tf.nn.max_pool2d(images, (2, 3), (2, 3), "VALID")
    assert (ours.numpy() == theirs.numpy()).all()
    assert (tape.gradient(ours, images).numpy() == tape.gradient(theirs, images).numpy()).all()
