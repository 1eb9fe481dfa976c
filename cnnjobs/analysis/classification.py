"""Classification of a test set: confusion matrix, precision, recall, F1 and ROC of a run, and their mean over runs."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]

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


def over_runs(runs: Sequence[Classification]) -> OverRuns:
    """Return mean and standard deviation of every figure of at least one run."""
    stacks = [np.stack([getattr(run, field.name) for run in runs]) for field in fields(Classification)]
    mean = Classification(*(stack.mean(axis=0) for stack in stacks))
    return OverRuns(len(runs), mean, Classification(*(_sd(stack) for stack in stacks)))


def _sd(stack: Reals) -> Reals:
    """Return the standard deviation over the first axis."""
    sd: Reals = stack.std(axis=0, ddof=1) if len(stack) > 1 else np.full_like(stack[0], np.nan)
    return sd


def classify(labels: Whole, predicted: Whole, probabilities: NDArray[np.float32]) -> Classification:
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


def confusion_matrix(labels: Whole, predicted: Whole, classes: int) -> Whole:
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


def roc(labels: Whole, probabilities: NDArray[np.float32]) -> tuple[Reals, Reals]:
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
    truth = labels[:, np.newaxis] == np.arange(classes)
    examples = truth.sum(axis=0)
    curves, areas = np.full((classes + 2, len(GRID)), np.nan), np.full(classes + 3, np.nan)
    known = np.flatnonzero((examples > 0) & (examples < count))
    for index in known:
        curves[index], areas[index] = _on_grid(truth[:, index], probabilities[:, index])
    if known.size:
        curves[classes], areas[classes] = curves[known].mean(axis=0), areas[known].mean()
        areas[classes + 2] = np.average(areas[known], weights=examples[known])
    curves[classes + 1], areas[classes + 1] = _on_grid(truth.ravel(), probabilities.ravel())
    return curves, areas


def roc_curve(truth: NDArray[np.bool_], scores: NDArray[np.float32]) -> tuple[Reals, Reals]:
    """Return false and true positive rates at every threshold, each (points,), from (0, 0) to (1, 1).

    Equal scores make one point, as in Fawcett, An introduction to ROC analysis (2006), algorithm 1.

    Args:
        truth: (n,) which examples are positive; some are, some are not.
        scores: (n,) higher is more positive.
    """
    order = np.argsort(-scores)
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.cumsum(truth[order])[last]
    alarms = last + 1 - hits
    return np.append(0.0, alarms / alarms[-1]), np.append(0.0, hits / hits[-1])


def _on_grid(truth: NDArray[np.bool_], scores: NDArray[np.float32]) -> tuple[Reals, float]:
    """Return the true positive rates at `GRID` and the area under the whole curve, by the trapezoid rule."""
    alarms, hits = roc_curve(truth, scores)
    rates = np.interp(GRID, alarms, hits)
    rates[0] = 0.0
    return rates, float(np.trapezoid(hits, alarms))
