"""TFRecord files: where their records are, and what is in them, compressed or not.

A record is 8 bytes of length, 4 of the length's checksum, the content, and 4 of the content's checksum.
"""

import gzip
import os
import weakref
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.records.crc32c import crc32c_of_rows, masked
from cnnjobs.datasets.records.tf_example import Bytes
from cnnjobs.errors import DatasetError
from cnnjobs.files.regular_files import refuse_special
from cnnjobs.wording.sentences import cause

HEAD, FOOT = 12, 4
"""Bytes of a record before and after its content."""

WHOLE = 1 << 16
"""A record of so many bytes is read at once, of a longer one only what is needed."""

MOST_BYTES = 1 << 30
"""Of a record of a compressed file: no picture has more."""

CHECKED = 1000
"""Records whose lengths are compared with their checksums at a time."""

PIECE = 512
"""Bytes of a long record that are read at a time."""

GZIP = b"\x1f\x8b"
"""How compressed files begin."""

FAILURES = (OSError, EOFError, zlib.error)
"""What a file that cannot be read, or unpacked, raises."""

Rows = NDArray[np.int64]


class RecordReader:
    """The bytes of a TFRecord file, for one thread; those of a compressed one are read forwards.

    Args:
        path: where it lies.

    Raises:
        OSError: if it cannot be read.
    """

    def __init__(self, path: str) -> None:
        refuse_special(path)
        self.path = path
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)
        self._size = os.fstat(self._file).st_size
        packed = os.pread(self._file, 2, 0) == GZIP
        self._unpacked = gzip.GzipFile(fileobj=open(self._file, "rb", closefd=False)) if packed else None  # noqa: SIM115

    def read(self, start: int, size: int) -> bytes:
        """Return bytes of what was written; fewer at the end.

        Raises:
            OSError: if they cannot be read.
            EOFError: if the file is compressed and was cut short.
            zlib.error: if it is damaged.
        """
        if self._unpacked is None:
            return os.pread(self._file, size, start)
        self._unpacked.seek(start)
        return self._unpacked.read(size)

    def content(self, start: int, size: int) -> Bytes | None:
        """Return the content of a record; None if the file ends before it does.

        Raises:
            OSError: if it cannot be read.
            EOFError: if the file is compressed and was cut short.
            zlib.error: if it is damaged.
        """
        if self._unpacked is None:
            if start + size + FOOT > self._size:
                return None
            return self.read(start, size) if size <= WHOLE else _Long(self, start, size)
        held = self.read(start, size + FOOT) if size <= MOST_BYTES else b""
        return held[:size] if len(held) == size + FOOT else None


class _Long:
    """A record that is read in pieces."""

    def __init__(self, reader: RecordReader, start: int, size: int) -> None:
        self._reader, self._start, self._size = reader, start, size
        self._piece, self._from = b"", 0

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, piece: Any) -> Any:
        if isinstance(piece, slice):
            end = min(piece.stop, self._size)
            return self._reader.read(self._start + piece.start, max(0, end - piece.start))
        if not self._from <= piece < self._from + len(self._piece):
            self._piece = self._reader.read(self._start + piece, min(PIECE, self._size - piece))
            self._from = piece
        return self._piece[piece - self._from]


@dataclass(frozen=True)
class RecordIndex:
    """The records of a file.

    Args:
        starts: (n,) first byte of the content of each.
        sizes: (n,) bytes of it.
        found: what was made of each.
        damage: why the file ends before its end; empty if it does not.
    """

    starts: Rows
    sizes: Rows
    found: list[Any]
    damage: str = ""


def index_of(path: str, look: Callable[[Bytes], Any], most: int | None = None) -> RecordIndex:
    """Return the records of a file, up to where it is damaged.

    Args:
        path: of the file.
        look: returns what is to be known of a record.
        most: records that are looked at; None for all.

    Raises:
        DatasetError: if it cannot be read, or is no such file.
    """
    heads, found, damage = _Heads(), list[Any](), ""
    try:
        reader = RecordReader(path)
        while heads.are_sound and len(heads.starts) != most and (head := reader.read(heads.place, HEAD)):
            start, size = heads.place + HEAD, int.from_bytes(head[:8], "little")
            content = reader.content(start, size) if len(head) == HEAD else None
            if content is None:
                damage = f"it is cut short in record {len(heads.starts)}"
                break
            heads.add(head, start, size)
            found.append(look(content))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        damage = f"it cannot be unpacked after record {len(heads.starts) - 1}: {cause(error)}"
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {cause(error)}.") from error
    if not heads.check():
        damage = f"it is damaged in record {len(heads.starts)}: its length does not match its checksum"
    if damage and not heads.starts:
        raise DatasetError(f"{path} is no TFRecord file, or is damaged from its beginning.")
    count = len(heads.starts)
    return RecordIndex(np.array(heads.starts, np.int64), np.array(heads.sizes, np.int64), found[:count], damage)


class _Heads:
    """The heads of records, whose checksums are compared many at a time."""

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.sizes: list[int] = []
        self.place = 0
        self.are_sound = True
        self._unchecked: list[bytes] = []

    def add(self, head: bytes, start: int, size: int) -> None:
        """Take a record's head."""
        self.starts.append(start)
        self.sizes.append(size)
        self.place = start + size + FOOT
        self._unchecked.append(head)
        if len(self._unchecked) == CHECKED:
            self.check()

    def check(self) -> bool:
        """Say whether all heads are sound; those from the first that is not are forgotten."""
        if self.are_sound and self._unchecked:
            table = np.frombuffer(b"".join(self._unchecked), np.uint8).reshape(-1, HEAD)
            told = np.ascontiguousarray(table[:, 8:]).view("<u4").reshape(-1)
            wrong = np.flatnonzero(masked(crc32c_of_rows(table[:, :8])) != told)
            if len(wrong):
                count = len(self.starts) - len(table) + int(wrong[0])
                del self.starts[count:], self.sizes[count:]
                self.are_sound = False
            self._unchecked = []
        return self.are_sound
