"""Which rows train and which validate: stratified hold-out and k-fold, from a seed alone."""

import numpy as np
from numpy.typing import NDArray

from cnnjobs.errors import SpecError

Rows = NDArray[np.int64]


def holdout(labels: NDArray[np.int32], fraction: float, seed: int, *, stratify: bool = True) -> tuple[Rows, Rows]:
    """Return (train_rows, validation_rows).

    Args:
        labels: (n,) class of each row.
        fraction: share of the rows that validates, in (0, 1).
        seed: decides which rows.
        stratify: give each class its share to within one image, instead of only shuffling.

    Raises:
        SpecError: if either side would be empty.
    """
    count = round(len(labels) * fraction)
    if not 0 < count < len(labels):
        raise SpecError(
            f"`validation` must leave rows on both sides. Received: validation={fraction} of {len(labels)} "
            f"training rows, which holds out {count}."
        )
    order = stratified_order(labels, seed) if stratify else np.random.RandomState(seed).permutation(len(labels))
    return np.sort(order[count:]), np.sort(order[:count])


def kfold(labels: NDArray[np.int32], folds: int, fold: int, seed: int, *, stratify: bool = True) -> tuple[Rows, Rows]:
    """Return (train_rows, validation_rows) of one fold of a k-fold split.

    Sizes of folds, and of each class in them if stratified, differ by at most one.

    Args:
        labels: (n,) class of each row.
        folds: k.
        fold: which one, counted from 0.
        seed: decides the shuffle; equal seeds give equal folds.
        stratify: deal out each class in turn, instead of the shuffled rows as they come.

    Raises:
        SpecError: if there are fewer rows than folds, or, stratified, fewer of the smallest class.
    """
    check_folds(labels, folds, stratify=stratify)
    order = np.random.RandomState(seed).permutation(len(labels))
    if stratify:
        order = order[np.argsort(labels[order], kind="stable")]
    chosen = np.arange(len(labels)) % folds == fold
    return np.sort(order[~chosen]), np.sort(order[chosen])


def check_folds(labels: NDArray[np.int32], folds: int, *, stratify: bool) -> None:
    """Raise a SpecError if some fold could not have a row, or a row of each class.

    Args:
        labels: (n,) class of each row.
        folds: k.
        stratify: whether folds keep the classes in proportion.
    """
    smallest = int(np.bincount(labels).min())
    if stratify and smallest < folds:
        raise SpecError(
            f"`folds` must be at most the size of the smallest class, {smallest} training images. "
            f"Received: folds={folds}. Use fewer folds, or `stratify=False`."
        )
    if len(labels) < folds:
        raise SpecError(f"`folds` must be at most the training images, {len(labels)}. Received: folds={folds}.")


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
