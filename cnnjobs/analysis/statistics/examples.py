"""Examples: how much of the spread over repeats is the finite test set, and what new examples would add."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.stats import contingency_tables

from cnnjobs.analysis.statistics.outcomes import CONFIDENCE, Interval, Outcome, Reals, reals

FEWEST_FOR_NEW_EXAMPLES = 5
"""Below so many repeats their mean square is too uncertain to be added to that of the examples."""


@dataclass(frozen=True)
class Noise:
    """The spread of accuracy over repeats, taken apart; variances, of fractions.

    Args:
        observed: variance of accuracy with ddof=1.
        floor: what independent mistakes on so many examples make of it, even if all repeats were alike.
        distribution: what a test set without end would leave; may be negative: "not resolved".
        q: Cochran's Q, whether repeats differ by more than the floor.
    """

    observed: float
    floor: float
    distribution: float
    q: Outcome


@dataclass(frozen=True)
class Components:
    """The two-way random-effects analysis of variance of (repeats, examples) with one value a cell.

    Args:
        shape: (repeats, examples).
        ms_repeat: mean square of repeats.
        ms_example: mean square of examples.
        ms_residual: mean square of what is left.
    """

    shape: tuple[int, int]
    ms_repeat: float
    ms_example: float
    ms_residual: float

    @property
    def repeat(self) -> float:
        """Variance between repeats; may be negative, which means "not resolved"."""
        return (self.ms_repeat - self.ms_residual) / self.shape[1]

    @property
    def example(self) -> float:
        """Variance between examples; may be negative, which means "not resolved"."""
        return (self.ms_example - self.ms_residual) / self.shape[0]

    @property
    def mean_variance(self) -> float:
        """Variance of the grand mean over new repeats and new examples."""
        repeats, examples = self.shape
        return (self.ms_repeat + self.ms_example - self.ms_residual) / (repeats * examples)


def noise(errors: ArrayLike) -> Noise | None:
    """Return the spread of accuracy taken apart; None for one repeat, which has none.

    Args:
        errors: (repeats, examples) 1 where a repeat is wrong on an example, else 0.

    Example:
        >>> found = noise([[1, 0, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0]])
        >>> round(found.observed, 4), round(found.floor, 4), round(found.distribution, 4)
        (0.0833, 0.0625, 0.0278)
    """
    e = reals(errors)
    if e.shape[0] < 2 or e.shape[1] < 2:
        return None
    return Noise(float(e.mean(axis=1).var(ddof=1)), floor_variance(e), distribution_variance(e), cochrans_q(e))


def floor_variance(errors: ArrayLike) -> float:
    """Return sum over examples of Var(errors over repeats) / n^2: the noise of a test set of n examples.

    Args:
        errors: (repeats, examples) of 0 and 1; at least two repeats of the same test set.

    Example:
        >>> floor_variance([[1, 0, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0]])
        0.0625
    """
    e = reals(errors)
    return float(e.var(axis=0, ddof=1).sum() / e.shape[1] ** 2)


def distribution_variance(errors: ArrayLike) -> float:
    """Return n / (n - 1) (Var(accuracy) - floor): the variance over repeats on a test set without end.

    Jordan, Calibrated Chaos: Variance Between Runs of Neural Network Training is Harmless and Inevitable (arXiv
    2304.01910), Eq. 3. An unbiased estimate, so it may be negative: then repeats are not resolved from the floor.

    Args:
        errors: (repeats, examples) of 0 and 1; at least two of each.

    Example:
        >>> round(distribution_variance([[1, 0, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0]]), 4)
        0.0278
    """
    e = reals(errors)
    n = e.shape[1]
    return float(n / (n - 1) * (e.mean(axis=1).var(ddof=1) - floor_variance(e)))


def cochrans_q(errors: ArrayLike) -> Outcome:
    """Return Cochran's Q (1950): whether repeats differ in accuracy; Q / (R - 1) is observed over floor variance.

    Args:
        errors: (repeats, examples) of 0 and 1.

    Example:
        >>> found = cochrans_q([[1, 0, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0]])
        >>> round(found.statistic, 4), round(found.p, 4)
        (2.6667, 0.2636)
    """
    e = reals(errors)
    if e.shape[0] < 3:
        return Outcome.none("fewer than 3 repeats: no Cochran's Q")
    if not e.var(axis=0).any():
        return Outcome.none("all repeats err on the same examples")
    test = contingency_tables.cochrans_q(e.T)
    return Outcome(float(test.statistic), float(test.pvalue))


def components(values: ArrayLike) -> Components:
    """Return mean squares of repeats, examples and residuals (Searle, Casella and McCulloch, 1992, chapter 4).

    Args:
        values: (repeats, examples) at least two of each: errors, or differences of two variants' errors.

    Example:
        >>> found = components([[1, 2, 3], [3, 4, 8]])
        >>> found.ms_repeat, found.ms_example, found.ms_residual
        (13.5, 6.5, 1.5)
    """
    x = reals(values)
    repeats, examples = x.shape
    rows, columns = x.mean(axis=1, keepdims=True), x.mean(axis=0, keepdims=True)
    residual: Reals = x - rows - columns + x.mean()
    return Components(
        (repeats, examples),
        examples * float(rows.var(ddof=1)),
        repeats * float(columns.var(ddof=1)),
        float((residual**2).sum()) / ((repeats - 1) * (examples - 1)),
    )


def new_examples_interval(differences: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of the mean over new repeats and new examples: at 95%, mean +- 1.96 sqrt(v).

    v = (MS_repeat + MS_example - MS_residual) / (R n), from both ways of the analysis of variance.

    Args:
        differences: (repeats, examples) one variant's correctness minus another's, in pairs of runs.
        confidence: level of the interval.

    Example:
        >>> new_examples_interval([[0, 1, 0], [1, 1, 0]]).why
        'fewer than 5 pairs: no interval over new examples'
    """
    d = reals(differences)
    if d.shape[0] < FEWEST_FOR_NEW_EXAMPLES or d.shape[1] < 2:
        return Interval.none(f"fewer than {FEWEST_FOR_NEW_EXAMPLES} pairs: no interval over new examples")
    v = components(d).mean_variance
    if v <= 0:
        return Interval.none("variance not resolved: no interval over new examples")
    half = float(stats.norm.ppf((1 + confidence) / 2) * np.sqrt(v))
    return Interval(float(d.mean()) - half, float(d.mean()) + half)
