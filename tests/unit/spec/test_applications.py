"""Applications of Keras check what they are called with, and are told apart from Keras's own functions."""

import subprocess
import sys

import pytest

from cnnjobs import Variant, application, custom
from cnnjobs.errors import JobFileError, SpecError
from cnnjobs.planning.job_file import load_job
from cnnjobs.spec import WeightsFile
from cnnjobs.spec.keras_applications import APPLICATIONS


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: application("resnet50"), "Received: name='resnet50'. Write \"ResNet50\"."),
        (lambda: application("efficientnet-b0"), 'Write "EfficientNetB0".'),
        (lambda: application("EfficientNetB8"), 'Is it "EfficientNetB[0-9]'),
        (
            lambda: application("ResNet18"),
            r"one of ConvNeXtTiny, .*'ResNet18'. For small pictures there are resnet\(depth=20\)",
        ),
        (lambda: application("ViT"), r"`application.name` must be the name of a network of keras.applications, one of"),
        (lambda: application(50), "`application.name` must be"),
        (lambda: application("VGG19", weights="ImageNet"), 'must be "imagenet", in small letters'),
        (lambda: application("VGG19", weights="https://x.org/w.h5"), "the path of a file on this machine"),
        (lambda: application("VGG19", weights=True), '`application.weights` must be "imagenet", a path or None'),
        (lambda: application("VGG19", weights=""), "`application.weights` must be"),
        (lambda: application("VGG19", trainable=-1), "`application.trainable` must be a whole number of at least 0"),
        (
            lambda: application("VGG19", trainable=("block4", 5)),
            "`application.trainable` must be how the names of layers",
        ),
        (lambda: application("VGG19", trainable=0.5), "`application.trainable` must be how the names of layers begin"),
        (lambda: application("VGG19", trainable=""), "`application.trainable` must be how the names of layers begin"),
        (
            lambda: application("VGG19", weights=None, trainable=4),
            "starts at random, so all its layers must be trained",
        ),
        (lambda: application("VGG19", weights=None, trainable=False), "starts at random, so all its layers"),
        (lambda: application("ResNet50", weights=None, batch_norm="frozen"), "its batch normalisation must be trained"),
        (
            lambda: application("ResNet50", batch_norm=True),
            "`application.batch_norm` must be one of 'frozen', 'trained'",
        ),
        (lambda: application("ResNet50", pooling="flatten"), "`application.pooling` must be one of 'avg', 'max', None"),
        (lambda: application("ResNet50", dense=128), "`application.dense` must be a tuple of whole numbers"),
        (lambda: application("ResNet50", dropout=(0.1, 0.2)), "must be one rate, or one for the pooling and one"),
        (lambda: application("ResNet50", alpha=0.5), "the factor of the filters of the MobileNets. .* for ResNet50"),
        (lambda: application("MobileNet", alpha=0.35), "one for which there are weights: 0.25, 0.5"),
        (lambda: application("MobileNet", weights=None, alpha=0), "`application.alpha` must be a number above 0"),
        (
            lambda: Variant(model=application("ResNet50"), scaling="center"),
            '`application` turns pixels .*scaling="unit"',
        ),
    ],
)
def test_a_value_that_cannot_mean_anything_is_refused(make, message):
    with pytest.raises(SpecError, match=message):
        make()


def test_equal_settings_are_equal_however_they_are_written():
    assert application("ResNet50") == application("ResNet50", trainable=False, batch_norm="frozen", dropout=(0.2,))
    assert application("VGG19", trainable=("block5",)) == application("VGG19", trainable="block5")
    assert application("ResNet50", trainable=True) == application("ResNet50", trainable="all")
    assert application("ResNet50", weights=None) == application(
        "ResNet50", weights=None, trainable="all", batch_norm="trained"
    )
    assert application("MobileNet").options["alpha"] == application("MobileNet", alpha=1).options["alpha"] == 1.0
    assert isinstance(application("VGG19", weights="w.h5").options["weights"], WeightsFile)


@pytest.mark.parametrize(
    ("model", "advice"),
    [
        ("resnet50", "Received: model='resnet50'. Write application(\"ResNet50\")."),
        ("keras.applications.EfficientNetB0", 'Write application("EfficientNetB0").'),
        ("mobilenet_v2", 'Write application("MobileNetV2").'),
        ("vgg16", 'Write vgg16() or application("VGG16").'),
    ],
)
def test_a_name_instead_of_a_network_is_told_how_it_is_written(model, advice):
    with pytest.raises(SpecError) as raised:
        Variant(model=model)
    assert advice in str(raised.value)


def keras_function(name):
    """A function as Keras has it, without Keras."""
    code = f"def {name}(include_top=True, weights='imagenet', input_tensor=None, **options): ..."
    names = {"__name__": f"keras.src.applications.{name.lower()}"}
    exec(code, names)
    return names[name]


@pytest.mark.parametrize("make", [lambda one: Variant(model=one), lambda one: custom(one, weights=None)])
def test_a_function_of_keras_is_told_how_it_is_written(make):
    """It could be called as (input_shape, classes), and would take the shape for `include_top`."""
    with pytest.raises(SpecError, match=r'Received: Keras\'s own function ResNet50. Write application\("ResNet50"\)'):
        make(keras_function("ResNet50"))


@pytest.mark.parametrize(
    "line", ["from cnnjobs import resnet50", "x = resnet50()", "import cnnjobs; cnnjobs.ResNet50()"]
)
def test_a_job_file_that_calls_it_by_its_name_is_told_how_it_is_written(tmp_path, line):
    (tmp_path / "j.py").write_text(f"{line}\n")
    with pytest.raises(JobFileError, match=r'line 1, raised .*\. Write application\("ResNet50"\)\.$'):
        load_job(tmp_path / "j.py")
    (tmp_path / "k.py").write_text("x = resnet51()\n")
    with pytest.raises(JobFileError, match=r"name 'resnet51' is not defined$"):
        load_job(tmp_path / "k.py")


def test_all_names_are_known_without_keras():
    code = "import sys, cnnjobs.spec.keras_applications as k; print(len(k.APPLICATIONS), 'keras' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == [str(len(APPLICATIONS)), "False"]
