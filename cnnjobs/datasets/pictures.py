"""One picture file to one array, whatever its format, colour mode and size."""

import functools
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from cnnjobs.regular_files import refuse_special

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp"})
MOST_PIXELS = 89_478_485
"""Pillow's own bound for what may be a decompression bomb; checked here because its warning is not thread-safe."""

MOST_BYTES = 1 << 30
"""Of a file: no picture of so many pixels has more."""

GREY_MODES = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F"})


def picture_size(source: str | BinaryIO) -> tuple[int, int]:
    """Return (height, width) as a viewer shows it, from the header of a file or of its bytes."""
    with _opened(source) as image:
        width, height = image.size
        sideways = image.getexif().get(0x0112, 1) >= 5  # EXIF orientations 5 to 8 swap the sides
    return (width, height) if sideways else (height, width)


def read_picture(source: str | BinaryIO, size: tuple[int, int]) -> tuple[NDArray[np.uint8], bool]:
    """Return the picture as (height, width, 3) uint8, and whether it is grey.

    EXIF rotation is applied; transparent parts become white; of an animation the first frame counts;
    the picture is stretched to `size` = (height, width) with an antialiased bilinear filter.

    Args:
        source: the path of a file, or its bytes as a stream.
        size: (height, width).

    Raises:
        Exception: whatever Pillow raises for a file that is no picture or is cut short.
    """
    flat, grey = open_as_shown(source)
    if flat.size != (size[1], size[0]):
        flat = flat.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(flat, dtype=np.uint8), grey


def open_as_shown(source: str | BinaryIO) -> tuple[Image.Image, bool]:
    """Return the picture as RGB in its own size, upright and on white, and whether it is grey.

    Args:
        source: the path of a file, or its bytes as a stream.

    Raises:
        Exception: whatever Pillow raises for a file that is no picture or is cut short.
    """
    with _opened(source) as image:
        grey = image.mode in GREY_MODES
        deep = image.mode.startswith("I") or image.mode == "F"
        return _on_white(ImageOps.exif_transpose(_eight_bits(image) if deep else image)), grey


def _opened(source: str | BinaryIO) -> Image.Image:
    """Open a picture; one so large that it may be an attack is refused."""
    if isinstance(source, str):
        refuse_special(source, MOST_BYTES)
    image = Image.open(source, formats=_formats())
    if image.width * image.height > MOST_PIXELS:
        image.close()
        raise ValueError(f"{image.width} x {image.height} pixels are more than {MOST_PIXELS:,}")
    return image


@functools.cache
def _formats() -> tuple[str, ...]:
    """Return the formats that Pillow decodes itself; for PostScript it would run Ghostscript, a program."""
    Image.init()
    return tuple(name for name in Image.ID if name not in ("EPS", "WMF"))


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return a 16-bit or float grey picture as 8-bit grey; 16 bits are scaled, floats are cut to [0, 255]."""
    values = np.asarray(image, dtype=np.float64)
    scale = 1.0 if image.mode == "F" else 255 / 65535
    return Image.fromarray(np.clip(np.round(values * scale), 0, 255).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    """Return the picture as RGB, laid on white where it is transparent."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(ground, image)
    return image if image.mode == "RGB" else image.convert("RGB")


def to_grey(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (n, height, width, 1): ITU-R 601 luma, exact where the channels are equal."""
    weights = np.array([19595, 38470, 7471], dtype=np.uint32)  # of 65536, as Pillow's convert("L")
    grey = np.empty((*images.shape[:3], 1), dtype=np.uint8)
    for start in range(0, len(images), 1024):
        chunk = images[start : start + 1024].astype(np.uint32)
        grey[start : start + 1024, ..., 0] = (chunk @ weights + 0x8000) >> 16
    return grey
