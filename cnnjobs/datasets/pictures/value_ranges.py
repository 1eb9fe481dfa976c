"""Values of more than 8 bits: which of them are black and white, and what they are in 8 bits.

Nothing but NumPy: a copy of this module goes into every model file.
"""

import functools
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

FULL: tuple[float, float] = (0, 65535)
"""Black and white of 16 bits, as formats define them."""

WHITES = (255, 1023, 4095, 16383, 65535)
"""White of sensors and files with 8, 10, 12, 14 and 16 bits."""

LEAST_WHITE = 128
"""Values that reach less are not taken for those of dark pictures of 8 bits; the greatest is white."""


class Span(NamedTuple):
    """The values of a picture with more than 8 bits a channel.

    Args:
        low: the least.
        high: the greatest.
        whole: whether all are whole numbers.
        read_as: the values that were taken as black and white; None where that is not said.
    """

    low: float
    high: float
    whole: bool
    read_as: tuple[float, float] | None = None


def common_span(spans: Iterable[Span]) -> Span | None:
    """Return what the values of several pictures have in common; None of none."""
    known = list(spans)
    if not known:
        return None
    return Span(min(one.low for one in known), max(one.high for one in known), all(one.whole for one in known))


def range_of(span: Span) -> tuple[float, float]:
    """Return the values of black and white: those of a usual scale, or the least and the greatest there are."""
    low, high = span.low, span.high
    if low >= 0:
        if high <= 1:
            return 0, 1
        fitting = [white for white in (WHITES if span.whole else WHITES[:1]) if high <= white]
        return 0, fitting[0] if fitting and high >= LEAST_WHITE else (high or 1)
    if -1 <= low < -0.5 and high <= 1:
        return -1, 1
    return low, high if high > low else low + max(1, abs(low))  # beside a large number 1 is nothing


def as_bytes(values: NDArray[Any], value_range: tuple[float, float]) -> Any:
    """Return 0 for black and 255 for white, what lies outside clipped.

    Args:
        values: (height, width, ...).
        value_range: the values of black and white.
    """
    if values.dtype in (np.uint8, np.uint16):
        return _table(values.dtype.itemsize, *value_range)[values]
    black, white = value_range
    scaled, step = np.empty(values.shape, np.uint8), max(1, (1 << 20) // values.shape[1])
    for start in range(0, len(values), step):
        part = values[start : start + step].astype(np.float64) - black
        scaled[start : start + step] = np.clip(np.round(part * (255 / (white - black))), 0, 255)
    return scaled


@functools.lru_cache(8)
def _table(size: int, black: float, white: float) -> Any:
    """Return what each number of 1 or 2 bytes becomes."""
    scaled = (np.arange(256**size, dtype=np.float64) - black) * (255 / (white - black))
    return np.clip(np.round(scaled), 0, 255).astype(np.uint8)
