"""Pairs of runs: one variant minus another, with the same seeds and rows in both."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from cnnjobs.stats.distributions import share_interval
from cnnjobs.stats.folds import corrected_t
from cnnjobs.stats.outcomes import ALPHA, CONFIDENCE, Interval, Outcome, Reals, reals, sd
from cnnjobs.stats.summary import mean_interval

Key = TypeVar("Key", bound=Hashable)

MOST_FOR_EXACT = 14
"""Largest number of pairs with all 2^n sign flips; for more, 9,999 random flips are used."""

RESAMPLES = 9999
"""Number of bootstrap resamples and of random flips; 10,000 including the data itself."""

FLIPS_AT_ONCE = 500_000
"""Largest number of signs that are drawn at once."""

ENOUGH_FOR_BOOTSTRAP = 29
"""Number of pairs that detects P(A > B) = 0.75, `noether_pairs(0.75)`.

Source: Noether (1987); Bouthillier et al. (arXiv 2103.03098).
"""

MEANINGFUL = 0.75
"""Gamma of Bouthillier et al.: the P(A > B) that the interval of a meaningful difference has to reach."""

FEWEST_PAIRS = 5
"""With fewer pairs there is no verdict: four symmetric differences all have the same sign in 12.5% of cases."""

DECIMALS = 12
"""Number of decimals to which differences are rounded: 0.91 - 0.90 and 0.93 - 0.92 tie despite their last bit."""


@dataclass(frozen=True)
class Difference:
    """One variant minus another, for pairs of runs with the same seeds and rows; without any pair, for all runs.

    Args:
        n: number of pairs.
        mean: mean of the differences; without any pair, the difference of the means; None if either side has too few
            runs.
        sd: standard deviation of the differences with ddof=1; None below two pairs.
        low: lower end of the interval of the mean; None below two pairs, or if all differences are equal.
        high: upper end of the interval of the mean.
        unmatched: number of runs of either variant without a partner.
        d_z: mean divided by SD, Cohen's effect size for pairs; None if the SD is None or 0.
        t: the (corrected) paired t test; Welch's test without any pair.
        values: (n,) the differences.
    """

    n: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    unmatched: int
    d_z: float | None
    t: Outcome
    values: tuple[float, ...]

    @property
    def resolved(self) -> bool | None:
        """Whether the interval excludes zero; None if there is no interval."""
        if self.low is None or self.high is None:
            return None
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Superiority:
    """P(A > B): the fraction of pairs in which A is above B.

    Args:
        share: the fraction; ties count as one half.
        interval: interval of the fraction.
    """

    share: float
    interval: Interval

    @property
    def reading(self) -> str:
        """The term of Bouthillier et al. for it, for the side that wins more often; empty without an interval.

        It is significant if the interval is above one half, and meaningful if in addition the upper end of the interval
        reaches `MEANINGFUL`: the fraction itself need not be above that, but the interval must not exclude it (arXiv
        2103.03098; in the code of its first author, `PABTest` of github.com/bouthilx/ml-method-video: 0.5 < lower and
        gamma <= upper).
        """
        low, high = self.interval.low, self.interval.high
        if low is None or high is None:
            return ""
        low, high = max((low, high), (1 - high, 1 - low))
        if low <= 0.5:
            return "not significant"
        return "significant and meaningful" if high >= MEANINGFUL else "significant, not meaningful"


def paired_difference(
    of: Mapping[Key, float],
    reference: Mapping[Key, float],
    overlap: float = 0.0,
    least: int = 2,
    confidence: float = CONFIDENCE,
) -> Difference:
    """Return `of` minus `reference`, paired by key; Welch's test if they share no key.

    Args:
        of: mapping from (repeat, fold) to values.
        reference: mapping from (repeat, fold) to values.
        overlap: as in `mean_interval`.
        least: as in `mean_interval`.
        confidence: level of the interval.

    Example:
        >>> a, b = [94.1, 94.3, 94.2, 94.5, 94.4], [94.0, 94.25, 94.1, 94.45, 94.2]
        >>> d = paired_difference(dict(enumerate(a)), dict(enumerate(b)))
        >>> d.n, round(d.mean, 3), round(d.low, 3), round(d.high, 3), round(d.t.p, 4)
        (5, 0.1, 0.024, 0.176, 0.0217)
    """
    shared = [key for key in of if key in reference]
    unmatched = len(of) + len(reference) - 2 * len(shared)
    if not shared:
        return _unpaired(list(of.values()), list(reference.values()), overlap, confidence)
    d = np.round([of[key] - reference[key] for key in shared], DECIMALS)
    low, high = mean_interval(d.tolist(), overlap, least, confidence)
    mean, spread = float(d.mean()), sd(d)
    t = corrected_t(d.tolist(), overlap, least)
    return Difference(
        len(shared), mean, spread, low, high, unmatched, mean / spread if spread else None, t, tuple(d.tolist())
    )


def not_compared(why: str) -> Difference:
    """Return an absent difference with the reason.

    Args:
        why: the reason, in a few words.

    Example:
        >>> not_compared("no pairs yet").t.why
        'no pairs yet'
    """
    return Difference(0, None, None, None, None, 0, None, Outcome.none(why), ())


def untested(difference: Difference, why: str) -> Difference:
    """Return a difference without its test, its interval and its effect size.

    Args:
        difference: the difference, whose mean and SD are kept.
        why: the reason, in a few words.

    Example:
        >>> d = untested(paired_difference({0: 0.9, 1: 0.8}, {0: 0.7, 1: 0.7}), "the runs were chosen by their results")
        >>> round(d.mean, 2), d.low, d.t.p
        (0.15, None, None)
    """
    reason = difference.t.why if difference.mean is None else why
    return replace(difference, low=None, high=None, d_z=None, t=Outcome.none(reason))


def _unpaired(a: Sequence[float], b: Sequence[float], overlap: float, confidence: float) -> Difference:
    """Return the difference of means by Welch (1947), for independent runs, two or more a side."""
    if overlap or min(len(a), len(b)) < 2 or not (sd(reals(a)) or sd(reals(b))):
        return Difference(0, None, None, None, None, len(a) + len(b), None, Outcome.none("no pairs yet"), ())
    from scipy import stats

    test = stats.ttest_ind(a, b, equal_var=False)
    interval = test.confidence_interval(confidence)
    mean = float(np.mean(a) - np.mean(b))
    outcome = Outcome(float(test.statistic), float(test.pvalue), "without pairs: Welch's test")
    return Difference(0, mean, None, float(interval.low), float(interval.high), len(a) + len(b), None, outcome, ())


def sign_flip(differences: Sequence[float], rng: np.random.Generator, alpha: float = ALPHA) -> Outcome:
    """Return the two-sided sign-flip test of the mean (Fisher, The Design of Experiments, 1935), exact up to 14 pairs.

    Under the null hypothesis, the signs of the differences are exchangeable. With m differences other than 0, p is at
    least 2^(1 - m): 0.0625 for five, 0.031 for six.

    Args:
        differences: (n,) differences of independent pairs.
        rng: generator for random flips, if there are too many pairs for the exact test.
        alpha: level that p has to reach, for the note on levels that cannot be reached.

    Example:
        >>> import numpy as np
        >>> found = sign_flip([0.1, 0.05, 0.1, 0.05, 0.2], np.random.default_rng(0))
        >>> found.p, found.why
        (0.0625, 'cannot reach 0.05 at this n')
    """
    d = np.round(reals(differences), DECIMALS)
    if d.size < 2:
        return Outcome.none("one pair: cannot tell from chance")
    p = _all_flips(d) if d.size <= MOST_FOR_EXACT else _random_flips(d, rng)
    why = f"cannot reach {alpha:g} at this n" if smallest_sign_flip_p(d) > alpha else ""
    return Outcome(float(d.mean()), p, why)


def _all_flips(d: Reals) -> float:
    """Return the share of all flips whose mean is at least as far from 0."""
    signs = 1 - 2 * (np.arange(2**d.size)[:, None] >> np.arange(d.size) & 1)
    return float(np.mean(np.abs(signs @ d) >= _at_least(d)))


def _random_flips(d: Reals, rng: np.random.Generator) -> float:
    """Return (1 + flips at least as far from 0) / (1 + flips), as Phipson and Smyth (2010).

    The flips come in blocks, so that a thousand pairs need no more than some megabytes.
    """
    far, block = 0, max(1, FLIPS_AT_ONCE // d.size)
    for start in range(0, RESAMPLES, block):
        signs = rng.integers(0, 2, (min(block, RESAMPLES - start), d.size), dtype=np.int8) * np.int8(2) - np.int8(1)
        far += int(np.count_nonzero(np.abs(signs @ d) >= _at_least(d)))
    return (1 + far) / (1 + RESAMPLES)


def _at_least(d: Reals) -> float:
    """Return how far from 0 the sum of flipped differences is to be to count: as their own, but for rounding."""
    return float(abs(d.sum()) - 1e-12 * np.abs(d).sum())


def smallest_sign_flip_p(differences: Reals) -> float:
    """Return the smallest p that sign flips of these differences, (n,), can reach: 2^(1 - m) for m nonzero ones."""
    return float(2.0 ** min(0, 1 - int(np.count_nonzero(differences))))


def superiority(differences: Sequence[float], rng: np.random.Generator, confidence: float = CONFIDENCE) -> Superiority:
    """Return P(A > B) over pairs, with the binomial interval below 29 pairs and the percentile bootstrap from there on.

    Source: Bouthillier et al., Accounting for Variance in Machine Learning Benchmarks (arXiv 2103.03098), whose term
    for a difference with such an interval is `reading`. If all pairs agree, a bootstrap interval would have no width,
    so that the binomial interval is used.

    Args:
        differences: (n,) A minus B, of independent pairs.
        rng: generator for the resamples.
        confidence: level of the interval.

    Example:
        >>> import numpy as np
        >>> found = superiority([0.1, 0.05, -0.1, 0.0], np.random.default_rng(0))
        >>> found.share, round(found.interval.low, 2), round(found.interval.high, 2), found.reading
        (0.625, 0.07, 0.99, 'not significant')
    """
    d = np.round(reals(differences), DECIMALS)
    wins = (d > 0) + (d == 0) / 2
    if d.size < ENOUGH_FOR_BOOTSTRAP or np.ptp(wins) == 0:
        return Superiority(float(wins.mean()), _binomial(float(wins.sum()), d.size, confidence))
    from scipy import stats

    interval = stats.bootstrap(
        (wins,), np.mean, n_resamples=RESAMPLES, confidence_level=confidence, method="percentile", rng=rng
    ).confidence_interval
    return Superiority(float(wins.mean()), Interval(float(interval.low), float(interval.high)))


def _binomial(wins: float, n: int, confidence: float) -> Interval:
    """Return the exact interval (Clopper and Pearson, 1934); half a win widens it to both whole numbers beside it."""
    fewest, most = (share_interval(int(count), n, confidence) for count in (np.floor(wins), np.ceil(wins)))
    return Interval(fewest[0], most[1])
