"""Tables that people bring, CSV, TSV or Parquet, as columns of text: nothing is taken for a number or for missing."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cnnjobs.datasets.pictures.picture_kinds import PICTURES, ending_of
from cnnjobs.datasets.storage.data_file import DataFile
from cnnjobs.datasets.tables.csv_text import read_csv
from cnnjobs.errors import DatasetError, MissingDataError
from cnnjobs.files.regular_files import refuse_special
from cnnjobs.wording.labels import listed
from cnnjobs.wording.sentences import cause

MOST_BYTES = 1 << 30
"""A table of so many bytes has more rows than pictures can be trained on here."""

OTHERS = {
    b"PK\x03\x04": "a spreadsheet or an archive. Save it as CSV, or unpack it",
    b"\xd0\xcf\x11\xe0": "a spreadsheet. Save it as CSV",
    b"\x1f\x8b": "compressed. Unpack it",
}
"""How files begin that are given for tables."""

_SEPARATE = " Expected a comma, semicolon, tab or bar between columns."


class Table:
    """A table of text.

    Args:
        file: where it lies, for messages.
        names: of the columns, in their order.
        columns: each (n,) of what type it has.
        notes: what a person should know of how it was read.
    """

    def __init__(self, file: DataFile, names: Sequence[str], columns: Sequence[Any], notes: Sequence[str] = ()) -> None:
        self.file, self.names, self.notes = file, tuple(names), tuple(notes)
        self._columns = columns

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._columns[0]) if self._columns else 0

    def column(self, name: str, argument: str) -> list[str]:
        """Return a column as text without spaces at its ends; empty where there is nothing.

        Args:
            name: of the column.
            argument: that names it, for messages.

        Raises:
            DatasetError: there is no such column, several, or it holds no text and no numbers.
        """
        found = [index for index, one in enumerate(self.names) if one == name]
        if len(found) != 1:
            raise self._no_column(name, argument, len(found))
        column = as_text(self._columns[found[0]])
        if column is None:
            raise DatasetError(
                f"{self.file}: column {name!r}, for `{argument}`, must be text or numbers. "
                f"Received: {self._columns[found[0]].type}."
            )
        return trimmed(column)

    def padded(self, name: str) -> list[str]:
        """Return the values of a column that have spaces at their ends and are there without them, too."""
        column = as_text(self._columns[self.names.index(name)])
        values = {value for value in pc.unique(column).to_pylist() if value}
        return sorted(value for value in values if value != value.strip() and value.strip() in values)

    def plain(self) -> list[str]:
        """Return the columns that are text or numbers and have a name that no other has."""
        return [
            name
            for name, column in zip(self.names, self._columns, strict=True)
            if name and self.names.count(name) == 1 and as_text(column[:0]) is not None
        ]

    def first(self, name: str, count: int) -> list[str]:
        """Return the first values of a column that is text or numbers."""
        return trimmed(as_text(self._columns[self.names.index(name)][:count]))

    def distinct(self, name: str) -> list[str]:
        """Return the values of a column that is text or numbers, each once, without the empty one."""
        values = pc.unique(as_text(self._columns[self.names.index(name)]))
        return [value for value in dict.fromkeys(trimmed(values)) if value]

    def _no_column(self, name: str, argument: str, count: int) -> DatasetError:
        """Return the error for a column that is missing, or there several times."""
        if count:
            return DatasetError(f"{self.file}: {count} columns are called {name!r}. Rename those that are not meant.")
        named = [one for one in self.names if one]
        if any(ending_of(one) in PICTURES for one in named):
            return DatasetError(
                f"{self.file} must begin with a line that names its columns. Received: {listed(named)}. "
                f"Add a first line, such as: {_header_for(named)}"
            )
        folded = {one.casefold(): one for one in named}
        near = get_close_matches(name.casefold(), folded, n=1)
        hint = f" Did you mean {folded[near[0]]!r}?" if near else ""
        return DatasetError(
            f"{self.file} has no column {name!r}, for `{argument}`.{hint} Its columns, in the first line: "
            f"{listed(named) or 'none'}.{_SEPARATE if len(named) == 1 else ''}"
        )


def _header_for(first_row: Sequence[str]) -> str:
    """Return a header for a table that has none."""
    is_picture = [ending_of(one) in PICTURES for one in first_row]
    names = [f"column{number}" for number in range(1, len(first_row) + 1)]
    names[is_picture.index(True)] = "image"
    if len(names) > 1:
        names[1 if is_picture[0] else 0] = "label"
    return ",".join(names)


def as_text(column: Any) -> Any:
    """Return a column as text, whole floats without a point; None if it is neither text nor numbers."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_null(kind):
        return column.cast(pa.string())
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_finite(column), column, None)
        whole = pc.all(pc.equal(column, pc.floor(column))).as_py() is not False
        within = (pc.max(pc.abs(column)).as_py() or 0) < 2**53
        return (column.cast(pa.int64()) if whole and within else column).cast(pa.string())
    is_plain = (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_temporal(kind)
    )
    return column.cast(pa.string()) if is_plain else None


def trimmed(column: Any) -> list[str]:
    """Return a column of text without spaces at the ends of values; empty where there is nothing."""
    texts: list[str] = pc.fill_null(pc.utf8_trim_whitespace(column), "").to_pylist()
    return texts


def read_table(file: DataFile) -> Table:
    """Return the table in a file.

    Raises:
        DatasetError: no such file, empty, of another kind, or with rows of other columns than the first line has.
    """
    if not file.path.exists():
        raise MissingDataError(str(file), is_folder=False)
    if file.path.is_dir():
        raise DatasetError(f"{file} must be a table: CSV, TSV or Parquet. Received: a folder. Use `ImageFolder`.")
    try:
        refuse_special(file.path, MOST_BYTES)
        with open(file.path, "rb") as stream:
            start = stream.read(4)
        for magic, what in OTHERS.items():
            if start.startswith(magic):
                raise DatasetError(f"{file} must be a table: CSV, TSV or Parquet. Received: {what}.")
        return _parquet(file) if start == b"PAR1" else Table(file, *read_csv(file, file.path.read_bytes()))
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(f"{file} cannot be read as a table: {cause(error)}.") from error


def is_parquet_of_names(path: Path) -> bool:
    """Say whether a file is Parquet with text or numbers alone, so that it can name pictures and holds none."""
    if path.suffix.lower() not in (".parquet", ".pq", ".parq") or not path.is_file():
        return False
    try:
        return not any(map(_is_heavy, pq.read_schema(path).types))
    except (OSError, pa.ArrowException):  # whoever reads it says what is wrong
        return False


def _parquet(file: DataFile) -> Table:
    """Return the columns that may be text; pictures that lie in the file itself are not read."""
    with pq.ParquetFile(file.path) as parquet:
        schema = parquet.schema_arrow
        light = [name for name, kind in zip(schema.names, schema.types, strict=True) if not _is_heavy(kind)]
        table = parquet.read(columns=light)
        table.validate(full=True)
        read = iter(table.columns)
        rows = parquet.metadata.num_rows
    columns = [pa.nulls(rows, kind) if _is_heavy(kind) else next(read) for kind in schema.types]
    return Table(file, schema.names, columns)


def _is_heavy(kind: Any) -> bool:
    """Say whether a column holds pictures or other things that name none."""
    return bool(pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
