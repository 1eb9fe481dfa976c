"""Pretrained weights: where they lie, whether a file has those that a network needs, how they reach a worker."""

import contextlib
import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from cnnjobs.errors import SpecError
from cnnjobs.process.keras_home import keras_home
from cnnjobs.spec import Model, Variant, WeightsFile
from cnnjobs.spec.keras_applications import APPLICATIONS, DEFAULT_SIDE, Application
from cnnjobs.wording.sentences import cause

Weights = str | WeightsFile
Content = NDArray[np.uint8]
Shape = tuple[int, int, int]

VGG16_FILTERS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Filters of each convolution of each block; Simonyan and Zisserman (2015), configuration D."""


@dataclass(frozen=True)
class WeightsSource:
    """Where the pretrained weights of a network lie, or should.

    Args:
        path: of the file.
        key: by which workers know it: the hash of its content, or the name of a file whose content Keras keeps.
        url: where Keras gets it; empty for a file of the user's.
    """

    path: Path
    key: str
    url: str = ""


def weights_source(name: str, weights: Weights, alpha: float | None, image_shape: Shape) -> WeightsSource:
    """Return where the weights of a network of `keras.applications` lie.

    Args:
        name: of the network.
        weights: "imagenet" or a file.
        alpha: factor of its filters; None where it has none.
        image_shape: (height, width, channels): some networks have weights for several sizes.
    """
    if isinstance(weights, WeightsFile):
        return WeightsSource(Path(weights.path), str(weights.sha256))
    known = APPLICATIONS[name]
    file_name = known.file_name(alpha or 1.0, image_shape)
    return WeightsSource(keras_home() / "models" / file_name, file_name, known.url(file_name))


def check_weights(variant: str, model: Model, image_shape: Shape) -> None:
    """Raise a SpecError if the network's weights are not there, or no such file.

    Whether a file has all arrays of the network is known when it is built; of VGG16 it is known here.

    Args:
        variant: name, for the message.
        model: a network that may have pretrained weights.
        image_shape: (height, width, channels).
    """
    source = _source_of(model, image_shape)
    if source is None:
        return
    where, name = f"Variant {variant!r}: `{model.builder}.weights", application_of(model).name
    if not source.path.is_file():
        raise SpecError(f"{where}{_where_from(source, model, image_shape)}")
    try:
        shapes = _shapes(source.path)
    except OSError as error:
        raise SpecError(
            f"{where}` must be an HDF5 file of weights. Received: {source.path} ({cause(error)})."
        ) from error
    if name != "VGG16":
        return
    wrong = Counter(shapes) - Counter(_expected_shapes()), Counter(_expected_shapes()) - Counter(shapes)
    if any(wrong):
        extra, missing = (", ".join(str(shape) for shape in sorted(part)[:3]) or "none" for part in wrong)
        raise SpecError(
            f"{where}` must be a file of VGG16 without its dense layers (include_top=False): 26 arrays. "
            f"Received: {source.path} with {len(shapes)} arrays; lacks shapes {missing}; has in excess {extra}."
        )


def application_of(model: Model) -> Application:
    """Return which network of `keras.applications` one of ours is built of."""
    return APPLICATIONS[model.options.get("name", "VGG16")]


def read_weights(variants: Iterable[Variant], image_shape: Shape) -> dict[str, Content]:
    """Return the files that the variants' networks need, each read once: they travel with the work.

    Args:
        variants: as they are in trials, the hash of a weights file in them.
        image_shape: (height, width, channels) of their pictures.

    Returns:
        key -> (bytes,) uint8.

    Raises:
        SpecError: if a file cannot be read, or is another than when the trials were planned.
    """
    needed = {
        source.key: source
        for variant in variants
        if isinstance(variant.network, Model) and (source := _source_of(variant.network, image_shape)) is not None
    }
    return {key: _read(source) for key, source in needed.items()}


def keep_weights(files: Mapping[str, Content]) -> None:
    """Take the files that came with the work, in place of those before: this process builds networks from them.

    Args:
        files: of `read_weights`.
    """
    _kept.clear()
    _kept.update(files)


@contextlib.contextmanager
def locally_available_weights(source: WeightsSource) -> Iterator[str]:
    """Give the path of a file of the weights, for as long as it takes to load them.

    What came with the work is written to a file for that long, not longer: a worker that is killed leaves
    none behind. Where nothing came, as in `plan --summary`, it is where the weights lie.
    """
    content = _kept.get(source.key)
    if content is None:
        yield str(source.path)
        return
    ending = ".weights.h5" if source.path.name.endswith(".weights.h5") else source.path.suffix
    with tempfile.TemporaryDirectory(prefix="cnnjobs-weights-") as folder:
        path = Path(folder, f"weights{ending}")  # Keras tells the layout by the ending
        content.tofile(path)
        yield str(path)


_kept: dict[str, Content] = {}


def _source_of(model: Model, image_shape: Shape) -> WeightsSource | None:
    """Return where the weights lie that a network starts from, if it is one of ours that has them."""
    weights = model.options["weights"] if model.scales_itself else None
    if weights is None:
        return None
    return weights_source(application_of(model).name, weights, model.options.get("alpha"), image_shape)


def _read(source: WeightsSource) -> Content:
    try:
        content = np.fromfile(source.path, np.uint8)
    except OSError as error:
        raise SpecError(f"The weights file {source.path} cannot be read: {cause(error)}.") from error
    if not source.url and hashlib.sha256(content.data).hexdigest() != source.key:
        raise SpecError(f"The weights file {source.path} has changed since its trials were planned. Submit again.")
    return content


def _where_from(source: WeightsSource, model: Model, image_shape: Shape) -> str:
    if not source.url:
        return f"`: there is no file {source.path}."
    known, alpha = application_of(model), model.options.get("alpha")
    call = "include_top=False"
    if known.sides:
        side = image_shape[0] if f"_{image_shape[0]}_" in source.path.name else DEFAULT_SIDE
        call += f", input_shape=({side}, {side}, 3)"
    call += "" if alpha in (None, 1.0) else f", alpha={alpha:g}"
    return (
        f'="imagenet"` needs {source.path}, which is not there. Get {source.url}, put it there, or give its path as '
        f'weights=. With network, Keras does it: python -c "import keras; keras.applications.{known.name}({call})"'
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
