"""Which rows train and which validate: stratified hold-out and k-fold, from a seed alone."""

import numpy as np
from numpy.typing import NDArray

from cnnjobs.errors import SpecError

Rows = NDArray[np.int64]


def holdout(labels: NDArray[np.int32], fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Return (train_rows, validation_rows), stratified by class to within one image.

    Args:
        labels: (n,) class of each row.
        fraction: share of the rows that validates, in (0, 1).
        seed: decides which rows.

    Raises:
        SpecError: if either side would be empty.
    """
    count = round(len(labels) * fraction)
    if not 0 < count < len(labels):
        raise SpecError(
            f"`validation` must leave rows on both sides. Received: validation={fraction} of {len(labels)} "
            f"training rows, which holds out {count}."
        )
    order = stratified_order(labels, seed)
    return np.sort(order[count:]), np.sort(order[:count])


def kfold(labels: NDArray[np.int32], folds: int, fold: int, seed: int) -> tuple[Rows, Rows]:
    """Return (train_rows, validation_rows) of one fold of a stratified k-fold split.

    Sizes of folds, and of each class in them, differ by at most one.

    Args:
        labels: (n,) class of each row.
        folds: k.
        fold: which one, counted from 0.
        seed: decides the shuffle; equal seeds give equal folds.

    Raises:
        SpecError: if the smallest class has fewer rows than there are folds.
    """
    smallest = int(np.bincount(labels).min())
    if smallest < folds:
        raise SpecError(
            f"`folds` must be at most the size of the smallest class, {smallest} training images. "
            f"Received: folds={folds}."
        )
    shuffled = np.random.RandomState(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    chosen = np.arange(len(labels)) % folds == fold
    return np.sort(by_class[~chosen]), np.sort(by_class[chosen])


def stratified_order(labels: NDArray[np.int32], seed: int) -> Rows:
    """Return a random order of the rows in which every beginning has the classes in proportion.

    Each class is shuffled and spread evenly over [0, 1]; rows are sorted by that position.
    `RandomState` is used because NumPy guarantees its stream never changes.

    Args:
        labels: (n,) class of each row.
        seed: decides the order.
    """
    random = np.random.RandomState(seed)
    shuffled = random.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    counts = np.bincount(labels)
    rank = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    position = (rank + random.uniform(size=len(labels))) / np.repeat(counts, counts)
    return by_class[np.argsort(position, kind="stable")].astype(np.int64)
