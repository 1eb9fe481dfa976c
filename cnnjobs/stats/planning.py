"""Planning: number of repeats for a margin or a half width; equivalence tests."""

from collections.abc import Sequence
from math import ceil, sqrt

import numpy as np
from scipy import special

from cnnjobs.stats.distributions import normal_quantile, t_above, t_below, t_exceeded, t_quantile
from cnnjobs.stats.outcomes import ALPHA, CONFIDENCE, Interval, Outcome, reals, sd

POWER = 0.8
"""Probability with which the planned repeats should resolve a difference of the margin."""

NOETHER_POWER = 0.95
"""Power with which Bouthillier et al. (arXiv 2103.03098) plan P(A > B)."""

MOST_REPEATS = 1_000_000
"""Largest number of repeats in the search."""


def repeats_to_resolve(sd_of_pairs: float, margin: float, power: float = POWER, alpha: float = ALPHA) -> int | None:
    """Return the number of pairs that a two-sided paired t test needs for a difference; None beyond a million.

    It is the smallest n with sufficient power by the noncentral t distribution.

    Args:
        sd_of_pairs: standard deviation of the pairs' differences, above 0; itself an estimate.
        margin: the difference to resolve, in the same unit, above 0.
        power: probability of resolving it.
        alpha: significance level of the test.

    Example:
        >>> repeats_to_resolve(0.3, margin=0.2)
        20
    """
    least, most = 1, 2
    while not _enough(sd_of_pairs, margin, most, power, alpha):
        least, most = most, 2 * most
        if most > MOST_REPEATS:
            return None
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if _enough(sd_of_pairs, margin, middle, power, alpha) else (middle, most)
    return most


def _enough(sd_of_pairs: float, margin: float, n: int, power: float, alpha: float) -> bool:
    """Return whether the upper side of the two-sided test is enough; the lower adds nothing, and is nan at times."""
    noncentrality, critical = margin / sd_of_pairs * sqrt(n), float(t_exceeded(alpha / 2, n - 1))
    return bool(1 - special.nctdtr(n - 1, noncentrality, critical) >= power)


def resolvable_difference(sd_of_pairs: float, n: int, power: float = POWER, alpha: float = ALPHA) -> float | None:
    """Return the difference that a two-sided paired t test of n pairs resolves with this power; None for one pair.

    It is the inverse of `repeats_to_resolve`, by the noncentral t distribution.

    Args:
        sd_of_pairs: standard deviation of the pairs' differences, above 0; itself an estimate.
        n: number of pairs.
        power: probability of resolving it.
        alpha: significance level of the test.

    Example:
        >>> round(resolvable_difference(0.3, n=20), 3)
        0.198
    """
    if n < 2:
        return None
    noncentrality = special.nctdtrinc(n - 1, 1 - power, float(t_exceeded(alpha / 2, n - 1)))
    return float(noncentrality) * sd_of_pairs / sqrt(n)


def equivalence(a: Sequence[float], b: Sequence[float], margin: float) -> Outcome:
    """Return two one-sided paired t tests (Schuirmann, 1987): a small p means that the difference is within the margin.

    If all pairs differ by the same amount, there is no t; p is then that of one-sided sign tests, 2^-n within the
    margin, else 1.

    Args:
        a: (n,) values of one variant.
        b: (n,) values of the other variant, in the same order of pairs.
        margin: largest difference that counts as equivalent, in the same unit.

    Example:
        >>> found = equivalence([94.1, 94.3, 94.2], [94.0, 94.25, 94.1], margin=0.5)
        >>> round(found.p, 4)
        0.0008
    """
    spread = sd(np.round(reals(a) - reals(b), 12))
    if spread is None:
        return Outcome.none("one pair: cannot tell from chance")
    if spread == 0:
        apart = abs(float(np.mean(reals(a) - reals(b))))
        return Outcome(None, 2.0 ** -len(a) if apart < margin - 1e-12 else 1.0, "all pairs alike: p by their signs")
    d = reals(a) - reals(b)
    error = float(np.std(d, ddof=1)) / sqrt(len(d))
    above, below = ((float(np.mean(d)) - bound) / error for bound in (-margin, margin))
    tests = (above, float(t_above(above, len(d) - 1))), (below, float(t_below(below, len(d) - 1)))
    return Outcome(*max(tests, key=lambda test: test[1]))


def noether_pairs(share: float, power: float = NOETHER_POWER, alpha: float = ALPHA) -> int:
    """Return the number of pairs to detect P(A > B) = share: (z_alpha + z_power)^2 / (6 (1/2 - share)^2), one-sided.

    Source: Noether, Sample Size Determination for Some Common Nonparametric Tests (1987), as used by Bouthillier et al.

    Args:
        share: P(A > B), above one half.
        power: probability of detecting it.
        alpha: significance level of the one-sided test.

    Example:
        >>> noether_pairs(0.75)
        29
    """
    z = normal_quantile(1 - alpha) + normal_quantile(power)
    return ceil(float(z**2 / (6 * (0.5 - share) ** 2)))


def stein_repeats(sd_of_pilot: float, pilot: int, half_width: float, confidence: float = CONFIDENCE) -> int | None:
    """Return the total number of runs for an interval with this half width: Stein's two-stage rule (1945).

    It is the larger of the pilot and t^2 s^2 / h^2, with t for the pilot's degrees of freedom: whatever the true SD is,
    the interval mean +- h over all runs then has at least the given confidence.

    Args:
        sd_of_pilot: SD of the first runs, ddof=1.
        pilot: number of the first runs; below two there is no SD, and None is returned.
        half_width: half width of the interval, in the same unit.
        confidence: confidence level of the interval.

    Example:
        >>> stein_repeats(0.2, pilot=5, half_width=0.2)
        8
    """
    if pilot < 2:
        return None
    t = float(t_quantile((1 + confidence) / 2, pilot - 1))
    return max(pilot, ceil((t * sd_of_pilot / half_width) ** 2))


def stein_interval(values: Sequence[float], pilot: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of the mean after a two-stage design: mean +- t s / sqrt(n).

    Source: Stein, A Two-Sample Test for a Linear Hypothesis Whose Power Is Independent of the Variance (1945): s and
    its degrees of freedom are those of the pilot, the mean is that of all n runs. Given s, the mean of all runs is
    still normal and independent of s, so that the interval has its level for any true SD. The t interval with the SD of
    all runs does not, because their number depends on the SD of the pilot.

    Args:
        values: (n,) one per run, those of the pilot first.
        pilot: number of runs in the pilot.
        confidence: level of the interval.

    Example:
        >>> found = stein_interval([94.1, 94.3, 94.2, 94.5, 94.4, 94.2, 94.3], pilot=5)
        >>> round(found.low, 2), round(found.high, 2)
        (94.12, 94.45)
    """
    x = reals(values)
    spread = sd(x[:pilot])
    if spread is None:
        return Interval.none("fewer than two runs of the pilot: no spread")
    if spread == 0:
        return Interval.none("all runs of the pilot are identical")
    reach = float(t_quantile((1 + confidence) / 2, min(pilot, x.size) - 1)) * spread / np.sqrt(x.size)
    return Interval(float(x.mean() - reach), float(x.mean() + reach))
