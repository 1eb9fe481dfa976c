"""Pictures in rows and columns, each with a title, from a data set or its augmentation."""

import textwrap
from collections.abc import Sequence
from itertools import chain
from typing import Any
from unicodedata import east_asian_width

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from cnnjobs.report.figures.style import styled, text

TILE = 1.2
"""Longest side of a picture, inches: 192 pixels, a whole multiple of 8, 16, 32, 64 and 96."""

GAP = 0.1
"""Between pictures and around them, inches."""

MOST_PIXELS_SHARP = 96
"""Pictures up to this side are drawn as the squares they consist of, larger ones smoothly."""

FONT, HEAD_FONT = 8, 11
"""Sizes of a picture's title and of the figure's, points."""


def picture_grid(
    title: str,
    pictures: Sequence[NDArray[np.generic]],
    names: Sequence[str],
    columns: int | None = None,
    apart: float = 0.0,
) -> Figure:
    """Return a figure with the pictures row by row.

    Args:
        title: over all of them.
        pictures: each (height, width, channels), all of one shape; uint8, or float32 in [0, 1].
        names: one a picture, drawn over it; empty for none.
        columns: pictures a row; None for about as many as there are rows.
        apart: more space after the first column, inches.
    """
    columns = columns or int(np.ceil(np.sqrt(len(pictures))))
    height, width = (TILE * side / max(pictures[0].shape[:2]) for side in pictures[0].shape[:2])
    titles = [_lines(name, TILE, FONT, 2) for name in names]
    across = GAP + columns * (TILE + GAP) + apart
    head = _lines(title, across - 2 * GAP, HEAD_FONT, 4)
    lefts = [GAP + column * (TILE + GAP) + (apart if column else 0) + (TILE - width) / 2 for column in range(columns)]
    tops, bottom = _rows(titles, columns, height, 2 * GAP + len(head) * _line(HEAD_FONT))
    with styled():
        figure, axes = _sheet(across, bottom)
        axes.text(GAP, GAP, text("\n".join(head)), va="top", fontsize=HEAD_FONT)
        for index, (picture, lines) in enumerate(zip(pictures, titles, strict=True)):
            row, column = divmod(index, columns)
            _draw(axes, picture, lines, (lefts[column], tops[row], width, height))
    return figure


def versions_grid(
    title: str, originals: NDArray[np.generic], versions: NDArray[np.generic], names: Sequence[str]
) -> Figure:
    """Return a figure with a row a picture: the original, then what each epoch makes of it.

    Args:
        title: over all of them.
        originals: (n, height, width, channels) uint8, or float32 in [0, 1].
        versions: (n, epochs, height, width, channels), dtype as `originals`.
        names: one an original.
    """
    epochs = versions.shape[1]
    rows = np.concatenate([originals[:, np.newaxis], versions], axis=1)
    titles = [[name, *[""] * epochs] for name in names]
    titles[0][1:] = [f"epoch {epoch + 1}" for epoch in range(epochs)]
    return picture_grid(title, list(rows.reshape(-1, *originals.shape[1:])), [*chain(*titles)], epochs + 1, apart=GAP)


def _rows(titles: Sequence[Sequence[str]], columns: int, height: float, y: float) -> tuple[list[float], float]:
    """Return the top of each row's pictures, below its longest title, and the bottom of all; inches from above."""
    tops = []
    for start in range(0, len(titles), columns):
        tops.append(y + max(map(len, titles[start : start + columns])) * _line(FONT))
        y = tops[-1] + height + GAP
    return tops, y


def _sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure whose coordinates are inches from its upper left corner."""
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(height, 0), autoscale_on=False)
    return figure, axes


def _draw(
    axes: Axes, picture: NDArray[np.generic], lines: Sequence[str], box: tuple[float, float, float, float]
) -> None:
    """Draw a picture into (left, top, width, height) and its title above."""
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
    axes.text(x + width / 2, y - 0.03, text("\n".join(lines)), ha="center", va="bottom", fontsize=FONT)


def _lines(text: str, width: float, size: int, most: int) -> list[str]:
    """Break a text into at most so many lines of a width in inches; what is too long is cut."""
    letters = int(width * 72 / (0.65 * size))  # a letter of the font is 0.6 of its size wide, capitals are more
    if any(east_asian_width(letter) in "WF" for letter in text):
        letters //= 2
    lines = textwrap.wrap(text, letters)
    return lines if len(lines) <= most else [*lines[: most - 1], lines[most - 1][: letters - 1] + "…"]


def _line(size: int) -> float:
    """Return the height of a line of text, inches."""
    return 1.25 * size / 72
