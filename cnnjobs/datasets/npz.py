"""Data sets in one `.npz` file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.arrays import Dataset, Images, hold_out_test, make_dataset
from cnnjobs.datasets.group_splits import Rows
from cnnjobs.datasets.groups import Groups
from cnnjobs.datasets.label_arrays import Labels, read_labels
from cnnjobs.datasets.labelled import Labelled
from cnnjobs.datasets.npz_file import Array, read_arrays
from cnnjobs.datasets.npz_names import SPELLED, array_names, group_names, group_texts, renamed
from cnnjobs.datasets.origin import Origin, row_name
from cnnjobs.datasets.pixel_values import SURE, Pixels, read_pixels
from cnnjobs.datasets.source import OnProgress, PathSource
from cnnjobs.errors import DatasetError
from cnnjobs.labels import listed
from cnnjobs.spec import DatasetSpec, Npz

MOST_BYTES = 1 << 30
"""A file larger than this takes too long to be read and hashed for a few of its pictures."""


class NpzSource(PathSource[Npz]):
    """A NumPy archive."""

    spec_type = Npz
    noun = "an .npz file"

    @classmethod
    def meant_by(cls, value: str, path: Path) -> Npz | None:
        """Take what ends in .npz, whether there is such a file or not."""
        return Npz(str(path)) if path.suffix.lower() == ".npz" else None

    def load(self, on_progress: OnProgress) -> Dataset:
        """Return the arrays of the file."""
        return load_npz(self.spec)

    def why_not_at_hand(self) -> str:
        """Say that there is no such file, or that it is large."""
        path = Path(self.spec.path)
        if not path.is_file():
            return f"there is no file {path} here"
        return "the file is too large to be read for this" if path.stat().st_size > MOST_BYTES else ""

    def read_as(self, job: object) -> Npz:
        """Return it with the values of black and white that the job names for its own file."""
        return replace(self.spec, value_range=job.value_range) if isinstance(job, Npz) else self.spec

    def as_loaded(self, data: Dataset) -> Npz:
        """Name the values of black and white, where another file could be taken to have others."""
        return self.spec if data.value_range in (None, *SURE) else replace(self.spec, value_range=data.value_range)

    def like_training(self, trained_on: DatasetSpec, size: tuple[int, int]) -> DatasetSpec:
        """Hold out as large a part as in training, with the same values as black and white."""
        return replace(trained_on, path=self.spec.path) if isinstance(trained_on, Npz) else self.spec

    def origin(self, data: Dataset) -> Origin:
        """Return what the pictures are called: x_train[17]."""
        named = array_names(read_arrays(Path(self.spec.path), ())[1])
        tested = next((array for array in ("x_test", "x_valid") if array in named), "x_train")
        own = data.is_validation

        def name(part: str, row: int) -> str:
            if part == "train" and own is not None and own[row]:
                return row_name("x_valid", int(own[:row].sum()))
            array, numbers = ("x_train", data.rows_train) if part == "train" else (tested, data.rows_test)
            return row_name(array, row if numbers is None else int(numbers[row]))

        return Origin(name)

    def has_test_set(self) -> bool:
        """Say whether the file has pictures to test on."""
        _, names = read_arrays(Path(self.spec.path), ())
        return "x_test" in array_names(names)

    def labelled(self, part: str, size: tuple[int, int], on_progress: OnProgress) -> Labelled:
        """Return the test pictures, where there are such, or all; they have the size that they have."""
        path = Path(self.spec.path)
        arrays, names = _read(path)
        there = [one for one in SPELLED if f"x_{one}" in arrays] or ["test"]
        taken = ["test"] if part == "test" and "test" in there else there
        pixels, labels = read_parts(arrays, names, taken, self.spec)
        values, numbers = np.unique(np.concatenate([*labels.parts.values()]), return_inverse=True)
        called = tuple(str(value) for value in values.tolist())
        notes = (*pixels.notes, *labels.notes)
        what = "test" if taken == ["test"] else "all"
        images = _joined([pixels.parts[f"x_{one}"] for one in taken], path)
        return Labelled(path.name, what, images, numbers.astype(np.int32), called, notes)


@dataclass(frozen=True)
class _Part:
    """Pictures of a part.

    Args:
        images: (n, height, width, channels).
        labels: (n,) int32.
        groups: (n,) of the pictures, if these are known.
        rows: (n,) numbers of the pictures in the file.
    """

    images: Images
    labels: NDArray[np.int32]
    groups: list[str] | None
    rows: Rows

    def taken(self, rows: Rows) -> "_Part":
        """Return some of the rows."""
        groups = None if self.groups is None else [self.groups[row] for row in rows.tolist()]
        return _Part(self.images[rows], self.labels[rows], groups, self.rows[rows])

    def followed_by(self, other: "_Part", path: Path) -> "_Part":
        """Return the pictures of both, numbered as one array."""
        known = self.groups is not None and other.groups is not None
        groups = [*(self.groups or ()), *(other.groups or ())] if known else None
        images, labels = _joined([self.images, other.images], path), np.concatenate([self.labels, other.labels])
        return _Part(images, labels, groups, np.arange(len(labels)))


def load_npz(spec: Npz) -> Dataset:
    """Return the data set in the file; nothing in it is ever unpickled.

    Raises:
        DatasetError: no such file, not an archive, keys missing, pickled objects, images, labels and groups of
            different length, or of a shape or type that makes no sense.
    """
    path = Path(spec.path)
    arrays, names = _read(path)
    there = [part for part in SPELLED if part == "train" or f"x_{part}" in arrays or f"y_{part}" in arrays]
    pixels, labels = read_parts(arrays, names, there, spec)
    class_names, numbers = _numbers(labels, path)
    groups = _groups(spec, names, {part: len(numbers[part]) for part in there})
    parts = {
        part: _Part(pixels.parts[f"x_{part}"], labelled, groups.get(part), np.arange(len(labelled)))
        for part, labelled in numbers.items()
    }
    train, notes, own = parts["train"], [*pixels.notes, *labels.notes], None
    if there == ["train"]:
        kept, held = hold_out_test(train.labels, spec.test, path.name, class_names, train.groups)
        train, test = train.taken(kept), train.taken(held)
    else:
        test = parts[there[-1]]
    if there == ["train", "valid"]:
        count = len(test.labels)
        notes.append(f"{path.name}: there is no test set: the validation set, {count:,} pictures, is used as it")
    elif "valid" in parts:
        train = train.followed_by(parts["valid"], path)
        own = train.rows >= len(numbers["train"])
    data = make_dataset(
        path.name,
        (train.images, train.labels),
        (test.images, test.labels),
        class_names,
        notes=tuple(notes),
        rows=(train.rows, test.rows),
        dedupe=spec.dedupe,
        groups=None if train.groups is None else Groups(train.groups, test.groups),
        is_validation=own,
        held_out=spec.test if there == ["train"] else None,
    )
    return replace(data, value_range=pixels.value_range)


def _numbers(labels: Labels, path: Path) -> tuple[tuple[str, ...], dict[str, NDArray[np.int32]]]:
    """Return class names, and part -> labels in [0, classes).

    Raises:
        DatasetError: for labels that the training set has not.
    """
    values = np.unique(labels.parts["y_train"])
    numbers = {}
    for key, given in labels.parts.items():
        unknown = np.setdiff1d(given, values)
        if len(unknown):
            raise DatasetError(f"{path}: {key} has labels that y_train has not: {unknown.tolist()[:10]}.")
        numbers[key.removeprefix("y_")] = np.searchsorted(values, given).astype(np.int32)
    return tuple(str(value) for value in values.tolist()), numbers


def _read(path: Path) -> tuple[dict[str, Array], tuple[str, ...]]:
    """Return the arrays of pictures and labels by their keys, and the names of all arrays."""
    _, names = read_arrays(path, ())
    called = array_names(names)
    arrays, _ = read_arrays(path, called.values())
    return {key: arrays[name] for key, name in called.items()}, names


def read_parts(
    arrays: Mapping[str, Array], names: Sequence[str], parts: Sequence[str], spec: Npz
) -> tuple[Pixels, Labels]:
    """Return images and labels of some parts, checked, each kind on one scale.

    Args:
        arrays: of the file.
        names: of all arrays in it.
        parts: some of "train", "valid" and "test".
        spec: which file, and what its values mean.

    Raises:
        DatasetError: keys missing, images and labels of different length, or of a shape or type that makes no sense.
    """
    path = Path(spec.path)
    for part in parts:
        for key in (f"x_{part}", f"y_{part}"):
            if key not in arrays:
                received = listed(names) or "no arrays"
                raise DatasetError(f"{path} must have the array {key!r}. Received: {received}.{renamed(names, path)}")
    pixels = read_pixels({f"x_{part}": arrays[f"x_{part}"] for part in parts}, spec.value_range, path)
    counts = {f"y_{part}": len(pixels.parts[f"x_{part}"]) for part in parts}
    return pixels, read_labels({key: arrays[key] for key in counts}, counts, path)


def _joined(images: Sequence[Images], path: Path) -> Images:
    """Return the pictures of several parts as one array."""
    if len({(one.shape[1:], one.dtype) for one in images}) > 1:
        shapes = " and ".join(f"{one.dtype} {one.shape}" for one in images)
        raise DatasetError(f"{path}: train and other images must have one shape and type. Received: {shapes}.")
    return images[0] if len(images) == 1 else np.concatenate([np.asarray(one) for one in images])


def _groups(spec: Npz, names: Sequence[str], counts: Mapping[str, int]) -> dict[str, list[str]]:
    """Return part -> the group of each picture; nothing where the job file names no groups.

    Args:
        spec: what the job file says.
        names: of all arrays.
        counts: part -> pictures.

    Raises:
        DatasetError: if the groups of pictures that can be trained on are missing, or make no sense.
    """
    if spec.group is None:
        return {}
    path, called = Path(spec.path), group_names(spec.group, names)
    missing = [part for part in counts if part != "test" and part not in called]
    if missing:
        wanted = listed(f"{spec.group}_{part}" for part in missing)
        raise DatasetError(
            f"{path} must have the groups of its pictures in {wanted}, because of group={spec.group!r}. "
            f"Received: {listed(names)}."
        )
    arrays, _ = read_arrays(path, called.values())
    return {
        part: group_texts(arrays[name], counts[part], name, path) for part, name in called.items() if part in counts
    }
