"""Weights that a data set has of its training pictures: how much each counts in what is minimised."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.errors import DatasetError
from cnnjobs.wording.labels import listed

Weights = NDArray[np.float32]

_NUMBER = re.compile(r"\+?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
"""A weight as text; with a comma for a point, as spreadsheets write it in many countries."""


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


def weights_of_texts(
    texts: Sequence[str],
    trained: Sequence[bool],
    name_of: Callable[[int], str],
    column: str,
    error: Callable[[str], Exception],
) -> Weights:
    """Return how much each picture counts, (n,); those that nothing is trained on count 1 where nothing is said.

    Args:
        texts: (n,) the weights as they are written; empty where nothing is said.
        trained: (n,) whether a picture may be trained on.
        name_of: says which picture one is, for messages.
        column: where the weights are, for messages: "column 'w'".
        error: makes the exception of a message.

    Raises:
        Exception: made by `error`, for a picture to train on without a weight, and what is no number of at least 0.
    """
    without = [index for index, text in enumerate(texts) if not text.strip() and trained[index]]
    if without:
        raise error(
            f"{column}, for `weight`, must have a number for every picture to train on. Received: none in "
            f"{len(without):,}: {listed(map(name_of, without))}. Write 1 where a picture counts as others."
        )
    given = [text.strip() or "1" for text in texts]
    odd = [f"{text} ({name_of(index)})" for index, text in enumerate(given) if not _NUMBER.fullmatch(text)]
    if odd:
        raise error(f"{column}, for `weight`, must have numbers of at least 0. Received: {listed(odd)}.")
    return np.array([float(text.replace(",", ".")) for text in given], np.float32)


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
        "minimised; metrics do not use weights"
    )
