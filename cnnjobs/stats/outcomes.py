"""Results of statistics: an interval or a test, or the reason for its absence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Reals = NDArray[np.float64]

CONFIDENCE = 0.95
"""Default confidence level of intervals."""

ALPHA = 0.05
"""Default significance level of tests: the accepted rate of false rejections."""


@dataclass(frozen=True)
class Interval:
    """An interval, or the reason for its absence.

    Args:
        low: lower end; None if there is no interval.
        high: upper end; None if there is no interval.
        why: the reason for its absence; empty if there is an interval.
    """

    low: float | None
    high: float | None
    why: str = ""

    @classmethod
    def none(cls, why: str) -> "Interval":
        """Return an absent interval with the reason."""
        return cls(None, None, why)


@dataclass(frozen=True)
class Outcome:
    """A test's statistic and p, two-sided by default; or the reason for their absence.

    Args:
        statistic: statistic of the test; None if it cannot be computed.
        p: probability of data at least as extreme under the null hypothesis; None if it cannot be computed.
        why: the reason for the absence of p, or a limitation of p; otherwise empty.
    """

    statistic: float | None
    p: float | None
    why: str = ""

    @classmethod
    def none(cls, why: str) -> "Outcome":
        """Return an absent outcome with the reason."""
        return cls(None, None, why)


def reals(values: ArrayLike) -> Reals:
    """Return finite numbers as float64, of the same shape.

    Raises:
        ValueError: if there is no value, or one that is not finite.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size == 0 or not np.isfinite(x).all():
        raise ValueError(f"`values` must be one or more finite numbers. Received: {np.ravel(x).tolist()}.")
    return x


def sd(x: Reals) -> float | None:
    """Return the standard deviation with ddof=1 of (n,) values; None below two.

    It is exactly 0 for values that are equal up to rounding: 0.91 - 0.9 is not 0.93 - 0.92 in binary.
    """
    if x.size < 2:
        return None
    return 0.0 if np.ptp(x) < 1e-12 * max(1.0, float(np.abs(x).max())) else float(x.std(ddof=1))
