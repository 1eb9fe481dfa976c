"""Agreement of repeats: their churn, and the accuracy of their ensemble."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnjobs.stats.outcomes import reals


def churn(predicted: ArrayLike) -> float | None:
    """Return the fraction of examples on which two repeats predict different classes, averaged over all their pairs.

    The name is that of Milani Fard, Cormier, Canini and Gupta, Launch and Iterate: Reducing Prediction Churn (NeurIPS
    2016). None for one repeat.

    Args:
        predicted: (repeats, examples) whole numbers, the class that each repeat predicts, counted from 0.

    Example:
        >>> churn([[0, 1, 2, 2], [0, 1, 1, 2]])  # they differ on one of four examples
        0.25
    """
    classes = np.asarray(predicted)
    votes = [np.bincount(column, minlength=int(classes.max()) + 1) for column in classes.T]
    return churn_of_votes(votes)


def churn_of_votes(votes: ArrayLike) -> float | None:
    """Return the result of `churn` from the number of repeats that predict each class.

    Of the R (R - 1) ordered pairs of repeats, m (m - 1) agree on a class that m repeats predict.

    Args:
        votes: (examples, classes) number of repeats that predict the class; every row sums to the number of repeats.
    """
    m = np.asarray(votes)
    examples, repeats = len(m), int(m[0].sum())
    if repeats < 2:
        return None
    agreeing = int(np.einsum("ij,ij->", m, m, dtype=np.int64)) - repeats * examples
    return float(1 - agreeing / (examples * repeats * (repeats - 1)))


def ensemble_accuracy(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Return the accuracy of an ensemble that predicts the class with the highest mean probability over repeats.

    Source: Lakshminarayanan, Pritzel and Blundell, Simple and Scalable Predictive Uncertainty Estimation using Deep
    Ensembles (NeurIPS 2017). The result is one number for all repeats together, without an SD over repeats.

    Args:
        probabilities: (repeats, examples, classes).
        labels: (examples,) the true classes, counted from 0.

    Example:
        >>> ensemble_accuracy([[[0.9, 0.1], [0.6, 0.4]], [[0.4, 0.6], [0.1, 0.9]]], [0, 1])
        1.0
    """
    return ensemble_accuracy_of_sum(reals(probabilities).sum(axis=0), np.asarray(labels))


def ensemble_accuracy_of_sum(total: NDArray[np.float64], labels: NDArray[np.integer]) -> float:
    """Return the result of `ensemble_accuracy` from the sum of the probabilities over repeats, (examples, classes)."""
    return float((total.argmax(axis=1) == labels).mean())
