"""Which rows train and which validate: stratified hold-out and k-fold, from a seed alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.class_counts import too_few_for
from cnnjobs.datasets.group_splits import Numbers, Rows, check_group_folds, group_folds, group_holdout
from cnnjobs.errors import SpecError
from cnnjobs.wording.sentences import clause


def holdout(
    labels: NDArray[np.int32], fraction: float, seed: int, *, stratify: bool = True, groups: Numbers | None = None
) -> tuple[Rows, Rows]:
    """Return (train_rows, validation_rows).

    Args:
        labels: (n,) class of each row.
        fraction: share of the rows that validates, in (0, 1).
        seed: decides which rows.
        stratify: give each class its share to within one image, and at least one on each side where that many
            rows are held out, instead of only shuffling.
        groups: (n,) group of each row; whole groups are held out, and shares are as near as these allow.

    Raises:
        SpecError: if either side would be empty.
    """
    count = round(len(labels) * fraction)
    if not 0 < count < len(labels):
        raise SpecError(
            f"`validation` must leave rows on both sides. Received: validation={fraction} of {len(labels)} "
            f"training rows, which holds out {count}."
        )
    if groups is not None:
        return _grouped_holdout(labels, groups, count, seed, stratify=stratify)
    if stratify:
        return both_sides(labels, count, seed)
    order = np.random.RandomState(seed).permutation(len(labels))
    return np.sort(order[count:]), np.sort(order[:count])


def _grouped_holdout(
    labels: NDArray[np.int32], groups: Numbers, count: int, seed: int, *, stratify: bool
) -> tuple[Rows, Rows]:
    try:
        return group_holdout(labels, groups, count, seed, stratify=stratify)
    except SpecError as error:
        ways = "" if not stratify or (groups == groups[0]).all() else "`stratify=False`, "
        raise SpecError(
            f"`validation` cannot hold out whole groups: {clause(error)}. Use {ways}`validation=None` to train on all "
            "rows, or another `group` of the data set."
        ) from error


def kfold(
    labels: NDArray[np.int32],
    folds: int,
    fold: int,
    seed: int,
    *,
    stratify: bool = True,
    groups: Numbers | None = None,
) -> tuple[Rows, Rows]:
    """Return (train_rows, validation_rows) of one fold of a k-fold split.

    Sizes of folds, and of each class in them if stratified, differ by at most one; with groups, by as little as these
    allow.

    Args:
        labels: (n,) class of each row.
        folds: k.
        fold: which one, counted from 0.
        seed: decides the shuffle; equal seeds give equal folds.
        stratify: deal out each class in turn, instead of the shuffled rows as they come.
        groups: (n,) group of each row; each is in one fold as a whole.

    Raises:
        SpecError: if there are fewer rows or groups than folds, or, stratified, fewer of the smallest class.
    """
    check_folds(labels, folds, stratify=stratify, groups=groups)
    if groups is not None:
        in_fold = group_folds(labels, groups, folds, seed, stratify=stratify) == fold
        return np.flatnonzero(~in_fold), np.flatnonzero(in_fold)
    order = np.random.RandomState(seed).permutation(len(labels))
    if stratify:
        order = order[np.argsort(labels[order], kind="stable")]
    chosen = np.arange(len(labels)) % folds == fold
    return np.sort(order[~chosen]), np.sort(order[chosen])


def check_folds(
    labels: NDArray[np.int32],
    folds: int,
    *,
    stratify: bool,
    class_names: Sequence[str] = (),
    groups: Numbers | None = None,
) -> None:
    """Raise a SpecError if some fold could not have a row, or a row of each class.

    Args:
        labels: (n,) class of each row.
        folds: k.
        stratify: whether folds keep the classes in proportion.
        class_names: in the order of the labels, for the message.
        groups: (n,) group of each row, of which whole ones are to be in a fold; None for single rows.
    """
    if groups is not None:
        check_group_folds(labels, groups, folds, stratify=stratify, class_names=class_names)
        return
    smallest = int(np.bincount(labels).min())
    if stratify and smallest < folds:
        raise SpecError(
            f"`folds` must be at most the size of the smallest class, {smallest} training images. "
            f"Received: folds={folds}, and fewer images in {too_few_for(folds, labels, class_names)}"
        )
    if len(labels) < folds:
        raise SpecError(f"`folds` must be at most the training images, {len(labels)}. Received: folds={folds}.")


def both_sides(labels: NDArray[np.int32], count: int, seed: int, *, keep: int = 1, take: int = 1) -> tuple[Rows, Rows]:
    """Return (rows kept, `count` rows taken) with the classes in proportion, and each class on both sides.

    The rows taken are the first of `stratified_order`. Where that leaves a class with less than it must have on one
    side, classes that have more than their share there give one up for it. Where no choice can give every class its
    rows, the first of the order remain the choice.

    Args:
        labels: (n,) class of each row.
        count: how many rows are taken.
        seed: decides which.
        keep: rows of each class that must be kept.
        take: rows of each class that must be taken.
    """
    order = stratified_order(labels, seed)
    sizes = np.bincount(labels)
    first = np.bincount(labels[order[:count]], minlength=len(sizes))
    wanted = _within(first, sizes, keep, take)
    if (wanted == first).all():
        return np.sort(order[count:]), np.sort(order[:count])
    by_class = np.argsort(labels[order], kind="stable")
    rank = np.empty(len(labels), dtype=np.int64)  # of each place of the order, among those of its class
    rank[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    taken = rank < wanted[labels[order]]
    return np.sort(order[~taken]), np.sort(order[taken])


def _within(first: Rows, sizes: Rows, keep: int, take: int) -> Rows:
    """Return rows to take of each class, (classes,): `first`, with as few changes as the bounds need.

    Args:
        first: (classes,) rows that would be taken.
        sizes: (classes,) rows there are.
        keep: rows of each class that must be kept.
        take: rows of each class that must be taken.
    """
    least = np.minimum(take, sizes)
    most = np.maximum(sizes - keep, least)
    count = first.sum()
    if not least.sum() <= count <= most.sum():
        return first
    wanted, share = np.clip(first, least, most), sizes * (count / sizes.sum())
    while wanted.sum() < count:
        wanted[np.where(wanted < most, share - wanted, -np.inf).argmax()] += 1
    while wanted.sum() > count:
        wanted[np.where(wanted > least, wanted - share, -np.inf).argmax()] -= 1
    return wanted


def always_on_both_sides(labels: NDArray[np.int32], fraction: float) -> bool:
    """Say whether the first rows of any `stratified_order` have a row of each class, and so have the others.

    The first row of a class of s rows lies before 1/s of the order; of another class with t rows, at most t/s,
    rounded up, can lie before it. The smallest class decides.

    Args:
        labels: (n,) class of each row.
        fraction: share of the rows that is taken.
    """
    sizes = np.bincount(labels)
    sizes = sizes[sizes > 0]
    count = round(len(labels) * fraction)
    return bool((-(-sizes // sizes.min())).sum() <= min(count, len(labels) - count))


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
