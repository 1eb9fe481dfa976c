"""Files of rows, Parquet or Arrow: their columns as declared, and a column that is read forwards, a few rows at a time.

A large file is never in memory as a whole. What is held at a time is a page of the file for each thread: about a
thousand rows where Arrow wrote it with its defaults, a hundred in files of Hugging Face.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cnnjobs.errors import DatasetError
from cnnjobs.files.regular_files import refuse_special
from cnnjobs.process.machine import free_bytes
from cnnjobs.wording.sentences import cause
from cnnjobs.wording.sizes import data_size

BATCH_BYTES = 4 << 20
"""Of pictures that are read at a time."""

MOST_BATCH = 256
"""Rows that are read at a time, at most."""

NEAR = 8 * MOST_BATCH
"""Rows that are passed over rather than that reading begins anew."""

ARROW = (".arrow", ".feather")
"""How names of Arrow's own files end."""

SMALL_COLUMN_BYTES = 64
"""That a label and its like may take in memory."""

Features = Mapping[str, Mapping[str, Any]]


class RowFile(ABC):
    """A file of rows.

    Args:
        path: where it lies.
    """

    schema: pa.Schema
    count: int

    def __init__(self, path: str) -> None:
        self.path = path

    @property
    def features(self) -> Features:
        """What Hugging Face says of the columns; nothing in other files."""
        try:
            said = json.loads((self.schema.metadata or {}).get(b"huggingface", b"{}"))
            features = said["info"]["features"]
            return {name: one for name, one in features.items() if isinstance(one, dict)}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    def column(self, name: str) -> list[Any]:
        """Return all values of a small column, as Python's.

        Raises:
            DatasetError: if it cannot be read, or would not fit the memory.
        """
        size, free = self.count * SMALL_COLUMN_BYTES, free_bytes()
        if size > free:
            raise DatasetError(
                f"{self.path}: {name} has {self.count:,} rows, about {data_size(size)}; {data_size(free)} of memory "
                "are free. Use fewer rows, or a larger machine."
            )
        with _readable(self.path):
            values: list[Any] = self._column(name).to_pylist()
        return values

    @abstractmethod
    def _column(self, name: str) -> pa.ChunkedArray: ...

    @abstractmethod
    def batches(self, name: str, row: int) -> Iterator[tuple[int, pa.Array]]:
        """Yield (first row, values) of a column, beginning with the row or somewhat before it.

        Args:
            name: of the column.
            row: that is wanted first.
        """


class ParquetFile(RowFile):
    """A Parquet file.

    Args:
        path: where it lies.

    Raises:
        DatasetError: if it cannot be read.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        with _readable(path):
            refuse_special(path)
            self._file = pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 16)
            self.schema = self._file.schema_arrow
            metadata = self._file.metadata
            groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        self.count = metadata.num_rows
        self._sizes = [group.num_rows for group in groups]
        self._bytes = sum(group.total_byte_size for group in groups)

    def _column(self, name: str) -> pa.ChunkedArray:
        return self._file.read(columns=[name]).column(0)

    def batches(self, name: str, row: int) -> Iterator[tuple[int, pa.Array]]:
        """Yield (first row, values) of a column, from the group of rows that a row is in."""
        start, group = 0, 0
        while group < len(self._sizes) and start + self._sizes[group] <= row:
            start += self._sizes[group]
            group += 1
        most = max(1, min(MOST_BATCH, BATCH_BYTES * self.count // max(1, self._bytes)))
        for number in range(group, len(self._sizes)):  # one by one, so that a damaged one takes no other with it
            for batch in self._file.iter_batches(most, row_groups=[number], columns=[name], use_threads=False):
                yield start, batch.column(0)
                start += len(batch)


class ArrowFile(RowFile):
    """A file of Arrow's own format, as `datasets.save_to_disk` writes it; it is mapped, not read.

    Args:
        path: where it lies.

    Raises:
        DatasetError: if it cannot be read.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        with _readable(path):
            refuse_special(path)
            source = pa.memory_map(path)
            is_file = source.read(6) == b"ARROW1"
            source.seek(0)
            self._table = (pa.ipc.open_file if is_file else pa.ipc.open_stream)(source).read_all()
            # Arrow itself trusts places in its files, and ends the process at a wrong one
            self._table.validate(full=True)
        self.schema, self.count = self._table.schema, self._table.num_rows

    def _column(self, name: str) -> pa.ChunkedArray:
        return self._table.column(name)

    def batches(self, name: str, row: int) -> Iterator[tuple[int, pa.Array]]:
        """Yield (first row, values) of a column, from a row on."""
        for chunk in self._table.column(name).slice(row).iterchunks():
            yield row, chunk
            row += len(chunk)


def open_rows(path: str) -> RowFile:
    """Return a file of rows, by its name.

    Raises:
        DatasetError: if it cannot be read.
    """
    return ArrowFile(path) if path.lower().endswith(ARROW) else ParquetFile(path)


class Cursor:
    """Reads a column of a file forwards; what is asked for again begins anew.

    Args:
        path: of the file.
        column: its name.
    """

    def __init__(self, path: str, column: str) -> None:
        self._file, self._column = open_rows(path), column
        self.path = path
        self._start, self._values = 0, pa.array([])
        self._batches: Iterator[tuple[int, pa.Array]] = iter(())

    def value(self, row: int) -> Any:
        """Return the value of a row as Python's.

        Raises:
            OSError: if it cannot be read.
        """
        if not self._start <= row < self._start + len(self._values):
            self._go_to(row)
        return self._values[row - self._start].as_py()

    def _go_to(self, row: int) -> None:
        end = self._start + len(self._values)
        try:
            if not 0 < end <= row < end + NEAR:
                self._batches = self._file.batches(self._column, row)
            while True:
                start, values = next(self._batches)
                if row < start + len(values):
                    self._start, self._values = start, values
                    return
        except StopIteration:
            raise OSError("the file has no such row") from None
        except (pa.ArrowException, OSError, DatasetError) as error:
            self._start, self._values = 0, pa.array([])
            raise OSError(f"the file cannot be read there: {cause(error)}") from error


@contextmanager
def _readable(path: str) -> Iterator[None]:
    """Make one error of whatever a file that is damaged, or none of the kind, raises."""
    try:
        yield
    except DatasetError:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise DatasetError(f"{path} cannot be read as Parquet or Arrow: {cause(error)}.") from error
