"""Metrics of stored predictions: functions of what one run predicts of the test set.

Where scikit-learn has the metric, its value is the same, to rounding. What scikit-learn answers with nan or a warning
has no value here, and a sentence about it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnjobs.scoring.calibration import reliability
from cnnjobs.scoring.classification import Whole, confusion_matrix, precision_recall_f1
from cnnjobs.scoring.predicted import Predicted
from cnnjobs.wording.labels import listed

SMALLEST = float(np.finfo(np.float32).eps)
"""The smallest probability in a log loss: the spacing of float32 at 1, as in scikit-learn."""

SUM_TO_ONE = 1e-3
"""How far from 1 the sum of an image's probabilities may be without a word."""

Names = tuple[str, ...]
"""Names of the classes, in the order of the labels."""


Truth = NDArray[np.bool_]
Probabilities = NDArray[np.float32]
Labels = NDArray[np.int32]


class Score(NamedTuple):
    """A metric of one run.

    Args:
        value: None where the metric is not defined.
        remark: why it is not; or what to know of the value.
    """

    value: float | None
    remark: str = ""


def balanced_accuracy(run: Predicted, names: Names) -> Score:
    """Return the mean over classes of the share of their examples that are recognised; of classes with examples."""
    counts = _counts(run)
    examples = counts.sum(axis=1)
    there = examples > 0
    return Score(float((counts.diagonal()[there] / examples[there]).mean()), _over_some(names, there))


def macro(column: int) -> Callable[[Predicted, Names], Score]:
    """Return the function for the mean over all classes of a column of `precision_recall_f1`; 0 / 0 counts as 0."""

    def score(run: Predicted, names: Names) -> Score:
        counts = _counts(run)
        missing = _listed(names, counts.sum(axis=1) == 0)
        remark = f"classes without images count as 0, as in the table of classes: {missing}" if missing else ""
        return Score(float(precision_recall_f1(counts)[len(names), column]), remark)

    return score


def weighted_f1(run: Predicted, names: Names) -> Score:
    """Return the mean of the F1 of the classes, weighted by their examples."""
    return Score(float(precision_recall_f1(_counts(run))[len(names) + 2, 2]))


def cohen_kappa(run: Predicted, names: Names) -> Score:
    """Return Cohen's kappa (1960): agreement with the truth above that of chance with the same frequencies."""
    counts = _counts(run).astype(np.float64)
    total = counts.sum()
    by_chance = float(counts.sum(axis=0) @ counts.sum(axis=1)) / total**2
    if by_chance == 1:
        return Score(None, "all images and all predictions are of one class")
    return Score((float(counts.trace()) / total - by_chance) / (1 - by_chance))


def mcc(run: Predicted, names: Names) -> Score:
    """Return Matthews' correlation coefficient of any number of classes (Gorodkin, 2004); 0 for a constant."""
    counts = _counts(run).astype(np.float64)
    total, examples, predicted = counts.sum(), counts.sum(axis=1), counts.sum(axis=0)
    spread = (total**2 - predicted @ predicted) * (total**2 - examples @ examples)
    if spread == 0:
        return Score(0.0)
    return Score(float((total * counts.trace() - predicted @ examples) / np.sqrt(spread)))


def auroc(run: Predicted, names: Names) -> Score:
    """Return the area under the ROC curve: of two classes the usual one, else the mean of one class against the rest.

    Classes that no example is of, or all, have no curve and are left out.
    """
    if len(names) == 2:
        return auroc_of_class(run, names, 1)
    return _mean_over_classes(run, names, _area)


def average_precision(run: Predicted, names: Names) -> Score:
    """Return the mean over classes of their average precision; classes without examples are left out."""
    return _mean_over_classes(run, names, _average_precision)


def log_loss(run: Predicted, names: Names) -> Score:
    """Return the mean of -log p(label), with p not below `SMALLEST`."""
    own = run.probabilities[np.arange(len(run.labels)), run.labels].astype(np.float64)
    return Score(float(-np.log(np.clip(own, SMALLEST, 1)).mean()), _not_summing_to_one(run))


def brier(run: Predicted, names: Names) -> Score:
    """Return the mean over examples of the sum over classes of (p - one-hot label)^2 (Brier, 1950).

    Of two classes it is half of that, the square of one of them, as in scikit-learn: in [0, 1], else in [0, 2].
    """
    away = run.probabilities.astype(np.float64)
    away[np.arange(len(run.labels)), run.labels] -= 1
    mean = float(np.square(away).sum(axis=1).mean())
    return Score(mean / 2 if len(names) == 2 else mean, _not_summing_to_one(run))


def ece(run: Predicted, names: Names) -> Score:
    """Return the expected calibration error over `calibration.BINS` intervals of confidence (Guo et al., 2017)."""
    return Score(reliability(run).error, _not_summing_to_one(run))


def top_accuracy(run: Predicted, names: Names, most: int) -> Score:
    """Return the share of examples in which fewer than `most` classes are more probable than the label."""
    if most >= len(names):
        return Score(None, f"of {len(names)} classes every label is among the {most} most probable")
    own = run.probabilities[np.arange(len(run.labels)), run.labels, np.newaxis]
    return Score(float(((run.probabilities > own).sum(axis=1) < most).mean()))


def of_class(column: int) -> Callable[[Predicted, Names, int], Score]:
    """Return the function for a column of `precision_recall_f1` of one class."""

    def score(run: Predicted, names: Names, own: int) -> Score:
        counts = _counts(run)
        if not counts[own].sum():
            return Score(None, _no_images(names, own))
        never = column == 0 and not counts[:, own].sum()
        remark = f"{names[own]} is never predicted, and its precision counts as 0" if never else ""
        return Score(float(precision_recall_f1(counts)[own, column]), remark)

    return score


def auroc_of_class(run: Predicted, names: Names, own: int) -> Score:
    """Return the area under the ROC curve of one class against the rest."""
    truth = run.labels == own
    if truth.all():
        return Score(None, f"all images are of class {names[own]}")
    return Score(_area(truth, run.probabilities[:, own])) if truth.any() else Score(None, _no_images(names, own))


def average_precision_of_class(run: Predicted, names: Names, own: int) -> Score:
    """Return the average precision of one class against the rest: the step-wise area under precision and recall."""
    truth = run.labels == own
    if not truth.any():
        return Score(None, _no_images(names, own))
    return Score(_average_precision(truth, run.probabilities[:, own]))


def _counts(run: Predicted) -> Whole:
    return confusion_matrix(run.labels, run.classes, run.probabilities.shape[1])


def _mean_over_classes(run: Predicted, names: Names, of: Callable[[Truth, Probabilities], float]) -> Score:
    truth = run.labels[:, np.newaxis] == np.arange(len(names))
    there = truth.any(axis=0) & ~truth.all(axis=0)
    if not there.any():
        return Score(None, "all images are of one class")
    values = [of(truth[:, own], run.probabilities[:, own]) for own in np.flatnonzero(there)]
    return Score(float(np.mean(values)), _over_some(names, there))


def _area(truth: Truth, scores: Probabilities) -> float:
    """Return the area under the ROC curve by the trapezoid rule; equal scores make one point of the curve."""
    hits, taken = _taken(truth, scores)
    alarms = taken - hits
    before = np.concatenate([[0], hits[:-1]])
    twice = (np.diff(alarms, prepend=0) * (hits + before)).sum()
    return float(twice / (2 * hits[-1] * alarms[-1]))


def _average_precision(truth: Truth, scores: Probabilities) -> float:
    """Return the sum of precision x gain in recall over the distinct scores, the highest first."""
    hits, taken = _taken(truth, scores)
    return float((np.diff(hits, prepend=0) * hits / taken).sum() / hits[-1])


def _taken(truth: Truth, scores: Probabilities) -> tuple[Whole, Whole]:
    """Return how many positives, and how many of all, have at least each of the distinct scores, the highest first."""
    order = np.argsort(-scores)
    ranked = scores[order]
    last = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    return np.cumsum(truth[order], dtype=np.int64)[last], last + 1


def _over_some(names: Names, there: Truth) -> str:
    """Say over which classes a mean is, if not over all."""
    if there.all():
        return ""
    return f"it is over {int(there.sum())} of {len(names)} classes, as there are no images of {_listed(names, ~there)}"


def _no_images(names: Names, own: int) -> str:
    return f"no image is of class {names[own]}"


def _listed(names: Names, which: Truth) -> str:
    chosen = [name for name, one in zip(names, which, strict=True) if one]
    return listed(chosen)


def _not_summing_to_one(run: Predicted) -> str:
    away = np.abs(run.probabilities.sum(axis=1, dtype=np.float64) - 1) > SUM_TO_ONE
    return f"the probabilities of {int(away.sum()):,} images do not sum to 1" if away.any() else ""
