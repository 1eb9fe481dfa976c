"""What a network gives, probabilities or logits, is found out however its last layers are written."""

import numpy as np
import pytest
from support.training_runs import digits, outcome, same, trial_of

from cnnjobs import SGD, Variant, custom

CLASSES = 10


def network(end):
    """A function of a job file: flattened pixels, then `end(x, classes)`."""

    def net(input_shape, classes):
        import keras

        inputs = keras.Input(input_shape)
        return keras.Model(inputs, end(inputs, classes))

    return net


def dense(x, classes, activation=None):
    import keras

    return keras.layers.Dense(classes, activation=activation)(keras.layers.Flatten()(x))


def conv(x, classes, activation=None):
    import keras

    return keras.layers.Conv2D(classes, 3, activation=activation)(x)


def layer(name, *arguments, **options):
    import keras

    return getattr(keras.layers, name)(*arguments, **options)


def tf_softmax():
    import tensorflow as tf

    return tf.nn.softmax


def my_softmax(x):
    import keras

    return keras.ops.softmax(x)


def my_sigmoid(x):
    import keras

    return keras.ops.sigmoid(x)


def subclass(x, classes, activation=None):
    import keras

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.flat, self.head = keras.layers.Flatten(), keras.layers.Dense(classes, activation=activation)

        def call(self, inputs, training=None):
            return self.head(self.flat(inputs))

    return Net()(x)


def half_average(x, c, activation=None):
    return layer("Average")([dense(x, c, activation), dense(x, c, activation)])


PROBABILITIES = {
    "softmax, then linear in float32": lambda x, c: layer("Activation", "linear", dtype="float32")(
        dense(x, c, "softmax")
    ),
    "tf.nn.softmax": lambda x, c: dense(x, c, tf_softmax()),
    "a function of one's own": lambda x, c: dense(x, c, my_softmax),
    "a Softmax layer": lambda x, c: layer("Softmax")(dense(x, c)),
    "averaged maps of softmax": lambda x, c: layer("GlobalAveragePooling2D")(conv(x, c, "softmax")),
    "a flattened softmax": lambda x, c: layer("Flatten")(layer("Conv2D", c, 8, activation="softmax")(x)),
    "a reshaped softmax": lambda x, c: layer("Reshape", (c,))(layer("Reshape", (1, c))(dense(x, c, "softmax"))),
    "an average of softmax heads": lambda x, c: half_average(x, c, "softmax"),
    "a softmax layer that is called twice": lambda x, c: layer("Average")(
        [softmax(dense(x, c)) for softmax in [layer("Softmax")] for _ in range(2)]
    ),
    "a head that is called twice": lambda x, c: [
        head(layer("Flatten")(picture)) for head in [layer("Dense", c, activation="softmax")] for picture in (x, 1 - x)
    ][1],
    "a subclass": lambda x, c: subclass(x, c, "softmax"),
    "dropout after the softmax": lambda x, c: layer("Dropout", 0.1)(dense(x, c, "softmax")),
}

LOGITS = {
    "no activation": dense,
    "linear in float32": lambda x, c: layer("Activation", "linear", dtype="float32")(dense(x, c)),
    "averaged maps": lambda x, c: layer("GlobalAveragePooling2D")(conv(x, c)),
    "an average of heads": half_average,
    "log-probabilities": lambda x, c: dense(x, c, "log_softmax"),
    "normalised": lambda x, c: layer("BatchNormalization")(dense(x, c)),
    "a temperature": lambda x, c: layer("Rescaling", 0.1)(dense(x, c)),
    "a subclass": subclass,
    "a start at equal outputs that sum to 1": lambda x, c: layer("Rescaling", 1.0)(
        layer("Dense", c, kernel_initializer="zeros", bias_initializer=constant(1 / c))(layer("Flatten")(x))
    ),
}

NEITHER = {
    "sigmoid": (lambda x, c: dense(x, c, "sigmoid"), "Dense with activation=sigmoid"),
    "a sigmoid of one's own": (lambda x, c: dense(x, c, my_sigmoid), "activation=my_sigmoid, whose outputs lie bet"),
    "averaged maps of relu": (lambda x, c: layer("GlobalAveragePooling2D")(conv(x, c, "relu")), "Conv2D with activat"),
    "largest of softmax": (
        lambda x, c: layer("GlobalMaxPooling2D")(conv(x, c, "softmax")),
        "no longer sum to 1 after G",
    ),
    "a sum of softmax heads": (
        lambda x, c: layer("Add")([dense(x, c, "softmax"), dense(x, c, "softmax")]),
        "no longer sum to 1 after Add",
    ),
}


def constant(value):
    import keras

    return keras.initializers.Constant(value)


def gives_logits_of(end):
    return told_of(network(end)) == "logits"


def told_of(function, classes=CLASSES):
    from cnnjobs.models.networks import build_model
    from cnnjobs.training.output_layer import outputs_of

    def fresh():
        return build_model(custom(function), (8, 8, 1), classes)

    return outputs_of(fresh(), classes, fresh).value


@pytest.mark.parametrize("form", PROBABILITIES)
def test_probabilities_are_known_as_such(form):
    """A network ends with a softmax, and something after it."""
    assert not gives_logits_of(PROBABILITIES[form])


@pytest.mark.parametrize("form", LOGITS)
def test_logits_are_known_as_such(form):
    """A network ends without a softmax."""
    assert gives_logits_of(LOGITS[form])


@pytest.mark.parametrize("activation", ["softmax", None])
def test_sequential_networks_with_and_without_an_input_layer(activation):
    """A network is Sequential; its author has left the input layer out."""

    def with_input(input_shape, classes):
        import keras

        flat, head = keras.layers.Flatten(), keras.layers.Dense(classes, activation)
        return keras.Sequential([keras.Input(input_shape), flat, head])

    def without_input(input_shape, classes):
        import keras

        return keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(classes, activation)])

    expected = "logits" if activation is None else "probabilities"
    assert told_of(with_input) == told_of(without_input) == expected


@pytest.mark.parametrize("form", NEITHER)
def test_what_is_neither_is_refused_with_advice_that_works(form):
    """A network ends with values that are neither; its author does literally what the message says."""
    end, received = NEITHER[form]
    with pytest.raises(ValueError, match=received) as refused:
        gives_logits_of(end)
    advice = str(refused.value).rpartition(". ")[2]
    if "keras.layers.Softmax()" in advice:
        assert not gives_logits_of(lambda x, c: layer("Softmax")(end(x, c)))
    else:
        assert advice == "Leave that activation out, or make it softmax."
        assert gives_logits_of(lambda x, c: half_average(x, c, None))
        assert not gives_logits_of(lambda x, c: half_average(x, c, "softmax"))


@pytest.fixture(scope="module", autouse=True)
def worker():
    """Made first: TensorFlow takes its devices before it is used."""
    from cnnjobs.training.trial import TrialWorker

    return TrialWorker(digits(256), cpus=1, gpus=0, replicas=1)


def test_the_softmax_of_tensorflows_mixed_precision_guide_counts_once(worker):
    """A network's last layer is `Activation("linear", dtype="float32")`, as the guide has it, after a softmax."""

    def run(end):
        return outcome(worker, trial_of(Variant(model=custom(end), optimizer=SGD(0.1), epochs=1, batch_size=64)))

    guide, plain = network(PROBABILITIES["softmax, then linear in float32"]), network(softmax)
    assert same(run(guide), run(plain))


def softmax(x, classes):
    return dense(x, classes, "softmax")


def test_in_half_precision_the_softmax_before_other_layers_is_exact(worker):
    """A network of half precision averages softmaxed maps: its probabilities are those of float32 maps."""
    end = PROBABILITIES["averaged maps of softmax"]
    variant = Variant(model=custom(network(end)), optimizer=SGD(0.1), epochs=1, batch_size=64, precision="bfloat16")
    *_, result = worker.run(trial_of(variant))
    assert np.abs(result.predictions.probabilities.sum(axis=1) - 1).max() < 1e-5
