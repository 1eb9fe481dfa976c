"""Folds of a cross-validation, whose runs share training rows and are therefore not independent."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cnnjobs.stats.distributions import t_above
from cnnjobs.stats.outcomes import Outcome, reals, sd

FEWEST_FOLDS = 5
"""With fewer runs of a cross-validation there are estimates, but no interval."""

ALIKE = "all pairs differ alike: cannot tell"
"""Reason for a missing test: the pairs are not independent and do not vary."""


@dataclass(frozen=True)
class FoldComponents:
    """Variance components of repeats x folds.

    Args:
        fold: variance between folds; may be negative, which means "not resolved".
        repeat_in_fold: variance between repeats of the same fold.
    """

    fold: float
    repeat_in_fold: float


def corrected_t(differences: Sequence[float], overlap: float = 0.0, least: int = 2) -> Outcome:
    """Return t = mean / sqrt(s^2 (1/J + overlap)) with J - 1 degrees of freedom, two-sided.

    Source: Nadeau and Bengio, Inference for the Generalization Error (2003); for folds that are drawn anew in each
    repeat, J = k r, as in Bouckaert and Frank (2004). With `overlap` 0 it is the paired t test. If independent pairs
    all differ by the same amount, there is no t; p is then that of sign flips, 2^(1 - J), or 1 if none differs.

    Args:
        differences: (J,) one per fold, or one per pair of independent runs.
        overlap: number of validation rows divided by training rows, 1 / (k - 1) for k folds; 0 for independent runs.
        least: smallest number of differences with a test.

    Example:
        >>> found = corrected_t([-0.075, 0.008, 0.041, -0.067, -0.075], overlap=1 / 4)
        >>> round(found.statistic, 4), round(found.p, 4)
        (-0.9207, 0.4093)
    """
    d = reals(differences)
    spread = sd(d)
    if spread is None:
        return Outcome.none("one pair: cannot tell from chance")
    if spread == 0:
        return Outcome.none(ALIKE) if overlap else Outcome(None, _p_of_alike(float(d.mean()), d.size))
    if d.size < least:
        return Outcome.none(f"below {least} folds: an estimate only")
    t = float(d.mean() / (spread * np.sqrt(1 / d.size + overlap)))
    return Outcome(t, float(2 * t_above(abs(t), d.size - 1)))


def _p_of_alike(difference: float, n: int) -> float:
    """Return p of n independent pairs that all differ by as much: of 2^n signs, two are as far from zero."""
    return 1.0 if abs(difference) < 1e-12 else 2.0 ** (1 - n)


def fold_means(values: Mapping[tuple[int, int], float]) -> dict[int, float]:
    """Return the mean of each fold over the repeats, where every repeat has the same folds.

    Such repeats do not add folds: if they were pooled, the same rows would count several times.

    Args:
        values: mapping from (repeat, fold) to values.

    Example:
        >>> fold_means({(0, 0): 0.5, (0, 1): 0.75, (1, 0): 1.0, (1, 1): 0.25})
        {0: 0.75, 1: 0.5}
    """
    runs: dict[int, list[float]] = defaultdict(list)
    for (_, fold), value in values.items():
        runs[fold].append(value)
    return {fold: float(np.mean(runs[fold])) for fold in sorted(runs)}


def fold_components(values: ArrayLike) -> FoldComponents | None:
    """Return the components of the one-way random-effects analysis of variance; None below two folds or repeats.

    repeat_in_fold = MS within, fold = (MS between - MS within) / repeats (Searle, Casella and McCulloch, Variance
    Components, 1992, chapter 3).

    Args:
        values: (repeats, folds), with the same folds in every repeat.

    Example:
        >>> found = fold_components([[0.50, 0.60, 0.70], [0.52, 0.62, 0.72]])
        >>> round(found.fold, 6), round(found.repeat_in_fold, 6)
        (0.0099, 0.0002)
    """
    x = reals(values)
    repeats, folds = x.shape
    if repeats < 2 or folds < 2:
        return None
    within = float(x.var(axis=0, ddof=1).mean())
    between = repeats * float(x.mean(axis=0).var(ddof=1))
    return FoldComponents((between - within) / repeats, within)
