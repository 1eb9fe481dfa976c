"""Data sets in one `.npz` file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.arrays import Dataset, Rows, hold_out_test, make_dataset
from cnnjobs.datasets.label_arrays import Labels, read_labels
from cnnjobs.datasets.labelled import Labelled
from cnnjobs.datasets.npz_file import Array, read_arrays
from cnnjobs.datasets.pixel_values import SURE, Pixels, read_pixels
from cnnjobs.datasets.source import OnProgress, PathSource
from cnnjobs.errors import DatasetError
from cnnjobs.labels import listed
from cnnjobs.spec import DatasetSpec, Npz

KEYS = ("x_train", "y_train", "x_test", "y_test")
"""What is read of an archive; whatever else it holds stays packed."""

MEANT = {
    "x": frozenset({"x", "image", "images", "img", "imgs", "pictures", "data", "features"}),
    "y": frozenset({"y", "label", "labels", "target", "targets", "classes"}),
}
"""Words that other archives have for pictures and labels, for advice."""

POSITIONAL = (("arr_0", "arr_1"), ("arr_0", "arr_1", "arr_2", "arr_3"))
"""What np.savez calls arrays without names: pictures and labels, of train and test."""

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

    def has_test_set(self) -> bool:
        """Say whether the file has pictures to test on."""
        _, names = read_arrays(Path(self.spec.path), ())
        return "x_test" in names

    def labelled(self, part: str, size: tuple[int, int], on_progress: OnProgress) -> Labelled:
        """Return the test pictures, where there are such, or all; they have the size that they have."""
        path = Path(self.spec.path)
        arrays, names = read_arrays(path, KEYS)
        there = [one for one in ("train", "test") if f"x_{one}" in arrays] or ["test"]
        taken = there[-1:] if part == "test" else there
        pixels, labels = read_parts(arrays, names, taken, self.spec)
        values, numbers = np.unique(np.concatenate([*labels.parts.values()]), return_inverse=True)
        images = [pixels.parts[f"x_{one}"] for one in taken]
        if len({(image.shape[1:], image.dtype) for image in images}) > 1:
            shapes = " and ".join(f"{image.dtype} {image.shape}" for image in images)
            raise DatasetError(f"{path}: train and test images must have one shape and type. Received: {shapes}.")
        called = tuple(str(value) for value in values.tolist())
        notes = (*pixels.notes, *labels.notes)
        what = "test" if taken == ["test"] else "all"
        return Labelled(path.name, what, np.concatenate(images), numbers.astype(np.int32), called, notes)


def load_npz(spec: Npz) -> Dataset:
    """Return the data set in the file; nothing in it is ever unpickled.

    Raises:
        DatasetError: no such file, not an archive, keys missing, pickled objects, images and labels
            of different length, or of a shape or type that makes no sense.
    """
    path = Path(spec.path)
    arrays, names = read_arrays(path, KEYS)
    parts = ("train", "test") if "x_test" in arrays or "y_test" in arrays else ("train",)
    pixels, labels = read_parts(arrays, names, parts, spec)
    train = (pixels.parts["x_train"], labels.parts["y_train"])
    if len(parts) == 2:
        test = (pixels.parts["x_test"], labels.parts["y_test"])
        rows = np.arange(len(train[1])), np.arange(len(test[1]))
    else:
        rows = _held_out(train[1], spec.test, path)
        train, test = ((train[0][part], train[1][part]) for part in rows)
    values = np.unique(train[1])
    unknown = np.setdiff1d(test[1], values)
    if len(unknown):
        raise DatasetError(f"{path}: y_test has labels that y_train has not: {unknown.tolist()[:10]}.")
    data = make_dataset(
        path.name,
        (train[0], np.searchsorted(values, train[1]).astype(np.int32)),
        (test[0], np.searchsorted(values, test[1]).astype(np.int32)),
        tuple(str(value) for value in values.tolist()),
        notes=(*pixels.notes, *labels.notes),
        rows=rows,
        dedupe=spec.dedupe,
    )
    return replace(data, value_range=pixels.value_range)


def read_parts(
    arrays: Mapping[str, Array], names: Sequence[str], parts: Sequence[str], spec: Npz
) -> tuple[Pixels, Labels]:
    """Return images and labels of some parts, checked, each kind on one scale.

    Args:
        arrays: of the file.
        names: of all arrays in it.
        parts: "train", "test" or both.
        spec: which file, and what its values mean.

    Raises:
        DatasetError: keys missing, images and labels of different length, or of a shape or type that makes no sense.
    """
    path = Path(spec.path)
    for part in parts:
        for key in (f"x_{part}", f"y_{part}"):
            if key not in arrays:
                received = listed(names) or "no arrays"
                raise DatasetError(f"{path} must have the array {key!r}. Received: {received}.{_renamed(names, path)}")
    pixels = read_pixels({f"x_{part}": arrays[f"x_{part}"] for part in parts}, spec.value_range, path)
    counts = {f"y_{part}": len(pixels.parts[f"x_{part}"]) for part in parts}
    return pixels, read_labels({key: arrays[key] for key in counts}, counts, path)


def _renamed(names: Sequence[str], path: Path) -> str:
    """Return what saves arrays with other usual names under those that are read; nothing if none is known."""
    found = {key: name for name in reversed(names) if (key := _key_of(name)) is not None}
    if not {"x_train", "y_train"} <= found.keys():
        found = dict(zip(KEYS, names, strict=False)) if tuple(names) in POSITIONAL else {}
    taken = [f"{key}=old[{found[key]!r}]" for key in KEYS if key in found]
    if not taken:
        return ""
    new = str(path.with_name(f"{path.stem}-named.npz"))
    return f" If these are they under other names: old = np.load({str(path)!r}); np.savez({new!r}, {', '.join(taken)})."


def _key_of(name: str) -> str | None:
    """Return which array a name means: "train_images" and "X_train" are "x_train", "labels" is "y_train"."""
    words = set(re.findall(r"[a-z]+", name.lower()))
    axes = [axis for axis, usual in MEANT.items() if words & usual]
    if len(axes) != 1 or words & {"val", "valid", "validation", "extra"}:
        return None
    return f"{axes[0]}_{'test' if words & {'test', 'testing'} else 'train'}"


def _held_out(labels: NDArray[Any], fraction: float, path: Path) -> tuple[Rows, Rows]:
    """Return training and test rows; labels are made contiguous only for the stratification."""
    values, contiguous = np.unique(labels, return_inverse=True)
    names = [str(value) for value in values.tolist()]
    return hold_out_test(contiguous.astype(np.int32), fraction, path.name, names)
