"""Ratio of two standard deviations, with its interval."""

from collections.abc import Sequence

import numpy as np

from cnnjobs.stats.distributions import normal_quantile
from cnnjobs.stats.outcomes import CONFIDENCE, Interval, Reals, reals, sd

FEWEST_FOR_RATIO = 5
"""With fewer values the interval would be almost unbounded."""


def sd_ratio_interval(a: Sequence[float], b: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of SD(a) / SD(b), for values that need not be normal.

    Source: Bonett, Robust Confidence Interval for a Ratio of Standard Deviations (2006), with one kurtosis pooled from
    both samples. In 1,000 simulations with 5 to 30 values of normal, rounded normal, skewed (gamma 2) and t (5 degrees
    of freedom) distributions, the coverage of the 95% interval is 95 to 99% if the SDs are equal, and 93 to 98% at a
    ratio of 0.4 with samples of equal size. The coverage of the F interval is 82 to 85% for samples of 20 from the last
    two distributions, and that of a percentile bootstrap 93% for samples of 10 or 20 normal values.

    Args:
        a: (n,) values.
        b: (m,) values, independent of `a`.
        confidence: level of the interval.

    Example:
        >>> found = sd_ratio_interval([1, 2, 3, 4, 5, 6], [2, 4, 6, 8, 10, 12])
        >>> round(found.low, 2), round(found.high, 2)
        (0.21, 1.16)
    """
    x, y = reals(a), reals(b)
    if min(x.size, y.size) < FEWEST_FOR_RATIO:
        return Interval.none(f"fewer than {FEWEST_FOR_RATIO} repeats: no interval of the ratio")
    if not (sd(x) and sd(y)):
        return Interval.none("all repeats identical")
    z = normal_quantile((1 + confidence) / 2)
    kurtosis = (x.size + y.size) * (_fourth_moment(x) + _fourth_moment(y)) / (_squares(x) + _squares(y)) ** 2
    error = np.sqrt(sum(max(0.0, kurtosis - (v.size - 3) / v.size) / (v.size - 1) for v in (x, y)))
    small = (x.size / (x.size - z)) / (y.size / (y.size - z))
    middle = np.log(small * x.var(ddof=1) / y.var(ddof=1))
    low, high = np.exp((middle + np.array([-z, z]) * error) / 2)
    return Interval(float(low), float(high))


def _fourth_moment(x: Reals) -> float:
    """Return the sum of fourth powers about the mean trimmed on each side by 1 / (2 sqrt(n - 4))."""
    from scipy import stats

    return float(((x - stats.trim_mean(x, 1 / (2 * np.sqrt(x.size - 4)))) ** 4).sum())


def _squares(x: Reals) -> float:
    return float(((x - x.mean()) ** 2).sum())
