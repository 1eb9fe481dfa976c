"""Summary of one variant's runs: mean and SD with their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2, sqrt

import numpy as np

from cnnjobs.stats.distributions import binomial_below, chi_squared_quantile, t_quantile
from cnnjobs.stats.outcomes import CONFIDENCE, Interval, reals, sd

FEWEST_FOR_QUARTILES = 5
"""With fewer runs quartiles are not informative, and the runs themselves are shown."""


ROUNDING = 1e-9
"""Tolerance within which a computed level equals the requested one."""


@dataclass(frozen=True)
class Summary:
    """The runs of one variant.

    Args:
        n: number of runs.
        mean: mean of the runs.
        sd: standard deviation of the runs with ddof=1; None for one run.
        median: median of the runs.
        minimum: the smallest run.
        maximum: the largest run.
        low: lower end of the interval of the mean; None for one run, or if all runs are equal.
        high: upper end of the interval of the mean.
        sd_low: lower end of the interval of the SD; None as for `low`, and for runs that share rows.
        sd_high: upper end of the interval of the SD.
    """

    n: int
    mean: float
    sd: float | None
    median: float
    minimum: float
    maximum: float
    low: float | None
    high: float | None
    sd_low: float | None
    sd_high: float | None


@dataclass(frozen=True)
class MedianInterval:
    """An interval of the median with the confidence level that it reaches, or the reason for its absence.

    Args:
        low: lower end; None if there is no interval.
        high: upper end; None if there is no interval.
        level: its coverage at least; not below the requested confidence.
        why: the reason for its absence; empty if there is an interval.
    """

    low: float | None
    high: float | None
    level: float | None
    why: str = ""


def summarize(values: Sequence[float], overlap: float = 0.0, least: int = 2, confidence: float = CONFIDENCE) -> Summary:
    """Return the summary of at least one value.

    Args:
        values: (n,) one per run, finite.
        overlap: number of validation rows divided by training rows for cross-validation, whose runs share training
            rows; 0 for runs that are independent given the data.
        least: smallest number of runs with an interval.
        confidence: confidence level of the intervals.

    Raises:
        ValueError: if there is no value, or one that is not finite.

    Example:
        >>> found = summarize([0.90, 0.91, 0.92, 0.93, 0.94])
        >>> round(found.mean, 3), round(found.sd, 4), round(found.low, 4), round(found.high, 4)
        (0.92, 0.0158, 0.9004, 0.9396)
    """
    x = reals(values)
    low, high = mean_interval(values, overlap, least, confidence)
    spread = Interval(None, None) if overlap else sd_interval(values, confidence)
    return Summary(
        n=int(x.size),
        mean=float(x.mean()),
        sd=sd(x),
        median=float(np.median(x)),
        minimum=float(x.min()),
        maximum=float(x.max()),
        low=low,
        high=high,
        sd_low=spread.low,
        sd_high=spread.high,
    )


def mean_interval(
    values: Sequence[float], overlap: float = 0.0, least: int = 2, confidence: float = CONFIDENCE
) -> tuple[float | None, float | None]:
    """Return the t interval of the mean; (None, None) below `least` values, or if all are equal.

    Accuracies are multiples of 1 divided by the number of test rows, so that a few runs are often equal by chance; an
    interval of width zero would then claim certainty.

    With `overlap` > 0, the variance of the mean is s^2 (1/n + overlap) instead of s^2 / n: the correction of Nadeau and
    Bengio (2003) for runs whose training rows overlap.

    Args:
        values: (n,) one per run.
        overlap: number of validation rows divided by training rows; 0 for independent runs.
        least: smallest number of values with an interval, at least 2.
        confidence: level of the interval.

    Example:
        >>> low, high = mean_interval([0.90, 0.91, 0.92, 0.93, 0.94])
        >>> round(low, 4), round(high, 4)
        (0.9004, 0.9396)
    """
    x = np.asarray(values, dtype=np.float64)
    spread = sd(x)
    if spread is None or spread == 0 or x.size < least:
        return None, None
    error = spread * float(np.sqrt(1 / x.size + overlap))
    half = float(t_quantile((1 + confidence) / 2, x.size - 1)) * error
    return float(x.mean() - half), float(x.mean() + half)


def quartiles(values: Sequence[float]) -> tuple[float, float, float] | None:
    """Return lower quartile, median and upper quartile; None below five values.

    Between two values they are interpolated linearly (type 7 of Hyndman and Fan, Sample Quantiles in Statistical
    Packages, 1996), as in NumPy and in Matplotlib's box plots.

    Args:
        values: (n,) one per run.

    Example:
        >>> quartiles([98.550, 98.600, 98.642, 98.850, 98.742])
        (98.6, 98.642, 98.742)
        >>> quartiles([98.550, 98.600]) is None
        True
    """
    x = reals(values)
    if x.size < FEWEST_FOR_QUARTILES:
        return None
    low, middle, high = np.quantile(x, [0.25, 0.5, 0.75])
    return float(low), float(middle), float(high)


def sd_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return the chi-squared interval of the SD of independent, approximately normal runs.

    (n - 1) s^2 / sigma^2 has the chi-squared distribution with n - 1 degrees of freedom. The interval is wide: [0.60,
    2.87] times the SD for five runs, [0.69, 1.83] times for ten.

    Args:
        values: (n,) one per run.
        confidence: level of the interval.

    Example:
        >>> found = sd_interval([1, 2, 3, 4, 5])
        >>> round(found.low, 2), round(found.high, 2)
        (0.95, 4.54)
    """
    x = reals(values)
    spread = sd(x)
    if spread is None:
        return Interval.none("one repeat: no spread")
    if spread == 0:
        return Interval.none("all repeats identical")
    tail = (1 - confidence) / 2
    freedom = x.size - 1
    low, high = (spread * sqrt(freedom / chi_squared_quantile(share, freedom)) for share in (1 - tail, tail))
    return Interval(low, high)


def fewest_for_median(confidence: float = CONFIDENCE) -> int:
    """Return the smallest number of runs with an interval of the median: their extremes have the level 1 - 2^(1 - n).

    Args:
        confidence: level of the interval.

    Example:
        >>> fewest_for_median(), fewest_for_median(0.9)
        (6, 5)
    """
    return ceil(1 - log2(1 - confidence) - ROUNDING)


def median_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> MedianInterval:
    """Return the interval of the median between two order statistics, for any distribution of the runs.

    The interval between the k-th smallest and the k-th largest of n independent runs contains the median with a
    probability of at least 1 - 2 P(B < k), where B is binomial with n trials and probability one half (Thompson, On
    Confidence Ranges for the Median and Other Expectation Distributions for Populations of Unknown Distribution Form,
    1936). The largest k with at least the requested level is used; for 95% this needs six runs. If ties would leave the
    interval without a width, as for accuracies on few images, it extends to the next runs outwards that differ.

    Args:
        values: (n,) one per run, independent.
        confidence: smallest confidence level of the interval.

    Example:
        >>> found = median_interval([0.90, 0.91, 0.92, 0.93, 0.94, 0.96])
        >>> found.low, found.high, found.level
        (0.9, 0.96, 0.96875)
    """
    x = np.sort(reals(values))
    if x.size < 2:
        return MedianInterval(None, None, None, "one repeat: no spread")
    if sd(x) == 0:
        return MedianInterval(None, None, None, "all repeats identical")
    if x.size < fewest_for_median(confidence):
        why = f"fewer than {fewest_for_median(confidence)} runs: no interval of the median at {confidence:.12g}"
        return MedianInterval(None, None, None, why)
    levels = np.array([1 - 2 * binomial_below(most, x.size) for most in range(x.size // 2)])
    enough = levels >= confidence - ROUNDING
    place = max(place for place in np.flatnonzero(enough) if x[-1 - place] > x[place])
    return MedianInterval(float(x[place]), float(x[-1 - place]), float(levels[place]))
