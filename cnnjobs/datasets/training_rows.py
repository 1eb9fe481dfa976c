"""The rows of a data set that can be trained on: what decides which of them a trial holds out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.group_splits import Rows
from cnnjobs.datasets.splits import check_folds, holdout, kfold


@dataclass(frozen=True)
class TrainingRows:
    """Rows that can be trained on.

    Args:
        labels: (n,) class of each.
        groups: (n,) group of each, of which all rows stand on one side of every split; None where none are known.
        is_validation: (n,) whether each is of the data set's own validation set; None where that does not serve.
    """

    labels: NDArray[np.int32]
    groups: NDArray[np.int32] | None = None
    is_validation: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.labels)

    @property
    def are_grouped(self) -> bool:
        """Whether some group has several rows, so that groups decide what may be held out."""
        return self.groups is not None and len(np.unique(self.groups)) < len(self.groups)

    @property
    def group_count(self) -> int | None:
        """How many groups there are; None where none are known."""
        return None if self.groups is None else len(np.unique(self.groups))

    @property
    def own_validation_rows(self) -> int | None:
        """How many are of the data set's own validation set; None where that does not serve."""
        return None if self.is_validation is None else int(self.is_validation.sum())

    def holdout(self, fraction: float, seed: int, *, stratify: bool) -> tuple[Rows, Rows]:
        """Return (rows to train on, rows that a fraction was held out of for validation); see `splits.holdout`."""
        return holdout(self.labels, fraction, seed, stratify=stratify, groups=self._splitting_groups)

    def fold(self, folds: int, fold: int, seed: int, *, stratify: bool) -> tuple[Rows, Rows]:
        """Return (rows to train on, rows of one fold); see `splits.kfold`."""
        return kfold(self.labels, folds, fold, seed, stratify=stratify, groups=self._splitting_groups)

    def check_folds(self, folds: int, *, stratify: bool, class_names: Sequence[str]) -> None:
        """Raise a SpecError if some fold could not have what it must have; see `splits.check_folds`."""
        groups = self._splitting_groups
        check_folds(self.labels, folds, stratify=stratify, class_names=class_names, groups=groups)

    def own_split(self) -> tuple[Rows, Rows]:
        """Return (rows to train on, rows of the data set's own validation set)."""
        assert self.is_validation is not None
        return np.flatnonzero(~self.is_validation), np.flatnonzero(self.is_validation)

    def taken(self, rows: NDArray[np.integer]) -> "TrainingRows":
        """Return some of the rows."""
        groups, own = self.groups, self.is_validation
        return replace(
            self,
            labels=self.labels[rows],
            groups=None if groups is None else groups[rows],
            is_validation=None if own is None else own[rows],
        )

    @property
    def _splitting_groups(self) -> NDArray[np.int32] | None:
        """The groups, where they decide what may be held out."""
        return self.groups if self.are_grouped else None
