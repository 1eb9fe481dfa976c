"""Networks that cannot be trained, or are not what their author thinks, are found before the first repeat."""

import numpy as np
import pytest
from support.commands import COMMAND, typed
from support.training_runs import digits

from cnnjobs import Variant, custom, vgg

JOB = """
from cnnjobs import Job, Variant, custom, mlp
from blocks import head

def net(input_shape, classes, fault=None):
    import keras

    if fault == "raises":
        raise RuntimeError("not today")
    if fault == "forgets":
        return None
    layers = [keras.layers.Rescaling(1 / 255)] if fault == "rescaled" else []
    layers += [keras.layers.Flatten(), head(3 if fault == "wrong" else classes)]
    model = keras.Sequential([keras.Input(input_shape), *layers])
    if fault == "slow":
        model.compile("sgd", "mse")
    return model

base = Variant(model=mlp(dense=(4,)), epochs=1)
faults = ("wrong", "raises", "forgets", "rescaled", "slow")
variants = {"good": base.but(model=net)} | {one: base.but(model=custom(net, fault=one)) for one in faults}
job = Job(name="faulty", dataset="digits", repeats=30, variants=variants)
"""

BLOCKS = """
def head(units):
    import keras

    return keras.layers.Dense(units)
"""


def test_networks_that_cannot_be_trained_are_refused_once_and_before_all_repeats(tmp_path):
    """Of six networks four cannot be trained; a job asks for 30 repeats of each."""
    (tmp_path / "job.py").write_text(JOB)
    (tmp_path / "blocks.py").write_text(BLOCKS)
    done = typed("submit", "job.py", cwd=tmp_path, command=COMMAND)
    assert done.returncode == 2
    assert not (tmp_path / "results").exists()
    refusal = done.stderr.partition("error: ")[2].splitlines()
    assert refusal[0] == "Networks that cannot be trained, so that nothing was run:"
    assert [line.strip().partition(":")[0] for line in refusal[1:-1]] == [
        "'wrong'",
        "'raises'",
        "'forgets'",
        "'slow'",
    ]
    assert refusal[1].endswith("Received: net() with output shape (None, 3). End it with keras.layers.Dense(classes)")
    assert refusal[2].endswith("RuntimeError: not today (job.py, line 9)")
    assert refusal[3].endswith("net() must return a keras.Model. Received: nothing: it has no `return`")
    assert "it differs from that of 'good' only in what it is compiled with (SGD(learning_rate=0.01) and" in refusal[4]
    assert refusal[-1] == "To run only the others, use `--only` with 'good', 'rescaled'."
    assert done.stderr.count("The network of 'rescaled': its pixels are scaled twice") == 1


@pytest.fixture(scope="module", autouse=True)
def worker():
    """Made first: TensorFlow takes its devices before it is used."""
    from cnnjobs.training.trial import TrialWorker

    return TrialWorker(digits(64), cpus=1, gpus=0, replicas=1)


def notes_on(end, *, colours=1, **changes):
    """What is said of a network of the user's: its inputs, then `end(x, classes)`."""
    import keras

    def net(input_shape, classes):
        inputs = keras.Input(input_shape)
        return keras.Model(inputs, end(inputs, classes))

    found = look(Variant(model=custom(net)).but(**changes), colours)
    return found.notes


def look(variant, colours=1):
    from cnnjobs.models.network_facts import NetworkRequest, first_pictures
    from cnnjobs.training.devices import make_strategy
    from cnnjobs.training.network_probe import look_at

    data = digits(64)
    images = np.repeat(data.x_train, colours, axis=-1)
    if colours == 3:
        images = np.kron(images, np.ones((1, 4, 4, 1), np.uint8))
    pictures = first_pictures(images, data.y_train, 8)
    return look_at(NetworkRequest(variant, 10, 1, pictures), make_strategy(1, 0, 1))


def after(*names, tail=True):
    """Layers one after the other, then a small CNN."""
    import keras

    def end(x, classes):
        for name, arguments, options in names:
            x = getattr(keras.layers, name)(*arguments, **options)(x)
        if tail:
            x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(x)
        return keras.layers.Dense(classes)(keras.layers.Flatten()(x))

    return end


def a(name, *arguments, **options):
    return name, arguments, options


TWICE = {
    "Rescaling(1/255)": [a("Rescaling", 1 / 255)],
    "to [-1, 1]": [a("Rescaling", 1 / 127.5, offset=-1)],
    "normalised as if it were 0 to 255": [a("Normalization", mean=[127.0], variance=[3600.0])],
    "before batch normalisation": [a("Rescaling", 1 / 255), a("BatchNormalization")],
    "before zero padding": [a("Rescaling", 1 / 127.5, offset=-1), a("ZeroPadding2D")],
}

FINE = {
    "nothing": [],
    "to [-1, 1]": [a("Rescaling", 2, offset=-1)],
    "back to 0 to 255, and normalised": [a("Rescaling", 255), a("Normalization", mean=[127.0], variance=[3600.0])],
    "batch normalisation": [a("BatchNormalization")],
    "augmentation": [a("RandomFlip"), a("RandomRotation", 0.1)],
    "zero padding": [a("ZeroPadding2D")],
    "larger pictures": [a("Resizing", 16, 16)],
}


@pytest.mark.parametrize("case", TWICE)
def test_scaling_twice_is_told(case):
    """A network scales its pixels as if they were 0 to 255: they are in [0, 1] already."""
    (note,) = notes_on(after(*TWICE[case]))
    assert note.startswith("its pixels are scaled twice: it gets 0 to 1, and its first layer with weights")


@pytest.mark.parametrize("case", FINE)
def test_nothing_is_said_of_networks_that_are_fine(case):
    """A network does with its pixels what networks do."""
    assert notes_on(after(*FINE[case])) == ()


def test_nothing_is_said_of_a_bundled_network_whose_pixels_are_standardized():
    """A bundled network, written as a function of one's own."""
    from cnnjobs.models.networks import BUILDERS

    bundled = vgg(blocks=1, filters=4, dense=8, batch_norm=True)

    def net(input_shape, classes):
        return BUILDERS[bundled.builder](input_shape, classes, **bundled.options)

    assert look(Variant(model=net, scaling="standardize"), colours=3).notes == ()


@pytest.mark.parametrize(("undone", "notes"), [(True, 0), (False, 1)])
@pytest.mark.parametrize("family", ["mobilenet_v2", "vgg16"])
def test_networks_of_keras_applications_are_told_where_their_preprocessing_expects_other_pixels(undone, notes, family):
    """A network preprocesses as its pretrained weights need it, pixels from 0 to 255; or from 0 to 1, by mistake."""
    import keras

    def end(x, classes):
        x = keras.layers.Rescaling(255)(x) if undone else x
        x = getattr(keras.applications, family).preprocess_input(x)
        x = keras.layers.Conv2D(4, 3, padding="same")(keras.layers.ZeroPadding2D()(x))
        return keras.layers.Dense(classes)(keras.layers.GlobalAveragePooling2D()(x))

    assert len(notes_on(end, colours=3)) == notes


def test_dead_frozen_exploding_and_doubled_outputs_are_told():
    """Fresh networks whose units are all 0, that cannot change, that explode, that apply softmax twice."""
    import keras

    dead = a("Dense", 4, activation="relu", bias_initializer=keras.initializers.Constant(-100))
    assert "no gradient reaches its weights" in notes_on(after(dead, tail=False))[0]
    large = a("Dense", 64, kernel_initializer=keras.initializers.RandomNormal(0, 30))
    assert "its outputs explode" in notes_on(after(large, large, tail=False))[0]
    twice = notes_on(lambda x, c: keras.layers.Softmax()(keras.layers.Dense(c, "softmax")(keras.layers.Flatten()(x))))
    assert twice == ("a softmax is applied to what a softmax has made already: leave one of them out",)

    def frozen(input_shape, classes):
        model = keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(classes)])
        model.trainable = False
        return model

    assert look(Variant(model=frozen)).notes == ("it has no weights that can be trained: it stays as it is built",)


@pytest.mark.parametrize(
    ("end", "why"),
    [
        (lambda x, c: dense(c)(flat(x)) * float("nan"), "not finite"),
        (lambda x, c: dense(c)(x), r"output shape \(None, 8, 8, 10\). Put keras.layers.Flatten\(\) or GlobalAv"),
        (lambda x, c: layer_that_asks()(dense(c)(flat(x))), "OperatorNotAllowedInGraphError"),
    ],
)
def test_what_no_trial_can_train_is_told(end, why):
    """A network gives NaN, a map of outputs, or decides in Python by the value of a tensor."""
    import keras

    def net(input_shape, classes):
        inputs = keras.Input(input_shape)
        return keras.Model(inputs, end(inputs, classes))

    with pytest.raises(AssertionError, match=why):
        raise AssertionError(look(Variant(model=net)).why)


def dense(units):
    import keras

    return keras.layers.Dense(units)


def flat(x):
    import keras

    return keras.layers.Flatten()(x)


def layer_that_asks():
    import keras

    class Asking(keras.layers.Layer):
        def call(self, x):
            return x if keras.ops.max(x) > 0 else -x

        def compute_output_shape(self, shape):
            return shape

    return Asking()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda keras, shape: keras.Input((32, 32, 3)), r"takes \(None, 32, 32, 3\). Begin it with keras.Input"),
        (
            lambda keras, shape: keras.Input(shape, dtype="uint8"),
            "takes float pixels in .0, 1.. Received: an input",
        ),
        (lambda keras, shape: keras.Input(batch_shape=(32, *shape)), r"takes \(32, 8, 8, 1\)"),
    ],
)
def test_networks_for_other_pictures_are_told(build, message):
    """A network has the shape or type of other pictures written into it."""
    import keras

    def net(input_shape, classes):
        inputs = build(keras, input_shape)
        pooled = keras.layers.GlobalAveragePooling2D()(keras.ops.cast(inputs, "float32"))
        return keras.Model(inputs, keras.layers.Dense(classes)(pooled))

    with pytest.raises(AssertionError, match=message):
        raise AssertionError(look(Variant(model=net)).why)


def test_networks_are_equal_to_the_bit_or_not():
    """Two networks differ in an option that is not used, in dropout, in batch normalisation's momentum."""
    import keras

    def net(input_shape, classes, unused=0, rate=0.2, momentum=0.9):
        layers = [keras.layers.BatchNormalization(momentum=momentum), keras.layers.Flatten()]
        layers += [keras.layers.Dropout(rate), keras.layers.Dense(classes)]
        return keras.Sequential([keras.Input(input_shape), *layers])

    options = [{}, {"unused": 1}, {"rate": 0.3}, {"momentum": 0.99}]
    digests = [look(Variant(model=custom(net, **one))).digest for one in options]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
