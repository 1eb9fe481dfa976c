"""Where the pictures of a data set come from: what they are called there, how large they are, what is no picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MOST_SIZES = 2000
"""Of so many pictures the size is looked at, evenly spaced over all of them."""

Sizes = NDArray[np.int64]


def row_name(part: str, row: int) -> str:
    """Return what a picture is called that has no name: "train[17]"."""
    return f"{part}[{row}]"


@dataclass(frozen=True)
class Origin:
    """Where the pictures of a data set come from.

    Args:
        name: what a picture is called, of its part ("train" or "test") and its row in it.
        sizes: (n, 2) heights and widths that at most `MOST_SIZES` of the pictures have there, or None where all have
            the one that they are trained on in.
        count: pictures that there are.
        passed_over: reason -> number of files: endings of those that are no pictures, and that others cannot be read.
    """

    name: Callable[[str, int], str] = row_name
    sizes: Sizes | None = None
    count: int = 0
    passed_over: Mapping[str, int] = field(default_factory=dict)

    def sizes_text(self) -> str:
        """Say how large the pictures are where they come from; nothing if there is nothing to say."""
        if self.sizes is None or not len(self.sizes):
            return ""
        some = f"{len(self.sizes):,} of " if len(self.sizes) < self.count else ""
        which = f"{some}{self.count:,} pictures"
        distinct = np.unique(self.sizes, axis=0)
        if len(distinct) == 1:
            return f"sizes: {which} of {distinct[0, 0]:,} x {distinct[0, 1]:,} pixels (height x width)"
        sides = (f"{self.sizes[:, axis].min():,} to {self.sizes[:, axis].max():,}" for axis in (0, 1))
        return f"sizes: {len(distinct):,} different ones of {which}, {' pixels high, '.join(sides)} wide"
