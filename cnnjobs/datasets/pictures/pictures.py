"""One encoded picture to one array, whatever its format, colour mode and size."""

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from cnnjobs.datasets.pictures.picture_kinds import HEAD, unreadable_kind
from cnnjobs.datasets.pictures.picture_pixels import MOST_PIXELS, Facts, as_shown, deep_span, shown_size
from cnnjobs.datasets.pictures.resizing import resized
from cnnjobs.datasets.pictures.value_ranges import Span
from cnnjobs.files.regular_files import refuse_special
from cnnjobs.spec.data import PicturesSpec

MOST_BYTES = 1 << 30
"""Of a file: no picture of so many pixels has more."""


@dataclass(frozen=True)
class Reading:
    """How pictures are read.

    Args:
        size: (height, width) that every picture becomes.
        resize: "stretch", "crop" or "pad".
        interpolation: "nearest", "box", "bilinear", "bicubic" or "lanczos".
        antialias: whether the filter widens where a picture becomes smaller.
        value_range: the values of black and white where there are more than 8 bits a channel; None for those of the
            format.
        one_scale: whether grey pictures of 8 bits have the same values as black and white.
    """

    size: tuple[int, int]
    resize: str = "stretch"
    interpolation: str = "bilinear"
    antialias: bool = True
    value_range: tuple[float, float] | None = None
    one_scale: bool = False

    @classmethod
    def of(cls, spec: object, size: tuple[int, int]) -> "Reading":
        """Return how a data set's pictures are read; as by default where it is one of other things.

        Args:
            spec: what a job file says of a data set.
            size: (height, width).
        """
        if not isinstance(spec, PicturesSpec):
            return cls(size)
        return cls(size, spec.resize, spec.interpolation, spec.antialias, spec.value_range, spec.one_scale)


def picture_size(source: str | BinaryIO) -> tuple[int, int]:
    """Return (height, width) as a viewer shows it, from the header of a file or of its bytes."""
    _refuse_special(source)
    return shown_size(source)


def picture_span(source: str | BinaryIO) -> Span | None:
    """Return the values of a picture with more than 8 bits a channel; None, by its header, for any other."""
    _refuse_special(source)
    return deep_span(source)


def read_picture(source: str | BinaryIO, reading: Reading) -> tuple[NDArray[np.uint8], Facts]:
    """Return the picture as (height, width, 3) uint8, and what is known of it.

    It is turned upright by EXIF, and laid on white where it is transparent; of several frames or pages the first
    counts. Colour profiles are not applied.

    Args:
        source: the path of a file, or its bytes as a stream.
        reading: size, and how it is brought to it.

    Raises:
        Exception: whatever Pillow raises for a file that is no picture or is cut short.
    """
    picture, facts = open_as_shown(source, reading)
    fitted = resized(picture, reading.size, reading.resize, reading.interpolation, antialias=reading.antialias)
    return np.asarray(fitted, dtype=np.uint8), facts


def open_as_shown(source: str | BinaryIO, reading: Reading | None = None) -> tuple[Image.Image, Facts]:
    """Return the picture as RGB in its own size, upright and on white, and what is known of it.

    Args:
        source: the path of a file, or its bytes as a stream.
        reading: has the values of black and white; None for those of the format.

    Raises:
        Exception: whatever Pillow raises for a file that is no picture or is cut short.
    """
    _refuse_special(source)
    try:
        if reading is None:
            return as_shown(source)
        return as_shown(source, reading.value_range, one_scale=reading.one_scale)
    except UnidentifiedImageError as error:
        kind = unreadable_kind(_head(source))
        if kind is None:
            raise
        raise ValueError(kind) from error


@contextlib.contextmanager
def quiet_pillow() -> Iterator[None]:
    """Let Pillow warn of nothing, and read as it does by default, whatever a job file has set.

    It is put around all threads that read, because what it changes is shared by them.
    """
    kept = ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS = False, MOST_PIXELS
    try:
        with warnings.catch_warnings():
            silence_pillow()
            yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS = kept


def silence_pillow() -> None:
    """Let Pillow warn of nothing (of damaged EXIF data, say) in this process from now on."""
    warnings.filterwarnings("ignore", module=r"PIL\.")
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)


def _refuse_special(source: str | BinaryIO) -> None:
    if isinstance(source, str):
        refuse_special(source, MOST_BYTES)


def _head(source: str | BinaryIO) -> bytes:
    """Return the first bytes of what is no picture."""
    if isinstance(source, str):
        with open(source, "rb") as stream:
            return stream.read(HEAD)
    source.seek(0)
    return source.read(HEAD)


def to_grey(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (n, height, width, 1): ITU-R 601 luma, exact where the channels are equal."""
    weights = np.array([19595, 38470, 7471], dtype=np.uint32)  # of 65536, as Pillow's convert("L")
    grey = np.empty((*images.shape[:3], 1), dtype=np.uint8)
    for start in range(0, len(images), 1024):
        chunk = images[start : start + 1024].astype(np.uint32)
        grey[start : start + 1024, ..., 0] = (chunk @ weights + 0x8000) >> 16
    return grey
