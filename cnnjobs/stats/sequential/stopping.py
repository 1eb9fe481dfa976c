"""The mean of pairs that allows for when one stopped."""

import numpy as np
from numpy.typing import ArrayLike

from cnnjobs.stats.outcomes import Reals, reals, sd
from cnnjobs.stats.sequential.crossing import FIRST_LOOK, bound_of_x
from cnnjobs.stats.sequential.looks import look_at

ENOUGH = 4_000
"""Sequences that did not stop earlier, over which the mean is taken."""

AT_ONCE = 8_000
"""Sequences that are drawn at once."""

MOST_DRAWN = 400_000
"""Where few sequences do not stop earlier, the search for them ends."""


def mean_allowing_for_stop(
    differences: ArrayLike, alpha: float, rng: np.random.Generator, margin: float | None = None
) -> float | None:
    """Return the Rao-Blackwell estimate of the mean at the stop, unbiased for normal pairs.

    A stop at the first convincing look flatters the difference. Given mean and SD at the stop, the order of the pairs
    is open: of sequences with both that would not have stopped earlier either, the mean of the first five pairs, which
    every study has, is averaged.

    Args:
        differences: (n,) the pairs until the stop, n at least 5.
        alpha: level at which the rule stopped.
        rng: draws the sequences.
        margin: within which the rule would have stopped as well; None for none.

    Returns:
        None where no sequence was found.

    Example:
        >>> import numpy as np
        >>> d = [0.6, 0.1, 0.9, 0.4, -0.1, 0.7, 0.5, 0.8]
        >>> round(mean_allowing_for_stop(d, 0.05, np.random.default_rng(0)), 2)
        0.46
    """
    d = reals(differences)
    mean, spread = float(d.mean()), sd(d)
    if d.size == FIRST_LOOK or not spread:
        return mean
    kept: list[Reals] = []
    found = drawn = 0
    bound = bound_of_x(alpha)
    while found < ENOUGH and drawn < MOST_DRAWN:
        z = rng.standard_normal((AT_ONCE, d.size))
        z -= z.mean(axis=1, keepdims=True)
        paths = mean + spread * z / z.std(axis=1, ddof=1, keepdims=True)
        earlier = look_at(paths[:, :-1], margin)
        goes_on = (earlier.x_now > bound).all(axis=1) & (earlier.equal_now > bound).all(axis=1)
        kept.append(paths[goes_on, :FIRST_LOOK].mean(axis=1))
        found, drawn = found + int(goes_on.sum()), drawn + AT_ONCE
    return float(np.concatenate(kept).mean()) if found else None
