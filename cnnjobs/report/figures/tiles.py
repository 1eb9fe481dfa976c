"""Pictures as tiles of a figure, and text broken to a width: what figures of pictures share."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from cnnjobs.report.figures.lettering import text

MOST_PIXELS_SHARP = 96
"""Pictures up to this side are drawn as the squares they consist of, larger ones smoothly."""

NARROWEST = 0.08
"""Least side of a tile, inches: a picture of one column of pixels is seen."""

FONT, HEAD_FONT = 9, 11
"""Sizes of a picture's title and of the figure's, points."""

Box = tuple[float, float, float, float]
"""(left, top, width, height), inches from the upper left corner."""


def sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure whose coordinates are inches from its upper left corner."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(height, 0), autoscale_on=False)
    return figure, axes


def tile_size(shape: Sequence[int], side: float) -> tuple[float, float]:
    """Return (width, height) of a picture whose longer side is `side`, inches.

    Args:
        shape: (height, width, ...) of the picture, pixels.
        side: inches.
    """
    height, width = (max(side * pixels / max(shape[:2]), min(NARROWEST, side)) for pixels in shape[:2])
    return width, height


def draw_tile(axes: Axes, picture: NDArray[np.generic], box: Box) -> None:
    """Draw a picture, (height, width, 1 or 3) uint8 or float32 in [0, 1]."""
    x, y, width, height = box
    grey: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255 if picture.dtype == np.uint8 else 1}
    axes.imshow(
        picture[..., 0] if picture.shape[-1] == 1 else picture,
        extent=(x, x + width, y + height, y),
        aspect="auto",
        interpolation="nearest" if max(picture.shape) <= MOST_PIXELS_SHARP else "antialiased",
        **(grey if picture.shape[-1] == 1 else {}),
    )
    axes.add_patch(Rectangle((x, y), width, height, fill=False, edgecolor="#bbbbbb", linewidth=0.5))


def draw_title(axes: Axes, lines: Sequence[str], box: Box) -> None:
    """Draw the lines of a title above a tile."""
    x, y, width, _ = box
    axes.text(x + width / 2, y - 0.03, text("\n".join(lines)), ha="center", va="bottom", fontsize=FONT)
