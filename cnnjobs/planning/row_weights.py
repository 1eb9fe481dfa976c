"""How much each row of a trial counts in what is minimised."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.datasets.group_splits import Rows
from cnnjobs.spec.class_weights import BALANCED

ClassWeight = str | Mapping[str, float] | None


def sample_weights(data: Dataset, rows: Rows, class_weight: ClassWeight) -> NDArray[np.float32]:
    """Return how much each row that can be trained on counts, (n,): the product of what its class and it count.

    Args:
        data: the data set, as the trial uses it.
        rows: those that it trains on.
        class_weight: of the variant.

    Raises:
        ValueError: if none of the rows counts.
    """
    weights = np.ones(len(data.y_train)) if data.weights_train is None else data.weights_train.astype(np.float64)
    if class_weight is not None:
        weights = weights * class_weights(class_weight, data.y_train[rows], data.class_names)[data.y_train]
    found = weights.astype(np.float32)
    if not found[rows].any():
        raise ValueError("None of the rows that this trial trains on counts: the weights of all of them are 0.")
    return found


def class_weights(
    class_weight: str | Mapping[str, float], labels: NDArray[np.int32], class_names: Sequence[str]
) -> NDArray[np.float64]:
    """Return how much the rows of each class count, (classes,).

    Balanced, all classes weigh the same in sum, and the mean over the rows is 1: n / (k * rows of the class), with n
    rows of the k classes that have any, as `sklearn.utils.class_weight.compute_class_weight`.

    Args:
        class_weight: "balanced", or weights by name; classes that are not named count 1.
        labels: (n,) of the rows that are trained on.
        class_names: in the order of the labels.
    """
    if class_weight != BALANCED and isinstance(class_weight, Mapping):
        return np.array([class_weight.get(name, 1.0) for name in class_names])
    counts = np.bincount(labels, minlength=len(class_names))
    there = counts > 0
    return np.where(there, len(labels) / (there.sum() * np.maximum(counts, 1)), 1.0)
