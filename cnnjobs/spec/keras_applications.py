"""The networks of `keras.applications`: their inputs, and the names of their weights files.

Keras itself is not imported here; tests compare this table with the installed version.
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
"""Side in pixels of the weights that are used for all sizes without weights of their own."""


@dataclass(frozen=True)
class Application:
    """One of these networks.

    Args:
        name: name as Keras spells it.
        pixels: output of its preprocessing: "caffe" (0 to 255, blue first, minus ImageNet's means), "torch" (0 to 1,
            minus the means, divided by the standard deviations), "tf" (-1 to 1) or "inside" (0 to 255; the network does
            the rest).
        folder: URL of the folder with its weights.
        weights: name of the file with the ImageNet weights, without the dense layers, in Keras's cache; with {lower},
            {alpha} and {side}.
        remote: name of the file in that folder, if it is a different one.
        least: smallest side in pixels that it accepts.
        alphas: factors of its number of filters for which there are weights; only the MobileNets have several.
        sides: sides in pixels of the square pictures that have weights of their own.
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
        """Return Keras's name for the file with the ImageNet weights in its cache.

        Args:
            alpha: factor of the number of filters.
            image_shape: (height, width, channels).
        """
        height, width = image_shape[:2]
        side = height if height == width and height in self.sides else DEFAULT_SIDE
        text = _MOBILENET_TEXTS.get(alpha, "") if self.name == "MobileNet" else str(alpha)
        return self.weights.format(lower=self.name.lower(), alpha=text, side=side)

    def url(self, file_name: str) -> str:
        """Return the URL from which Keras downloads that file."""
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
"""The networks by name."""


def meant_by(value: Any) -> str | None:
    """Return the name of the application that is meant by another spelling or by Keras's own function."""
    if isinstance(value, FunctionType):
        module = str(value.__module__)
        return value.__name__ if ".applications" in module and value.__name__ in APPLICATIONS else None
    if not isinstance(value, str):
        return None
    plain = {_plain(name): name for name in APPLICATIONS}
    return plain.get(_plain(value.rsplit(".", 1)[-1]))


def how_to_write(value: Any) -> str:
    """Return a sentence on how to write the application that is meant; empty if it is none."""
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
    """Return similar names, the nearest first."""
    plain = {_plain(name): name for name in APPLICATIONS}
    return [plain[one] for one in get_close_matches(_plain(str(value)), plain, n=3, cutoff=0.75)]


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
