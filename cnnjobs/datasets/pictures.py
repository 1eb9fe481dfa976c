"""One picture file to one array, whatever its format, colour mode and size."""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp"})
GREY_MODES = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F"})


def picture_size(path: Path) -> tuple[int, int]:
    """Return (height, width) as a viewer shows it, from the file's header."""
    with Image.open(path) as image:
        width, height = image.size
        sideways = image.getexif().get(0x0112, 1) >= 5  # EXIF orientations 5 to 8 swap the sides
    return (width, height) if sideways else (height, width)


def read_picture(path: Path, size: tuple[int, int]) -> tuple[NDArray[np.uint8], bool]:
    """Return the picture as (height, width, 3) uint8, and whether it is grey.

    EXIF rotation is applied; transparent parts become white; of an animation the first frame counts;
    the picture is stretched to `size` = (height, width) with an antialiased bilinear filter.

    Raises:
        Exception: whatever Pillow raises for a file that is no picture or is cut short.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path) as image:
            grey = image.mode in GREY_MODES
            deep = image.mode.startswith("I") or image.mode == "F"
            flat = _on_white(ImageOps.exif_transpose(_eight_bits(image) if deep else image))
    if flat.size != (size[1], size[0]):
        flat = flat.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(flat, dtype=np.uint8), grey


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return a 16-bit or float grey picture as 8-bit grey."""
    values = np.asarray(image, dtype=np.float64)
    scale = 1.0 if values.max(initial=0) <= 255 else 255 / 65535
    return Image.fromarray(np.clip(np.round(values * scale), 0, 255).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    """Return the picture as RGB, laid on white where it is transparent."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(ground, image)
    return image if image.mode == "RGB" else image.convert("RGB")
