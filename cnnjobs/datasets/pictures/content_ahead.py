"""The hash of a data set's content, taken while its pictures are decoded, so that they are not gone through again."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.arrays import Labels, Rows, hash_part, hash_shape
from cnnjobs.datasets.pictures.pictures import to_grey

Pixels = NDArray[np.uint8]


class ContentAhead:
    """Hashes training images, their labels and test images, as they are if no picture is broken.

    Args:
        train: (n_train,) numbers of pictures.
        test: (n_test,) numbers of pictures.
        labels: of all pictures, by their numbers.
        size: (height, width).
        channels: for each number of them there may be in the end; 1 is given up at the first picture with colours.
    """

    def __init__(self, train: Rows, test: Rows, labels: Labels, size: tuple[int, int], channels: Sequence[int]) -> None:
        self.rows, self.order = (train, test), np.concatenate([train, test])
        self._labels, self._size = labels, size
        self._hashers = {count: hashlib.sha256() for count in channels}
        self._taken = 0
        self._begin_part(0)

    def put(self, pictures: Pixels, *, grey: bool) -> None:
        """Take the next pictures in the order; broken ones are left out, and then nothing is found in the end.

        Args:
            pictures: (n, height, width, 1 or 3).
            grey: whether none of them has colours.
        """
        if not grey and len(self._hashers) > 1:
            del self._hashers[1]
        trained = len(self.rows[0]) - self._taken
        for part in (pictures[:trained], pictures[trained:]) if 0 < trained < len(pictures) else (pictures,):
            self._take(part)

    def _take(self, pictures: Pixels) -> None:
        for channels, hasher in self._hashers.items():
            alike = pictures.shape[3] == channels
            hasher.update(np.ascontiguousarray(pictures if alike else to_grey(pictures)).data)
        self._taken += len(pictures)
        if self._taken == len(self.rows[0]):
            for hasher in self._hashers.values():
                hash_part(hasher, self._labels[self.rows[0]])
            self._begin_part(1)

    def hashed(self, rows: tuple[Rows, Rows], channels: int) -> "hashlib._Hash | None":
        """Return what has taken training images, their labels and test images; None if these are others.

        Args:
            rows: numbers of training and test pictures.
            channels: that there are.
        """
        expected = all(np.array_equal(one, other) for one, other in zip(rows, self.rows, strict=True))
        return self._hashers.get(channels) if expected and self._taken == len(self.order) else None

    def _begin_part(self, part: int) -> None:
        for channels, hasher in self._hashers.items():
            hash_shape(hasher, np.dtype(np.uint8), (len(self.rows[part]), *self._size, channels))
