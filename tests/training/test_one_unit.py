"""Networks of two classes that end in one unit: what the unit gives, and that it trains and predicts as in Keras."""

from dataclasses import replace

import numpy as np
import pytest
from support.training_runs import batches_of, outcome, plain, same, trial_of

from cnnjobs import SGD, CutMix, Focal, MixUp, custom, loss
from cnnjobs.spec import BuiltinDataset

EPOCHS = 2


def network(end):
    """A function of a job file: `end(x)` of its pixels."""

    def net(input_shape, classes):
        import keras

        inputs = keras.Input(input_shape)
        return keras.Model(inputs, end(inputs))

    return net


def layer(name, *arguments, **options):
    import keras

    return getattr(keras.layers, name)(*arguments, **options)


def dense(x, activation=None, units=1):
    return layer("Dense", units, activation=activation)(layer("Flatten")(x))


def conv(x, activation=None):
    return layer("Conv2D", 1, 3, activation=activation)(layer("Conv2D", 4, 3, activation="relu")(x))


def tf_sigmoid(x):
    import tensorflow as tf

    return tf.sigmoid(x)


def ops(name, x):
    import keras

    return getattr(keras.ops, name)(x)


def subclass(x, activation=None):
    import keras

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.flat, self.hidden = keras.layers.Flatten(), keras.layers.Dense(8, activation="relu")
            self.head = keras.layers.Dense(1, activation=activation)

        def call(self, inputs, training=None):
            return self.head(self.hidden(self.flat(inputs)))

    return Net()(x)


FORMS = {
    "a sigmoid": ("the probability", lambda x: dense(x, "sigmoid")),
    "no activation": ("the logit", dense),
    "an Activation in float32": (
        "the probability",
        lambda x: layer("Activation", "sigmoid", dtype="float32")(dense(x)),
    ),
    "a function of TensorFlow's": ("the probability", lambda x: dense(x, tf_sigmoid)),
    "an operation": ("the probability", lambda x: ops("sigmoid", dense(x))),
    "a Lambda": ("the probability", lambda x: layer("Lambda", tf_sigmoid, output_shape=(1,))(dense(x))),
    "a hard sigmoid": ("the probability", lambda x: dense(x, "hard_sigmoid")),
    "averaged maps of sigmoids": ("the probability", lambda x: layer("GlobalAveragePooling2D")(conv(x, "sigmoid"))),
    "averaged maps": ("the logit", lambda x: layer("GlobalAveragePooling2D")(conv(x))),
    "a subclass with a sigmoid": ("the probability", lambda x: subclass(x, "sigmoid")),
    "a subclass": ("the logit", subclass),
    "the second of a softmax": ("the probability", lambda x: dense(x, "softmax", 2)[:, 1:]),
    "an average of heads": ("the probability", lambda x: layer("Average")([dense(x, "sigmoid") for _ in range(2)])),
    "a tanh moved to [0, 1]": ("the probability", lambda x: layer("Rescaling", 0.5, 0.5)(dense(x, "tanh"))),
    "a reshaped sigmoid": ("the probability", lambda x: layer("Reshape", (1,))(dense(x, "sigmoid"))),
    "normalised": ("the logit", lambda x: layer("BatchNormalization")(dense(x))),
}

REFUSED = {
    "a softmax of one": (lambda x: dense(x, "softmax"), "softmax of a single value, which is always 1. Make it sig"),
    "a softmax of one, in a subclass": (lambda x: subclass(x, "softmax"), "a single value, which is always 1"),
    "tanh": (lambda x: dense(x, "tanh"), "Dense with activation=tanh. Leave that activation out, or make it sigmoid"),
    "a sigmoid for each class": (
        lambda x: dense(x, "sigmoid", 2),
        'a probability for each class by itself.* or end the network with one unit: Dense.1, activation="sigmoid"',
    ),
    "no column": (lambda x: ops("squeeze", dense(x)), r"output shape \(None,\).*one unit for the second class"),
}


def told_of(end, classes=2):
    from cnnjobs.models.networks import build_model
    from cnnjobs.training.output_layer import outputs_of

    def fresh():
        return build_model(custom(network(end)), (8, 8, 1), classes)

    return outputs_of(fresh(), classes, fresh).value


@pytest.mark.parametrize("form", FORMS)
def test_what_one_unit_gives_is_known_however_it_is_written(form):
    expected, end = FORMS[form]
    assert told_of(end) == expected


@pytest.mark.parametrize("form", REFUSED)
def test_what_is_neither_is_refused_with_advice(form):
    end, message = REFUSED[form]
    with pytest.raises((ValueError, TypeError), match=message):
        told_of(end)


def test_one_unit_for_more_classes_is_refused():
    with pytest.raises(TypeError, match=r"\(None, 1\): one unit tells two classes apart. End it with keras.layers.De"):
        told_of(FORMS["a sigmoid"][1], classes=3)


@pytest.fixture(scope="module")
def small_or_large(digits, worker):
    """A worker on digits of two classes: below 5, and from 5."""
    from cnnjobs.training.trial import TrialWorker

    halves = replace(digits, y_train=(digits.y_train > 4).astype(np.int32), y_test=(digits.y_test > 4).astype(np.int32))
    return TrialWorker(replace(halves, class_names=("small", "large")), cpus=1, gpus=0, replicas=1)


def hidden(x, activation=None):
    return dense(dense(x, "relu", 16), activation)


def hidden_sigmoid(x):
    return hidden(x, "sigmoid")


@pytest.mark.filterwarnings("ignore:.*shuffle=True.*")
@pytest.mark.parametrize("end", [hidden, hidden_sigmoid])
def test_weights_are_those_of_fit_with_binary_crossentropy_on_the_same_batches(small_or_large, end):
    import keras
    import tensorflow as tf

    from cnnjobs.models.networks import build_model

    trial = trial_of(plain(custom(network(end)), optimizer=SGD(0.1, momentum=0.9), epochs=EPOCHS))
    keras.utils.set_random_seed(trial.seeds.init)
    model = build_model(trial.spec.network, (8, 8, 1), 2)
    binary = keras.losses.BinaryCrossentropy(from_logits=end is hidden)
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), binary)
    batches = list(batches_of(small_or_large, trial, EPOCHS))
    shapes = (tf.TensorSpec([None, 8, 8, 1]), tf.TensorSpec([None], tf.int32))
    data = tf.data.Dataset.from_generator(lambda: batches, output_signature=shapes)
    model.fit(data, epochs=EPOCHS, steps_per_epoch=len(batches) // EPOCHS, shuffle=False, verbose=0)
    found = outcome(small_or_large, trial)
    for mine, theirs in zip(small_or_large.train_graph.model.get_weights(), model.get_weights(), strict=True):
        assert np.abs(mine - theirs).max() < 1e-5
    assert found["accuracy"][-1] > 0.7
    outputs = model.predict(small_or_large.dataset.x_test / 255, verbose=0)
    second = 1 / (1 + np.exp(-outputs)) if end is hidden else outputs
    assert np.abs(found["probabilities"] - np.concatenate([1 - second, second], axis=1)).max() < 1e-5


def two_columns(x):
    """Logits [0, z]: what one unit stands for."""
    import keras

    z = hidden(x)
    return keras.layers.Concatenate()([keras.ops.zeros_like(z), z])


def squared(labels, outputs):
    """A loss of one's own, of soft labels and probabilities."""
    import tensorflow as tf

    return tf.reduce_sum(tf.math.squared_difference(labels, outputs), axis=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"augment": (MixUp(1, probability=0.5), CutMix(1, probability=0.5))},
        {"loss": Focal(label_smoothing=0.1), "class_weight": "balanced"},
        {"loss": loss(squared, labels="one-hot")},
    ],
    ids=["mixed labels", "focal and smoothed, balanced", "of one's own"],
)
def test_objectives_are_those_of_two_outputs(small_or_large, changes):
    found = []
    for end in (hidden_sigmoid, two_columns):
        variant = plain(custom(network(end)), epochs=1, **changes)
        found.append(outcome(small_or_large, trial_of(variant)))
    one, two = found
    assert one["loss"][0] == pytest.approx(two["loss"][0], rel=1e-5)
    assert np.abs(one["probabilities"] - two["probabilities"]).max() < 1e-5


def test_half_precision_and_xla_give_probabilities_and_the_same_bits_again(small_or_large):
    trial = trial_of(plain(custom(network(hidden_sigmoid)), precision="float16", xla=True))
    found = outcome(small_or_large, trial)
    assert same(outcome(small_or_large, trial), found)
    assert found["accuracy"][-1] > 0.55 and np.abs(found["probabilities"].sum(axis=1) - 1).max() < 1e-6
    assert len(np.unique(found["probabilities"])) > 300, "in half precision there would be fewer values"


def certain(x):
    """Nearly certain of the second class, and wrong for half of the pictures: logit 40 is a probability of 1."""
    import keras

    return keras.layers.Dense(1, "sigmoid", bias_initializer=keras.initializers.Constant(40.0))(dense(x, "relu", 4))


def test_the_loss_of_a_sigmoid_that_is_certain_comes_from_its_logit(small_or_large):
    found = outcome(small_or_large, trial_of(plain(custom(network(certain)), optimizer=SGD(1e-30), epochs=1)))
    share = float((small_or_large.dataset.y_train == 0).mean())
    assert abs(found["loss"][0] - 40 * share) < 1.5, "of the probability it would be at most 16 a row"


@pytest.mark.parametrize("end", [hidden, hidden_sigmoid])
def test_the_saved_network_gives_a_probability_a_class(small_or_large, tmp_path, end):
    import keras

    from cnnjobs.training.final_fit import FinalFitWorker
    from cnnjobs.training.model_file import ModelFile

    trial, path = trial_of(plain(custom(network(end)), epochs=1)), tmp_path / "m.keras"
    *_, result = FinalFitWorker(small_or_large, BuiltinDataset("digits"), {}).run(trial)
    path.write_bytes(result.model)
    images = small_or_large.dataset.x_test
    for found in (ModelFile(path).predict(images), keras.saving.load_model(path).predict(images, verbose=0)):
        assert np.abs(found - result.predictions.probabilities).max() < 1e-5
    assert result.predictions.probabilities.shape == (len(images), 2)
