"""Sums over the pixels of many images in little memory, equal in every bit to NumPy's over all of them at once."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.images import Images

CHUNK = 1024
"""Images whose sums are added up one after the other: another number would give other last bits."""

PIECE_VALUES = 1 << 22
"""Values that are in memory as float64 at the same time, unless one image has more."""

EIGHTS = 128
"""Values that NumPy adds up without taking halves (pairwise summation since NumPy 1.9)."""

Values = NDArray[np.float64]
Of = Callable[[Values], Values]


def mean_over_pixels(images: Images, rows: NDArray[np.int64], of: Of, piece_values: int = PIECE_VALUES) -> Values:
    """Return the mean of `of(pixels)` a channel, (channels,).

    Args:
        images: (n, height, width, channels).
        rows: which of them.
        of: a function of pixels (pixels, channels) that gives as many values.
        piece_values: how many values are in memory at the same time.
    """
    height, width, channels = images.shape[1:]
    total, pixels = np.zeros(channels), height * width
    for start in range(0, len(rows), CHUNK):
        total += _Chunk(images, rows[start : start + CHUNK], of, max(piece_values // channels, pixels, EIGHTS)).total()
    return np.asarray(total / (len(rows) * pixels))


class _Chunk:
    """Images whose pixels are added up in the order in which NumPy's `sum(axis=0)` adds them.

    With several channels it adds pixel to pixel. With one it adds halves, the halves of these, and so on (pairwise
    summation), with halves of whole eights.

    Args:
        images: (n, height, width, channels).
        rows: which of them.
        of: a function of pixels.
        most: pixels that are in memory at the same time.
    """

    def __init__(self, images: Images, rows: NDArray[np.int64], of: Of, most: int) -> None:
        self._images, self._rows, self._of, self._most = images, rows, of, most
        height, width, self._channels = images.shape[1:]
        self._size = height * width

    def total(self) -> Values:
        """Return the sum a channel, (channels,)."""
        count = len(self._rows) * self._size
        return self._halves(0, count) if self._channels == 1 else self._one_by_one(count)

    def _pixels(self, first: int, last: int) -> Values:
        """Return what there is to add of successive pixels, (last - first, channels)."""
        row, end = first // self._size, -(-last // self._size)
        pixels: NDArray[Any] = self._images[self._rows[row:end]].reshape(-1, self._channels)
        begin = row * self._size
        return self._of(pixels[first - begin : last - begin].astype(np.float64))

    def _one_by_one(self, count: int) -> Values:
        values = self._pixels(0, min(self._most, count)).sum(axis=0)
        for first in range(self._most, count, self._most):
            pixels = self._pixels(first, min(first + self._most, count)).copy()
            pixels[0] += values
            values = pixels.sum(axis=0)
        return np.asarray(values)

    def _halves(self, first: int, count: int) -> Values:
        if count <= self._most:
            return np.asarray(self._pixels(first, first + count).sum(axis=0))
        half = count // 2 - count // 2 % 8
        return self._halves(first, half) + self._halves(first + half, count - half)
