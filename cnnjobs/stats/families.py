"""Families of comparisons: of several variants, and over several data sets."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import ArrayLike

from cnnjobs.stats.distributions import chi_squared_above, f_above
from cnnjobs.stats.outcomes import ALPHA, Outcome, Reals, reals
from cnnjobs.stats.pairs import DECIMALS, smallest_sign_flip_p

FEWEST_DATASETS = 5
"""With fewer data sets ranks cannot be tested: the smallest p of Wilcoxon's test with five is 0.0625."""


@dataclass(frozen=True)
class Friedman:
    """Mean ranks of variants over data sets, and the tests of their equality.

    Args:
        ranks: (variants,) mean rank of each variant, where 1 is the best; tied variants share the mean of their ranks.
        chi_squared: Friedman's test (1937).
        f: Iman and Davenport's test (1980), which is less conservative.
    """

    ranks: tuple[float, ...]
    chi_squared: Outcome
    f: Outcome


def holm(ps: Sequence[float | None], dropped: int = 0) -> list[float | None]:
    """Return p adjusted by Holm (1979) over a family in which every comparison counts, also one without a p.

    A comparison without a p stays without one and counts as if its p were 1, because the results may determine which
    comparisons can be tested and which are still listed.

    Args:
        ps: one per comparison; None for a comparison without a p.
        dropped: number of comparisons that belong to the family but are not listed any more.

    Example:
        >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03, 0.005])]
        [0.03, 0.06, 0.06, 0.02]
        >>> holm([0.01, None], dropped=1)
        [0.03, None]
    """
    size = len(ps) + dropped
    adjusted: list[float | None] = [None] * len(ps)
    largest = 0.0
    for rank, (p, index) in enumerate(sorted((p, index) for index, p in enumerate(ps) if p is not None)):
        largest = max(largest, min(1.0, p * (size - rank)))
        adjusted[index] = largest
    return adjusted


def holm_levels(ps: Sequence[float | None], alpha: float, dropped: int = 0) -> list[float]:
    """Return the level at which Holm (1979) rejects each comparison, alpha / (m - rank); alpha if it is not rejected.

    The interval with the confidence 1 minus that level excludes zero exactly if the comparison is rejected.

    Args:
        ps: as for `holm`.
        alpha: family-wise error rate.
        dropped: as for `holm`.

    Example:
        >>> holm_levels([0.04, 0.001, 0.3], 0.06)
        [0.06, 0.02, 0.06]
    """
    levels = [alpha] * len(ps)
    order = sorted((p, index) for index, p in enumerate(ps) if p is not None)
    for rank, (p, index) in enumerate(order):
        own = alpha / (len(ps) + dropped - rank)
        if p >= own:
            break
        levels[index] = own
    return levels


ALIKE = "every data set ranks the variants alike"


def friedman(scores: ArrayLike) -> Friedman:
    """Return mean ranks, and the tests of their equality.

    chi^2 = 12 N / (k (k + 1)) (sum of squared mean ranks - k (k + 1)^2 / 4) and F = (N - 1) chi^2 / (N (k - 1) -
    chi^2), as in Demsar, Statistical Comparisons of Classifiers over Multiple Data Sets (2006), section 3.2.2. Unlike
    in `scipy.stats.friedmanchisquare`, there is no correction for ties.

    Args:
        scores: (data sets, variants), where higher is better. A block is a data set, never a repeat.

    Example:
        >>> found = friedman([[0.9, 0.8, 0.7], [0.6, 0.7, 0.5], [0.8, 0.7, 0.6], [0.9, 0.6, 0.7]])
        >>> found.ranks, round(found.chi_squared.p, 3), round(found.f.p, 3)
        ((1.25, 2.0, 2.75), 0.105, 0.084)
    """
    from scipy import stats

    x = reals(scores)
    n, k = x.shape
    ranks = stats.rankdata(-x, axis=1).mean(axis=0)
    if n < 2 or k < 2:
        none = Outcome.none("one data set or variant: nothing to rank")
        return Friedman(tuple(ranks.tolist()), none, none)
    chi = float(12 * n / (k * (k + 1)) * (np.sum(ranks**2) - k * (k + 1) ** 2 / 4))
    chi_squared = Outcome(chi, chi_squared_above(chi, k - 1))
    return Friedman(tuple(ranks.tolist()), chi_squared, _iman_davenport(chi, n, k))


def _iman_davenport(chi: float, n: int, k: int) -> Outcome:
    rest = n * (k - 1) - chi
    if rest <= 1e-9:  # F has no end; of (k!)^n rankings, k! agree so
        return Outcome(None, float(factorial(k)) ** (1 - n), ALIKE)
    f = (n - 1) * chi / rest
    return Outcome(f, f_above(f, k - 1, (k - 1) * (n - 1)))


def rank_error(variants: int, datasets: int) -> float:
    """Return the standard error of the difference of two mean ranks: sqrt(k (k + 1) / (6 N)) (Demsar, 2006).

    Args:
        variants: k, the number of variants.
        datasets: N, the number of data sets.

    Example:
        >>> round(rank_error(4, 14), 3)
        0.488
    """
    return float(np.sqrt(variants * (variants + 1) / (6 * datasets)))


def critical_difference(variants: int, datasets: int, alpha: float = ALPHA) -> float:
    """Return the smallest significant difference of two mean ranks (Nemenyi, 1963): q / sqrt(2) standard errors.

    Args:
        variants: k, the number of variants, at least 2.
        datasets: N, the number of data sets.
        alpha: family-wise error rate over all pairs; q is the 1 - alpha quantile of the studentized range.

    Example:
        >>> round(critical_difference(4, 14), 2)
        1.25
    """
    from scipy import stats

    q = stats.studentized_range.ppf(1 - alpha, variants, np.inf)
    return float(q / np.sqrt(2) * rank_error(variants, datasets))


def pairwise_wilcoxon(scores: ArrayLike, alpha: float = ALPHA, dropped: int = 0) -> dict[tuple[int, int], Outcome]:
    """Return Wilcoxon's signed-rank test (1945) of every pair of variants over data sets, p adjusted by Holm.

    Data sets on which a pair ties do not count for it: with m others, p before adjustment is never below 2^(1 - m). The
    test is exact for up to 50 data sets, with ties for up to 13; beyond that it uses the normal approximation, as
    `scipy.stats.wilcoxon`.

    Args:
        scores: (data sets, variants).
        alpha: level that an adjusted p has to reach, for the note on levels that cannot be reached.
        dropped: number of pairs that belong to the family but are not listed any more.

    Example:
        >>> scores = [[0.71, 0.70], [0.82, 0.80], [0.63, 0.60], [0.94, 0.90], [0.85, 0.80], [0.76, 0.70]]
        >>> pairwise_wilcoxon(scores)[0, 1].p
        0.03125
    """
    x = reals(scores)
    pairs = list(combinations(range(x.shape[1]), 2))
    differences = [np.round(x[:, one] - x[:, other], DECIMALS) for one, other in pairs]
    tests = [_wilcoxon(d) for d in differences]
    adjusted = holm([test.p for test in tests], dropped)
    smallest = holm(
        [None if test.p is None else smallest_sign_flip_p(d) for test, d in zip(tests, differences, strict=True)],
        dropped,
    )
    return {
        pair: Outcome(test.statistic, p, test.why or _cannot(least, alpha))
        for pair, test, p, least in zip(pairs, tests, adjusted, smallest, strict=True)
    }


def _wilcoxon(d: Reals) -> Outcome:
    if d.size < FEWEST_DATASETS:
        return Outcome.none(f"fewer than {FEWEST_DATASETS} data sets: no test of pairs")
    if not d.any():
        return Outcome.none("alike on every data set")
    from scipy import stats

    test = stats.wilcoxon(d)
    return Outcome(float(test.statistic), float(test.pvalue))


def _cannot(smallest: float | None, alpha: float) -> str:
    """Say what p cannot do; Holm's p grow with each p, so those of the smallest ones bound them from below."""
    return f"cannot reach {alpha:g} at this n" if smallest is not None and smallest > alpha else ""
