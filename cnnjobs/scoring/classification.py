"""Classification of a test set: confusion matrix, precision, recall, F1 and ROC of a run, and their mean over runs."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]
Labels = NDArray[np.integer[Any]]

SCORES = ("precision", "recall", "f1", "auc")
"""Columns of `Classification.scores`."""

AVERAGES = ("macro", "micro", "weighted")
"""Rows of `Classification.scores` after the classes: the mean over classes, all examples and classes pooled, and the
mean over classes weighted by their examples."""

CURVES = ("macro", "micro")
"""Rows of `Classification.curves` after the classes."""

GRID: Reals = np.concatenate([[0.0], np.linspace(0, 0.2, 201), np.linspace(0.21, 1, 80)])
"""False positive rates at which curves are averaged: closer below 0.2, where curves of good networks bend. 0 is there
twice, for the step that a curve makes at its beginning."""

AT_ONCE = 1 << 18
"""About so many scores are ranked at a time: enough to be quick, few enough to stay in the processor's cache."""


@dataclass(frozen=True)
class Classification:
    """What a run makes of the test set; or the mean of that, or its standard deviation, over runs.

    Args:
        support: (classes,) examples of each class.
        counts: (classes, classes) examples of the row's class that were taken for the column's.
        rates: (classes, classes) `counts` over the row's sum; rows of classes without examples are 0.
        scores: (classes + 3, 4) `SCORES` of each class, then of each of `AVERAGES`. Precision of a class that is
            never predicted, recall of one without examples, and F1 where both are so, are 0, and count as 0 in the
            averages: scikit-learn's `zero_division=0`. AUC is nan for a class without a ROC curve, and left out of
            the averages.
        curves: (classes + 2, len(GRID)) true positive rates at `GRID` of each class against the rest, then of each
            of `CURVES`; nan where there is no ROC curve.
    """

    support: Reals
    counts: Reals
    rates: Reals
    scores: Reals
    curves: Reals


@dataclass(frozen=True)
class OverRuns:
    """The classifications of several runs.

    Args:
        n: how many.
        mean: their mean.
        sd: their standard deviation with ddof=1; nan for one run, which has none.
    """

    n: int
    mean: Classification
    sd: Classification


class Running:
    """Mean and standard deviation of every figure, of runs that come one by one (Welford, Technometrics, 1962)."""

    def __init__(self) -> None:
        self.n = 0
        self._means: list[Reals] = []
        self._squares: list[Reals] = []

    def add(self, run: Classification) -> None:
        """Take in a run."""
        values = [getattr(run, field.name) for field in fields(Classification)]
        if not self.n:
            self._means, self._squares = ([np.zeros_like(value) for value in values] for _ in range(2))
        self.n += 1
        for mean, squares, value in zip(self._means, self._squares, values, strict=True):
            away = value - mean
            mean += away / self.n
            squares += away * (value - mean)

    def over_runs(self) -> OverRuns:
        """Return mean and standard deviation of the runs so far, at least one."""
        if self.n > 1:
            sds = [np.sqrt(squares / (self.n - 1)) for squares in self._squares]
        else:
            sds = [np.full_like(squares, np.nan) for squares in self._squares]
        return OverRuns(self.n, Classification(*(mean.copy() for mean in self._means)), Classification(*sds))


def over_runs(runs: Iterable[Classification]) -> OverRuns:
    """Return mean and standard deviation of every figure of at least one run."""
    running = Running()
    for run in runs:
        running.add(run)
    return running.over_runs()


def classify(labels: Labels, predicted: Labels, probabilities: NDArray[np.float32]) -> Classification:
    """Return every figure of one run.

    Args:
        labels: (n,) the truth, in [0, classes); at least one.
        predicted: (n,) in [0, classes).
        probabilities: (n, classes) finite; at least two classes.
    """
    counts = confusion_matrix(labels, predicted, probabilities.shape[1])
    rates = _ratio(counts, counts.sum(axis=1, keepdims=True))
    curves, areas = roc(labels, probabilities)
    scores = np.column_stack([precision_recall_f1(counts), areas])
    return Classification(counts.sum(axis=1, dtype=np.float64), counts.astype(np.float64), rates, scores, curves)


def confusion_matrix(labels: Labels, predicted: Labels, classes: int) -> Whole:
    """Return how many examples of the row's class were taken for the column's, (classes, classes).

    Args:
        labels: (n,) in [0, classes).
        predicted: (n,) in [0, classes).
        classes: how many there are.
    """
    places = labels.astype(np.int64) * classes + predicted
    return np.bincount(places, minlength=classes * classes).reshape(classes, classes)


def precision_recall_f1(counts: Whole) -> Reals:
    """Return precision, recall and F1 of each class, then macro, micro and weighted, (classes + 3, 3).

    Precision is right / predicted, recall is right / examples, and F1 = 2 right / (predicted + examples), their
    harmonic mean (van Rijsbergen, Information Retrieval, 1979); 0 / 0 is 0.

    Args:
        counts: (classes, classes) as of `confusion_matrix`.
    """
    right, examples, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    each = _three(right, examples, predicted)
    micro = _three(right.sum(), examples.sum(), predicted.sum())
    return np.vstack([each, each.mean(axis=0), micro, examples @ each / examples.sum()])


def _three(right: Whole, examples: Whole, predicted: Whole) -> Reals:
    return np.stack([_ratio(right, predicted), _ratio(right, examples), _ratio(2 * right, predicted + examples)], -1)


def _ratio(part: Whole, whole: Whole) -> Reals:
    """Return part / whole, 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) != 0)


def roc(labels: Labels, probabilities: NDArray[np.float32]) -> tuple[Reals, Reals]:
    """Return ROC curves at `GRID`, one class against the rest, and the areas under them.

    The micro average pools all (example, class) pairs. The macro curve is the mean of the class curves, the macro area
    the mean of the class areas, as scikit-learn's `roc_auc_score(multi_class="ovr")`; weighted by examples for the
    weighted area. A class that no example is of, or all, has no curve, and is left out of the averages.

    Args:
        labels: (n,) in [0, classes).
        probabilities: (n, classes) finite.

    Returns:
        curves: (classes + 2, len(GRID)) true positive rates of the classes, macro, micro.
        areas: (classes + 3,) of the classes, macro, micro, weighted.
    """
    count, classes = probabilities.shape
    truth = labels == np.arange(classes)[:, np.newaxis]
    examples = truth.sum(axis=1)
    curves, areas = np.full((classes + 2, len(GRID)), np.nan), np.full(classes + 3, np.nan)
    defined = np.flatnonzero((examples > 0) & (examples < count))
    step = max(1, AT_ONCE // count)
    for some in (defined[start : start + step] for start in range(0, defined.size, step)):
        curves[some], areas[some] = roc_on_grid(truth[some], probabilities.T[some])
    if defined.size:
        curves[classes], areas[classes] = curves[defined].mean(axis=0), areas[defined].mean()
        areas[classes + 2] = np.average(areas[defined], weights=examples[defined])
    micro = roc_on_grid(truth.reshape(1, -1), probabilities.T.reshape(1, -1))
    curves[classes + 1], areas[classes + 1] = micro[0][0], micro[1][0]
    return curves, areas


def roc_on_grid(truth: NDArray[np.bool_], scores: NDArray[np.float32]) -> tuple[Reals, Reals]:
    """Return true positive rates at `GRID`, (curves, len(GRID)), and areas by the trapezoid rule, (curves,).

    Equal scores make one point, as in Fawcett, An introduction to ROC analysis (2006), algorithm 1: here the others
    of them repeat the point before, which changes neither curve nor area. Areas are sums of whole numbers up to their
    last division.

    Args:
        truth: (curves, n) which examples are positive; in each row some are, some are not.
        scores: (curves, n) higher is more positive.
    """
    order = np.argsort(-scores, axis=1)
    ranked = np.take_along_axis(scores, order, axis=1)
    last = np.ones(scores.shape, np.bool_)
    np.not_equal(ranked[:, 1:], ranked[:, :-1], out=last[:, :-1])
    right: Whole = np.cumsum(np.take_along_axis(truth, order, axis=1), axis=1, dtype=np.int64)
    hits, alarms = _points(right, last), _points(np.arange(1, scores.shape[1] + 1) - right, last)
    areas = ((hits[:, 1:] + hits[:, :-1]) * np.diff(alarms)).sum(axis=1) / (2 * hits[:, -1] * alarms[:, -1])
    curves = np.stack([np.interp(GRID, a / a[-1], h / h[-1]) for a, h in zip(alarms, hits, strict=True)])
    curves[:, 0] = 0.0
    return curves, areas


def _points(counts: Whole, last: NDArray[np.bool_]) -> Whole:
    """Return 0, then each count where it is the last of equal scores, and the count before elsewhere."""
    points = np.zeros((counts.shape[0], counts.shape[1] + 1), np.int64)
    np.maximum.accumulate(np.where(last, counts, 0), axis=1, out=points[:, 1:])
    return points
