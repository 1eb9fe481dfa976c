"""Statistics of repeats: what one variant's runs say, and what pairs of runs say of a difference."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy import stats

Key = TypeVar("Key", bound=Hashable)

CONFIDENCE = 0.95
"""Level of every interval."""


@dataclass(frozen=True)
class Summary:
    """The runs of one variant.

    Args:
        n: how many.
        mean: their mean.
        sd: their standard deviation with ddof=1; None for one run.
        median: their median.
        minimum: the smallest.
        maximum: the largest.
        low: lower end of the 95% interval of the mean; None for one run, or for runs all equal.
        high: upper end.
    """

    n: int
    mean: float
    sd: float | None
    median: float
    minimum: float
    maximum: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Difference:
    """One variant minus another, in pairs of runs with the same seeds and rows.

    Args:
        n: number of pairs.
        mean: mean of the differences; None without a pair.
        sd: their standard deviation with ddof=1; None below two pairs.
        low: lower end of the 95% interval of the mean; None below two pairs, or if all are equal.
        high: upper end.
        unmatched: runs of either variant that have no partner.
    """

    n: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    unmatched: int

    @property
    def resolved(self) -> bool | None:
        """Whether the interval leaves out zero; None where there is no interval."""
        if self.low is None or self.high is None:
            return None
        return self.low > 0 or self.high < 0


def summarize(values: Sequence[float], overlap: float = 0.0, least: int = 2) -> Summary:
    """Return the summary of at least one value.

    Args:
        values: (n,) one a run, finite.
        overlap: validation rows over training rows for cross-validation, whose runs share training
            rows; 0 for runs that are independent given the data.
        least: below that many runs there is no interval.

    Raises:
        ValueError: without a value, or with one that is not finite.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size == 0 or not np.isfinite(x).all():
        raise ValueError(f"`values` must be one or more finite numbers. Received: {list(values)}.")
    low, high = mean_interval(values, overlap, least)
    return Summary(
        n=int(x.size),
        mean=float(x.mean()),
        sd=_sd(x),
        median=float(np.median(x)),
        minimum=float(x.min()),
        maximum=float(x.max()),
        low=low,
        high=high,
    )


def mean_interval(values: Sequence[float], overlap: float = 0.0, least: int = 2) -> tuple[float | None, float | None]:
    """Return the 95% t interval of the mean; (None, None) below `least` values, or if all are equal.

    Accuracies are multiples of one over the test rows, so a few runs agree by chance quite often; an
    interval of width zero would then claim certainty.

    With `overlap` > 0 the variance of the mean is s^2 (1/n + overlap) instead of s^2 / n: the
    correction of Nadeau and Bengio (2003) for runs whose training rows overlap.

    Args:
        values: (n,) one a run.
        overlap: validation rows over training rows; 0 for independent runs.
        least: below that many values there is no interval; at least 2.
    """
    x = np.asarray(values, dtype=np.float64)
    sd = _sd(x)
    if sd is None or sd == 0 or x.size < least:
        return None, None
    error = sd * float(np.sqrt(1 / x.size + overlap))
    low, high = stats.t.interval(CONFIDENCE, df=x.size - 1, loc=x.mean(), scale=error)
    return float(low), float(high)


def paired_difference(
    of: Mapping[Key, float], reference: Mapping[Key, float], overlap: float = 0.0, least: int = 2
) -> Difference:
    """Return `of` minus `reference`, paired by key.

    Args:
        of: (repeat, fold) -> value.
        reference: (repeat, fold) -> value.
        overlap: as in `mean_interval`.
        least: as in `mean_interval`.
    """
    shared = [key for key in of if key in reference]
    unmatched = len(of) + len(reference) - 2 * len(shared)
    if not shared:
        return Difference(0, None, None, None, None, unmatched)
    d = np.array([of[key] - reference[key] for key in shared], dtype=np.float64)
    low, high = mean_interval(d.tolist(), overlap, least)
    return Difference(len(shared), float(d.mean()), _sd(d), low, high, unmatched)


def _sd(x: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float | None:
    """Return the standard deviation with ddof=1; None below two values.

    Exactly 0 for values that are equal up to rounding: 0.91 - 0.9 is not 0.93 - 0.92 in binary.
    """
    if x.size < 2:
        return None
    return 0.0 if np.ptp(x) < 1e-12 * max(1.0, float(np.abs(x).max())) else float(x.std(ddof=1))
