"""Weights that a data set has of its training pictures: how much each counts in what is minimised."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.errors import DatasetError
from cnnjobs.wording.labels import listed

Weights = NDArray[np.float32]


def read_weights(array: NDArray[Any], count: int, name: str, place: object) -> Weights:
    """Return the weight of each picture, (n,).

    Args:
        array: (n,) or (n, 1) numbers.
        count: pictures.
        name: of the array or column, for messages.
        place: where it is, for messages.

    Raises:
        DatasetError: for another shape or type, and for a value that is no number of at least 0.
    """
    if array.ndim == 2 and array.shape[1] == 1:
        array = array.reshape(-1)
    if array.shape != (count,) or array.dtype.kind not in "buif":
        raise DatasetError(
            f"{place}: {name} must have the weight of each of the {count:,} pictures, a number. Received: "
            f"{array.dtype} {array.shape}."
        )
    weights = array.astype(np.float32)
    odd = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if odd.size:
        shown = listed([f"{array[row]} (row {row})" for row in odd.tolist()])
        raise DatasetError(
            f"{place}: {name} must have weights of at least 0, finite. Received: {shown}. A picture of weight 0 does "
            "not count."
        )
    return weights


def checked_weights(weights: Weights | None, name: str) -> Weights | None:
    """Return the weights of all training pictures; None where all count 1, as without weights.

    Args:
        weights: (n,), or None for none.
        name: of the data set, for messages.

    Raises:
        DatasetError: if no picture counts.
    """
    if weights is None or bool((weights == 1).all()):
        return None
    if not weights.any():
        raise DatasetError(f"{name}: a training picture must have a weight above 0. Received: 0 for all of them.")
    return weights


def weights_note(weights: Weights, name: str) -> str:
    """Say that pictures count by weights."""
    return (
        f"{name}: training pictures count by their weights, {weights.min():.3g} to {weights.max():.3g}, in what is "
        "minimised; metrics are of plain pictures"
    )
