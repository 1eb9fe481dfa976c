"""Pictures of a data set that are the same, pixel for pixel, under whatever names and in whatever format they lay."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.images import Digests
from cnnjobs.spec.data import DROP_FROM_TRAIN, DROP_REPEATS
from cnnjobs.wording.labels import listed

Labels = NDArray[np.int32]
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Copies:
    """Which pictures of a data set are the same as others.

    Args:
        name: of the data set.
        trained: (n_train,) the same number for training pictures that are the same, and for those of `tested`.
        tested: (n_test,) the same of the test pictures.
        train_labels: (n_train,) classes.
        test_labels: (n_test,) classes.
        class_names: in the order of the labels.
        validates: (n_train,) which training pictures are the data set's own validation set; None without one.
    """

    name: str
    trained: Numbers
    tested: Numbers
    train_labels: Labels
    test_labels: Labels
    class_names: Sequence[str]
    validates: Flags | None = None

    @classmethod
    def among(
        cls,
        name: str,
        train: tuple[Digests, Labels],
        test: tuple[Digests, Labels],
        class_names: Sequence[str],
        validates: Flags | None = None,
    ) -> "Copies":
        """Compare all pictures.

        Args:
            name: of the data set.
            train: (n, ...) digests of images and (n,) labels.
            test: the same of the test set.
            class_names: in the order of the labels.
            validates: (n,) which training pictures are the data set's own validation set; None without one.
        """
        numbers: dict[bytes, int] = {}
        trained, tested = (
            np.array([numbers.setdefault(one.tobytes(), len(numbers)) for one in digests], np.int64)
            for digests in (train[0], test[0])
        )
        return cls(name, trained, tested, train[1], test[1], class_names, validates)

    def kept(self, dedupe: str | None) -> Numbers | None:
        """Return the training rows that are kept; None for all.

        Args:
            dedupe: one of `cnnjobs.spec.data.DEDUPE`.
        """
        keep = np.ones(len(self.trained), np.bool_)
        if dedupe in (DROP_FROM_TRAIN, DROP_REPEATS):
            keep &= ~self._is_held_out
        if dedupe == DROP_REPEATS:
            keep &= ~self._is_repeated
        return None if keep.all() else np.flatnonzero(keep)

    def notes(self, dedupe: str | None) -> tuple[str, ...]:
        """Say what is in train and test, in several classes, or several times in a class; nothing if all differ.

        Args:
            dedupe: one of `cnnjobs.spec.data.DEDUPE`; what is dropped is said to be.
        """
        if len(np.union1d(self.trained, self.tested)) == len(self.trained) + len(self.tested):
            return ()
        return (
            *(self._across_parts() if dedupe is None else self._dropped_as_held_out(dedupe)),
            *self._across_classes(),
            *self._within_classes(dedupe),
        )

    @property
    def _validates(self) -> Flags:
        """(n_train,) which training pictures are the data set's own validation set."""
        return np.zeros(len(self.trained), np.bool_) if self.validates is None else self.validates

    @property
    def _is_held_out(self) -> Flags:
        """(n_train,) whether a training picture is in the test set too, or, being none of it, in the validation set."""
        validated = self.trained[self._validates]
        return np.isin(self.trained, self.tested) | (np.isin(self.trained, validated) & ~self._validates)

    @property
    def _is_repeated(self) -> Flags:
        """(n_train,) whether a training picture is an earlier one of its class and part."""
        return _repeated(2 * self.trained + self._validates, self.train_labels)

    def _across_parts(self) -> list[str]:
        validated, fitted = self.trained[self._validates], self.trained[~self._validates]
        return [
            f"{self.name}: {seen:,} of {_pictures(len(held), f'{part} ')} {_are(seen)} among the training pictures "
            f"as well, identical pixel for pixel: {part} figures include what was learnt by heart"
            for part, held, others in (("test", self.tested, self.trained), ("validation", validated, fitted))
            if (seen := int(np.isin(held, others).sum()))
        ]

    def _dropped_as_held_out(self, dedupe: str) -> list[str]:
        count = int(self._is_held_out.sum())
        if not count:
            return []
        held = "test" if self.validates is None else "test or validation"
        return [
            f"{self.name}: {_pictures(count, 'training ')} {_are(count)} left out, identical pixel for pixel to {held} "
            f"pictures (dedupe={dedupe!r}): {len(self.trained) - count:,} of {len(self.trained):,} remain"
        ]

    def _across_classes(self) -> list[str]:
        every = np.concatenate([self.trained, self.tested])
        labels = np.concatenate([self.train_labels, self.test_labels])
        pairs = np.unique(np.stack([every, labels.astype(np.int64)]), axis=1)
        numbers, classes = np.unique(pairs[0], return_counts=True)
        contradicting = numbers[classes > 1]
        count = int(np.isin(every, contradicting).sum())
        if not count:
            return []
        involved = np.unique(pairs[1][np.isin(pairs[0], contradicting)])
        return [
            f"{self.name}: {_pictures(count)} {_are(count)} in more than one class, identical pixel for pixel: at most "
            f"one of the labels is right ({listed(self.class_names[label] for label in involved)})"
        ]

    def _within_classes(self, dedupe: str | None) -> list[str]:
        again = self._is_repeated if dedupe is None else self._is_repeated & ~self._is_held_out
        tested = int(_repeated(self.tested, self.test_labels).sum())
        if dedupe == DROP_REPEATS and again.any():
            count = int(again.sum())
            dropped = [
                f"{self.name}: {_pictures(count, 'training ')} {_are(count)} left out, identical pixel for pixel to an "
                f"earlier one of the class (dedupe={dedupe!r})"
            ]
            return [*dropped, *self._repeats(tested)]
        return self._repeats(int(again.sum()) + tested)

    def _repeats(self, count: int) -> list[str]:
        if not count:
            return []
        return [
            f"{self.name}: {_pictures(count)} {_are(count)} identical pixel for pixel to an earlier one of the same "
            "class and part. Such pictures count more than once, and may be on both sides of a validation split or fold"
        ]


def _repeated(numbers: Numbers, labels: Labels) -> Flags:
    """Return (n,) whether each picture is an earlier one of its class."""
    _, first = np.unique(np.stack([numbers, labels.astype(np.int64)]), axis=1, return_index=True)
    again = np.ones(len(numbers), np.bool_)
    again[first] = False
    return again


def _pictures(count: int, which: str = "") -> str:
    return f"{count:,} {which}{'picture' if count == 1 else 'pictures'}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
