"""The pixels of a picture as one sees them: upright, on white, 8 bits a channel.

Nothing but NumPy and Pillow: a copy of this module goes into every model file, for those who predict without cnnjobs.
"""

import functools
import sys
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from cnnjobs.datasets.pictures.value_ranges import FULL, Span, as_bytes

MOST_PIXELS = 89_478_485
"""Pillow's own bound for what may be a decompression bomb; checked here because its warning is not thread-safe."""

GREY_MODES = frozenset({"1", "L", "LA", "I", "I;16", "I;16B", "I;16L", "F"})

PAGED = frozenset({"GIF", "WEBP", "PNG", "TIFF", "AVIF", "FLI", "DCX"})
"""Formats of animations and pages; further pictures in those of phones (MPO) are previews and depth maps."""

COMMON = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "JPEG2000")
"""Formats that are asked about first."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what sets the picture upright."""

TURNING = frozenset({"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"})
"""Where Pillow has found what may say how a picture lies."""

ORIENTATION, BITS, PHOTOMETRIC, INNER, SAMPLES, REDUCED, DNG = 0x0112, 258, 262, 330, 339, 254, 50706
"""Tags of TIFF and EXIF."""


class Facts(NamedTuple):
    """What is known of a picture that has been read.

    Args:
        grey: whether it is grey.
        bits: 1, 8, or 16 for more.
        span: its values, where they have more than 8 bits.
        pages: whether it is the first of several frames or pages.
        damaged_exif: whether its EXIF data cannot be read, so that it is taken to be upright.
        sides: height and width as one sees it, pixels; (0, 0) where nothing was read.
    """

    grey: bool
    bits: int = 8
    span: Span | None = None
    pages: bool = False
    damaged_exif: bool = False
    sides: tuple[int, int] = (0, 0)


def opened(source: Any) -> Any:
    """Return a picture with its header read, of any format that Pillow decodes itself.

    Args:
        source: the path of a file, or its bytes as a stream.

    Raises:
        Exception: whatever Pillow raises for what is no picture; ValueError for one so large that it may be an attack,
            and for a photo of a camera's raw format, of which Pillow would read the thumbnail.
    """
    if hasattr(source, "seek"):
        source.seek(0)
    image: Any = Image.open(source, formats=_formats())
    reason = ""
    if image.width * image.height > MOST_PIXELS:
        reason = f"{image.width} x {image.height} pixels are more than {MOST_PIXELS:,}"
    elif image.format == "TIFF" and _is_raw(image):
        reason = "it is a camera's raw photo, of which only a small copy could be read: convert it to TIFF or JPEG"
    if reason:
        image.close()
        raise ValueError(reason)
    return image


@functools.cache
def _formats() -> tuple[str, ...]:
    """Return the formats that Pillow decodes itself; for PostScript it would run Ghostscript, a program.

    Those that are common and told by their first bytes come first: of others Pillow reads more before it knows.
    """
    Image.init()
    known = [name for name in Image.ID if name not in ("EPS", "WMF")]
    return (*(name for name in COMMON if name in known), *(name for name in known if name not in COMMON))


def _is_raw(image: Any) -> bool:
    """Say whether a TIFF is a raw photo: a DNG, a CR2, or one whose first picture is marked as a smaller copy."""
    tags = image.tag_v2
    if DNG in tags or (tags.get(REDUCED) in (1, 3) and (INNER in tags or image.is_animated)):
        return True
    image.fp.seek(8)
    return bool(image.fp.read(2) == b"CR")


def as_shown(
    source: Any, value_range: tuple[float, float] | None = None, *, one_scale: bool = False
) -> tuple[Image.Image, Facts]:
    """Return a picture upright, on white where it is transparent, as RGB with 8 bits a channel, and what it was.

    Args:
        source: the path of a file, or its bytes as a stream.
        value_range: the values of black and white where there are more than 8 bits a channel; None for 0 and 65,535
            of whole numbers, 0 and 255 of others.
        one_scale: whether grey pictures of 8 bits have the same values as black and white.

    Raises:
        Exception: whatever Pillow raises for what is no picture or is cut short; ValueError for values that are NaN or
            infinite.
    """
    with opened(source) as image:
        grey, bits = image.mode in GREY_MODES, 1 if image.mode == "1" else 8
        as_values = _values_of(image)
        if image.format == "TIFF":
            image.tile = [_mended(image, tile) for tile in image.tile]
        tiles = image.tile
        halves = _has_halves(image)
        image.load()
        turn, damaged = _orientation(image)
        flat, span = image, None
        if as_values is not None:
            flat, span = _of_values(as_values(image), value_range, image.info.get("transparency"))
        elif halves:
            flat, span = _of_halves(source, image, tiles, value_range)
        elif one_scale and value_range and image.mode == "L":
            flat = Image.fromarray(as_bytes(np.asarray(image), value_range))
        flat = _on_white(flat.transpose(turn) if turn is not None else flat)
        pages = image.format in PAGED and bool(getattr(image, "is_animated", False))
    return flat, Facts(grey, bits if span is None else 16, span, pages, damaged, (flat.height, flat.width))


def _orientation(image: Image.Image) -> tuple[Image.Transpose | None, bool]:
    """Return what sets a picture upright, and whether that is not known because its EXIF data are damaged."""
    if image.format != "TIFF" and not TURNING & image.info.keys():
        return None, False
    try:
        return TURNS.get(image.getexif().get(ORIENTATION, 1)), False
    except Exception:  # Pillow raises many kinds; the pixels are none the worse
        return None, True


def shown_size(source: Any) -> tuple[int, int]:
    """Return (height, width) as a viewer shows it, from the header of a file or of its bytes."""
    with opened(source) as image:
        width, height = image.size
        turn, _ = _orientation(image)
        turned = turn in (TURNS[5], TURNS[6], TURNS[7], TURNS[8]) and image.format != "TIFF"  # which says so itself
    return (width, height) if turned else (height, width)


def deep_span(source: Any) -> Span | None:
    """Return the values of a picture with more than 8 bits a channel; None, by its header, for any other."""
    with opened(source) as image:
        deep = _values_of(image) is not None or _has_halves(image)
    return as_shown(source)[1].span if deep else None


def _has_halves(image: Any) -> bool:
    """Say whether a picture that is to be loaded has colours of 16 bits, of which Pillow reads the upper 8."""
    return image.mode in ("RGB", "RGBA") and any(";16" in _raw(tile) for tile in image.tile)


def _raw(tile: Any) -> str:
    """Return how Pillow unpacks a tile: "RGB;16B"."""
    raw = tile.args[0] if isinstance(tile.args, tuple) and tile.args else tile.args
    return raw if isinstance(raw, str) else ""


def _unpacked_as(tile: Any, raw: str) -> Any:
    """Return a tile that is unpacked otherwise."""
    return tile._replace(args=raw if isinstance(tile.args, str) else (raw, *tile.args[1:]))


def _mended(image: Any, tile: Any) -> Any:
    """Return a tile of a TIFF, unpacked as it is stored, where Pillow gets the order of bytes or their number wrong."""
    raw = _raw(tile)
    if tile.codec_name == "libtiff" and sys.byteorder == "little":  # which has swapped the bytes itself
        return _unpacked_as(tile, {"I;16BS": "I;16S", "I;32BS": "I;32S", "F;32BF": "F;32F"}.get(raw, raw))
    if raw in ("R", "G", "B", "A") and image.tag_v2.get(BITS, (8,))[0] == 16:  # a plane a channel
        return _unpacked_as(tile, f"{raw};16{'B' if image.tag_v2.prefix == b'MM' else 'L'}")
    return tile


def _values_of(image: Any) -> Any:
    """Return the function that takes a grey picture's values where 8 bits are too few for them, else None."""
    if image.mode.startswith("I") or image.mode == "F":
        inverted = image.format == "TIFF" and image.mode.startswith("I;16") and image.tag_v2.get(PHOTOMETRIC) == 0
        return (lambda loaded: 65535 - np.asarray(loaded)) if inverted else np.asarray
    if image.mode == "L" and image.format == "TIFF" and image.tag_v2.get(SAMPLES, (1,))[0] == 2:
        return lambda loaded: np.asarray(loaded).view(np.int8)
    return None


def _of_values(
    values: NDArray[Any], value_range: tuple[float, float] | None, transparent: object
) -> tuple[Image.Image, Span]:
    """Return a grey picture as 8-bit grey, and the span of its values.

    Args:
        values: (height, width).
        value_range: black and white.
        transparent: the value that is, if there is one.
    """
    stored_whole, low, high = values.dtype.kind != "f", float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise ValueError("some of its values are NaN or infinite")
    read_as = value_range or (FULL if stored_whole else (0, 255))
    span = Span(low, high, stored_whole or bool((values == np.floor(values)).all()), read_as)
    grey = as_bytes(values, read_as)
    if isinstance(transparent, int):
        grey[values == transparent] = 255
    return Image.fromarray(grey), span


def _of_halves(
    source: Any, image: Image.Image, tiles: list[Any], value_range: tuple[float, float] | None
) -> tuple[Image.Image, Span]:
    """Return a coloured picture of 16 bits a channel with 8, and the span of its values.

    Pillow reads the upper half of each number, which is what 8 bits can show of 16. The lower half is read, by naming
    the other order of bytes, where that is not enough.
    """
    full = value_range in (None, FULL)
    upper = np.asarray(image).astype(np.uint16) << 8
    transparent = image.info.get("transparency")
    colours = slice(0, 3)
    wide = upper[..., colours].max() > 0x3F00  # more than 14 bits
    if any("a;16" in _raw(tile) for tile in tiles) or (wide and full and transparent is None):
        return image, Span(float(upper[..., colours].min()), float(upper[..., colours].max() | 255), True, FULL)
    with opened(source) as again:
        grey_alpha = _raw(tiles[0]) == "LA;16B"
        again.tile = [_unpacked_as(tile, "RGBA" if grey_alpha else _swapped(_raw(tile))) for tile in tiles]
        lower = np.asarray(again)
    values = upper | (lower[..., [1, 1, 1, 3]] if grey_alpha else lower)
    span = Span(float(values[..., colours].min()), float(values[..., colours].max()), True, value_range or FULL)
    if value_range is not None and not full:
        bands = as_bytes(values[..., colours], value_range)
        alpha = values[..., 3:] >> 8
        image = Image.fromarray(np.concatenate([bands, alpha], axis=-1).astype(np.uint8))
    if isinstance(transparent, tuple):
        image = image.convert("RGBA")
        image.putalpha(
            Image.fromarray(np.where((values[..., colours] == transparent).all(-1), 0, 255).astype(np.uint8))
        )
    return image, span


def _swapped(raw: str) -> str:
    """Return the raw mode with the other order of bytes: "RGB;16L" for "RGB;16B"."""
    order = raw[-1] if raw[-1] != "N" else sys.byteorder[0].upper()
    return raw[:-1] + {"B": "L", "L": "B"}[order]


def _on_white(image: Image.Image) -> Image.Image:
    """Return the picture as RGB, laid on white where it is transparent."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(ground, image)
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        turned = ImageCms.applyTransform(image, ImageCms.buildTransform(*profiles, "LAB", "RGB"))
        return turned if turned is not None else image
    return image if image.mode == "RGB" else image.convert("RGB")
