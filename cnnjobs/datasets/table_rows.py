"""From the rows of a table to pictures, labels, parts and groups; what is left out is counted and named."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np

from cnnjobs.datasets.class_names import ClassNames
from cnnjobs.datasets.data_file import file_at
from cnnjobs.datasets.folders import folder_at
from cnnjobs.datasets.layout import pictures_text
from cnnjobs.datasets.listing import PARTS, Listing
from cnnjobs.datasets.picture_files import Folder
from cnnjobs.datasets.picture_names import PictureNames
from cnnjobs.datasets.places import above
from cnnjobs.datasets.table_columns import Columns, columns_of, there_are
from cnnjobs.datasets.table_file import read_table
from cnnjobs.datasets.table_labels import MANY, in_order, label_notes, read_labels
from cnnjobs.datasets.table_parts import read_parts
from cnnjobs.datasets.table_pictures import find_pictures
from cnnjobs.datasets.table_report import TableReport
from cnnjobs.errors import MissingDataError
from cnnjobs.labels import listed
from cnnjobs.spec.data import PictureTable


class Row(NamedTuple):
    """A row of a table.

    Args:
        name: of the picture, as in the table.
        path: of its file; empty where it is missing.
        label: the name of its class; empty where it has none.
        part: one of `PARTS`; empty where the table says none.
        group: what it shows; empty where the table says nothing.
    """

    name: str
    path: str
    label: str
    part: str
    group: str


def list_rows(spec: PictureTable, *, to_train: bool) -> Listing:
    """Return the pictures of a table, sorted by part, class and path.

    Args:
        spec: what the job file says.
        to_train: whether there must be what training needs; otherwise a test set alone is enough.

    Raises:
        DatasetError: no such table or folder, no such columns, pictures or labels that are not clear, or a class that
            only the test set has.
    """
    table = read_table(file_at(spec.path, lambda *_: None))
    report = TableReport(table.file, strict=spec.strict)
    report.notes += table.notes
    folder = _folder(spec)
    pictures = PictureNames(folder, spec.suffix)
    columns = columns_of(spec, table, pictures)
    report.notes += columns.notes
    if not to_train:
        columns = there_are(columns, table, report)
    names = table.column(columns.image, "image")
    labels = read_labels(table, columns.label)
    report.notes += labels.notes
    found = find_pictures(names, columns.image, pictures, report)
    parts = read_parts(table, columns.split) if columns.split is not None else repeat("all")
    groups = table.column(columns.group, "group") if columns.group is not None else repeat("")
    paths = (found.paths.get(name, "") for name in names)
    every = list(map(Row, names, paths, labels.texts, parts, groups))
    rows = _once(_used(every, labels.several, columns, folder, report), report)
    roles = {row.part for row in rows}
    if roles == {"train"}:
        report.note(
            f"column {columns.split!r} has no test rows: a test set is held out of the training rows", train=True
        )
        rows = [row._replace(part="all") for row in rows]
    elif to_train and not roles & {"train", "all"}:
        raise report.error(
            f"column {columns.split!r} must have training rows. Received: rows of {listed(sorted(roles))}."
        )
    classes = _classes(rows, labels.order, columns, report, to_train=to_train)
    report.notes += label_notes(table, columns.label, classes.names)
    _note_unused(every, pictures, report, beside=spec.folder is None)
    return _listing(rows, classes, columns, folder, report)


def _folder(spec: PictureTable) -> Folder:
    """Return where the pictures lie."""
    if spec.folder is not None:
        try:
            return folder_at(spec.folder)
        except MissingDataError as error:
            raise MissingDataError(error.path, is_folder=True, option="folder") from None
    return folder_at(above(spec.path))


def _used(
    rows: Iterable[Row], several: frozenset[int], columns: Columns, folder: Folder, report: TableReport
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
        raise report.error("it has no rows. Expected a row a picture.")
    return used


def _once(rows: list[Row], report: TableReport) -> list[Row]:
    """Return each picture once for each part, without those that are in several classes, and say which."""
    if len({row.path for row in rows}) == len(rows):
        return rows
    by_path: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_path[row.path].append(row)
    once: list[Row] = []
    repeated: list[str] = []
    torn: list[str] = []
    for ones in by_path.values():
        if len(ones) == 1:
            once += ones
            continue
        labels = sorted({row.label for row in ones})
        groups = sorted({row.group for row in ones})
        if len(labels) > 1:
            torn.append(f"{ones[0].name} ({' and '.join(labels)})")
            continue
        if len(groups) > 1:
            raise report.error(f"{ones[0].name} is in several groups: {listed(map(repr, groups))}. Choose one.")
        parts = {row.part: row for row in ones}
        once += parts.values()
        repeated += [ones[0].name] * (len(ones) - len(parts))
    if len(torn) > MANY * len(by_path):
        raise report.error(
            f"{len(torn):,} of {pictures_text(len(by_path))} have rows of several classes: {listed(torn)}. Pictures "
            "with several labels are not supported: choose one for each."
        )
    report.left_out("picture|pictures", "has rows of several classes|have rows of several classes", torn)
    report.left_out("row|rows", "repeats a picture and its class|repeat pictures and their classes", repeated)
    if not once:
        raise report.error("every picture has rows of several classes. Choose one for each.")
    return once


def _classes(
    rows: Sequence[Row], order: Sequence[str] | None, columns: Columns, report: TableReport, *, to_train: bool
) -> ClassNames:
    """Return the classes of the training rows; of all, where nothing is trained."""
    trained = [row.label for row in rows if row.part in ("train", "all") or not to_train]
    classes = ClassNames(dict.fromkeys(trained), str(report.file), lambda names: in_order(names, order))
    if to_train and 2 < len(classes.names) > len(trained) / 2:
        raise report.error(
            f"column {columns.label[0]!r}, for `label`, must be classes. Received: {len(classes.names):,} different "
            f"values in {len(trained):,} training rows, such as {classes.names[0]!r}."
        )
    unknown = sorted({row.label for row in rows if classes.label_of(row.label) is None})
    if unknown:
        raise report.error(
            f"test or validation rows have classes that the training rows have not: {listed(unknown)}. Add training "
            "rows of them, or remove these."
        )
    for note in classes.notes():
        report.note(note)
    absent = [name for name in order or () if name not in classes.names]
    if absent and to_train:
        report.note(f"no training row is of {listed(absent)}: such columns are no classes")
    return classes


def _note_unused(rows: Iterable[Row], pictures: PictureNames, report: TableReport, *, beside: bool) -> None:
    """Say which pictures no row names."""
    named = {row.path for row in rows}
    there = pictures.beside(named - {""}) if beside else pictures.below
    unused = [pictures.folder.relative(path) for path in there if path not in named]
    if unused:
        are = "is" if len(unused) == 1 else "are"
        report.note(f"{pictures_text(len(unused))} {are} in no row and not used: {listed(unused)}")


def _listing(rows: list[Row], classes: ClassNames, columns: Columns, folder: Folder, report: TableReport) -> Listing:
    """Return the rows as the pictures of a data set."""
    label_of = {label: classes.label_of(label) or 0 for label in {row.label for row in rows}}
    order = {part: number for number, part in enumerate(PARTS)}
    rows = sorted(rows, key=lambda row: (order[row.part], label_of[row.label], row.path.replace("/", "\0")))
    groups = None
    if columns.group is not None:
        alone = [row.name for row in rows if not row.group]
        if alone:
            report.note(
                f"{pictures_text(len(alone))} without a value in column {columns.group!r}, each taken for a group of "
                f"its own: {listed(alone)}"
            )
        groups = tuple(row.group or f"(none) {row.path}" for row in rows)
    return Listing(
        name=report.file.name,
        class_names=classes.names,
        contents=folder.contents([row.path for row in rows]),
        labels=np.array([label_of[row.label] for row in rows], dtype=np.int32),
        parts=np.array([row.part for row in rows]),
        groups=groups,
        notes=tuple(report.notes),
        training_notes=(*report.training_notes, *columns.training_notes),
    )
