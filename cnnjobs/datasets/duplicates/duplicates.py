"""Pairs of pictures of a data set that are the same or look alike: in train and test, in two classes, in one."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cnnjobs.datasets.arrays import Dataset, Rows
from cnnjobs.datasets.duplicates.identical import Copies
from cnnjobs.datasets.duplicates.perceptual import LEAST_SIDE, alike
from cnnjobs.datasets.images import digests_of, subset
from cnnjobs.datasets.source import OnProgress

WHERE = ("train and test", "train and validation", "two classes", "one class")
"""Where the two pictures of a pair are, the worst first; a pair of the first two may be in two classes as well."""


@dataclass(frozen=True)
class Pair:
    """Two pictures that are the same or look alike.

    Args:
        where: of `WHERE`.
        parts: "test" or "train", of each of the two.
        rows: of each in its part.
        labels: of each.
        likeness: correlation of their grey values; None where they are the same, pixel for pixel.
    """

    where: str
    parts: tuple[str, str]
    rows: tuple[int, int]
    labels: tuple[int, int]
    likeness: float | None


@dataclass(frozen=True)
class Duplicates:
    """Pairs of pictures that are the same or look alike.

    Args:
        pairs: the worst first: by `WHERE`, then the same ones, then by likeness.
        near: whether pairs that only look alike were looked for.
        notes: what a person should know of how they were looked for.
    """

    pairs: tuple[Pair, ...]
    near: bool
    notes: tuple[str, ...] = ()

    def summary(self) -> str:
        """Say how many pairs there are, and where."""
        if not self.pairs:
            return f"no two pictures are the same{' or look alike' if self.near else ''}"
        counts = []
        for where in WHERE:
            own = [pair for pair in self.pairs if pair.where == where]
            if own:
                same = sum(pair.likeness is None for pair in own)
                counts.append(f"{len(own):,} in {where} ({same:,} the same, {len(own) - same:,} alike)")
        tested = {row for pair in self.pairs if pair.where == WHERE[0] for row in _tested(pair)}
        known = "picture is" if len(tested) == 1 else "pictures are"
        leaked = f"; {len(tested):,} test {known} known from training" if tested else ""
        return f"pairs of pictures: {', '.join(counts)}{leaked}"


def _tested(pair: Pair) -> Iterator[int]:
    return (row for part, row in zip(pair.parts, pair.rows, strict=True) if part == "test")


def find_duplicates(data: Dataset, on_progress: OnProgress, *, near: bool) -> Duplicates:
    """Compare all pictures of a data set.

    Args:
        data: the data set.
        on_progress: called with (what is going on, done, total).
        near: whether pairs are looked for that are not the same, but look alike.
    """
    trained, tested = (digests_of(images) for images in (data.x_train, data.x_test))
    copies = Copies.among(data.name, (trained, data.y_train), (tested, data.y_test), data.class_names)
    numbers = np.concatenate([copies.tested, copies.trained])  # rows count through test, then train
    _, first = np.unique(numbers, return_index=True)
    pairs = [_pair(data, one, other, None) for one, other in _same(numbers, len(copies.tested))]
    notes: tuple[str, ...] = ()
    if near:
        found, notes = _alike(data, np.sort(first), on_progress)
        pairs += found
    pairs.sort(key=lambda pair: (WHERE.index(pair.where), -(2 if pair.likeness is None else pair.likeness), pair.rows))
    return Duplicates(tuple(pairs), near and min(data.image_shape[:2]) >= LEAST_SIDE, notes)


def _same(numbers: Rows, tests: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows that are the same: each picture once, with one of the other part where there is one.

    Args:
        numbers: (n,) the same number for pictures that are the same, the test pictures first.
        tests: how many these are.
    """
    order = np.argsort(numbers, kind="stable")
    starts = np.flatnonzero(np.diff(numbers[order], prepend=-1))
    for group in np.split(order, starts[1:]):
        tested, trained = group[group < tests].tolist(), group[group >= tests].tolist()
        if tested and trained:
            yield from ((tested[0], row) for row in trained)
            yield from ((row, trained[0]) for row in tested[1:])
        else:
            own = tested or trained
            yield from ((own[0], row) for row in own[1:])


def _alike(data: Dataset, rows: Rows, on_progress: OnProgress) -> tuple[list[Pair], tuple[str, ...]]:
    """Return pairs that look alike among some rows, and notes on what was not compared."""
    tests = len(data.y_test)
    tested, trained = rows[rows < tests], rows[rows >= tests]
    parts = [
        data.x_test if len(tested) == tests else subset(data.x_test, tested),
        data.x_train if len(trained) == len(data.y_train) else subset(data.x_train, trained - tests),
    ]
    found = alike(parts, on_progress)
    pairs = [
        _pair(data, int(rows[one]), int(rows[other]), float(likeness))
        for (one, other), likeness in zip(found.pairs.tolist(), found.likeness, strict=True)
    ]
    notes = []
    if min(data.image_shape[:2]) < LEAST_SIDE:
        notes.append(f"Pictures of less than {LEAST_SIDE} pixels per side show too little to be compared")
    elif found.compared < len(rows) - found.flat:
        notes.append(
            f"So many pictures look alike that only the first {found.compared:,} of {len(rows):,} were compared with "
            "all others"
        )
    if found.flat:
        notes.append(f"{found.flat:,} of {len(rows):,} pictures are nearly of one colour and were not compared")
    return pairs, tuple(notes)


def _pair(data: Dataset, one: int, other: int, likeness: float | None) -> Pair:
    """Return the pair of two rows, counted through test and train."""
    tests = len(data.y_test)
    parts = tuple("test" if row < tests else "train" for row in (one, other))
    rows = tuple(row if row < tests else row - tests for row in (one, other))
    labels = tuple(
        int((data.y_test if part == "test" else data.y_train)[row]) for part, row in zip(parts, rows, strict=True)
    )
    own = data.is_validation
    sides = {None if own is None or part == "test" else bool(own[row]) for part, row in zip(parts, rows, strict=True)}
    where = WHERE[0 if parts[0] != parts[1] else 1 if len(sides) > 1 else 2 if labels[0] != labels[1] else 3]
    return Pair(where, (parts[0], parts[1]), (rows[0], rows[1]), (labels[0], labels[1]), likeness)
