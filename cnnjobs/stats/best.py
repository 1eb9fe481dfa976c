"""The probability that a variant is the best of several: a posterior over means of paired runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cnnjobs.stats.distributions import t_above
from cnnjobs.stats.outcomes import Reals, reals, sd

DRAWS = 200_000
"""Number of draws from the posterior of three variants or more; probabilities are within 0.003 of the exact ones."""

AT_ONCE = 2_000_000
"""Largest number of values that are drawn at once."""

DECIMALS = 12
"""Number of decimals to which values are rounded before variants are compared for equality."""


@dataclass(frozen=True)
class BestChance:
    """Posterior probabilities of one variant among several.

    Args:
        best: probability that its mean is the best; variants with equal values share it.
        near: probability that its mean is the best or within the margin of the best.
        clearly: probability that its mean is better than every other mean by more than the margin.
    """

    best: float
    near: float
    clearly: float


def best_chances(
    values: ArrayLike,
    rng: np.random.Generator,
    *,
    overlap: float = 0.0,
    margin: float = 0.0,
    higher_is_better: bool = True,
) -> tuple[BestChance, ...]:
    """Return for each variant the probability that its mean is the best.

    The posterior of the differences of means is a multivariate t with n - 1 degrees of freedom, centred at the observed
    differences, with the sample covariance of the runs times (1/n + overlap): for normal runs under the prior
    |Sigma|^(-v/2), v = 2, of Geisser and Cornfield, Posterior distributions for multivariate normal parameters (1963),
    whose marginals are Student's t. Any two variants therefore have the posterior of the Bayesian correlated t test
    (Corani and Benavoli, 2015; Benavoli, Corani, Demsar and Zaffalon, Time for a change, JMLR 18(77), 2017). For two
    variants the result is exactly that of this test; for more it is computed from 200,000 draws. With fewer runs than
    variants, the covariance does not have full rank: the means then vary only in the directions in which the runs vary.

    Args:
        values: (n, variants) of runs, one row per repeat or fold, with the same seeds and rows in every variant; n at
            least 2.
        rng: generator for the draws from the posterior.
        overlap: number of validation rows divided by training rows if the rows are folds (Nadeau and Bengio, 2003),
            else 0.
        margin: differences up to the margin count as none ("region of practical equivalence"); in the unit of the
            values.
        higher_is_better: whether higher values are better.

    Raises:
        ValueError: for fewer than two rows or columns, a number that is not finite, or a negative margin.

    Example:
        >>> import numpy as np
        >>> runs = [[0.90, 0.92], [0.91, 0.92], [0.92, 0.94], [0.91, 0.93], [0.93, 0.93]]
        >>> for found in best_chances(runs, np.random.default_rng(0), margin=0.01):
        ...     print(round(found.best, 3), round(found.near, 3), round(found.clearly, 3))
        0.012 0.187 0.002
        0.988 0.998 0.813
    """
    x = np.round(reals(values), DECIMALS)
    if x.ndim != 2 or min(x.shape) < 2 or margin < 0:
        raise ValueError(
            f"`values` must be (n, variants), both at least 2, and `margin` 0 or more. Received: {x.shape}, {margin}."
        )
    different, inverse = np.unique(x if higher_is_better else -x, axis=1, return_inverse=True)
    group = inverse.ravel()
    members = np.bincount(group)
    chances = _of_different(different, rng, overlap, margin)
    return tuple(
        BestChance(chances[own].best / n, chances[own].near, chances[own].clearly if n == 1 else 0.0)
        for own, n in zip(group.tolist(), members[group].tolist(), strict=True)
    )


def _of_different(x: Reals, rng: np.random.Generator, overlap: float, margin: float) -> Sequence[BestChance]:
    """Return the chances of variants of which no two are alike; higher is better."""
    if x.shape[1] == 1:
        return [BestChance(1.0, 1.0, 1.0)]
    if x.shape[1] == 2:
        return _of_two(x[:, 0] - x[:, 1], overlap, margin)
    best, near, clearly = (np.zeros(x.shape[1]) for _ in range(3))
    for means in _draws(x, rng, overlap):
        first, second = np.sort(means, axis=1)[:, :-3:-1].T
        leader = means.argmax(axis=1)
        best += np.bincount(leader, minlength=x.shape[1])
        clearly += np.bincount(leader[first - second > margin], minlength=x.shape[1])
        near += (means >= first[:, None] - margin).sum(axis=0)
    return [BestChance(*map(float, one)) for one in np.stack([best, near, clearly], axis=1) / DRAWS]


def _of_two(d: Reals, overlap: float, margin: float) -> Sequence[BestChance]:
    """Return the chances of the first and the second of two, whose differences are given."""
    mean, spread = float(d.mean()), sd(d)
    if not spread:  # all of the posterior is at one difference
        above, below = float(mean > margin), float(mean < -margin)
        better = float(mean > 0) if mean else 0.5
    else:
        scale = spread * np.sqrt(1 / d.size + overlap)
        better, above, below = (
            float(t_above(t, d.size - 1)) for t in (-mean / scale, (margin - mean) / scale, (margin + mean) / scale)
        )
    return [BestChance(better, 1 - below, above), BestChance(1 - better, 1 - above, below)]


def _draws(x: Reals, rng: np.random.Generator, overlap: float) -> Iterator[Reals]:
    """Yield means drawn from the posterior, in blocks of (draws, variants).

    A normal vector of n numbers times the centred runs has their covariance, times n - 1, also where that is singular.
    """
    n, variants = x.shape
    centred, means = x - x.mean(axis=0), x.mean(axis=0)
    left = DRAWS
    while left:
        size = min(left, max(1, AT_ONCE // max(n, variants)))
        wide = np.sqrt((1 / n + overlap) / rng.chisquare(n - 1, size))
        yield means + wide[:, None] * (rng.standard_normal((size, n)) @ centred)
        left -= size
