"""Which columns of a table name the pictures, their classes and their parts, where a person has not said so."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cnnjobs.datasets.tables.picture_names import PictureNames
from cnnjobs.datasets.tables.table_file import Table
from cnnjobs.datasets.tables.table_parts import are_parts
from cnnjobs.datasets.tables.table_pixels import pixels_advice
from cnnjobs.datasets.tables.table_report import TableReport
from cnnjobs.errors import DatasetError
from cnnjobs.spec.data import PictureTable
from cnnjobs.wording.labels import listed

LABEL_NAMES = frozenset(
    {"label", "labels", "class", "classes", "category", "target", "classname", "labelname", "diagnosis", "species"}
)
"""What columns of classes are called, in lower case and without what is no letter."""

GROUP_WORDS = frozenset({"patient", "subject", "participant", "person", "lesion", "case", "scene", "burst", "video"})
"""Words in the names of columns that say which pictures belong together."""

_INDEX = re.compile(r"|unnamed: \d+|index|__index_level_\d+__", re.IGNORECASE)

SAMPLE = 100
"""Rows by which it is told whether a column names pictures."""


@dataclass(frozen=True)
class Columns:
    """The columns that are read.

    Args:
        image: names the pictures.
        label: of the classes, or one per class.
        split: of the parts; None where none is read.
        group: of what belongs together; None where none is read.
        weight: of how much pictures count; None where none is read.
        notes: what was taken without being asked for.
        training_notes: what was not taken, for those who train on it.
    """

    image: str
    label: tuple[str, ...]
    split: str | None
    group: str | None
    weight: str | None
    notes: tuple[str, ...] = ()
    training_notes: tuple[str, ...] = ()


def columns_of(spec: PictureTable, table: Table, pictures: PictureNames) -> Columns:
    """Return the columns that a job file names; those that it does not name where there is one choice.

    Raises:
        DatasetError: if there are several.
    """
    image, label, split = spec.image, spec.label_columns, spec.split
    named = {image, *label, split, spec.group, spec.weight}
    others = [name for name in table.plain() if name not in named and not _INDEX.fullmatch(name)]
    splits = [name for name in others if are_parts(table.distinct(name))] if split is None else []
    notes: list[str] = []
    if image is None or not label:
        image, label = _guessed(spec, table, others, splits, pictures)
        if split is None and len(splits) == 1:
            split, splits = splits[0], []
        taken = {"image": image, "label": label[0] if len(label) == 1 else label, "split": split}
        said = ", ".join(f"{name}={value!r}" for name, value in taken.items() if value is not None)
        notes.append(f"{table.file.name}: columns are taken as {said}")
    unused = [
        f"{table.file.name}: column {name!r} names parts and is not used: `split={name!r}` does" for name in splits
    ]
    if spec.group is None:
        unused += _ungrouped(table, [name for name in others if name not in (image, *label, split)])
    return Columns(image, label, split, spec.group, spec.weight, tuple(notes), tuple(unused))


def there_are(columns: Columns, table: Table, report: TableReport) -> Columns:
    """Return the columns without those of parts and groups that a table has not, where nothing is to be trained."""
    for name in (columns.split, columns.group):
        if name is not None and name not in table.names:
            report.note(f"there is no column {name!r}, which is not needed here")
    return replace(
        columns,
        split=columns.split if columns.split in table.names else None,
        group=columns.group if columns.group in table.names else None,
        weight=None,
    )


def _guessed(
    spec: PictureTable, table: Table, others: Sequence[str], splits: Sequence[str], pictures: PictureNames
) -> tuple[str, tuple[str, ...]]:
    """Return the columns of pictures and classes, if there is one choice of those that are not named."""
    found = {name: _sample(table, name, pictures) for name in others if name not in splits}
    naming = [name for name, paths in found.items() if 2 * len({*paths} - {""}) > len(paths)]
    is_one = all(found[name] == found[naming[0]] for name in naming)  # they mean the same pictures
    images = [spec.image] if spec.image is not None else naming[:1] if is_one else naming
    left = [name for name in others if name not in (*naming, *splits)]
    called = [name for name in left if re.sub(r"[^a-z]", "", name.lower()) in LABEL_NAMES]
    labels = [spec.label_columns] if spec.label_columns else [(name,) for name in (called if called else left)]
    if len(images) == 1 and len(labels) == 1:
        return images[0], labels[0]
    if not images and (how := pixels_advice(table)):
        raise DatasetError(f"{table.file} has the pixels of pictures in it, and does not name files. {how}")
    if images and not left and not spec.label_columns:
        raise DatasetError(
            f"{table.file} has no column of classes, so that nothing can be trained or evaluated on it. Its columns: "
            f"{listed(table.names)}. `cnnjobs predict MODEL {pictures.folder}` names the classes that a model gives "
            "them."
        )
    image = images[0] if images else next(iter(others), "id")
    label = next((name for name in called or left if name != image), "label")
    those = listed(images) if images else f"none whose values are pictures in {pictures.folder}"
    raise DatasetError(
        f"{table.file}: it is not clear which columns name the pictures and their classes. Its columns: "
        f"{listed(table.names)}. Those of pictures: {those}. Write in a job file, with the columns and the folder that "
        f"are meant: dataset=PictureTable({str(table.file)!r}, folder={pictures.folder.path!r}, image={image!r}, "
        f"label={label!r})"
    )


def _sample(table: Table, name: str, pictures: PictureNames) -> list[str]:
    """Return the pictures that the first values of a column name, or may name; empty where one names none.

    Numbers of classes may be numbers of pictures as well, but then few pictures are named, again and again.
    """
    values = [value for value in table.first(name, SAMPLE) if value]
    found = pictures.find(values)
    return [found.paths.get(value, "|".join(found.unclear.get(value, ()))) for value in values]


def _ungrouped(table: Table, others: Sequence[str]) -> list[str]:
    """Return a note on a column that says which pictures belong together."""
    for name in others:
        if not GROUP_WORDS & {*re.findall(r"[a-z]+", name.lower())}:
            continue
        count = len(table.distinct(name))
        if 1 < count < 0.95 * len(table):
            return [
                f"{table.file.name}: column {name!r} has {count:,} values in {len(table):,} rows: if pictures of one "
                f"are alike, `group={name!r}` keeps them on one side of every split"
            ]
    return []
