"""All looks at one sequence of paired differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cnnjobs.stats.distributions import t_above
from cnnjobs.stats.outcomes import Interval, Reals
from cnnjobs.stats.pairs import DECIMALS
from cnnjobs.stats.sequential.crossing import FIRST_LOOK, MOST_PAIRS, critical_t, crossing_probability

NEVER = np.inf
"""x before the first look, and after the last one."""

ALIKE = 2.5 * 10.0**-DECIMALS
"""Below this spread differences are alike: two that tie may still be rounded to neighbours."""


@dataclass(frozen=True)
class Looks:
    """What was seen after every pair; the last axis counts pairs, from the first one.

    Args:
        mean: (..., n) of the pairs so far.
        sd: (..., n) of them, ddof=1; 0 where all are alike, nan of one pair, infinite where float64 ends.
        x_now: (..., n) p sqrt(n / 5) of a mean of 0 at that look; infinite before the fifth pair and beyond 100.
        equal_now: (..., n) the same of a mean as far from 0 as the margin, of the worse side; infinite where the mean
            is not nearer to 0, and without a margin.
    """

    mean: Reals
    sd: Reals
    x_now: Reals
    equal_now: Reals

    @property
    def x(self) -> Reals:
        """(..., n) the smallest `x_now` so far."""
        smallest: Reals = np.minimum.accumulate(self.x_now, axis=-1)
        return smallest

    @property
    def x_equal(self) -> Reals:
        """(..., n) the smallest `equal_now` so far."""
        smallest: Reals = np.minimum.accumulate(self.equal_now, axis=-1)
        return smallest

    @property
    def q(self) -> Reals:
        """(..., n) sequential p that the variants do not differ: 1 before the fifth pair."""
        return crossing_probability(self.x)

    @property
    def q_equal(self) -> Reals:
        """(..., n) sequential p that they differ by the margin or more."""
        return crossing_probability(self.x_equal)


def look_at(differences: ArrayLike, margin: float | None = None) -> Looks:
    """Return what was seen after every pair.

    Args:
        differences: (..., n) paired differences in the order of repeats, finite; n may be 0.
        margin: within which a difference counts as none, in their unit; None for none.

    Raises:
        ValueError: with a difference that is not finite.

    Example:
        >>> looks = look_at([1.2, 0.9, 1.5, 1.1, 1.3])
        >>> round(float(looks.x[-1]), 9), round(float(looks.q[-1]), 6)
        (0.000276429, 0.00239)
    """
    d = np.asarray(differences, dtype=np.float64)
    if not np.isfinite(d).all():
        raise ValueError(f"`differences` must be finite numbers. Received: {d[~np.isfinite(d)][0]}.")
    n = np.arange(1, d.shape[-1] + 1, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        rounded = np.round(d, DECIMALS)
        d = np.where(np.isfinite(rounded), rounded, d)
        first = d[..., :1]
        shifted = d - first  # sums of squares near 0 lose no digits
        sums, squares = np.cumsum(shifted, axis=-1), np.cumsum(shifted**2, axis=-1)
        mean = first + sums / n
        around = squares - sums**2 / n
        sd = np.sqrt(np.maximum(np.where(np.isnan(around), np.inf, around), 0.0) / (n - 1))
        spread = np.maximum.accumulate(d, axis=-1) - np.minimum.accumulate(d, axis=-1)
    alike = spread < ALIKE * np.maximum(1.0, np.maximum.accumulate(np.abs(d), axis=-1))
    sd = np.where(alike & (n > 1), 0.0, sd)
    x_now = _x(mean, sd, n, 0.0)
    if margin is None:
        return Looks(mean, sd, x_now, np.full_like(x_now, NEVER))
    outer = np.maximum(_x(mean, sd, n, margin), _x(mean, sd, n, -margin))
    return Looks(mean, sd, x_now, np.where(np.abs(mean) < margin, outer, NEVER))


def _x(mean: Reals, sd: Reals, n: Reals, theta: float) -> Reals:
    """Return p sqrt(n / 5) of a mean of theta at every look; of n pairs all alike p is 2^(1 - n), or 1 at theta."""
    off = mean - theta
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * t_above(np.abs(off) / sd * np.sqrt(n), n - 1)
    p = np.where(np.isnan(p), 1.0, p)
    p = np.where(sd == 0, np.where(np.abs(off) < ALIKE, 1.0, 2.0 ** (1 - n)), p)
    x: Reals = np.where((n < FIRST_LOOK) | (n > MOST_PAIRS), NEVER, p * np.sqrt(n / FIRST_LOOK))
    return x


def repeated_interval(mean: float, sd: float, n: int, alpha: float) -> Interval:
    """Return the interval of the mean that holds at every look together, at one minus alpha.

    Args:
        mean: of n paired differences.
        sd: of them, ddof=1.
        n: pairs.
        alpha: one minus the level.

    Example:
        >>> interval = repeated_interval(1.2, 0.223607, 5, alpha=0.05)
        >>> round(interval.low, 4), round(interval.high, 4)
        (0.7242, 1.6758)
    """
    if n < FIRST_LOOK:
        return Interval.none(f"{n} of the {FIRST_LOOK} pairs of the first look")
    if sd == 0:
        return Interval.none("all pairs alike")
    half = float(critical_t(n, alpha)) * sd / n**0.5
    return Interval(mean - half, mean + half)
