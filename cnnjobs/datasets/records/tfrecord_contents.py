"""The pictures of TFRecord files."""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.records.crc32c import crc32c, masked
from cnnjobs.datasets.records.record_contents import RecordContents
from cnnjobs.datasets.records.tfrecord_features import NONE, SEVERAL
from cnnjobs.datasets.records.tfrecord_file import FAILURES, FOOT, RecordReader
from cnnjobs.wording.sentences import cause

WINDOW, WINDOW_BYTES = 256, 4 << 20
"""Records, and bytes of them, that a thread reads at a time where it goes forwards."""

FILE, NUMBER, START, SIZE, PICTURE, PICTURE_SIZE, HEIGHT = range(7)
"""Columns of a record; height, width and channels are the last three."""

ENCODED = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"RIFF")
"""How encoded pictures begin, as against raw pixels."""


class TFRecordContents(RecordContents):
    """Pictures in records; each thread reads with a window of its own.

    Args:
        root: the folder that files are named from.
        files: their paths.
        records: (n, 9) number of the file, number of the record in it, first byte and bytes of its content, first byte
            of the picture in that and bytes, height, width and channels, where it says these.
    """

    def __init__(self, root: Path, files: Sequence[str], records: NDArray[np.int64]) -> None:
        super().__init__(root, files)
        self._records = records

    def __len__(self) -> int:
        """Return how many pictures there are."""
        return len(self._records)

    def name(self, index: int) -> str:
        """Return file and record of a picture, counted from 0."""
        file, number = self._records[index, :START]
        return f"{self.place(file)}, record {number}"

    def open(self, index: int) -> BinaryIO:
        """Return the bytes of a picture.

        Raises:
            OSError: if there are none, they cannot be read, or are not what their checksum is of.
        """
        window = getattr(self._own, "window", None)
        if window is None or index not in window:
            goes_on = window is not None and index == window.stop
            window = self._own.window = _Window(self._files, self._records, index, WINDOW if goes_on else 1, window)
        content = window.content(index)
        start, size = self._records[index, PICTURE:HEIGHT].tolist()
        if size in (NONE, SEVERAL):
            raise OSError("it has no picture" if size == NONE else "it has several pictures")
        return io.BytesIO(_as_file(bytes(content[start : start + size]), self._records[index, HEIGHT:].tolist()))

    def taken(self) -> str:
        """Return a hash of which records are read."""
        return hashlib.sha256(self._records.tobytes()).hexdigest()


class _Window:
    """Some records one after the other, in memory.

    Args:
        files: their paths.
        records: of the data set.
        start: the first that is read.
        most: how many at most.
        before: the window before it, whose open file serves again.
    """

    def __init__(
        self, files: Sequence[str], records: NDArray[np.int64], start: int, most: int, before: "_Window | None"
    ) -> None:
        file, place = records[start, FILE], int(records[start, START])
        ends = records[start : start + most, START] + records[start : start + most, SIZE] + FOOT
        fits = (records[start : start + most, FILE] == file) & (ends - place <= WINDOW_BYTES) & (ends > place)
        count = max(1, int(np.argmin(fits)) if not fits.all() else len(fits))
        self.start, self.stop = start, start + count
        path = files[file]
        self._contents: list[memoryview] = []
        self._error = ""
        self.reader: RecordReader | None = None if before is None else before.reader
        try:
            if self.reader is None or self.reader.path != path:
                self.reader = RecordReader(path)
            held = memoryview(self.reader.read(place, int(ends[count - 1]) - place))
        except FAILURES as error:
            self._error = cause(error)
            return
        spans = [(int(one[START]) - place, int(one[SIZE])) for one in records[start : self.stop]]
        self._contents = [held[first : first + size] for first, size in spans]
        told = [int.from_bytes(held[first + size : first + size + FOOT], "little") for first, size in spans]
        self._sound = (masked(crc32c(self._contents)) == np.array(told, np.uint32)).tolist()

    def __contains__(self, index: int) -> bool:
        return self.start <= index < self.stop

    def content(self, index: int) -> memoryview:
        """Return the content of a record.

        Raises:
            OSError: if it could not be read, or does not match its checksum.
        """
        if self._error:
            raise OSError(f"it cannot be read: {self._error}")
        if not self._sound[index - self.start]:
            raise OSError("its bytes do not match their checksum")
        return self._contents[index - self.start]


def _as_file(content: bytes, shape: Sequence[int]) -> bytes:
    """Return a picture as Pillow opens it: raw pixels of known height and width get the head of a PGM or PPM file."""
    height, width, channels = shape
    channels = channels or (len(content) // (height * width) if height * width else 0)
    if channels not in (1, 3) or height * width * channels != len(content) or content.startswith(ENCODED):
        return content
    return b"P%d %d %d 255\n" % (5 if channels == 1 else 6, width, height) + content
