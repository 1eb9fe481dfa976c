"""Data sets in Parquet files that have the encoded pictures in them."""

import hashlib
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.pictures.contents import Contents
from cnnjobs.datasets.records.record_contents import RecordContents
from cnnjobs.datasets.records.record_labels import NO_LABEL, Label, plain_label
from cnnjobs.datasets.records.record_source import Records, RecordSource
from cnnjobs.datasets.records.row_columns import class_names_of, columns_of
from cnnjobs.datasets.records.row_files import ARROW, Cursor, RowFile, open_rows
from cnnjobs.errors import DatasetError
from cnnjobs.spec import ParquetPictures

SUFFIXES = (".parquet", ".pq", ".parq", *ARROW)

OF_CACHE = ("cache-", "tmp")
"""How names of files begin that `datasets` keeps beside its own."""


class ParquetSource(RecordSource[ParquetPictures]):
    """Parquet files with pictures in them."""

    spec_type = ParquetPictures
    noun = "a Parquet file with pictures in it"
    nouns = "Parquet files"

    @classmethod
    def fits(cls, name: str) -> bool:
        """Say whether a file is of this kind, by its name."""
        return name.lower().endswith(SUFFIXES) and not name.startswith(OF_CACHE)

    def read(
        self, files: Sequence[str], root: Path, name: str
    ) -> tuple[Records, Callable[[NDArray[np.int64]], Contents]]:
        """Return the labels of the rows of files, and what returns the pictures of some of them."""
        labels: list[Label] = []
        splits: list[str] = []
        groups: list[str] = []
        weights: list[str] = []
        order: dict[str, None] = {}
        counts: list[int] = []
        image = ""
        for path in files:
            file = open_rows(path)
            columns = columns_of(file, self.spec)
            if image and columns.image != image:
                raise DatasetError(
                    f"{root}: all files must have the same columns. Received: {image} in "
                    f"{os.path.relpath(files[0], root)}, {columns.image} in {os.path.relpath(path, root)}."
                )
            image = columns.image
            names = class_names_of(file, columns.label)
            order |= dict.fromkeys(names)
            labels += _labels(file, columns.label, names)
            splits += _texts(file, columns.split)
            groups += _texts(file, columns.group)
            weights += _texts(file, columns.weight)
            counts.append(file.count)
        rows = np.concatenate([np.arange(count) for count in counts])
        number = np.repeat(np.arange(len(files)), counts)
        records = Records(
            labels,
            number,
            order=tuple(order),
            splits=splits if len(splits) == len(labels) else None,
            groups=groups or None,
            weights=weights or None,
        )
        return records, lambda kept: ParquetContents(root, files, number[kept], rows[kept], image)


class ParquetContents(RecordContents):
    """Pictures in a column of Parquet files; each thread reads with a cursor of its own.

    Args:
        root: the folder that files are named from.
        files: their paths.
        file: (n,) number of the file of each picture.
        row: (n,) its row in it.
        column: of the pictures.
    """

    def __init__(
        self, root: Path, files: Sequence[str], file: NDArray[np.int64], row: NDArray[np.int64], column: str
    ) -> None:
        super().__init__(root, files)
        self._file, self._row, self._column = file, row, column

    def __len__(self) -> int:
        """Return how many pictures there are."""
        return len(self._row)

    def name(self, index: int) -> str:
        """Return file and row of a picture, counted from 0."""
        return f"{self.place(self._file[index])}, row {self._row[index]}"

    def open(self, index: int) -> BinaryIO:
        """Return the bytes of a picture.

        Raises:
            OSError: if there are none, or they cannot be read.
        """
        path = self._files[self._file[index]]
        cursor = getattr(self._own, "cursor", None)
        if cursor is None or cursor.path != path:
            try:
                cursor = self._own.cursor = Cursor(path, self._column)
            except DatasetError as error:
                raise OSError(str(error)) from error
        value = cursor.value(int(self._row[index]))
        if isinstance(value, dict):
            held, place = value.get("bytes"), value.get("path")
            if held is None and place:
                raise OSError(f"the file has the path {place!r} instead of the picture's bytes")
            value = held
        if value is None:
            raise OSError("there is no picture in this row")
        return io.BytesIO(value)

    def taken(self) -> str:
        """Return a hash of which rows of which column are read."""
        hasher = hashlib.sha256(self._column.encode())
        hasher.update(self._file.tobytes())
        hasher.update(self._row.tobytes())
        return hasher.hexdigest()


def _labels(file: RowFile, column: str, names: tuple[str, ...]) -> list[Label]:
    """Return the labels of a file; names where its metadata have them."""
    values = file.column(column)
    known: dict[Any, Label] = {}
    for value in values:
        try:
            if value not in known:
                known[value] = plain_label(value, f"{file.path}: {column}")
        except TypeError:  # a list or dict
            plain_label(value, f"{file.path}: {column}")
    if names:
        known = {value: _named(label, names, file, column) for value, label in known.items()}
    return [known[value] for value in values]


def _named(label: Label, names: tuple[str, ...], file: RowFile, column: str) -> Label:
    """Return the name of a numbered class."""
    if not isinstance(label, int):
        return label
    if label == NO_LABEL:
        return None
    if not 0 <= label < len(names):
        raise DatasetError(
            f"{file.path}: {column} must be from 0 to {len(names) - 1}, the classes that its metadata name, or "
            f"{NO_LABEL} for none. Received: {label}."
        )
    return names[label]


def _texts(file: RowFile, column: str | None) -> list[str]:
    """Return a column as text; an empty one for what is null, nothing for no column."""
    if column is None:
        return []
    return ["" if value is None else str(value) for value in file.column(column)]
