"""Comparison of two single models, not of their training methods, on the same examples."""

import numpy as np
from numpy.typing import ArrayLike

from cnnjobs.stats.distributions import chi_squared_above
from cnnjobs.stats.outcomes import Outcome

FEWEST_FOR_CHI_SQUARED = 25
"""With fewer examples on which the models disagree, the binomial test is used."""


def mcnemar(table: ArrayLike) -> Outcome:
    """Return McNemar's test (1947) of two single models, not of the methods that trained them.

    It is exact below 25 disagreements, and otherwise chi-squared with the correction of Edwards (1948).

    Args:
        table: (2, 2) numbers of examples: both models right, only the first right; only the second right, neither
            right.

    Example:
        >>> found = mcnemar([[9945, 25], [15, 15]])
        >>> round(found.statistic, 3), round(found.p, 4), found.why
        (2.025, 0.1547, 'these two models, not the methods')
    """
    counts = np.asarray(table)
    first, second = int(counts[0, 1]), int(counts[1, 0])
    disagreements = first + second
    if disagreements == 0:
        return Outcome.none("the two models err on the same examples")
    if disagreements < FEWEST_FOR_CHI_SQUARED:
        statistic = float(min(first, second))
        from scipy import stats

        p = float(stats.binomtest(first, disagreements).pvalue)
    else:
        statistic = (abs(first - second) - 1) ** 2 / disagreements
        p = chi_squared_above(statistic, 1)
    return Outcome(statistic, p, "these two models, not the methods")
