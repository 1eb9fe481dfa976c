"""Which whole groups of rows (all pictures of a patient, a scene, a burst) stand on which side of a split."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnjobs.errors import SpecError
from cnnjobs.wording.labels import listed

Rows = NDArray[np.int64]
Numbers = NDArray[np.int32]


@dataclass(frozen=True)
class _Grouped:
    """Rows as groups, in the order of their first rows, so that their names change nothing.

    Args:
        of_row: (n,) group of each row.
        sizes: rows of each group.
        classes: of each group: (class, rows of it) in ascending order; without stratification one class for all.
        class_sizes: class -> rows.
        class_groups: class -> groups that have rows of it.
    """

    of_row: Rows
    sizes: Sequence[int]
    classes: Sequence[Sequence[tuple[int, int]]]
    class_sizes: Counter[int]
    class_groups: Counter[int]

    def rows_of(self, groups: Sequence[int]) -> tuple[Rows, Rows]:
        """Return (rows of the other groups, rows of these groups)."""
        chosen = np.zeros(len(self.sizes), dtype=bool)
        chosen[list(groups)] = True
        return np.flatnonzero(~chosen[self.of_row]), np.flatnonzero(chosen[self.of_row])


def numbered(groups: NDArray[np.generic]) -> Numbers:
    """Return the number of each row's group, (n,), counted from 0 in the order of their first rows.

    Args:
        groups: (n,) whatever tells groups apart.
    """
    _, first, of_row = np.unique(groups, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int32)
    rank[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    numbers: Numbers = rank[of_row.reshape(-1)]
    return numbers


def _grouped(labels: Numbers, groups: Numbers, *, stratify: bool) -> _Grouped:
    of_row = numbered(groups).astype(np.int64)
    width = int(labels.max()) + 1 if stratify else 1
    pairs, counts = np.unique(of_row * width + (labels if stratify else 0), return_counts=True)
    classes: list[list[tuple[int, int]]] = [[] for _ in range(int(of_row.max()) + 1)]
    class_sizes, class_groups = Counter[int](), Counter[int]()
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        group, label = divmod(pair, width)
        classes[group].append((label, count))
        class_sizes[label] += count
        class_groups[label] += 1
    return _Grouped(of_row, np.bincount(of_row).tolist(), classes, class_sizes, class_groups)


def group_holdout(
    labels: Numbers, groups: Numbers, count: int, seed: int, *, stratify: bool = True, keep: int = 1, take: int = 1
) -> tuple[Rows, Rows]:
    """Return (rows kept, rows taken) of whole groups, about `count` rows taken.

    Groups are taken in a random order, each if that brings the rows taken, of each class and in all, nearer to their
    share: so every group may be taken that is less than twice as large as what is to be taken. Then each class that
    is to be on both sides gets the group that does least harm. A class that only one group has is never taken: it is
    better not to test a class than not to train it.

    Args:
        labels: (n,) class of each row.
        groups: (n,) group of each row.
        count: how many rows to take, as nearly as whole groups can.
        seed: decides the order; `RandomState` is used because NumPy guarantees that its stream never changes.
        stratify: mind the classes; else only the number of rows.
        keep: groups with rows of each class that are kept, if it has more than one.
        take: groups with rows of each class that are taken, if it has so many.

    Raises:
        SpecError: if no group can be taken: there is one alone, or each has a class that no other has.
    """
    every = _grouped(labels, groups, stratify=stratify)
    choice = _Choice(every, count, keep, take)
    for group in np.random.RandomState(seed).permutation(len(every.sizes)).tolist():
        if choice.may_take(group) and choice.change(group) < 0:
            choice.take(group)
    for label in sorted(every.class_groups):
        while choice.lacks(label) and choice.take_least_harmful(label):
            pass
    if not choice.taken and not choice.take_least_harmful():
        raise SpecError(_why_none(len(every.sizes)))
    return every.rows_of(choice.taken)


class _Choice:
    """Groups that are being taken.

    Args:
        every: the groups.
        count: rows to take.
        keep: groups of each class to keep.
        take: groups of each class to take.
    """

    def __init__(self, every: _Grouped, count: int, keep: int, take: int) -> None:
        self._every = every
        self.taken: list[int] = []
        self._is_taken = [False] * len(every.sizes)
        share, total = count / sum(every.sizes), sum(every.sizes)
        self._most = {
            label: max(min(take, groups - 1), groups - keep) for label, groups in sorted(every.class_groups.items())
        }
        self._least = {label: min(take, most) for label, most in self._most.items()}
        self._groups: Counter[int] = Counter()
        self._over = {label: -share * size for label, size in every.class_sizes.items()}  # rows beyond the share
        self._over_all = -share * total
        self._weights = {label: 1 / size**2 for label, size in every.class_sizes.items()}
        self._weight_all = 1 / total**2

    def may_take(self, group: int) -> bool:
        """Say whether enough groups of each of its classes would be kept."""
        return not self._is_taken[group] and all(
            self._groups[label] < self._most[label] for label, _ in self._every.classes[group]
        )

    def change(self, group: int) -> float:
        """Return by how much taking a group changes the squared distance of the rows taken from their share."""
        size = self._every.sizes[group]
        change = self._weight_all * size * (2 * self._over_all + size)
        for label, rows in self._every.classes[group]:
            change += self._weights[label] * rows * (2 * self._over[label] + rows)
        return change

    def take(self, group: int) -> None:
        """Take a group."""
        self.taken.append(group)
        self._is_taken[group] = True
        self._over_all += self._every.sizes[group]
        for label, rows in self._every.classes[group]:
            self._over[label] += rows
            self._groups[label] += 1

    def lacks(self, label: int) -> bool:
        """Say whether fewer groups of a class are taken than should be."""
        return self._groups[label] < self._least[label]

    def take_least_harmful(self, label: int | None = None) -> bool:
        """Take the group that changes the distance least; say whether there is one that may be taken.

        Args:
            label: a class that it must have rows of; None for any.
        """
        may = [
            group
            for group, classes in enumerate(self._every.classes)
            if (label is None or any(one == label for one, _ in classes)) and self.may_take(group)
        ]
        if may:
            self.take(min(may, key=self.change))
        return bool(may)


def _why_none(groups: int) -> str:
    if groups == 1:
        return "all pictures are of one group, which cannot be divided"
    return f"each of the {groups} groups has a class that no other group has, so that none can be held out"


def group_folds(labels: Numbers, groups: Numbers, folds: int, seed: int, *, stratify: bool = True) -> Rows:
    """Return the fold of each row, (n,), the same for all rows of a group.

    The greedy rule of scikit-learn's StratifiedGroupKFold, with chance in it: groups go, the largest first but in
    random order among those that differ by less than a factor of two, each to the fold that has fewest rows of its
    classes, as shares of the class; then fewest rows in all.

    Args:
        labels: (n,) class of each row.
        groups: (n,) group of each row.
        folds: k; at most the number of groups.
        seed: decides the order.
        stratify: mind the classes; else only the number of rows.
    """
    every = _grouped(labels, groups, stratify=stratify)
    order = np.random.RandomState(seed).permutation(len(every.sizes)).tolist()
    order.sort(key=lambda group: -every.sizes[group].bit_length())  # stable
    weights = {label: 1 / size**2 for label, size in every.class_sizes.items()}
    weight_all = 1 / sum(every.sizes) ** 2
    rows = [Counter[int]() for _ in range(folds)]
    sizes = [0] * folds
    fold_of = np.empty(len(every.sizes), dtype=np.int64)
    for group in order:
        classes = [(label, weights[label] * count) for label, count in every.classes[group]]
        loads = [
            sum(weight * held[label] for label, weight in classes) + weight_all * every.sizes[group] * size
            for held, size in zip(rows, sizes, strict=True)
        ]
        fold = loads.index(min(loads))
        fold_of[group] = fold
        sizes[fold] += every.sizes[group]
        for label, count in every.classes[group]:
            rows[fold][label] += count
    return fold_of[every.of_row]


def check_group_folds(
    labels: Numbers, groups: Numbers, folds: int, *, stratify: bool, class_names: Sequence[str] = ()
) -> None:
    """Raise a SpecError if some fold could not have a group, or a group with rows of each class.

    Args:
        labels: (n,) class of each row.
        groups: (n,) group of each row.
        folds: k.
        stratify: whether folds keep the classes in proportion.
        class_names: in the order of the labels, for the message.
    """
    every = _grouped(labels, groups, stratify=stratify)
    there = len(every.sizes)
    if there < folds:
        fewer = f"`folds={there}`" if there > 1 else "another `group`"
        raise SpecError(
            f"`folds` must be at most the number of groups of training images, {there}. Received: folds={folds}. Use "
            f"{fewer}, or no `group` if pictures of one may be trained on and validated with."
        )
    fewest = min(every.class_groups.values())
    if stratify and fewest < folds:
        few = [label for label, count in sorted(every.class_groups.items()) if count < folds]
        named = listed(
            f"{class_names[label] if class_names else label!r} in {every.class_groups[label]}" for label in few
        )
        fewer = f"`folds={fewest}`, " if fewest > 1 else ""
        raise SpecError(
            f"`folds` must be at most the number of groups that each class is in. Received: folds={folds}; {named}. "
            f"Use {fewer}pictures of more groups, or `stratify=False`, with which folds may lack a class."
        )
