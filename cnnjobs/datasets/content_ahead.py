"""The hash of a data set's content, taken while its pictures are decoded, so that they are not gone through again."""

import hashlib
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.arrays import Labels, Rows, hash_part, hash_shape
from cnnjobs.datasets.pictures import to_grey

Pixels = NDArray[np.uint8]


class ContentAhead:
    """Hashes training images, their labels and test images, as they would be if no picture were broken.

    Pictures come from several threads in about that order; those that come too early wait, and so do threads that are
    too far ahead. A picture that is left out ends it all: what follows is another content.

    Args:
        train: (n_train,) numbers of pictures.
        test: (n_test,) numbers of pictures.
        labels: of all pictures, by their numbers.
        size: (height, width).
        channels: for each number of them there may be in the end; 1 is given up at the first picture with colours.
        most_waiting: how many pictures wait at most.
    """

    def __init__(
        self,
        train: Rows,
        test: Rows,
        labels: Labels,
        size: tuple[int, int],
        channels: Sequence[int],
        most_waiting: int = 256,
    ) -> None:
        self.rows, self.order = (train, test), np.concatenate([train, test])
        self._labels, self._size, self._most = labels, size, most_waiting
        self._hashers = {count: hashlib.sha256() for count in channels}
        self._waiting: dict[int, tuple[Pixels, bool]] = {}
        self._next, self._ended = 0, False
        self._moved = threading.Condition()
        self._begin_part(0)

    def put(self, number: int, picture: Pixels, *, grey: bool) -> None:
        """Take a picture.

        Args:
            number: of the picture.
            picture: (height, width, 1 or 3).
            grey: whether it has no colours.
        """
        with self._moved:
            self._waiting[number] = (picture, grey)
            while not self._ended and self._next < len(self.order) and int(self.order[self._next]) in self._waiting:
                self._take(*self._waiting.pop(int(self.order[self._next])))
            self._moved.notify_all()
            self._moved.wait_for(lambda: self._ended or number not in self._waiting or len(self._waiting) <= self._most)

    def end(self) -> None:
        """Give up: the content is another one, or what decodes has failed."""
        with self._moved:
            self._ended = True
            self._waiting.clear()
            self._moved.notify_all()

    def hashed(self, rows: tuple[Rows, Rows], channels: int) -> "hashlib._Hash | None":
        """Return what has taken training images, their labels and test images; None if these are others.

        Args:
            rows: numbers of training and test pictures.
            channels: that there are.
        """
        expected = all(np.array_equal(one, other) for one, other in zip(rows, self.rows, strict=True))
        complete = expected and not self._ended and self._next == len(self.order)
        return self._hashers.get(channels) if complete else None

    def _take(self, picture: Pixels, grey: bool) -> None:
        if not grey and len(self._hashers) > 1:
            del self._hashers[1]
        for channels, hasher in self._hashers.items():
            alike = picture.shape[2] == channels
            hasher.update(np.ascontiguousarray(picture if alike else to_grey(picture[np.newaxis])).data)
        self._next += 1
        if self._next == len(self.rows[0]):
            for hasher in self._hashers.values():
                hash_part(hasher, self._labels[self.rows[0]])
            self._begin_part(1)

    def _begin_part(self, part: int) -> None:
        for channels, hasher in self._hashers.items():
            hash_shape(hasher, np.dtype(np.uint8), (len(self.rows[part]), *self._size, channels))
