"""Metrics of predictions, computed in float64 by NumPy."""

import numpy as np
from numpy.typing import NDArray

from cnnjobs.spec.metrics import TOP


def all_metrics(probabilities: NDArray[np.float32], labels: NDArray[np.int32]) -> dict[str, float]:
    """Return every metric under the name that it has in `epochs`.

    Args:
        probabilities: (n, classes), rows sum to 1.
        labels: (n,) in [0, classes).
    """
    return {
        "loss": cross_entropy(probabilities, labels),
        "accuracy": accuracy(probabilities, labels),
        "mse": mean_squared_error(probabilities, labels),
        "top5_accuracy": top_k_accuracy(probabilities, labels, TOP),
    }


def cross_entropy(probabilities: NDArray[np.float32], labels: NDArray[np.int32]) -> float:
    """Return the mean of -log p(label), computed in float64 with p clipped at 1e-7 as Keras does.

    Args:
        probabilities: (n, classes), rows sum to 1.
        labels: (n,) in [0, classes).
    """
    return float(-np.log(np.clip(_of_label(probabilities, labels), 1e-7, 1.0)).mean())


def accuracy(probabilities: NDArray[np.float32], labels: NDArray[np.int32]) -> float:
    """Return the fraction of rows whose most probable class is the label."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def mean_squared_error(probabilities: NDArray[np.float32], labels: NDArray[np.int32]) -> float:
    """Return the mean over rows and classes of (p - one-hot label)^2, as `keras.losses.mean_squared_error` of both.

    Args:
        probabilities: (n, classes), rows sum to 1.
        labels: (n,) in [0, classes).
    """
    squares = np.square(probabilities, dtype=np.float64).sum(axis=1) - 2 * _of_label(probabilities, labels) + 1
    return float(squares.mean() / probabilities.shape[1])


def top_k_accuracy(probabilities: NDArray[np.float32], labels: NDArray[np.int32], k: int) -> float:
    """Return the fraction of rows in which fewer than k classes are more probable than the label.

    Args:
        probabilities: (n, classes), rows sum to 1.
        labels: (n,) in [0, classes).
        k: with k classes or fewer every row counts.
    """
    own = probabilities[np.arange(len(labels)), labels, np.newaxis]
    return float(((probabilities > own).sum(axis=1) < k).mean())


def _of_label(probabilities: NDArray[np.float32], labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the probability of each row's label, (n,)."""
    of_label: NDArray[np.float64] = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return of_label
