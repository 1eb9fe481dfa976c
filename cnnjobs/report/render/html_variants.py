"""Which parts of a page belong to which variants, so that a reader can hide them."""

from collections.abc import Mapping
from dataclasses import dataclass

from cnnjobs.report.file_names import variant_mark
from cnnjobs.report.model import Row

COLUMNS = ("variant", "other")
"""Columns of a table that name the variants a row is about; the reference is in all rows, and in none of these."""


@dataclass(frozen=True)
class Chip:
    """A variant that can be hidden."""

    name: str
    color: str
    place: int


class Variants:
    """The variants of a page, each known by its place in the job's order.

    Args:
        colors: name -> "#rrggbb", in the order of the job.
    """

    def __init__(self, colors: Mapping[str, str]) -> None:
        self._places = {name: place for place, name in enumerate(colors)}
        self.chips = [Chip(name, color, place) for place, (name, color) in enumerate(colors.items())]
        self.marks = {variant_mark(name): str(place) for name, place in self._places.items()}

    def of(self, name: str | None) -> str:
        """Return what marks an element as a variant's; empty for none."""
        return str(self._places[name]) if name in self._places else ""

    def of_row(self, row: Row) -> str:
        """Return what marks a row of a table; empty where it is of no variant."""
        named = dict.fromkeys(str(row[column]) for column in COLUMNS if row.get(column) is not None)
        return " ".join(str(self._places[name]) for name in named if name in self._places)
