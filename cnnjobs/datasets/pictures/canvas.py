"""Where pictures go when they are decoded: into memory, onto the disk, or nowhere, to be decoded again when needed."""

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.images import DIGEST_BYTES, PIECE_BYTES, Digests, Images, StoredImages, most_in_memory, runs
from cnnjobs.datasets.pictures.contents import Contents
from cnnjobs.datasets.pictures.encoded_images import EncodedImages
from cnnjobs.datasets.pictures.pictures import Reading, to_grey
from cnnjobs.errors import DatasetError
from cnnjobs.wording.sentences import cause

Pixels = NDArray[np.uint8]
Places = NDArray[np.int64]
UINT8 = np.dtype(np.uint8)


class Canvas(ABC):
    """Takes decoded pictures of one size, each at a place of its own; any thread may put one there.

    Args:
        count: how many places there are.
        size: (height, width).
        channels: 1 or 3.
    """

    def __init__(self, count: int, size: tuple[int, int], channels: int) -> None:
        self.count, self.size, self.channels = count, size, channels

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return (*self.size, self.channels)

    @property
    def image_bytes(self) -> int:
        """Bytes of a picture."""
        return int(np.prod(self.image_shape))

    @abstractmethod
    def put(self, places: Sequence[int], pictures: Pixels) -> None:
        """Take pictures (n, height, width, channels).

        Raises:
            OSError: if there is no room for it.
        """

    def drop_colours(self) -> None:
        """Make pictures with one channel of all that were put."""
        self.channels = 1

    @abstractmethod
    def images(self, places: Places, reading: Reading, digests: Digests) -> Images:
        """Return pictures by their places.

        Args:
            places: which.
            reading: how they were read.
            digests: of all, by their places.
        """


class InMemory(Canvas):
    """Pictures in memory.

    Raises:
        DatasetError: if they do not fit.
    """

    def __init__(self, count: int, size: tuple[int, int], channels: int) -> None:
        super().__init__(count, size, channels)
        try:
            self._pixels: Pixels = np.zeros((count, *self.image_shape), dtype=np.uint8)
        except MemoryError as error:
            raise DatasetError(
                f"{count:,} pictures of {size[0]} x {size[1]} pixels do not fit the memory: {cause(error)}. "
                "Use a smaller `size` or `image_size`."
            ) from error

    def put(self, places: Sequence[int], pictures: Pixels) -> None:
        """Take pictures."""
        self._pixels[places] = pictures

    def drop_colours(self) -> None:
        """Make pictures with one channel of all that were put."""
        super().drop_colours()
        self._pixels = to_grey(self._pixels)

    def images(self, places: Places, reading: Reading, digests: Digests) -> Images:
        """Return pictures by their places."""
        return self._pixels[places]


class OnDisk(Canvas):
    """Pictures in one file, in the order of their places, without a header.

    Args:
        path: of the file, which is made.
        count: how many places there are.
        size: (height, width).
        channels: 1 or 3.
    """

    def __init__(self, path: Path, count: int, size: tuple[int, int], channels: int) -> None:
        super().__init__(count, size, channels)
        self._path = path
        self._file = open(path, "xb+", buffering=0)  # noqa: SIM115 - closed by `close`
        self._file.truncate(count * self.image_bytes)

    def put(self, places: Sequence[int], pictures: Pixels) -> None:
        """Write pictures to their places, neighbours at a stretch."""
        for first, last in runs(np.array(places)):
            self._write(pictures[first:last], places[first] * self.image_bytes)

    def drop_colours(self) -> None:
        """Make pictures with one channel of all, in place: what is written never reaches what is still to be read."""
        coloured = self.image_shape
        size = self.image_bytes
        super().drop_colours()
        step = max(1, PIECE_BYTES // size)
        for start in range(0, self.count, step):
            places = np.arange(start, min(start + step, self.count))
            pixels = StoredImages(places, coloured, UINT8, str(self._path))[:]
            self._write(to_grey(pixels), start * self.image_bytes)
        self._file.truncate(self.count * self.image_bytes)

    def images(self, places: Places, reading: Reading, digests: Digests) -> Images:
        """Return pictures by their places."""
        return StoredImages(places, self.image_shape, UINT8, str(self._path))

    def close(self) -> None:
        """Close the file; what was written stays."""
        self._file.close()

    def _write(self, pixels: Pixels, offset: int) -> None:
        content = memoryview(np.ascontiguousarray(pixels).data).cast("B")
        while content:
            written = os.pwrite(self._file.fileno(), content, offset)
            content, offset = content[written:], offset + written


class Nowhere(Canvas):
    """Pictures that are not kept: they are decoded again whenever they are needed.

    Args:
        contents: where they come from.
        numbers: of the pictures in it that have a place here, (n,).
        size: (height, width).
        channels: 1 or 3.
    """

    def __init__(self, contents: Contents, numbers: Places, size: tuple[int, int], channels: int) -> None:
        super().__init__(len(numbers), size, channels)
        self._contents, self._numbers = contents, numbers

    def put(self, places: Sequence[int], pictures: Pixels) -> None:
        """Drop pictures."""

    def images(self, places: Places, reading: Reading, digests: Digests) -> Images:
        """Return pictures by their places."""
        by_number = np.zeros((len(self._contents), DIGEST_BYTES), np.uint8)
        by_number[self._numbers] = digests
        return EncodedImages(self._numbers[places], self.image_shape, UINT8, self._contents, reading, by_number)


def for_a_while(contents: Contents, numbers: Places, size: tuple[int, int], channels: int) -> Canvas:
    """Return where pictures go that are needed once: into memory if they fit.

    Args:
        contents: where they come from.
        numbers: of those that are needed, (n,).
        size: (height, width).
        channels: 1 or 3.
    """
    if len(numbers) * int(np.prod((*size, channels))) <= most_in_memory():
        return InMemory(len(numbers), size, channels)
    return Nowhere(contents, numbers, size, channels)
