"""Pretrained weights: where they lie, and whether a file has those that a network needs."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import h5py

from cnnjobs.errors import SpecError
from cnnjobs.spec import WeightsFile

IMAGENET = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
ORIGIN = "https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"

VGG16_FILTERS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Filters of each convolution of each block; Simonyan and Zisserman (2015), configuration D."""


def check_weights(variant: str, weights: str | WeightsFile) -> None:
    """Raise a SpecError if the weights are not there, or not those of VGG16 without its dense layers.

    Args:
        variant: name, for the message.
        weights: "imagenet" or a file.
    """
    path = weights_path(weights)
    if not path.is_file():
        raise SpecError(f"Variant {variant!r}: {_where_from(weights, path)}")
    try:
        found = _shapes(path)
    except OSError as error:
        raise SpecError(
            f"Variant {variant!r}: `vgg16.weights` must be an HDF5 file of weights. Received: {path} ({error})."
        ) from error
    wrong = Counter(found) - Counter(_expected_shapes()), Counter(_expected_shapes()) - Counter(found)
    if any(wrong):
        extra, missing = (", ".join(str(shape) for shape in sorted(part)[:3]) or "none" for part in wrong)
        raise SpecError(
            f"Variant {variant!r}: `vgg16.weights` must be a file of VGG16 without its dense layers "
            f"(include_top=False): 26 arrays. Received: {path} with {len(found)} arrays; lacks shapes {missing}; "
            f"has in excess {extra}."
        )


def weights_path(weights: str | WeightsFile) -> Path:
    """Return where the weights lie, or should."""
    if isinstance(weights, WeightsFile):
        return Path(weights.path)
    return Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models" / IMAGENET


def _where_from(weights: str | WeightsFile, path: Path) -> str:
    if isinstance(weights, WeightsFile):
        return f"`vgg16.weights`: there is no file {path}."
    return (
        f'`vgg16.weights="imagenet"` needs {path}, which is not there. Get {ORIGIN}{IMAGENET} (59 MB), put it '
        "there, or give its path as weights=. With network, Keras does it: "
        'python -c "import keras; keras.applications.VGG16(include_top=False)"'
    )


def _shapes(path: Path) -> list[tuple[int, ...]]:
    """Return the shape of every array in the file, whatever its layout."""
    found: list[tuple[int, ...]] = []

    def note(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found.append(tuple(item.shape))

    with h5py.File(path, "r") as file:
        file.visititems(note)
    return found


def _expected_shapes() -> list[tuple[int, ...]]:
    """Return the shapes of kernels (3, 3, in, out) and biases (out,)."""
    shapes: list[tuple[int, ...]] = []
    channels = 3
    for filters in (one for block in VGG16_FILTERS for one in block):
        shapes += [(3, 3, channels, filters), (filters,)]
        channels = filters
    return shapes
