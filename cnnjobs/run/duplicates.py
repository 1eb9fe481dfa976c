"""Pairs of pictures that are the same or alike, as tables: for the terminal, and all of them as CSV."""

from collections.abc import Iterator
from typing import Any

from cnnjobs.datasets import Dataset
from cnnjobs.datasets.duplicates.duplicates import Duplicates, Pair
from cnnjobs.datasets.origin import Origin
from cnnjobs.datasets.overview import Cells
from cnnjobs.report.render.csv import csv_text

MOST_LISTED = 30
"""Pairs that the terminal shows; the file has all."""

SIDES = ("first", "second")

COLUMNS = (
    *("where", "likeness"),
    *(f"{side}_{what}" for side in SIDES for what in ("name", "part", "row", "label", "label_name")),
)
"""Of the file; rows count in the part, from 0; likeness is a correlation, 1 for the same pixels."""


def pair_cells(found: Duplicates, data: Dataset, origin: Origin) -> Cells:
    """Return the first pairs as a table.

    Args:
        found: the pairs.
        data: of which data set.
        origin: knows the names of its pictures.
    """
    rows: list[tuple[str, ...]] = []
    for pair in found.pairs[:MOST_LISTED]:
        first, second = _sides(pair, data, origin)
        rows.append((pair.where, likeness_text(pair), first[0], first[-1], second[0], second[-1]))
    return ("in", "likeness", "picture", "class", "picture", "class"), rows


def likeness_text(pair: Pair) -> str:
    """Return "the same", or how alike two pictures are."""
    return "the same" if pair.likeness is None else f"{pair.likeness:.3f} alike"


def duplicates_csv(found: Duplicates, data: Dataset, origin: Origin) -> str:
    """Return all pairs in the columns of `COLUMNS`.

    Args:
        found: the pairs.
        data: of which data set.
        origin: knows the names of its pictures.
    """
    lines = (
        [
            pair.where,
            1.0 if pair.likeness is None else pair.likeness,
            *(x for side in _sides(pair, data, origin) for x in side),
        ]
        for pair in found.pairs
    )
    return csv_text(COLUMNS, lines)


def _sides(pair: Pair, data: Dataset, origin: Origin) -> Iterator[tuple[Any, ...]]:
    """Yield name, part, row, label and name of the class of both pictures."""
    for part, row, label in zip(pair.parts, pair.rows, pair.labels, strict=True):
        yield origin.name(part, row), part, row, label, data.class_names[label]
