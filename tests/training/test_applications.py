"""Networks of `keras.applications`: as Keras builds and feeds them, frozen or trained as asked, from files."""

import inspect
import sys

import h5py
import numpy as np
import pytest
from support.fakes import tiny_dataset
from support.training_runs import outcome, same, trials_of

from cnnjobs import Adam, Variant, application
from cnnjobs.spec.keras_applications import APPLICATIONS

SIDE = 32


def shape(side=SIDE):
    return (side, side, 3)


def kept(network, path):
    """Keep the weights of a network in the layout of Keras's own files."""
    from keras.src.legacy.saving import legacy_h5_format

    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, network)
    return path


def of_keras(name):
    """Keras's function, and the module that it is from."""
    import keras

    make = getattr(keras.applications, name)
    return make, sys.modules[make.__module__]


def test_the_applications_are_those_of_keras():
    import keras

    found = {name for name, value in vars(keras.applications).items() if inspect.isfunction(value)}
    assert found == set(APPLICATIONS)


@pytest.mark.parametrize("name", APPLICATIONS)
def test_each_takes_pictures_of_the_size_that_it_is_said_to_take(name):
    """Keras refuses smaller ones before it builds anything."""
    make, _ = of_keras(name)
    with pytest.raises(ValueError, match=f"at least {APPLICATIONS[name].least}x{APPLICATIONS[name].least}"):
        make(include_top=False, weights=None, input_shape=shape(APPLICATIONS[name].least - 1))


@pytest.mark.parametrize("name", APPLICATIONS)
def test_pixels_in_0_to_1_become_what_its_own_preprocessing_makes_of_0_to_255(name):
    import keras

    from cnnjobs.models.networks.applications import preprocessed

    images = np.random.RandomState(0).randint(0, 256, (2, 5, 6, 3)).astype(np.float32)
    _, module = of_keras(name)
    expected = np.asarray(module.preprocess_input(images.copy()))
    inputs = keras.Input(images.shape[1:])
    found = keras.Model(inputs, preprocessed(inputs, name, None, pretrained=False))(images / 255)
    assert np.abs(expected - found).max() < 2e-6 * np.abs(expected).max()


class Asked(Exception):
    """What Keras asked for, instead of a download."""


FILES = [  # one of each family, and those that have several
    *("VGG19", "ResNet50", "ResNet50V2", "DenseNet121", "Xception", "InceptionV3", "NASNetMobile", "ConvNeXtTiny"),
    *("EfficientNetB0", "EfficientNetV2B0", "EfficientNetV2S", "MobileNetV3Small", "MobileNet", "MobileNetV2"),
]
SIZES = {"MobileNet": (0.5, 160), "MobileNetV2": (1.3, 96), "MobileNetV3Small": (0.75, 96), "NASNetMobile": (None, 224)}


@pytest.mark.parametrize("name", FILES)
def test_the_files_of_weights_are_called_as_keras_calls_them(name, monkeypatch):
    import keras

    def asked(fname, origin, cache_subdir, **_):
        raise Asked(fname, origin, cache_subdir)

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", asked)
    zeros = keras.initializers.Zeros()
    monkeypatch.setattr(keras.initializers.VarianceScaling, "__call__", lambda self, *args, **how: zeros(*args, **how))
    make, _ = of_keras(name)
    alpha, side = SIZES.get(name, (None, 96))
    with pytest.raises(Asked) as raised:
        make(include_top=False, weights="imagenet", input_shape=shape(side), **({"alpha": alpha} if alpha else {}))
    file_name = APPLICATIONS[name].file_name(alpha or 1.0, shape(side))
    assert raised.value.args == (file_name, APPLICATIONS[name].url(file_name), "models")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("keras")


def fresh(name, alpha=None):
    """A network with random weights whose batch normalisation is not that of a fresh one."""
    import keras

    keras.utils.set_random_seed(3)
    make, _ = of_keras(name)
    network = make(include_top=False, weights=None, input_shape=shape(), **({"alpha": alpha} if alpha else {}))
    random = np.random.RandomState(1)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(random.normal(0, 0.1, layer.moving_mean.shape))
            layer.moving_variance.assign(random.uniform(0.5, 2, layer.moving_variance.shape))
        if isinstance(layer, keras.layers.Normalization) and layer.input_mean is None:  # as in the file of EfficientNet
            layer.adapt_mean.assign([0.485, 0.456, 0.406])
            layer.adapt_variance.assign([0.229, 0.224, 0.225])
    return network


@pytest.fixture(scope="module")
def mobilenet(home):
    """The file of a small network, where Keras would have it."""
    return kept(fresh("MobileNet", 0.25), home / "models" / "mobilenet_2_5_224_tf_no_top.h5")


@pytest.mark.filterwarnings("ignore:.*Weights for input shape .* will be loaded as the default")
@pytest.mark.parametrize(("name", "alpha"), [("MobileNet", 0.25), ("MobileNetV3Small", 0.75), ("EfficientNetB0", None)])
def test_imagenets_weights_give_what_they_give_in_keras_and_frozen_layers_are_quiet_in_training(
    name, alpha, home, monkeypatch
):
    """EfficientNet is another network where Keras loads the weights by the name "imagenet"."""
    import keras

    from cnnjobs.models.networks import build_model

    path = home / "models" / APPLICATIONS[name].file_name(alpha or 1.0, shape())
    kept(fresh(name, alpha), path)
    monkeypatch.setenv("KERAS_HOME", str(home))
    monkeypatch.setattr("keras.src.utils.file_utils.get_file", lambda fname, *_, **__: home / "models" / fname)
    make, module = of_keras(name)
    options = {"alpha": alpha} if alpha else {}
    base = make(include_top=False, weights="imagenet", input_shape=shape(), pooling="avg", **options)
    network = build_model(application(name, alpha=alpha, dropout=0), shape(), 2)
    features = keras.Model(network.inputs, network.get_layer("output").input)
    images = np.random.RandomState(0).randint(0, 256, (4, *shape())).astype(np.float32)
    expected = base(module.preprocess_input(images.copy()), training=False)
    found = features(images / 255, training=False)
    assert np.abs(expected - found).max() <= 1e-4 * np.abs(expected).max()
    assert np.array_equal(features(images / 255, training=True), found)
    assert len(network.trainable_weights) == 2
    grey = build_model(application(name, alpha=alpha, dropout=0), (SIDE, SIDE, 1), 2)
    grey = keras.Model(grey.inputs, grey.get_layer("output").input)
    repeated = np.repeat(images[..., :1], 3, axis=3) / 255
    assert np.abs(grey(images[..., :1] / 255) - features(repeated)).max() <= 1e-5 * np.abs(expected).max()


@pytest.fixture(scope="module")
def pictures(worker):
    from cnnjobs.training.trial import TrialWorker

    return TrialWorker(tiny_dataset(classes=2, per_class=12, size=SIDE), cpus=1, gpus=0, replicas=1)


def variant(weights, **options):
    model = application("MobileNet", weights=weights, alpha=0.25, **options)
    return Variant(model=model, optimizer=Adam(0.01), epochs=2, batch_size=10)


def tuned(weights):
    return variant(weights, trainable=("conv_dw_13", "conv_pw_13"), dense=(8,), pooling="max")


def changed(worker, path):
    """Names of the layers whose weights, and of those whose statistics, are no longer those of the file."""
    network = fresh("MobileNet", 0.25)
    network.load_weights(path)
    [base] = [layer for layer in worker.train_graph.model.layers if layer.name.startswith("mobilenet")]
    weights, statistics = [], []
    for mine, theirs in zip(base.layers, network.layers, strict=False):  # mine pools
        for one, other in zip(mine.weights, theirs.weights, strict=True):
            if not np.array_equal(one.numpy(), other.numpy()):
                (statistics if "moving" in one.path else weights).append(theirs.name)
    return dict.fromkeys(weights), dict.fromkeys(statistics)


def test_what_is_frozen_stays_and_the_rest_is_trained_the_same_twice(pictures, mobilenet):
    trial, other = trials_of(variant(mobilenet))
    once = outcome(pictures, trial)
    assert changed(pictures, mobilenet) == ({}, {})
    assert not same(outcome(pictures, other), once)
    assert same(outcome(pictures, trial), once), "a worker that has trained it before"

    outcome(pictures, trials_of(tuned(mobilenet))[0])
    weights, statistics = changed(pictures, mobilenet)
    assert list(weights) == ["conv_dw_13", "conv_pw_13"], "batch normalisation stays as it is"
    assert not statistics
    outcome(pictures, trials_of(variant(mobilenet, trainable=4, batch_norm="trained"))[0])
    weights, statistics = changed(pictures, mobilenet)
    assert list(weights) == ["conv_dw_13", "conv_dw_13_bn", "conv_pw_13", "conv_pw_13_bn"]
    assert list(statistics) == ["conv_dw_13_bn", "conv_pw_13_bn"]


def test_of_random_weights_all_are_trained():
    from cnnjobs.models.networks import build_model

    network = build_model(application("MobileNet", weights=None, alpha=0.25, dense=(4,)), shape(), 2)
    assert len(network.trainable_weights) == 27 * 3 + 2 * 2
    assert len(network.non_trainable_weights) == 27 * 2, "moving means and variances"


def test_a_saved_application_says_in_plain_keras_what_the_trial_said(pictures, mobilenet, tmp_path):
    import keras

    from cnnjobs.planning.identity import canonical
    from cnnjobs.spec import BuiltinDataset
    from cnnjobs.training.final_fit import FinalFitWorker

    asked = tuned(mobilenet)
    *_, result = FinalFitWorker(pictures, BuiltinDataset("digits"), canonical(asked)).run(trials_of(asked)[0])
    path = tmp_path / "m.keras"
    path.write_bytes(result.model)
    found = keras.saving.load_model(path).predict(pictures.dataset.x_test, verbose=0)
    assert np.abs(found - result.predictions.probabilities).max() < 1e-5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"trainable": "block5"},
            "`application.trainable` must name layers .*Received: 'block5'. It has conv1..., conv",
        ),
        ({"trainable": 1000}, "`application.trainable` must be at most 54, the layers with weights. Received: 1000"),
        ({"alpha": 0.5}, "must be those of MobileNet without its dense layers .*mobilenet_2_5_224_tf_no_top.h5 .*"),
    ],
    ids=str,
)
def test_what_only_the_network_itself_tells_is_told_before_anything_is_trained(mobilenet, options, message):
    import re

    from cnnjobs.models.network_facts import NetworkRequest, Pictures, Unusable
    from cnnjobs.training.devices import make_strategy
    from cnnjobs.training.network_probe import look_at

    images = np.zeros((2, *shape()), np.uint8)
    asked = Variant(model=application("MobileNet", weights=mobilenet, **({"alpha": 0.25} | options)))
    found = look_at(NetworkRequest(asked, 2, 1, Pictures(images, np.zeros(2, np.int32))), make_strategy(1, 0, 1))
    assert isinstance(found, Unusable)
    assert re.search(message, found.why), found.why
