"""Data sets of arrays: pictures and labels of each part, from wherever they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.arrays import Dataset, Images, hold_out_test, make_dataset
from cnnjobs.datasets.group_splits import Rows
from cnnjobs.datasets.groups import Groups
from cnnjobs.datasets.numpy_arrays.array_origin import ArrayOrigin
from cnnjobs.datasets.numpy_arrays.label_arrays import Labels, read_labels
from cnnjobs.datasets.numpy_arrays.npz_file import Array
from cnnjobs.datasets.numpy_arrays.pixel_values import Pixels, read_pixels
from cnnjobs.datasets.row_weights import Weights, read_weights
from cnnjobs.errors import DatasetError

PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class ArraySet:
    """Arrays of pictures and labels, `x_train`, `y_train` and so on, and what is made of them.

    Args:
        arrays: key -> array; pictures and labels of each part that there is, and `w_train` and so on, its weights, if
            there are such.
        origin: where they come from.
        test: fraction held out as test set, if there is none.
        value_range: the values of black and white; None to tell them from the arrays.
        dedupe: what is left out of the training pictures; None for nothing.
        groups: part -> the group of each picture; nothing where none are known.
    """

    arrays: Mapping[str, Array]
    origin: ArrayOrigin
    test: float
    value_range: tuple[float, float] | None
    dedupe: str | None
    groups: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def parts(self) -> list[str]:
        """The parts that there are."""
        return [part for part in PARTS if f"x_{part}" in self.arrays]

    def read(self, parts: Sequence[str]) -> tuple[Pixels, Labels]:
        """Return images and labels of some parts, checked, each kind on one scale.

        Args:
            parts: some of those that there are.

        Raises:
            DatasetError: images and labels of different length, or of a shape or type that makes no sense.
        """
        images = {f"x_{part}": self.arrays[f"x_{part}"] for part in parts}
        pixels = read_pixels(images, self.value_range, self.origin)
        counts = {f"y_{part}": len(pixels.parts[f"x_{part}"]) for part in parts}
        return pixels, read_labels({key: self.arrays[key] for key in counts}, counts, self.origin)

    def dataset(self) -> Dataset:
        """Return the data set.

        Raises:
            DatasetError: for arrays that make no sense, alone or together.
        """
        there, origin = self.parts, self.origin
        pixels, labels = self.read(there)
        class_names, numbers = _numbers(labels, origin)
        parts = {
            part: _Part(
                pixels.parts[f"x_{part}"],
                labelled,
                self.groups.get(part),
                self._weights(part, len(labelled)),
                np.arange(len(labelled)),
            )
            for part, labelled in numbers.items()
        }
        train, notes, own = parts["train"], [*pixels.notes, *labels.notes], None
        if there == ["train"]:
            kept, held = hold_out_test(train.labels, self.test, origin.name, class_names, train.groups)
            train, test = train.taken(kept), train.taken(held)
        else:
            test = parts[there[-1]]
        if there == ["train", "valid"]:
            count = len(test.labels)
            notes.append(
                f"{origin.name}: there is no test set: the validation set, {count:,} pictures, is used instead"
            )
        elif "valid" in parts:
            train = train.followed_by(parts["valid"], origin)
            own = train.rows >= len(numbers["train"])
        if test.weights is not None and there != ["train"]:
            notes.append(f"{origin.name}: weights of test pictures are not used, as metrics do not use weights")
        data = make_dataset(
            origin.name,
            (train.images, train.labels),
            (test.images, test.labels),
            class_names,
            notes=tuple(notes),
            rows=(train.rows, test.rows),
            dedupe=self.dedupe,
            groups=None if train.groups is None else Groups(train.groups, test.groups),
            is_validation=own,
            weights=train.weights,
            held_out=self.test if there == ["train"] else None,
        )
        return replace(data, value_range=pixels.value_range)

    def _weights(self, part: str, count: int) -> Weights | None:
        """Return the weights of a part's pictures; None where they have none."""
        array = self.arrays.get(f"w_{part}")
        return None if array is None else read_weights(array, count, f"w_{part}", self.origin)


@dataclass(frozen=True)
class _Part:
    """Pictures of a part.

    Args:
        images: (n, height, width, channels).
        labels: (n,) int32.
        groups: (n,) of the pictures, if these are known.
        weights: (n,) how much each counts; None where all count 1.
        rows: (n,) numbers of the pictures in their array.
    """

    images: Images
    labels: NDArray[np.int32]
    groups: list[str] | None
    weights: Weights | None
    rows: Rows

    def taken(self, rows: Rows) -> "_Part":
        """Return some of the rows."""
        groups = None if self.groups is None else [self.groups[row] for row in rows.tolist()]
        weights = None if self.weights is None else self.weights[rows]
        return _Part(self.images[rows], self.labels[rows], groups, weights, self.rows[rows])

    def followed_by(self, other: "_Part", origin: ArrayOrigin) -> "_Part":
        """Return the pictures of both, numbered as one array."""
        known = self.groups is not None and other.groups is not None
        groups = [*(self.groups or ()), *(other.groups or ())] if known else None
        images, labels = joined([self.images, other.images], origin), np.concatenate([self.labels, other.labels])
        sides = (np.ones(len(one.labels), np.float32) if one.weights is None else one.weights for one in (self, other))
        weights = None if self.weights is None and other.weights is None else np.concatenate([*sides])
        return _Part(images, labels, groups, weights, np.arange(len(labels)))


def _numbers(labels: Labels, origin: ArrayOrigin) -> tuple[tuple[str, ...], dict[str, NDArray[np.int32]]]:
    """Return class names, and part -> labels in [0, classes).

    Raises:
        DatasetError: for labels that the training set has not.
    """
    values = np.unique(labels.parts["y_train"])
    numbers = {}
    for key, given in labels.parts.items():
        unknown = np.setdiff1d(given, values)
        if len(unknown):
            raise DatasetError(f"{origin}: {key} has labels that y_train does not have: {unknown.tolist()[:10]}.")
        numbers[key.removeprefix("y_")] = np.searchsorted(values, given).astype(np.int32)
    return tuple(str(value) for value in values.tolist()), numbers


def joined(images: Sequence[Images], origin: ArrayOrigin) -> Images:
    """Return the pictures of several parts as one array.

    Raises:
        DatasetError: if they differ in shape or type.
    """
    if len({(one.shape[1:], one.dtype) for one in images}) > 1:
        shapes = " and ".join(f"{one.dtype} {one.shape}" for one in images)
        raise DatasetError(f"{origin}: train and other images must have one shape and type. Received: {shapes}.")
    return images[0] if len(images) == 1 else np.concatenate([np.asarray(one) for one in images])
