"""The mean of pairs that allows for when one stopped."""

import numpy as np
from numpy.typing import ArrayLike

from cnnjobs.stats.distributions import t_exceeded
from cnnjobs.stats.outcomes import Reals, reals
from cnnjobs.stats.sequential.crossing import FIRST_LOOK, bound_of_x
from cnnjobs.stats.sequential.looks import look_at

ENOUGH = 4_000
"""Sequences that did not stop earlier, over which the mean is taken."""

FEWEST = 100
"""Fewer give no estimate: their mean would be off by more than a twentieth of an SD of pairs."""

AT_ONCE = 8_000
"""Sequences that are drawn at once."""

MOST_DRAWN = 200_000
"""Where few sequences do not stop earlier, the search for them ends."""


def mean_allowing_for_stop(
    differences: ArrayLike, alpha: float, rng: np.random.Generator, margin: float | None = None
) -> float | None:
    """Return the Rao-Blackwell estimate of the mean at the stop, unbiased for normal pairs.

    A stop at the first convincing look flatters the difference. Given mean and SD at the stop, the order of the pairs
    is open: of sequences with both that would not have stopped earlier either, the mean of the first five pairs, which
    every study has, is averaged. Where an earlier look became convincing only when other variants were decided, the
    sequences may be as convincing at earlier looks as these pairs were.

    Args:
        differences: (n,) the pairs until the stop, n at least 5.
        alpha: level at which the rule stopped.
        rng: draws the sequences.
        margin: within which the rule would have stopped as well; None for none.

    Returns:
        None where hardly any sequence was found.

    Raises:
        ValueError: without differences, or with one that is not finite.

    Example:
        >>> import numpy as np
        >>> d = [0.6, 0.1, 0.9, 0.4, -0.1, 0.7, 0.5, 0.8]
        >>> round(mean_allowing_for_stop(d, 0.05, np.random.default_rng(0)), 2)
        0.46
    """
    d = reals(differences)
    looks = look_at(d, margin)
    mean, spread = float(looks.mean[-1]), float(looks.sd[-1])
    if d.size <= FIRST_LOOK or not spread:
        return mean
    n = np.arange(FIRST_LOOK, d.size, dtype=np.float64)
    different, equal = (_needed(now[FIRST_LOOK - 1 : -1], alpha, n) for now in (looks.x_now, looks.equal_now))
    firsts: list[Reals] = []
    found = drawn = 0
    while found < ENOUGH and drawn < MOST_DRAWN:
        paths = mean + spread * _of_one_mean_and_sd(d.size, rng)
        means, errors = _by_look(paths, n)
        goes_on = np.abs(means) < different * errors
        if margin is not None:
            goes_on &= np.abs(means) + equal * errors >= margin
        firsts.append(means[goes_on.all(axis=1), 0])
        found, drawn = found + firsts[-1].size, drawn + AT_ONCE
    return float(np.concatenate(firsts).mean()) if found >= FEWEST else None


def _needed(x_now: Reals, alpha: float, n: Reals) -> Reals:
    """Return the absolute t that each earlier look, (looks,), needed: none of them was enough."""
    bound = min(bound_of_x(alpha), float(x_now.min()) * (1 - 1e-9))
    t: Reals = t_exceeded(bound * np.sqrt(FIRST_LOOK / n) / 2, n - 1)
    return t


def _of_one_mean_and_sd(n: int, rng: np.random.Generator) -> Reals:
    """Draw (sequences, n) normal numbers, each sequence with a mean of 0 and an SD of 1."""
    z: Reals = rng.standard_normal((AT_ONCE, n))
    z -= z.mean(axis=1, keepdims=True)
    z /= z.std(axis=1, ddof=1, keepdims=True)
    return z


def _by_look(paths: Reals, n: Reals) -> tuple[Reals, Reals]:
    """Return (sequences, looks) the means by each look, and their standard errors."""
    looks = slice(FIRST_LOOK - 1, -1)
    means = np.cumsum(paths, axis=1)[:, looks] / n
    squares = np.cumsum(paths**2, axis=1)[:, looks] / n - means**2
    return means, np.sqrt(np.maximum(squares, 0.0) / (n - 1))
