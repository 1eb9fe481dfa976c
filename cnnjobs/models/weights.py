"""Pretrained weights: where they lie, whether a file has those that a network needs, how they reach a worker."""

import contextlib
import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from cnnjobs.errors import SpecError
from cnnjobs.process.keras_home import keras_home
from cnnjobs.spec import Model, Variant, WeightsFile
from cnnjobs.wording.sentences import cause

Weights = str | WeightsFile
Content = NDArray[np.uint8]

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
        shapes = _shapes(path)
    except OSError as error:
        raise SpecError(
            f"Variant {variant!r}: `vgg16.weights` must be an HDF5 file of weights. Received: {path} ({cause(error)})."
        ) from error
    wrong = Counter(shapes) - Counter(_expected_shapes()), Counter(_expected_shapes()) - Counter(shapes)
    if any(wrong):
        extra, missing = (", ".join(str(shape) for shape in sorted(part)[:3]) or "none" for part in wrong)
        raise SpecError(
            f"Variant {variant!r}: `vgg16.weights` must be a file of VGG16 without its dense layers "
            f"(include_top=False): 26 arrays. Received: {path} with {len(shapes)} arrays; lacks shapes {missing}; "
            f"has in excess {extra}."
        )


def weights_path(weights: str | WeightsFile) -> Path:
    """Return where the weights lie, or should."""
    if isinstance(weights, WeightsFile):
        return Path(weights.path)
    return keras_home() / "models" / IMAGENET


def read_weights(variants: Iterable[Variant]) -> dict[str, Content]:
    """Return the files that the variants' networks need, each read once: they travel with the work.

    Args:
        variants: as they are in trials, the hash of a weights file in them.

    Returns:
        name -> (bytes,) uint8.

    Raises:
        SpecError: if a file cannot be read, or is another than when the trials were planned.
    """
    needed = {_name(weights): weights for weights in map(_weights_of, variants) if weights is not None}
    return {name: _read(weights) for name, weights in needed.items()}


def keep_weights(files: Mapping[str, Content]) -> None:
    """Take the files that came with the work, in place of those before: this process builds networks from them.

    Args:
        files: of `read_weights`.
    """
    _kept.clear()
    _kept.update(files)


@contextlib.contextmanager
def locally_available_weights(weights: Weights | None) -> Iterator[str | None]:
    """Give what Keras's `weights=` takes, for as long as it takes to load them.

    What came with the work is written to a file for that long, not longer: a worker that is killed leaves
    none behind. Where nothing came, as in `plan --summary`, it is where the weights lie.
    """
    content = _kept.get(_name(weights)) if weights is not None else None
    if weights is None or content is None:
        yield weights.path if isinstance(weights, WeightsFile) else weights
        return
    ending = ".weights.h5" if weights_path(weights).name.endswith(".weights.h5") else weights_path(weights).suffix
    with tempfile.TemporaryDirectory(prefix="cnnjobs-weights-") as folder:
        path = Path(folder, f"{_name(weights)}{ending}")  # Keras tells the layout by the ending
        content.tofile(path)
        yield str(path)


_kept: dict[str, Content] = {}


def _weights_of(variant: Variant) -> Weights | None:
    """Return the weights that the variant's network starts from, if it is one of ours that has them."""
    network = variant.network
    return network.options.get("weights") if isinstance(network, Model) else None


def _name(weights: Weights) -> str:
    return str(weights.sha256) if isinstance(weights, WeightsFile) else weights


def _read(weights: Weights) -> Content:
    path = weights_path(weights)
    try:
        content = np.fromfile(path, np.uint8)
    except OSError as error:
        raise SpecError(f"The weights file {path} cannot be read: {cause(error)}.") from error
    if isinstance(weights, WeightsFile) and hashlib.sha256(content.data).hexdigest() != weights.sha256:
        raise SpecError(f"The weights file {path} has changed since its trials were planned. Submit again.")
    return content


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
    shapes: list[tuple[int, ...]] = []

    def note(_: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            shapes.append(tuple(item.shape))

    with h5py.File(path, "r") as file:
        file.visititems(note)
    return shapes


def _expected_shapes() -> list[tuple[int, ...]]:
    """Return the shapes of kernels (3, 3, in, out) and biases (out,)."""
    shapes: list[tuple[int, ...]] = []
    channels = 3
    for filters in (one for block in VGG16_FILTERS for one in block):
        shapes += [(3, 3, channels, filters), (filters,)]
        channels = filters
    return shapes
