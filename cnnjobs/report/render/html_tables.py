"""Tables for a web page: formatted cells, with their values as sort keys."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

from cnnjobs.report.model import DisplayColumn, ReportTable
from cnnjobs.report.render.html_variants import Variants
from cnnjobs.report.render.html_words import Glossary

NO_VARIANTS, NO_TERMS = Variants({}), Glossary()

_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Column:
    """A column's header.

    Args:
        header: over it.
        kind: what it is sorted by: "number" or "text" for the values in `Cell.key`, "cell" for what is shown.
        numeric: whether its cells look like numbers, and stand to the right.
        meaning: of the first term in the header; empty without one.
        variants: which variant it is about, by its place; empty for several, or none.
        by: the value that it is sorted by; empty for its text.
    """

    header: str
    kind: str
    numeric: bool
    meaning: str = ""
    variants: str = ""
    by: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell.

    Args:
        text: as people read it.
        key: what its row is sorted by; "" for nothing, which comes last; None where the text is sorted by.
    """

    text: str
    key: str | None

    @property
    def has_words(self) -> bool:
        """Whether it may be broken into lines; numbers and intervals are not."""
        return _LETTER.search(self.text) is not None


@dataclass(frozen=True)
class Line:
    """A row.

    Args:
        cells: of it.
        variants: which variants it is about, by their places.
    """

    cells: Sequence[Cell]
    variants: str


def columns_and_lines(
    report_table: ReportTable, variants: Variants = NO_VARIANTS, glossary: Glossary = NO_TERMS
) -> tuple[list[Column], list[Line]]:
    """Return the columns of a table, and its rows.

    Args:
        report_table: the table.
        variants: of the page.
        glossary: what headers are explained by.
    """
    pattern = glossary.pattern()
    texts = report_table.cells
    columns, keys = [], []
    for place, shown in enumerate(report_table.shown):
        kind, values = _sorted_by(report_table, shown)
        numeric = place > 0 and (kind == "number" or _looks_numeric([row[place] for row in texts]))
        found = pattern.search(shown.header) if pattern else None
        meaning = glossary.meaning(found[0]) if found else ""
        columns.append(Column(shown.header, kind, numeric, meaning, variants.of(shown.variant), shown.by or ""))
        keys.append(values)
    cells = ([Cell(text, keys[place][row]) for place, text in enumerate(line)] for row, line in enumerate(texts))
    marks = map(variants.of_row, report_table.rows)
    return columns, [Line(line, mark) for line, mark in zip(cells, marks, strict=True)]


def _sorted_by(report_table: ReportTable, shown: DisplayColumn) -> tuple[str, Sequence[str | None]]:
    """Return the kind of a column, and the key of each of its cells."""
    if shown.by is None:
        return "cell", [None] * len(report_table.rows)
    values = [None if _missing(row[shown.by]) else row[shown.by] for row in report_table.rows]
    if all(value is None or isinstance(value, Real) for value in values):
        return "number", ["" if value is None else json.dumps(float(value)) for value in values]
    return "text", ["" if value is None else str(value) for value in values]


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, Real) and math.isnan(value))


def _looks_numeric(texts: Sequence[str]) -> bool:
    """Whether most of the cells that say something are numbers or intervals."""
    said = [text for text in texts if text not in ("", "-")]
    return 2 * sum(bool(_DIGIT.search(text)) and not _LETTER.search(text) for text in said) > len(said)
