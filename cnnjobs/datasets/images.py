"""Images of a data set as rows, wherever they lie: arrays in memory, or fetched from a disk when they are asked for."""

import hashlib
import itertools
import os
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from cnnjobs.process.machine import free_bytes, usable_cpus

IN_MEMORY_MB = "CNNJOBS_IN_MEMORY_MB"
"""Variable with the most megabytes of images that are held in memory."""

MOST_IN_MEMORY = 512 << 20
"""What is larger is not held in memory, however much there is: each worker would have a copy."""

PIECE_BYTES = 16 << 20
"""Bytes of images that are looked at together where all are looked at one after the other."""

DIGEST_BYTES = 16
"""Of the digest of a picture: two that differ have the same one by no chance that counts."""

Array = NDArray[Any]

Digests = NDArray[np.uint8]
"""(n, DIGEST_BYTES), the first bytes of the SHA-256 of each picture's pixels."""


class Images(Protocol):
    """Images (n, height, width, channels), uint8 or float32 in [0, 1]: a NumPy array, or `FetchedImages`.

    `images[rows]` is an array, whether rows are one number, a slice or an array of numbers.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, height, width, channels)."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a value."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes of all values, in memory or not."""
        ...

    def __len__(self) -> int:
        """Return how many images there are."""
        ...

    def __getitem__(self, rows: Any, /) -> Any:
        """Return an image, or images, as an array."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Yield one image after the other."""
        ...


@dataclass(frozen=True, eq=False)
class FetchedImages(ABC):
    """Images that are not in memory: they are fetched when they are asked for, by any thread or process.

    They can be pickled, and are small then: what is sent says where the images lie.

    Args:
        numbers: (n,) int64, which of the images that lie there these are; `subset` takes some of them.
        image_shape: (height, width, channels).
        dtype: type of a value.
    """

    numbers: NDArray[np.int64]
    image_shape: tuple[int, int, int]
    dtype: np.dtype[Any]

    @abstractmethod
    def fetch(self, numbers: NDArray[np.int64]) -> Array:
        """Return images (n, height, width, channels) by their numbers.

        Raises:
            OSError: if one is no longer there.
        """

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, height, width, channels)."""
        return (len(self.numbers), *self.image_shape)

    @property
    def image_bytes(self) -> int:
        """Bytes of one image."""
        return int(np.prod(self.image_shape)) * self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes that all images would take in memory."""
        return len(self) * self.image_bytes

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: Any) -> Array:
        numbers = self.numbers[rows]
        return self.fetch(numbers) if numbers.ndim else self.fetch(numbers[np.newaxis])[0]

    def __iter__(self) -> Iterator[Array]:
        return itertools.chain.from_iterable(pieces(self))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return self[:] if dtype is None else self[:].astype(dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self)}  # no open file, no threads

    def known_digests(self) -> Digests | None:
        """Return the digest of each image's pixels; None where they have to be fetched for it."""
        return None

    def subset(self, rows: Any) -> Self:
        """Return some of the images, without fetching them."""
        return replace(self, numbers=self.numbers[rows])


@dataclass(frozen=True, eq=False)
class StoredImages(FetchedImages):
    """Decoded images in one file, one after the other without a header, read as they are asked for.

    They are read, not mapped: pages of the file that the system keeps in memory are not counted as this process's.

    Args:
        path: of the file, absolute.
    """

    path: str

    def fetch(self, numbers: NDArray[np.int64]) -> Array:
        """Return images by their numbers; neighbours are read at a stretch.

        Raises:
            OSError: if the file is not there, or ends too early.
        """
        images = np.empty((len(numbers), *self.image_shape), self.dtype)
        if not images.size:
            return images
        content, size = memoryview(images.data).cast("B"), self.image_bytes
        for first, last in runs(numbers):
            self._read(content[first * size : last * size], int(numbers[first]) * size)
        return images

    def _read(self, content: memoryview, place: int) -> None:
        """Fill some memory from a place of the file."""
        while content:
            count = os.preadv(self._file, [content], place)
            if not count:
                raise OSError(f"{self.path} ends before byte {place + len(content):,}")
            content, place = content[count:], place + count

    @property
    def _file(self) -> int:
        """The open file: it stays readable when the cache is emptied meanwhile."""
        opened: int | None = self.__dict__.get("opened")
        if opened is None:
            opened = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            weakref.finalize(self, os.close, opened)
            self.__dict__["opened"] = opened
        return opened


def subset(images: Images, rows: Any) -> Any:
    """Return some of the images, without fetching them if they are not in memory.

    Args:
        images: (n, ...), or an array of anything else that there is one of for each image.
        rows: numbers or a slice.
    """
    return images.subset(rows) if isinstance(images, FetchedImages) else images[rows]


def runs(numbers: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Return where each run of successive numbers begins, and where it ends.

    Args:
        numbers: (n,), n at least 1.
    """
    gaps = np.flatnonzero(np.diff(numbers) != 1) + 1
    return itertools.pairwise([0, *gaps.tolist(), len(numbers)])


def joined(parts: Sequence[Images]) -> Any:
    """Return the images of parts of one data set one after the other; nothing is fetched if they are not in memory."""
    first = parts[0]
    if isinstance(first, FetchedImages):
        return replace(
            first, numbers=np.concatenate([part.numbers for part in parts if isinstance(part, FetchedImages)])
        )
    return np.concatenate([part[:] for part in parts])


def slices(images: Images, most_bytes: int = PIECE_BYTES) -> Iterator[slice]:
    """Yield the slices of rows that together are all images, each of one image or at most so many bytes."""
    count = max(1, most_bytes // max(1, images.nbytes // max(1, len(images))))
    for start in range(0, len(images), count):
        yield slice(start, min(start + count, len(images)))


def pieces(images: Images, most_bytes: int = PIECE_BYTES) -> Iterator[Array]:
    """Yield all images as successive arrays, each of one image or at most so many bytes."""
    return (images[rows] for rows in slices(images, most_bytes))


def digests_of(images: Iterable[Array]) -> Digests:
    """Return the digest of each image's pixels; without fetching any where it is known."""
    known = images.known_digests() if isinstance(images, FetchedImages) else None
    if known is not None:
        return known
    found = [hashlib.sha256(np.ascontiguousarray(image).data).digest()[:DIGEST_BYTES] for image in images]
    return np.frombuffer(b"".join(found), np.uint8).reshape(-1, DIGEST_BYTES)


def most_in_memory() -> int:
    """Return the most bytes of images that are held in memory, by each worker; of more, rows are read as needed.

    Half of what is free, shared among a worker on each core and this process, but not more than `MOST_IN_MEMORY`; or
    what the environment says.
    """
    chosen = os.environ.get(IN_MEMORY_MB, "")
    if chosen.isdecimal():
        return int(chosen) * 1_000_000
    return min(MOST_IN_MEMORY, free_bytes() // (2 * (usable_cpus() + 1)))


def bytes_in_memory(images: Images) -> int:
    """Return what they take of this process's memory."""
    return images.numbers.nbytes if isinstance(images, FetchedImages) else images.nbytes


def fetched_ahead(
    images: FetchedImages, rows: NDArray[np.int64], step: int, most_bytes: int = PIECE_BYTES
) -> Iterator[Array]:
    """Yield images in the order of some rows, a multiple of `step` at once; the next are fetched meanwhile.

    Args:
        images: where they are.
        rows: (rows,) which of them.
        step: rows that stay together.
        most_bytes: of what comes at once, unless it is one step.
    """
    count = step * max(1, most_bytes // (step * images.image_bytes))
    parts = [rows[start : start + count] for start in range(0, len(rows), count)]
    with ThreadPoolExecutor(1) as pool:
        ahead = deque[Future[Array]]()
        for part in parts:
            ahead.append(pool.submit(images.__getitem__, part))
            if len(ahead) > 1:
                yield ahead.popleft().result()
        if ahead:
            yield ahead.pop().result()
