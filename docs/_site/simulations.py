"""The numbers of docs/statistics.md: simulations with fixed seeds, where the right answer is known."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Numbers = NDArray[np.float64]

TRUE_MEAN, TRUE_SD = 97.0, 0.5
"""Of the runs that are simulated, in percent."""


def intervals_of_five(experiments: int = 40, seed: int = 1) -> tuple[Numbers, Numbers, Numbers]:
    """Return mean, low and high of the 95% t interval of each experiment of five runs."""
    runs = np.random.default_rng(seed).normal(TRUE_MEAN, TRUE_SD, (experiments, 5))
    half = stats.t.ppf(0.975, 4) * runs.std(axis=1, ddof=1) / np.sqrt(5)
    mean = runs.mean(axis=1)
    return mean, mean - half, mean + half


def false_by_looks(most: int = 20, first: int = 5, jobs: int = 20_000, seed: int = 0) -> dict[int, float]:
    """Return how often chance is called an effect by a t test at each number of pairs from `first` on, by the last."""
    pairs = np.random.default_rng(seed).normal(size=(jobs, most))
    significant = np.zeros(jobs, dtype=bool)
    share = {}
    for n in range(first, most + 1):
        d = pairs[:, :n]
        t = d.mean(axis=1) / (d.std(axis=1, ddof=1) / np.sqrt(n))
        significant |= np.abs(t) > stats.t.ppf(0.975, n - 1)
        share[n] = float(significant.mean())
    return share


def false_by_variants(most: int = 10, pairs: int = 5, jobs: int = 20_000, seed: int = 0) -> tuple[Numbers, Numbers]:
    """Return how often one of 1 to `most` variants that are all equal differs from the reference by p below 0.05.

    Returns:
        Without an adjustment, and with Holm's.
    """
    runs = np.random.default_rng(seed).normal(size=(most + 1, jobs, pairs))
    d = runs[1:] - runs[0]
    t = d.mean(axis=2) / (d.std(axis=2, ddof=1) / np.sqrt(pairs))
    p = 2 * stats.t.sf(np.abs(t), pairs - 1)
    smallest = np.minimum.accumulate(p, axis=0)
    bounds = 0.05 / np.arange(1, most + 1)[:, None]
    return (smallest < 0.05).mean(axis=1), (smallest < bounds).mean(axis=1)


def false_by_folds(jobs: int = 40_000, folds: int = 5, seed: int = 0) -> tuple[float, float]:
    """Return how often folds without a true difference have p below 0.05: by the plain t test, by the corrected one.

    Differences of folds are correlated by the share of rows that are validated, as Nadeau and Bengio (2003) assume.
    """
    rng = np.random.default_rng(seed)
    shared = 1 / folds
    d = np.sqrt(shared) * rng.normal(size=(jobs, 1)) + np.sqrt(1 - shared) * rng.normal(size=(jobs, folds))
    spread = d.std(axis=1, ddof=1)
    bound = stats.t.ppf(0.975, folds - 1)
    plain = np.abs(d.mean(axis=1)) > bound * spread * np.sqrt(1 / folds)
    corrected = np.abs(d.mean(axis=1)) > bound * spread * np.sqrt(1 / folds + 1 / (folds - 1))
    return float(plain.mean()), float(corrected.mean())


def one_sign(pairs: Sequence[int]) -> list[float]:
    """Return how probable it is that all differences have one sign, where either is as probable as the other."""
    return [2.0 ** (1 - n) for n in pairs]


def floor_sd(accuracy: float, images: int) -> float:
    """Return the SD of accuracy, in points, from independent errors on so many test images."""
    return float(100 * np.sqrt(accuracy * (1 - accuracy) / images))


def paired_and_not(correlation: float, repeats: int = 5, jobs: int = 20_000, seed: int = 0) -> tuple[float, float]:
    """Return how often a true difference of one SD has p below 0.05: paired, and not paired."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(jobs, repeats)) * np.sqrt(correlation)
    a, b = (shared + np.sqrt(1 - correlation) * rng.normal(size=(jobs, repeats)) for _ in range(2))
    paired = stats.ttest_rel(a + 1, b, axis=1).pvalue < 0.05
    apart = stats.ttest_ind(a + 1, b, axis=1).pvalue < 0.05
    return float(paired.mean()), float(apart.mean())
