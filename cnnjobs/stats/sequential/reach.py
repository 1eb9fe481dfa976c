"""Planning: how many pairs the rule will want, and what it can reach within a number of them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnjobs.stats.outcomes import ALPHA, Reals
from cnnjobs.stats.sequential.crossing import FIRST_LOOK, MOST_PAIRS, critical_t

POWER = 0.8
"""How often a plan should end in a decision."""

STUDIES = 10_000
"""Simulated studies, so that a share has a standard error of half a point at most."""


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """How studies end in which the pairs are normally distributed.

    Args:
        share: of the studies, decided so by the last pair that is allowed.
        pairs: that a study uses on average; all that are allowed where it stays undecided.
        typical: by which half of all studies are decided, were 100 pairs allowed; None for more than that.
        needed: by which 80% of all studies are decided, were 100 pairs allowed; None for more than that.
    """

    share: float
    pairs: float
    typical: int | None
    needed: int | None


def until_better(
    difference: float, sd: float, *, most_pairs: int = MOST_PAIRS, alpha: float = ALPHA, family: int = 1
) -> Prospect:
    """Return how soon a true difference is decided as better, or worse.

    Giving up is left out: it ends studies whose effect is small before most would be decided.

    Args:
        difference: of the means, above 0.
        sd: of the differences between pairs, in the same unit, above 0; itself an estimate.
        most_pairs: allowed, 5 to 100.
        alpha: of all comparisons together.
        family: comparisons; the level of the first decision, alpha / family, is taken.

    Example:
        >>> found = until_better(1.0, sd=1.0, most_pairs=20)
        >>> round(found.share, 2), round(found.pairs, 1), found.needed
        (0.91, 11.5, 16)
    """
    found = _reached(alpha / family)
    return _prospect(found.better <= abs(difference) / sd, np.zeros_like(found.better_by_chance), most_pairs)


def until_equal(
    margin: float, sd: float, *, most_pairs: int = MOST_PAIRS, alpha: float = ALPHA, family: int = 1
) -> Prospect:
    """Return how soon variants that do not differ are decided as equal within a margin.

    Args:
        margin: largest difference that counts as equal, above 0.
        sd: of the differences between pairs, in the same unit, above 0; itself an estimate.
        most_pairs: allowed, 5 to 100.
        alpha: of all comparisons together.
        family: comparisons; the level of the first decision, alpha / family, is taken.

    Example:
        >>> found = until_equal(0.2, sd=0.45, most_pairs=20)
        >>> round(found.share, 2), found.typical
        (0.0, 69)
    """
    found = _reached(alpha / family)
    return _prospect(found.equal <= margin / sd, found.better_by_chance, most_pairs)


def smallest_difference(
    sd: float, *, most_pairs: int, alpha: float = ALPHA, family: int = 1, power: float = POWER
) -> float:
    """Return the smallest true difference that so many pairs decide as better, or worse, with that probability.

    Args:
        sd: of the differences between pairs, above 0; itself an estimate.
        most_pairs: allowed, 5 to 100.
        alpha: of all comparisons together.
        family: comparisons; the level of the first decision, alpha / family, is taken.
        power: that probability.

    Example:
        >>> round(smallest_difference(0.45, most_pairs=20), 2)
        0.39
    """
    return sd * float(np.quantile(_reached(alpha / family).better[:, most_pairs - FIRST_LOOK], power))


def smallest_margin(
    sd: float, *, most_pairs: int, alpha: float = ALPHA, family: int = 1, power: float = POWER
) -> float:
    """Return the smallest margin within which so many pairs decide as equal what does not differ.

    Args:
        sd: of the differences between pairs, above 0; itself an estimate.
        most_pairs: allowed, 5 to 100.
        alpha: of all comparisons together.
        family: comparisons; the level of the first decision, alpha / family, is taken.
        power: the probability of that decision.

    Example:
        >>> round(smallest_margin(0.45, most_pairs=20), 2)
        0.45
    """
    return sd * float(np.quantile(_reached(alpha / family).equal[:, most_pairs - FIRST_LOOK], power))


@dataclass(frozen=True)
class _Reached:
    """What each study has reached by each look, in SDs of pairs.

    Args:
        better: (studies, looks) the smallest true difference that would be decided by then.
        equal: (studies, looks) the smallest margin within which no difference would be decided by then.
        better_by_chance: (studies, looks) whether no difference would be decided as one by then.
    """

    better: Reals
    equal: Reals
    better_by_chance: NDArray[np.bool_]


@functools.lru_cache(maxsize=2)
def _reached(alpha: float) -> _Reached:
    """Simulate studies without a difference once; a difference of d shifts all means by d, and no SD.

    So it is decided by a look where mean + d is at least t s / root n there, and equality where |mean| and that are
    within the margin.
    """
    d = np.random.default_rng(0).standard_normal((STUDIES, MOST_PAIRS), dtype=np.float32).astype(np.float64)
    n = np.arange(1, MOST_PAIRS + 1)
    means = np.cumsum(d, axis=1) / n
    variances = np.cumsum(d**2, axis=1) / n - means**2
    means, n = means[:, FIRST_LOOK - 1 :], n[FIRST_LOOK - 1 :]
    half = critical_t(n, alpha) * np.sqrt(variances[:, FIRST_LOOK - 1 :] / (n - 1))
    by_chance = np.logical_or.accumulate(np.abs(means) >= half, axis=1)
    margins = np.where(by_chance, np.inf, half + np.abs(means))
    return _Reached(np.minimum.accumulate(half - means, axis=1), np.minimum.accumulate(margins, axis=1), by_chance)


def _prospect(decided: NDArray[np.bool_], otherwise: NDArray[np.bool_], most_pairs: int) -> Prospect:
    """Return how studies end, from (studies, looks) whether they are decided by then, so or otherwise."""
    shares = decided.mean(axis=0)
    last = most_pairs - FIRST_LOOK
    return Prospect(
        share=float(shares[last]),
        pairs=FIRST_LOOK + float((~(decided | otherwise)[:, :last]).sum(axis=1).mean()),
        typical=_first(shares, 0.5),
        needed=_first(shares, POWER),
    )


def _first(shares: Reals, least: float) -> int | None:
    """Return the pairs by which such a share of all studies is decided."""
    return FIRST_LOOK + int(np.argmax(shares >= least)) if shares[-1] >= least else None
