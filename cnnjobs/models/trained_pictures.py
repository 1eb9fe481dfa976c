"""Which pictures a network was trained on, as its file keeps it: a digest of each, of very many of some."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.images import Array, digests_of

KEPT_BYTES = 8
"""Of each digest: of 65,536 such numbers and a million pictures two agree by chance in 4e-9 of cases."""

MOST = 65_536
"""Digests that are kept, half a megabyte: of more pictures those with the smallest."""


@dataclass(frozen=True, eq=False)
class TrainedPictures:
    """The pictures that a network was trained on, pixel for pixel as it saw them before augmentation.

    Args:
        digests: (n,) uint64, sorted; of each picture's pixels.
        complete: whether there is one of each picture; else of those with the smallest.
    """

    digests: NDArray[np.uint64]
    complete: bool

    @classmethod
    def of(cls, images: Iterable[Array]) -> "TrainedPictures":
        """Return what is kept of the pictures that a network is trained on.

        Args:
            images: uint8, or float32 in [0, 1].
        """
        found = np.unique(_numbers(images))
        return cls(found[:MOST], len(found) <= MOST)

    @classmethod
    def read(cls, content: bytes) -> "TrainedPictures | None":
        """Return what `content` was made of; None for what no version has written."""
        if not content or (len(content) - 1) % KEPT_BYTES or len(content) > 1 + MOST * KEPT_BYTES:
            return None
        digests = np.frombuffer(content, ">u8", offset=1).astype(np.uint64)
        return cls(digests, content[:1] == b"\1")

    def content(self) -> bytes:
        """Return it as bytes: a byte that says whether it is complete, then the digests."""
        return bytes([self.complete]) + self.digests.astype(">u8").tobytes()

    def among(self, images: Iterable[Array]) -> NDArray[np.bool_]:
        """Return of which images, (n,), it is known that the network was trained on them.

        Args:
            images: decoded and brought to the network's size as in training.
        """
        return np.isin(_numbers(images), self.digests)


def trained_note(count: int, total: int, trained: TrainedPictures) -> str:
    """Return how many pictures the network knows from its training; empty if none.

    Args:
        count: of them.
        total: of all that were looked at.
        trained: what is kept of its training.
    """
    if not count:
        return ""
    least = "" if trained.complete else "at least "
    what = "the picture is" if total == 1 else f"{least}{count:,} of {total:,} pictures are"
    return (
        f"{what}, pixel for pixel, among those that the model was trained on. Right answers there say nothing about "
        "other pictures"
    )


def _numbers(images: Iterable[Array]) -> NDArray[np.uint64]:
    """Return the first bytes of each picture's digest as a number."""
    digests = np.ascontiguousarray(digests_of(images)[:, :KEPT_BYTES])
    return digests.view(">u8")[:, 0].astype(np.uint64)
