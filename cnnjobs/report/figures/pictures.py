"""Pictures in rows and columns, each with a title, from a data set or its augmentation."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cnnjobs.report.figures.lettering import broken, line_height, text
from cnnjobs.report.figures.style import styled
from cnnjobs.report.figures.tiles import (
    FONT,
    HEAD_FONT,
    draw_tile,
    draw_title,
    sheet,
    tile_size,
)

TILE = 1.2
"""Longest side of a picture, inches: 192 pixels, a whole multiple of 8, 16, 32, 64 and 96."""

GAP = 0.1
"""Between pictures and around them, inches."""


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
        names: one per picture, drawn over it; empty for none.
        columns: pictures a row; None for about as many as there are rows.
        apart: more space after the first column, inches.
    """
    columns = columns or int(np.ceil(np.sqrt(len(pictures))))
    width, height = tile_size(pictures[0].shape, TILE)
    titles = [broken(name, TILE, FONT, 3) for name in names]
    across = GAP + columns * (TILE + GAP) + apart
    head = broken(title, across - 2 * GAP, HEAD_FONT, 4)
    lefts = [GAP + column * (TILE + GAP) + (apart if column else 0) + (TILE - width) / 2 for column in range(columns)]
    tops, bottom = _rows(titles, columns, height, 2 * GAP + len(head) * line_height(HEAD_FONT))
    with styled():
        figure, axes = sheet(across, bottom)
        axes.text(GAP, GAP, text("\n".join(head)), va="top", fontsize=HEAD_FONT)
        for index, (picture, lines) in enumerate(zip(pictures, titles, strict=True)):
            row, column = divmod(index, columns)
            box = (lefts[column], tops[row], width, height)
            draw_tile(axes, picture, box)
            draw_title(axes, lines, box)
    return figure


def versions_grid(
    title: str,
    originals: NDArray[np.generic],
    versions: NDArray[np.generic],
    names: Sequence[str],
    mixes: Sequence[Sequence[str]] = (),
) -> Figure:
    """Return a figure with one row per picture: the original, then what each epoch makes of it.

    Args:
        title: over all of them.
        originals: (n, height, width, channels) uint8, or float32 in [0, 1].
        versions: (n, epochs, height, width, channels), dtype as `originals`.
        names: one an original.
        mixes: (n, epochs) how each version's label is mixed, in words; empty for none, and where it is not.
    """
    epochs = versions.shape[1]
    rows = np.concatenate([originals[:, np.newaxis], versions], axis=1)
    titles = [[name, *own] for name, own in zip(names, mixes or [[""] * epochs] * len(names), strict=True)]
    titles[0][1:] = [
        f"epoch {epoch}: {mix}" if mix else f"epoch {epoch}" for epoch, mix in enumerate(titles[0][1:], start=1)
    ]
    return picture_grid(title, list(rows.reshape(-1, *originals.shape[1:])), [*chain(*titles)], epochs + 1, apart=GAP)


def _rows(titles: Sequence[Sequence[str]], columns: int, height: float, y: float) -> tuple[list[float], float]:
    """Return the top of each row's pictures, below its longest title, and the bottom of all; inches from above."""
    tops = []
    for start in range(0, len(titles), columns):
        tops.append(y + max(map(len, titles[start : start + columns])) * line_height(FONT))
        y = tops[-1] + height + GAP
    return tops, y
