"""The classes of a table's rows: a column of names or numbers, or a column of 0 and 1 a class."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cnnjobs.datasets.numpy_arrays.label_arrays import MISSING
from cnnjobs.datasets.tables.table_file import Table
from cnnjobs.errors import DatasetError
from cnnjobs.wording.labels import listed

_WHOLE = re.compile(r"([+-]?\d+)(\.0*)?")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_LIST = re.compile(r"\[.*\]|\{.*\}")

YES, NO = frozenset({"1", "1.0", "true", "yes", "t", "y"}), frozenset({"0", "0.0", "false", "no", "f", "n", ""})
"""What columns of 0 and 1 hold, in lower case."""

MANY = 0.1
"""More of the pictures than this share with several labels: it is how they are labelled, and no mistake."""


@dataclass(frozen=True)
class RowLabels:
    """A label a row.

    Args:
        texts: (n,) names of classes; empty where there is none, or several.
        several: rows that have several.
        order: the names in the order of the columns; None where a column holds them.
        notes: what was made of them.
    """

    texts: Sequence[str]
    several: frozenset[int] = frozenset()
    order: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


def read_labels(table: Table, columns: Sequence[str]) -> RowLabels:
    """Return the labels in one column, or in one column per class.

    Raises:
        DatasetError: no such column, several labels a picture, or values other than 0 and 1 where there is a column
            a class.
    """
    if len(columns) > 1:
        return _one_hot(table, columns)
    texts = table.column(columns[0], "label")
    counts = Counter(texts)
    counts.pop("", None)
    if not counts:
        raise DatasetError(f"{table.file}: column {columns[0]!r} has no labels: all of its values are empty.")
    _refuse_lists(table, columns[0], counts)
    whole = {text: found[1] for text in counts if (found := _WHOLE.fullmatch(text))}
    if len(whole) < len(counts) or whole == {text: text for text in counts}:
        return RowLabels(texts)
    pointed = next(text for text, number in whole.items() if text != number)
    note = (
        f"{table.file.name}: labels are whole numbers and stand without a point: {pointed} is class {whole[pointed]!r}"
    )
    return RowLabels([whole.get(text, "") for text in texts], notes=(note,))


def _one_hot(table: Table, columns: Sequence[str]) -> RowLabels:
    """Return the names of the columns that are 1."""
    texts = [""] * len(table)
    several: set[int] = set()
    for column in columns:
        for row, value in enumerate(table.column(column, "label")):
            if value.lower() in NO:
                continue
            if value.lower() not in YES:
                raise DatasetError(
                    f"{table.file}: with a column for each class, every value must be 0 or 1. Received: {value!r} in "
                    f"column {column!r}. If one column has the classes' names, use `label={column!r}`."
                )
            if texts[row]:
                several.add(row)
            texts[row] = column
    if len(several) > MANY * sum(map(bool, texts)):
        raise DatasetError(
            f"{table.file}: {len(several):,} of {len(table):,} rows are of several classes ({listed(columns)}). "
            "Pictures with several labels are not supported: choose one for each, in a column of its own."
        )
    for row in several:
        texts[row] = ""
    return RowLabels(texts, frozenset(several), tuple(columns))


def _refuse_lists(table: Table, column: str, counts: Counter[str]) -> None:
    """Raise a DatasetError if labels are several in one: "a|b", where "a" and "b" are labels too, or "['a', 'b']"."""
    lists = [text for text in counts if any(mark in text and _is_of(counts, text, mark) for mark in "|;,")]
    if not lists and all(map(_LIST.fullmatch, counts)):
        lists = list(counts)
    if lists:
        raise DatasetError(
            f"{table.file}: column {column!r} has several labels in one value, such as {lists[0]!r}. Pictures with "
            "several labels are not supported: choose one for each."
        )


def _is_of(counts: Counter[str], text: str, separator: str) -> bool:
    """Say whether a label consists of others."""
    parts = [part.strip() for part in text.split(separator)]
    return len(parts) > 1 and all(part in counts for part in parts)


def in_order(names: Sequence[str], columns: Sequence[str] | None = None) -> list[str]:
    """Return names of classes as their columns stand, else numbers by their value if all are numbers, else as text.

    Args:
        names: one per class.
        columns: in their order; None where no column is a class.
    """
    if columns is not None:
        return sorted(names, key=columns.index)
    if all(map(_NUMBER.fullmatch, names)):
        return sorted(names, key=lambda name: (float(name), name))
    return sorted(names)


def label_notes(table: Table, columns: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return notes on labels that may not be what was meant.

    Args:
        table: that they are in.
        columns: of the labels.
        names: of the classes.
    """
    notes = []
    padded = table.padded(columns[0]) if len(columns) == 1 else []
    if padded:
        notes.append(f"labels are taken without the spaces around them: {listed(map(repr, padded))}")
    for name in names:
        if name.lower() in {*MISSING, "na", "n/a"}:
            notes.append(f"class {name!r} looks like missing labels; it counts as a class like any other")
        if name.startswith("-") and _NUMBER.fullmatch(name):
            notes.append(f"class {name!r} is below zero; it counts as a class like any other")
    return [f"{table.file.name}: {note}" for note in notes]
