"""The rows of a table as pictures, labels, parts and groups; what cannot be used is counted and named."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import NamedTuple

from cnnjobs.datasets.storage.data_file import file_at
from cnnjobs.datasets.tables.picture_names import PictureNames
from cnnjobs.datasets.tables.table_columns import Columns, columns_of, there_are
from cnnjobs.datasets.tables.table_file import Table, read_table
from cnnjobs.datasets.tables.table_labels import read_labels
from cnnjobs.datasets.tables.table_parts import read_parts
from cnnjobs.datasets.tables.table_pictures import find_pictures
from cnnjobs.datasets.tables.table_report import TableReport
from cnnjobs.spec.data import PictureTable


class Row(NamedTuple):
    """A row of a table.

    Args:
        name: of the picture, as in the table.
        path: of its file; empty where it is missing.
        label: the name of its class; empty where it has none.
        part: one of `PARTS`; empty where the table says none.
        group: what it shows; empty where the table says nothing.
        weight: how much it counts; empty where the table says nothing.
    """

    name: str
    path: str
    label: str
    part: str
    group: str
    weight: str


@dataclass(frozen=True)
class TableRows:
    """What is read of a table.

    Args:
        table: itself.
        columns: that are read.
        every: row of it.
        used: rows that have all they need.
        order: of the classes, where they are columns; None where one column holds them.
        report: what there is to say.
    """

    table: Table
    columns: Columns
    every: Sequence[Row]
    used: Sequence[Row]
    order: Sequence[str] | None
    report: TableReport


def read_rows(spec: PictureTable, pictures: PictureNames, *, to_train: bool) -> TableRows:
    """Return the rows of a table.

    Args:
        spec: what the job file says.
        pictures: where they lie.
        to_train: whether columns of parts and groups must be there.

    Raises:
        DatasetError: no such table, no such columns, pictures or labels that are not clear, or no row that can be used.
    """
    table = read_table(file_at(spec.path, lambda *_: None))
    report = TableReport(table.file, strict=spec.strict)
    report.notes += table.notes
    columns = columns_of(spec, table, pictures)
    report.notes += columns.notes
    report.training_notes += columns.training_notes
    if not to_train:
        columns = there_are(columns, table, report)
    names = table.column(columns.image, "image")
    labels = read_labels(table, columns.label)
    report.notes += labels.notes
    found = find_pictures(names, columns.image, pictures, report)
    parts = read_parts(table, columns.split) if columns.split is not None else repeat("all")
    groups = table.column(columns.group, "group") if columns.group is not None else repeat("")
    weights = table.column(columns.weight, "weight") if columns.weight is not None else repeat("")
    paths = (found.paths.get(name, "") for name in names)
    every = list(map(Row, names, paths, labels.texts, parts, groups, weights))
    used = _used(every, labels.several, columns, str(pictures.folder), report)
    return TableRows(table, columns, every, used, labels.order, report)


def _used(
    rows: Sequence[Row], several: frozenset[int], columns: Columns, folder: str, report: TableReport
) -> list[Row]:
    """Return the rows that have all they need, and say which have not."""
    left: dict[str, list[str]] = defaultdict(list)
    used: list[Row] = []
    for number, row in enumerate(rows):
        if number in several:
            left["is of several classes|are of several classes"].append(row.name)
        elif not row.name:
            if row.label:
                left["names no picture|name no picture"].append(f"row {number + 1}")
        elif not row.label:
            left["has no label|have no label"].append(row.name)
        elif not row.part:
            left[f"has no value in column {columns.split!r}|have no value in column {columns.split!r}"].append(row.name)
        elif not row.path:
            left[f"names a picture that is not in {folder}|name pictures that are not in {folder}"].append(row.name)
        else:
            used.append(row)
    for what, names in left.items():
        report.left_out("row|rows", what, names, is_all=not used)
    if not used:
        raise report.error("it has no rows. Expected a row for each picture.")
    return used
