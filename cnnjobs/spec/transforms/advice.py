"""Advice on what to write instead of transforms of other libraries."""

from collections.abc import Iterator
from inspect import isclass
from types import FunctionType
from typing import Any

MEANT = {  # word in the name of a class -> what does the same here; the first that fits
    "imagedatagenerator": "Augment(flip=, shift=, rotation=, zoom=, shear=), whose ranges are those of its arguments",
    "resizedcrop": "RandomResizedCrop(scale=, ratio=)",
    "verticalflip": 'Flip("vertical")',
    "flip": 'Flip("horizontal")',
    "shiftscalerotate": "Augment(shift=, zoom=, rotation=), the angle in degrees",
    "crop": "PadCrop(4), or RandomResizedCrop()",
    "translation": "Augment(shift=)",
    "rotat": "Augment(rotation=), in degrees (Keras's factor times 360)",
    "affine": "Augment(rotation=, shift=, zoom=, shear=)",
    "zoom": "Augment(zoom=)",
    "shear": "Augment(shear=), in degrees",
    "brightnesscontrast": "ColorJitter(brightness=, contrast=)",
    "brightness": "ColorJitter(brightness=)",
    "contrast": "ColorJitter(contrast=)",
    "huesaturation": "ColorJitter(hue=, saturation=)",
    "saturation": "ColorJitter(saturation=)",
    "hue": "ColorJitter(hue=)",
    "jitter": "ColorJitter(brightness=, contrast=, saturation=, hue=)",
    "gray": "Grayscale(probability=)",
    "blur": "GaussianBlur(sigma=)",
    "noise": "GaussianNoise(sd=)",
    "erasing": "RandomErasing()",
    "dropout": "Cutout(size), or RandomErasing()",
    "cutout": "Cutout(size)",
    "randaugment": "RandAugment(n=, magnitude=)",
    "trivialaugment": "TrivialAugment()",
    "autoaugment": "RandAugment() or TrivialAugment(), which need no search",
    "augmix": "TrivialAugment()",
    "mixup": "MixUp()",
    "cutmix": "CutMix()",
    "rescaling": "nothing: `Variant(scaling=)` scales pixels",
    "normali": 'nothing: `Variant(scaling="standardize")` does it, for test images as well',
    "totensor": "nothing: images are tensors",
    "topil": "nothing: images are tensors",
    "convertimagedtype": "nothing: images are float32",
    "resiz": "nothing: images are resized when they are read, `ImageFolder(size=)`",
}

LIBRARIES = ("keras", "tf_keras", "keras_cv", "torchvision", "albumentations", "imgaug", "kornia", "timm", "PIL")
"""Libraries whose transforms are recognised by name."""


def instead_of(received: Any) -> str:
    """Return one or two sentences on what to write instead of the given value; empty if there is no advice.

    Args:
        received: anything but a transform.
    """
    if isinstance(received, FunctionType):
        name = received.__name__
        own = "name" if name == "<lambda>" else name
        named = " (after giving it a name, with `def`)" if name == "<lambda>" else ""
        return (
            f"For a function of your own, use `transform({own})`{named}: it is called with a batch, `images` (n, "
            "height, width, channels) in [0, 1] and `seeds` (n, 2)."
        )
    if isclass(received) and received.__module__.partition(".")[0] == "cnnjobs":
        return f"That is the class: write {received.__name__}(...)."
    if isinstance(received, list | tuple):
        return "Put all of them into one tuple."
    found = [(type(one).__name__, _meant(one)) for one in _parts(received)]
    told = [f"instead of {name}, use {meant}" for name, meant in dict(found).items() if meant]
    strangers = [name for name, meant in dict(found).items() if not meant]
    if not told and type(received).__module__.partition(".")[0] not in LIBRARIES:
        return "" if not callable(received) else "For a function of your own, a `def`, use `transform(function)`."
    rest = f" For {', '.join(strangers)}, write a `def` and use `transform(function)`." if strangers else ""
    advice = "; ".join(told)
    return (f"{advice[0].upper()}{advice[1:]}." if advice else "") + rest


def _parts(received: Any) -> Iterator[Any]:
    """Yield the single ones of a sequence of another library, or itself."""
    for name in ("layers", "transforms"):
        several = getattr(received, name, None)
        if isinstance(several, list | tuple) and several:
            for one in several:
                yield from _parts(one)
            return
    if type(received).__name__ != "InputLayer":
        yield received


def _meant(received: Any) -> str:
    """Return what does here what an object of another library does; empty if nothing or nobody knows."""
    if type(received).__module__.partition(".")[0] not in LIBRARIES:
        return ""
    name = type(received).__name__.lower().replace("_", "")
    return next((meant for word, meant in MEANT.items() if word in name), "")
