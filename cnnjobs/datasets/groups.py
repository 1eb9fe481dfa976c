"""Groups of pictures (all of a patient, a scene, a burst): read as text, kept as numbers, and what there is to say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.group_splits import Rows, numbered
from cnnjobs.wording.labels import listed

Numbers = NDArray[np.int32]

FAR_OFF = 0.25
"""A share that differs from what was asked for by more than this part of it is said."""


@dataclass(frozen=True)
class Groups:
    """Which group each picture of a data set is of, as text.

    Args:
        train: (n_train,) of those that can be trained on.
        test: (n_test,) of those of the test set; None where they are not known.
    """

    train: Sequence[str]
    test: Sequence[str] | None

    def of_training(self, rows: Rows) -> "Groups":
        """Return those of some of the pictures that can be trained on, and of all test pictures."""
        return replace(self, train=[self.train[row] for row in rows.tolist()])

    def numbers(self) -> tuple[Numbers, Numbers | None]:
        """Return the number of each picture's group, (n_train,) and (n_test,), the same for the same group.

        Groups are counted in the order of the pictures, so that their names change nothing.
        """
        tested = [] if self.test is None else list(self.test)
        every = numbered(np.array([*self.train, *tested], dtype=np.str_))
        return every[: len(self.train)], None if self.test is None else every[len(self.train) :]

    def notes(self, name: str, is_validation: NDArray[np.bool_] | None, held_out: float | None) -> tuple[str, ...]:
        """Return notes on groups that are in several parts, unknown, or of one picture each.

        Args:
            name: of the data set.
            is_validation: (n_train,) whether each picture is of the data set's own validation set; None without one.
            held_out: fraction that was asked for as test set; None where it is the data set's own.
        """
        trained = np.array(self.train, dtype=np.str_)
        notes = []
        if is_validation is not None:
            valid, trained = trained[is_validation], trained[~is_validation]
            notes += _shared(name, trained, valid, "validation", "validation figures are")
        if self.test is None:
            notes.append(
                f"{name}: the groups of the test pictures are not known, and may be those of training pictures as well"
            )
        else:
            notes += _shared(
                name, np.array(self.train, np.str_), np.array(self.test, np.str_), "test", "test figures are"
            )
            notes += _share_note(name, len(self.train), len(self.test), held_out)
        if len(set(self.train)) == len(self.train):
            notes.append(f"{name}: each training picture is a group of its own, so that groups change nothing")
        return tuple(notes)


def _shared(name: str, trained: NDArray[np.str_], others: NDArray[np.str_], part: str, figures: str) -> list[str]:
    """Say which groups are in two parts."""
    both = np.intersect1d(trained, others)
    if not len(both):
        return []
    rows = int(np.isin(others, both).sum())
    groups, are = ("group", "is") if len(both) == 1 else ("groups", "are")
    return [
        f"{name}: {len(both):,} {groups} of the {part} set {are} among the training pictures as well ({listed(both)}), "
        f"with {rows:,} of {len(others):,} {part} pictures: {figures} flattered by what was learnt about these groups"
    ]


def _share_note(name: str, kept: int, held: int, asked: float | None) -> list[str]:
    """Say that whole groups make a test set of another size than was asked for."""
    share = held / (kept + held)
    if asked is None or abs(share - asked) <= FAR_OFF * asked:
        return []
    return [f"{name}: whole groups make a test set of {share:.0%} of the pictures, instead of {asked:.0%}"]
