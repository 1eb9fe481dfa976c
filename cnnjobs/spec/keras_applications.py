"""The networks of `keras.applications`: what each takes, and how the files of its weights are called.

Keras itself is not imported here; tests compare this with the installed one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import FunctionType
from typing import Any

from cnnjobs.errors import SpecError

_FOLDER = "https://storage.googleapis.com/tensorflow/keras-applications/"
_USUAL = "{lower}_weights_tf_dim_ordering_tf_kernels_notop.h5"
_MOBILENET_TEXTS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}

DEFAULT_SIDE = 224
"""Pixels; the size whose weights serve for all that have none of their own."""


@dataclass(frozen=True)
class Application:
    """One of them.

    Args:
        name: as Keras spells it.
        pixels: what its preprocessing makes of pixels: "caffe" (0 to 255, blue first, ImageNet's means taken off),
            "torch" (0 to 1, less the means, by the standard deviations), "tf" (-1 to 1) or "inside" (0 to 255, all else
            is a part of the network).
        folder: URL of the folder of its weights.
        weights: name of the file of those trained on ImageNet, without the dense layers, in Keras's cache; with
            {lower}, {alpha} and {side}.
        remote: its name in that folder, where it is another.
        least: pixels of the smallest side that it takes.
        alphas: factors of its filters for which there are weights; only the MobileNets have several.
        sides: pixels of the square pictures for which there are weights of their own.
    """

    name: str
    pixels: str
    folder: str
    weights: str = _USUAL
    remote: str = ""
    least: int = 32
    alphas: tuple[float, ...] = ()
    sides: tuple[int, ...] = ()

    def file_name(self, alpha: float, image_shape: tuple[int, ...]) -> str:
        """Return how Keras calls the file of ImageNet's weights in its cache.

        Args:
            alpha: factor of the filters.
            image_shape: (height, width, channels).
        """
        height, width = image_shape[:2]
        side = height if height == width and height in self.sides else DEFAULT_SIDE
        text = _MOBILENET_TEXTS.get(alpha, "") if self.name == "MobileNet" else str(alpha)
        return self.weights.format(lower=self.name.lower(), alpha=text, side=side)

    def url(self, file_name: str) -> str:
        """Return where Keras gets that file."""
        return f"{self.folder}{self.remote or file_name}"


def _table() -> tuple[Application, ...]:
    convnext = [
        Application(f"ConvNeXt{size}", "inside", f"{_FOLDER}convnext/", f"convnext_{size.lower()}_notop.h5")
        for size in ("Tiny", "Small", "Base", "Large", "XLarge")
    ]
    densenet = [Application(f"DenseNet{depth}", "torch", f"{_FOLDER}densenet/") for depth in (121, 169, 201)]
    google = "https://storage.googleapis.com/keras-applications/"
    efficientnet = [Application(f"EfficientNetB{n}", "inside", google, "{lower}_notop.h5") for n in range(8)]
    second = [
        Application(
            f"EfficientNetV2{size}", "inside", f"{_FOLDER}efficientnet_v2/", f"efficientnetv2-{size.lower()}_notop.h5"
        )
        for size in ("B0", "B1", "B2", "B3", "S", "M", "L")
    ]
    inception = [
        Application("InceptionV3", "tf", f"{_FOLDER}inception_v3/", _USUAL.format(lower="inception_v3"), least=75),
        Application(
            "InceptionResNetV2",
            "tf",
            f"{_FOLDER}inception_resnet_v2/",
            _USUAL.format(lower="inception_resnet_v2"),
            least=75,
        ),
        Application("Xception", "tf", f"{_FOLDER}xception/", least=71),
    ]
    mobilenet = [
        Application(
            "MobileNet",
            "tf",
            f"{_FOLDER}mobilenet/",
            "mobilenet_{alpha}_{side}_tf_no_top.h5",
            alphas=(0.25, 0.5, 0.75, 1.0),
            sides=(128, 160, 192),
        ),
        Application(
            "MobileNetV2",
            "tf",
            f"{_FOLDER}mobilenet_v2/",
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_{side}_no_top.h5",
            alphas=(0.35, 0.5, 0.75, 1.0, 1.3, 1.4),
            sides=(96, 128, 160, 192),
        ),
        *(
            Application(
                f"MobileNetV3{size}",
                "inside",
                f"{_FOLDER}mobilenet_v3/",
                f"weights_mobilenet_v3_{size.lower()}_224_{{alpha}}_float_no_top_v2.h5",
                alphas=(0.75, 1.0),
            )
            for size in ("Small", "Large")
        ),
    ]
    nasnet = [
        Application(
            f"NASNet{size}",
            "tf",
            f"{_FOLDER}nasnet/",
            f"nasnet_{size.lower()}_no_top.h5",
            f"NASNet-{size.lower()}-no-top.h5",
        )
        for size in ("Mobile", "Large")
    ]
    resnet = [Application(f"ResNet{depth}", "caffe", f"{_FOLDER}resnet/") for depth in (50, 101, 152)]
    resnet += [Application(f"ResNet{depth}V2", "tf", f"{_FOLDER}resnet/") for depth in (50, 101, 152)]
    vgg = [Application(f"VGG{depth}", "caffe", f"{_FOLDER}vgg{depth}/") for depth in (16, 19)]
    return (*convnext, *densenet, *efficientnet, *second, *inception, *mobilenet, *nasnet, *resnet, *vgg)


APPLICATIONS: Mapping[str, Application] = {one.name: one for one in _table()}
"""Name -> what there is to know of it."""


def meant_by(value: Any) -> str | None:
    """Return the name of the application that somebody means, in another spelling or by Keras's own function."""
    if isinstance(value, FunctionType):
        module = str(value.__module__)
        return value.__name__ if ".applications" in module and value.__name__ in APPLICATIONS else None
    if not isinstance(value, str):
        return None
    plain = {_plain(name): name for name in APPLICATIONS}
    return plain.get(_plain(value.rsplit(".", 1)[-1]))


def how_to_write(value: Any) -> str:
    """Return a sentence on how the application is written that somebody means; nothing if it is none."""
    name = meant_by(value)
    if name is None:
        return ""
    return f'Write {"vgg16() or " if name == "VGG16" else ""}application("{name}").'


def refuse_applications(model: Any) -> None:
    """Raise a SpecError for the name of an application, or Keras's function, where a network is expected."""
    advice = how_to_write(model)
    if advice:
        received = f"model={model!r}" if isinstance(model, str) else f"Keras's own function {model.__name__}"
        raise SpecError(f"`model` must be a network of cnnjobs or a function. Received: {received}. {advice}")


def nearest_to(value: Any) -> list[str]:
    """Return names that are nearly so, the nearest first."""
    plain = {_plain(name): name for name in APPLICATIONS}
    return [plain[one] for one in get_close_matches(_plain(str(value)), plain, n=3, cutoff=0.75)]


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
