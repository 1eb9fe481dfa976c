"""The pictures of a table, and perhaps of one with the test set, as the listing of a data set."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from cnnjobs.datasets.folders.class_names import ClassNames
from cnnjobs.datasets.folders.folders import folder_at
from cnnjobs.datasets.folders.layout import pictures_text
from cnnjobs.datasets.folders.picture_files import Folder
from cnnjobs.datasets.pictures.listing import PARTS, Listing
from cnnjobs.datasets.row_weights import Weights, weights_of_texts
from cnnjobs.datasets.storage.places import above
from cnnjobs.datasets.tables.picture_names import PictureNames
from cnnjobs.datasets.tables.table_columns import Columns
from cnnjobs.datasets.tables.table_labels import MANY, in_order, label_notes
from cnnjobs.datasets.tables.table_report import TableReport
from cnnjobs.datasets.tables.table_rows import Row, TableRows, read_rows
from cnnjobs.errors import MissingDataError
from cnnjobs.spec.data import PictureTable
from cnnjobs.wording.labels import listed


def list_table(spec: PictureTable, *, to_train: bool) -> Listing:
    """Return the pictures of a table, sorted by part, class and path.

    Args:
        spec: what the job file says.
        to_train: whether there must be what training needs; otherwise a test set alone is enough.

    Raises:
        DatasetError: no such table or folder, no such columns, pictures or labels that are not clear, or a class that
            only the test set has.
    """
    folder = _folder(spec)
    pictures = PictureNames(folder, spec.suffix)
    tables = [read_rows(spec, pictures, to_train=to_train)]
    first = tables[0]
    report, columns, used = first.report, first.columns, [*first.used]
    if spec.test_path is not None:
        tables.append(_test_rows(spec, first, pictures))
        used = [row._replace(part="train") if row.part == "all" else row for row in used]
        used += [row._replace(part="test") for row in tables[1].used]
    rows = _parted(_once(used, report), columns, report, to_train=to_train)
    classes = _classes(rows, first.order, columns, report, to_train=to_train)
    for one in tables:
        one.report.notes += label_notes(one.table, one.columns.label, classes.names)
    _note_unused([row for one in tables for row in one.every], pictures, report, beside=spec.folder is None)
    listing = _listing(rows, classes, columns, folder, report)
    return replace(
        listing,
        notes=tuple(note for one in tables for note in one.report.notes),
        training_notes=tuple(note for one in tables for note in one.report.training_notes),
    )


def _folder(spec: PictureTable) -> Folder:
    """Return where the pictures lie."""
    if spec.folder is not None:
        try:
            return folder_at(spec.folder)
        except MissingDataError as error:
            raise MissingDataError(error.path, is_folder=True, option="folder") from None
    return folder_at(above(spec.path))


def _test_rows(spec: PictureTable, first: TableRows, pictures: PictureNames) -> TableRows:
    """Return the rows of the table of the test set; it has the columns of the other, but for parts and groups."""
    columns = first.columns
    label = columns.label[0] if len(columns.label) == 1 else columns.label
    test = replace(
        spec,
        path=str(spec.test_path),
        test_path=None,
        image=columns.image,
        label=label,
        split=None,
        group=columns.group,
        weight=None,
    )
    try:
        return read_rows(test, pictures, to_train=False)
    except MissingDataError as error:
        raise MissingDataError(error.path, is_folder=False, option="test_path") from None


def _parted(rows: list[Row], columns: Columns, report: TableReport, *, to_train: bool) -> list[Row]:
    """Return the rows, of which a test set is held out where none is of one."""
    roles = {row.part for row in rows}
    if roles == {"train"}:
        report.note(
            f"column {columns.split!r} has no test rows: a test set is held out of the training rows", train=True
        )
        return [row._replace(part="all") for row in rows]
    if to_train and not roles & {"train", "all"}:
        raise report.error(
            f"column {columns.split!r} must have training rows. Received: rows of {listed(sorted(roles))}."
        )
    return rows


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
        groups = sorted({row.group for row in ones} - {""})
        if len(labels) > 1:
            torn.append(f"{ones[0].name} ({' and '.join(labels)})")
            continue
        if len(groups) > 1:
            raise report.error(f"{ones[0].name} is in several groups: {listed(map(repr, groups))}. Choose one.")
        weights = sorted({row.weight for row in ones} - {""})
        if len(weights) > 1:
            raise report.error(f"{ones[0].name} has several weights: {listed(weights)}. Choose one.")
        parts = {row.part: row._replace(group="".join(groups), weight="".join(weights)) for row in ones}
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
            f"test or validation rows have classes that the training rows do not have: {listed(unknown)}. Add training "
            "rows of them, or remove these."
        )
    for note in classes.notes():
        report.note(note)
    absent = [name for name in order or () if name not in classes.names]
    if absent and to_train:
        report.note(f"no training row is of {listed(absent)}, so that such columns are not classes")
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
        weights=None if columns.weight is None else _weights(rows, columns.weight, report),
    )


def _weights(rows: Sequence[Row], column: str, report: TableReport) -> Weights:
    """Return how much each picture counts, (n,)."""
    return weights_of_texts(
        [row.weight for row in rows],
        [row.part in ("all", "train") for row in rows],
        lambda index: rows[index].name,
        f"column {column!r}",
        report.error,
    )
