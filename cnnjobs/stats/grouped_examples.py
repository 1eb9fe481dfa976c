"""Examples in groups (pictures of a patient, a scene) with correlated errors: groups are the units here."""

import numpy as np
from numpy.typing import ArrayLike

from cnnjobs.stats.distributions import chi_squared_above, t_quantile
from cnnjobs.stats.examples import FEWEST_FOR_NEW_EXAMPLES, TOO_FEW, Noise, components_of_sums
from cnnjobs.stats.outcomes import CONFIDENCE, Interval, Outcome, reals
from cnnjobs.stats.pairs import sign_flip
from cnnjobs.stats.single_models import FEWEST_FOR_CHI_SQUARED

FEWEST_GROUPS = 5
"""With fewer groups, their spread is not informative about new groups."""


def noise_of_groups(
    by_repeat: ArrayLike, by_group: ArrayLike, squares_by_group: ArrayLike, examples: int
) -> Noise | None:
    """Return the result of `examples.noise` for errors that are independent only between groups; None for one repeat.

    The floor is the sum over groups of the variance of their errors, divided by n^2. Q is R - 1 times the observed
    variance divided by the floor, as in Cochran's test. Both are the usual ones if every group is one example.

    Args:
        by_repeat: (repeats,) number of examples on which each repeat is wrong.
        by_group: (groups,) the sum over repeats of the errors in each group.
        squares_by_group: (groups,) the sum over repeats of the squares of these errors.
        examples: number of examples.

    Example:
        >>> found = noise_of_groups([2, 2, 0], [1, 2, 1], [1, 2, 1], 4)  # the errors of `noise`, two examples together
        >>> round(found.observed, 4), round(found.floor, 4)
        (0.0833, 0.0625)
    """
    wrong, missed, squares = reals(by_repeat), reals(by_group), reals(squares_by_group)
    repeats, groups = wrong.size, missed.size
    if repeats < 2 or groups < 2:
        return None
    observed = float((wrong / examples).var(ddof=1))
    floor = float((squares - missed**2 / repeats).sum() / (repeats - 1) / examples**2)
    return Noise((repeats, groups), observed, floor, _q(observed, floor, repeats))


def _q(observed: float, floor: float, repeats: int) -> Outcome:
    if repeats < 3:
        return Outcome.none("fewer than 3 repeats: no Cochran's Q")
    if floor <= 0:
        return Outcome.none("all repeats err alike in every group")
    q = (repeats - 1) * observed / floor
    return Outcome(q, chi_squared_above(q, repeats - 1))


def new_groups_interval_of_sums(
    by_repeat: ArrayLike, by_group: ArrayLike, squares: float, sizes: ArrayLike, confidence: float = CONFIDENCE
) -> Interval:
    """Return the interval of the mean over new repeats and new groups of examples: mean +- t sqrt(v).

    The mean is a ratio, of a sum over groups to their examples; each cell is its linear part,
    m + (G / n) (d - m n_g), and v is that of the two-way analysis of variance of these cells, as in
    `examples.new_examples_interval`, with t of G - 1 degrees of freedom.

    Args:
        by_repeat: (repeats,) the sum of the differences of each repeat.
        by_group: (groups,) the sum over repeats of the differences in each group.
        squares: the sum over repeats and groups of the squares of a group's difference.
        sizes: (groups,) number of examples in each group.
        confidence: level of the interval.
    """
    rows, columns, counts = reals(by_repeat), reals(by_group), reals(sizes)
    repeats, groups, examples = rows.size, columns.size, float(counts.sum())
    if repeats < FEWEST_FOR_NEW_EXAMPLES:
        return TOO_FEW
    if groups < FEWEST_GROUPS:
        return Interval.none(f"fewer than {FEWEST_GROUPS} groups: no interval over new ones")
    mean, scale = float(rows.sum()) / (repeats * examples), groups / examples
    spread = squares - 2 * mean * float(counts @ columns) + repeats * mean**2 * float(counts @ counts)
    cells = components_of_sums(
        scale * rows - groups * mean, scale * (columns - repeats * mean * counts), scale**2 * spread
    )
    v = cells.mean_variance
    if v <= 0:
        return Interval.none("variance not resolved: no interval over new groups")
    half = float(t_quantile((1 + confidence) / 2, groups - 1) * np.sqrt(v))
    return Interval(mean - half, mean + half)


def grouped_mcnemar(differences: ArrayLike) -> Outcome:
    """Return McNemar's test of two single models on examples in groups.

    It is chi-squared, (sum d)^2 / sum d^2 with one degree of freedom (Yang, Sun and Hardin, A note on the tests for
    clustered matched-pair binary data, 2010); below 25 groups that favour a model, it is a sign-flip test of the
    groups.

    Args:
        differences: (groups,) errors of one model minus those of the other in each group.

    Example:
        >>> found = grouped_mcnemar([3, 2, -1, 4, 1, 0])
        >>> round(found.p, 4), found.why
        (0.1875, 'these two models, not the methods; groups as units')
    """
    d = reals(differences)
    d, why = d[d != 0], "these two models, not the methods; groups as units"
    if d.size < 2:
        return Outcome.none("the two models differ in fewer than two groups")
    if d.size < FEWEST_FOR_CHI_SQUARED:
        return Outcome(float(d.sum()), sign_flip(d.tolist(), np.random.default_rng(0)).p, why)
    statistic = float(d.sum() ** 2 / (d**2).sum())
    return Outcome(statistic, chi_squared_above(statistic, 1), why)
