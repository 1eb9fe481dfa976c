"""Examples: the share of the finite test set in the variance over repeats, and the variance over new examples.

Every statistic is a function of sums over repeats and over examples, which can be computed in one pass over runs that
do not fit into memory together; functions of whole arrays compute those sums first.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cnnjobs.stats.distributions import chi_squared_above, chi_squared_quantile, normal_quantile
from cnnjobs.stats.outcomes import CONFIDENCE, Interval, Outcome, Reals, reals

FEWEST_FOR_NEW_EXAMPLES = 5
"""With fewer repeats, their mean square is too uncertain to be added to that of the examples."""

TOO_FEW = Interval.none(f"fewer than {FEWEST_FOR_NEW_EXAMPLES} pairs: no interval over new examples")


@dataclass(frozen=True)
class Noise:
    """The components of the variance of accuracy over repeats, with accuracy as a fraction.

    Args:
        shape: (repeats, units), where units are examples or groups of examples.
        observed: variance of accuracy with ddof=1.
        floor: variance that is expected from independent errors on this number of examples, even if all repeats are
            equally accurate.
        q: Cochran's Q test of equal accuracy.
    """

    shape: tuple[int, int]
    observed: float
    floor: float
    q: Outcome

    @property
    def distribution(self) -> float:
        """Variance that is expected on an infinitely large test set; may be negative: "not resolved"."""
        return self._beyond_floor(self.observed)

    def distribution_interval(self, confidence: float = CONFIDENCE) -> Interval:
        """Return the interval of the variance that is expected on an infinite test set; its lower end may be below 0.

        It is the chi-squared interval of the observed variance minus the floor, whose own error is comparatively small.
        In simulations with 2 to 30 repeats on 359 and 10,000 images, its coverage is 94 to 98%, whether or not repeats
        differ.

        Args:
            confidence: level of the interval.
        """
        if self.observed == 0:
            return Interval.none("all repeats equally accurate")
        tail, freedom = (1 - confidence) / 2, self.shape[0] - 1
        ends = (freedom * self.observed / chi_squared_quantile(share, freedom) for share in (1 - tail, tail))
        low, high = (self._beyond_floor(end) for end in ends)
        return Interval(low, high) if high >= 0 else Interval.none("less than independent errors make")

    def _beyond_floor(self, variance: float) -> float:
        """Return n / (n - 1) (variance - floor)."""
        return self.shape[1] / (self.shape[1] - 1) * (variance - self.floor)


@dataclass(frozen=True)
class Components:
    """The two-way random-effects analysis of variance of (repeats, examples) with one value per cell.

    Args:
        shape: (repeats, examples).
        ms_repeat: mean square of repeats.
        ms_example: mean square of examples.
        ms_residual: mean square of residuals.
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
    """Return the components of the variance of accuracy over repeats; None for one repeat.

    Args:
        errors: (repeats, examples) 1 if a repeat is wrong on an example, else 0.

    Example:
        >>> found = noise([[1, 0, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0]])
        >>> round(found.observed, 4), round(found.floor, 4), round(found.distribution, 4)
        (0.0833, 0.0625, 0.0278)
    """
    return noise_of_counts(*_counts(errors))


def noise_of_counts(by_repeat: ArrayLike, by_example: ArrayLike) -> Noise | None:
    """Return the result of `noise` from the numbers of errors of each repeat and on each example.

    Args:
        by_repeat: (repeats,) number of examples on which each repeat is wrong.
        by_example: (examples,) number of repeats that are wrong on each example.
    """
    wrong, missed = reals(by_repeat), reals(by_example)
    if wrong.size < 2 or missed.size < 2:
        return None
    observed, floor = _observed(wrong, missed.size), _floor(missed, wrong.size)
    return Noise((wrong.size, missed.size), observed, floor, _cochrans_q(wrong, missed))


def floor_variance(errors: ArrayLike) -> float:
    """Return sum over examples of Var(errors over repeats) / n^2: the variance from a test set of n examples.

    Args:
        errors: (repeats, examples) of 0 and 1; at least two repeats of the same test set.

    Example:
        >>> floor_variance([[1, 0, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0]])
        0.0625
    """
    wrong, missed = _counts(errors)
    return _floor(missed, wrong.size)


def distribution_variance(errors: ArrayLike) -> float:
    """Return n / (n - 1) (Var(accuracy) - floor): the variance that is expected on an infinitely large test set.

    Source: Jordan, Calibrated Chaos: Variance Between Runs of Neural Network Training is Harmless and Inevitable (arXiv
    2304.01910), Eq. 3. The estimate is unbiased and may therefore be negative: then the variance between repeats cannot
    be distinguished from the floor.

    Args:
        errors: (repeats, examples) of 0 and 1; at least two of each.

    Example:
        >>> round(distribution_variance([[1, 0, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0]]), 4)
        0.0278
    """
    found = noise(errors)
    if found is None:
        raise ValueError("`errors` must be of at least two repeats and two examples.")
    return found.distribution


def cochrans_q(errors: ArrayLike) -> Outcome:
    """Return Cochran's Q (1950), the test of equal accuracy; Q / (R - 1) is the observed variance over the floor.

    Args:
        errors: (repeats, examples) of 0 and 1.

    Example:
        >>> found = cochrans_q([[1, 0, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0]])
        >>> round(found.statistic, 4), round(found.p, 4)
        (2.6667, 0.2636)
    """
    return _cochrans_q(*_counts(errors))


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
    x = x - x.mean()  # mean squares stay, and sums of squares keep their digits
    return components_of_sums(x.sum(axis=1), x.sum(axis=0), float((x**2).sum()))


def components_of_sums(by_repeat: ArrayLike, by_example: ArrayLike, squares: float) -> Components:
    """Return the result of `components` from sums.

    Args:
        by_repeat: (repeats,) the sum over examples of each repeat; small compared with `squares`, as for differences.
        by_example: (examples,) the sum over repeats of each example.
        squares: the sum of the squares of all values.
    """
    rows, columns = reals(by_repeat), reals(by_example)
    repeats, examples = rows.size, columns.size
    repeat, example = rows.var(ddof=1) / examples, columns.var(ddof=1) / repeats
    total = squares - rows.sum() ** 2 / (repeats * examples)
    residual = (total - (repeats - 1) * repeat - (examples - 1) * example) / ((repeats - 1) * (examples - 1))
    return Components((repeats, examples), float(repeat), float(example), float(residual))


def new_examples_interval(differences: ArrayLike, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of the mean over new repeats and new examples: mean +- 1.96 sqrt(v) at 95%.

    v = (MS_repeat + MS_example - MS_residual) / (R n), from the two-way analysis of variance.

    Args:
        differences: (repeats, examples) one variant's correctness minus another's, for pairs of runs.
        confidence: level of the interval.

    Example:
        >>> new_examples_interval([[0, 1, 0], [1, 1, 0]]).why
        'fewer than 5 pairs: no interval over new examples'
    """
    d = reals(differences)
    return _over_both(components(d), float(d.mean()), confidence) if _enough(*d.shape) else TOO_FEW


def new_examples_interval_of_sums(
    by_repeat: ArrayLike, by_example: ArrayLike, squares: float, confidence: float = CONFIDENCE
) -> Interval:
    """Return the result of `new_examples_interval` from the sums that `components_of_sums` takes."""
    rows, columns = reals(by_repeat), reals(by_example)
    if not _enough(rows.size, columns.size):
        return TOO_FEW
    mean = float(rows.sum()) / (rows.size * columns.size)
    return _over_both(components_of_sums(rows, columns, squares), mean, confidence)


def _enough(repeats: int, examples: int) -> bool:
    return repeats >= FEWEST_FOR_NEW_EXAMPLES and examples >= 2


def _over_both(variances: Components, mean: float, confidence: float) -> Interval:
    v = variances.mean_variance
    if v <= 0:
        return Interval.none("variance not resolved: no interval over new examples")
    half = normal_quantile((1 + confidence) / 2) * float(np.sqrt(v))
    return Interval(mean - half, mean + half)


def _counts(errors: ArrayLike) -> tuple[Reals, Reals]:
    """Return how often each repeat is wrong, (repeats,), and how often each example is got wrong, (examples,)."""
    e = reals(errors)
    return e.sum(axis=1), e.sum(axis=0)


def _observed(wrong: Reals, examples: int) -> float:
    """Return the variance of accuracy over repeats, ddof=1."""
    return float((wrong / examples).var(ddof=1))


def _floor(missed: Reals, repeats: int) -> float:
    """Return the floor; an example that k of R repeats get wrong has the variance k (R - k) / (R (R - 1))."""
    return float((missed * (repeats - missed)).sum() / (repeats * (repeats - 1)) / missed.size**2)


def _cochrans_q(wrong: Reals, missed: Reals) -> Outcome:
    repeats = wrong.size
    if repeats < 3:
        return Outcome.none("fewer than 3 repeats: no Cochran's Q")
    mixed = float((missed * (repeats - missed)).sum())
    if mixed == 0:
        return Outcome.none("all repeats err on the same examples")
    q = repeats * (repeats - 1) * float(((wrong - wrong.mean()) ** 2).sum()) / mixed
    return Outcome(q, chi_squared_above(q, repeats - 1))
