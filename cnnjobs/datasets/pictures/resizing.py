"""Pictures of one size: stretched, cropped or padded.

Nothing but NumPy and Pillow: a copy of this module goes into every model file.
"""

import numpy as np
from PIL import Image

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
"""Names of interpolations -> Pillow's filters."""


def resized(
    picture: Image.Image, size: tuple[int, int], resize: str, interpolation: str, *, antialias: bool
) -> Image.Image:
    """Return a picture in another size.

    Args:
        picture: RGB.
        size: (height, width).
        resize: "stretch" fits both sides; "crop" scales the picture until it covers the size and keeps the centre;
            "pad" scales it until it fits, with black around it.
        interpolation: one of `FILTERS`.
        antialias: whether the filter widens where the picture becomes smaller.
    """
    height, width = size
    if picture.size == (width, height):
        return picture
    box: tuple[float, float, float, float] = (0, 0, *picture.size)
    if resize == "stretch":
        return _scaled(picture, (width, height), box, interpolation, antialias)
    across, down = picture.width / width, picture.height / height
    if resize == "crop":
        kept = min(across, down)
        left, top = (picture.width - kept * width) / 2, (picture.height - kept * height) / 2
        box = (left, top, left + kept * width, top + kept * height)
        return _scaled(picture, (width, height), box, interpolation, antialias)
    scale = max(across, down)
    inner = max(1, round(picture.width / scale)), max(1, round(picture.height / scale))
    ground = Image.new("RGB", (width, height))
    ground.paste(
        _scaled(picture, inner, box, interpolation, antialias), ((width - inner[0]) // 2, (height - inner[1]) // 2)
    )
    return ground


def _scaled(
    picture: Image.Image,
    size: tuple[int, int],
    box: tuple[float, float, float, float],
    interpolation: str,
    antialias: bool,
) -> Image.Image:
    """Return a part of a picture in another size, given as (width, height)."""
    method = FILTERS[interpolation]
    if antialias or interpolation == "nearest":
        return picture.resize(size, method, box)
    bands = [band.convert("F").transform(size, Image.Transform.EXTENT, box, method) for band in picture.split()]
    rounded = [np.clip(np.round(np.asarray(band)), 0, 255).astype(np.uint8) for band in bands]
    return Image.fromarray(np.stack(rounded, axis=-1))
