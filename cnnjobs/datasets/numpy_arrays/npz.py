"""Data sets in one `.npz` file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.datasets.labelled import Labelled
from cnnjobs.datasets.numpy_arrays.array_origin import ArrayOrigin
from cnnjobs.datasets.numpy_arrays.array_sets import ArraySet, joined
from cnnjobs.datasets.numpy_arrays.npz_file import Array, read_arrays
from cnnjobs.datasets.numpy_arrays.npz_names import SPELLED, array_names, group_names, group_texts, renamed, spelled
from cnnjobs.datasets.numpy_arrays.pixel_values import SURE
from cnnjobs.datasets.origin import Origin, row_name
from cnnjobs.datasets.source import OnProgress, PathSource
from cnnjobs.datasets.storage.data_file import DataFile, file_at, near_file
from cnnjobs.errors import DatasetError
from cnnjobs.spec import DatasetSpec, FromFunction, Npz
from cnnjobs.wording.labels import listed

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
        return load_npz(self.spec, file_at(self.spec.path, on_progress))

    def why_not_at_hand(self) -> str:
        """Say that there is no such file, or that it is large."""
        file = near_file(self.spec.path)
        if file is None:
            return f"there is no file {self.spec.path} here"
        return "the file is too large to be read for this" if file.path.stat().st_size > MOST_BYTES else ""

    def read_as(self, job: object) -> Npz:
        """Return it with the values of black and white, groups and weights, that the job names for its own."""
        if isinstance(job, Npz):
            return replace(self.spec, value_range=job.value_range, group=job.group, weight=job.weight)
        return replace(self.spec, value_range=job.value_range) if isinstance(job, FromFunction) else self.spec

    def as_loaded(self, data: Dataset) -> Npz:
        """Name the values of black and white, where another file could be taken to have others."""
        return self.spec if data.value_range in (None, *SURE) else replace(self.spec, value_range=data.value_range)

    def like_training(self, trained_on: DatasetSpec, size: tuple[int, int]) -> DatasetSpec:
        """Hold out as large a part as in training, with the same values as black and white."""
        if isinstance(trained_on, FromFunction):
            return replace(self.spec, test=trained_on.test, value_range=trained_on.value_range)
        return replace(trained_on, path=self.spec.path) if isinstance(trained_on, Npz) else self.spec

    def origin(self, data: Dataset) -> Origin:
        """Return what the pictures are called: x_train[17]."""
        named = array_names(read_arrays(file_at(self.spec.path, lambda *_: None), ())[1])
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
        _, names = read_arrays(file_at(self.spec.path, lambda *_: None), ())
        return "x_test" in array_names(names)

    def labelled(self, part: str, size: tuple[int, int], on_progress: OnProgress) -> Labelled:
        """Return the test pictures, where there are such, or all; they have the size that they have."""
        file = file_at(self.spec.path, on_progress)
        arrays, names = _read(file)
        there = [one for one in SPELLED if f"x_{one}" in arrays] or ["test"]
        taken = ["test"] if part == "test" and "test" in there else there
        _check_keys(arrays, names, taken, file)
        pixels, labels = _array_set(self.spec, arrays, file).read(taken)
        values, numbers = np.unique(np.concatenate([*labels.parts.values()]), return_inverse=True)
        called = tuple(str(value) for value in values.tolist())
        notes = (*pixels.notes, *labels.notes)
        what = "test" if taken == ["test"] else "all"
        images = joined([pixels.parts[f"x_{one}"] for one in taken], _origin(self.spec, file))
        return Labelled(file.name, what, images, numbers.astype(np.int32), called, notes)


def load_npz(spec: Npz, file: DataFile) -> Dataset:
    """Return the data set in the file; nothing in it is ever unpickled.

    Args:
        spec: what the job file says.
        file: that it means.

    Raises:
        DatasetError: no such file, not an archive, keys missing, pickled objects, images, labels and groups of
            different length, or of a shape or type that makes no sense.
    """
    arrays, names = _read(file)
    there = [part for part in SPELLED if part == "train" or f"x_{part}" in arrays or f"y_{part}" in arrays]
    _check_keys(arrays, names, there, file)
    groups = _groups(spec, file, names, {part: len(np.atleast_1d(arrays[f"x_{part}"])) for part in there})
    arrays |= _weights(spec, file, names)
    return replace(_array_set(spec, arrays, file), groups=groups).dataset()


def _origin(spec: Npz, file: DataFile) -> ArrayOrigin:
    return ArrayOrigin(str(file), file.name, f"Npz({spec.path!r}")


def _array_set(spec: Npz, arrays: Mapping[str, Array], file: DataFile) -> ArraySet:
    return ArraySet(arrays, _origin(spec, file), spec.test, spec.value_range, spec.dedupe)


def _read(file: DataFile) -> tuple[dict[str, Array], tuple[str, ...]]:
    """Return the arrays of pictures and labels by their keys, and the names of all arrays."""
    _, names = read_arrays(file, ())
    called = array_names(names)
    arrays, _ = read_arrays(file, called.values())
    return {key: arrays[name] for key, name in called.items()}, names


def _check_keys(arrays: Mapping[str, Array], names: Sequence[str], parts: Sequence[str], file: DataFile) -> None:
    """Raise a DatasetError if pictures or labels of a part are missing.

    Args:
        arrays: of the file.
        names: of all arrays in it.
        parts: some of "train", "valid" and "test".
        file: that they are in.
    """
    for part in parts:
        for key in (f"x_{part}", f"y_{part}"):
            if key not in arrays:
                received = listed(names) or "no arrays"
                raise DatasetError(
                    f"{file} must have the array {spelled(key, names)!r}. Received: {received}.{renamed(names, file)}"
                )


def _groups(spec: Npz, file: DataFile, names: Sequence[str], counts: Mapping[str, int]) -> dict[str, list[str]]:
    """Return part -> the group of each picture; nothing where the job file names no groups.

    Args:
        spec: what the job file says.
        file: that it means.
        names: of all arrays.
        counts: part -> pictures.

    Raises:
        DatasetError: if the groups of pictures that can be trained on are missing, or make no sense.
    """
    if spec.group is None:
        return {}
    called = group_names(spec.group, names)
    missing = [part for part in counts if part != "test" and part not in called]
    if missing:
        wanted = listed(f"{spec.group}_{part}" for part in missing)
        raise DatasetError(
            f"{file} must have the groups of its pictures in {wanted}, because of group={spec.group!r}. "
            f"Received: {listed(names)}."
        )
    arrays, _ = read_arrays(file, called.values())
    return {
        part: group_texts(arrays[name], counts[part], name, file) for part, name in called.items() if part in counts
    }


def _weights(spec: Npz, file: DataFile, names: Sequence[str]) -> dict[str, Array]:
    """Return `w_train` and so on, the weights of pictures; nothing where the job file names none.

    Raises:
        DatasetError: if there are none of those to train on.
    """
    if spec.weight is None:
        return {}
    called = group_names(spec.weight, names)
    if "train" not in called:
        raise DatasetError(
            f"{file} must have the weights of its training pictures in {spec.weight}_train, because of "
            f"weight={spec.weight!r}. Received: {listed(names)}."
        )
    arrays, _ = read_arrays(file, called.values())
    return {f"w_{part}": arrays[name] for part, name in called.items()}
