"""Data sets in one `.npz` file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.arrays import Dataset, Images, hold_out_test, make_dataset
from cnnjobs.datasets.npz_file import Array, read_arrays
from cnnjobs.datasets.source import OnProgress, PathSource
from cnnjobs.errors import DatasetError
from cnnjobs.labels import listed
from cnnjobs.spec import DatasetSpec, Npz

_Part = tuple[Images, NDArray[np.int64]]


KEYS = ("x_train", "y_train", "x_test", "y_test")
"""What is read of an archive; whatever else it holds stays packed."""

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

    def like_training(self, trained_on: DatasetSpec, size: tuple[int, int]) -> DatasetSpec:
        """Hold out as large a part as in training."""
        return replace(trained_on, path=self.spec.path) if isinstance(trained_on, Npz) else self.spec


def load_npz(spec: Npz) -> Dataset:
    """Return the data set in the file; nothing in it is ever unpickled.

    Raises:
        DatasetError: no such file, not an archive, keys missing, pickled objects, images and labels
            of different length, or of a shape or type that makes no sense.
    """
    path = Path(spec.path)
    arrays, names = read_arrays(path, KEYS)
    train = _part(arrays, names, "train", path)
    if "x_test" in arrays or "y_test" in arrays:
        test = _part(arrays, names, "test", path)
    else:
        train, test = _held_out(*train, spec.test, path)
    values = np.unique(train[1])
    unknown = np.setdiff1d(test[1], values)
    if len(unknown):
        raise DatasetError(f"{path}: y_test has labels that y_train has not: {unknown.tolist()[:10]}.")
    return make_dataset(
        path.name,
        (train[0], np.searchsorted(values, train[1]).astype(np.int32)),
        (test[0], np.searchsorted(values, test[1]).astype(np.int32)),
        tuple(str(value) for value in values.tolist()),
    )


def _held_out(images: Images, labels: NDArray[np.int64], fraction: float, path: Path) -> tuple[_Part, _Part]:
    """Hold out a test set; labels are made contiguous only for the stratification."""
    values, contiguous = np.unique(labels, return_inverse=True)
    names = [str(value) for value in values.tolist()]
    rows = np.arange(len(labels))
    (kept, _), (held, _) = hold_out_test(rows, contiguous.astype(np.int32), fraction, path.name, names)
    return (images[kept], labels[kept]), (images[held], labels[held])


def _part(arrays: Mapping[str, Array], names: Sequence[str], part: str, path: Path) -> tuple[Images, NDArray[np.int64]]:
    """Return (images, labels) of train or test, checked."""
    for key in (f"x_{part}", f"y_{part}"):
        if key not in arrays:
            raise DatasetError(f"{path} must have the array {key!r}. Received: {listed(names) or 'no arrays'}.")
    images = _images(arrays[f"x_{part}"], f"x_{part}", path)
    labels = _labels(arrays[f"y_{part}"], f"y_{part}", path)
    if len(images) != len(labels):
        raise DatasetError(
            f"{path}: x_{part} and y_{part} must have one label an image. "
            f"Received: {len(images)} images and {len(labels)} labels."
        )
    return images, labels


def _images(images: Array, key: str, path: Path) -> Images:
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim != 4 or images.shape[3] not in (1, 3) or 0 in images.shape:
        raise DatasetError(
            f"{path}: {key} must be (n, height, width) or (n, height, width, channels) with 1 or 3 channels. "
            f"Received: {images.shape}."
        )
    if images.dtype == np.uint8:
        return images
    if images.dtype.kind == "f":
        floats = images.astype(np.float32)
        if np.isfinite(floats).all() and floats.min() >= 0 and floats.max() <= 1:
            return floats
    span = f" in [{images.min()}, {images.max()}]" if images.dtype.kind in "iuf" else ""
    raise DatasetError(
        f"{path}: {key} must be uint8, or float in [0, 1]. Received: {images.dtype}{span}. "
        "Convert it with .astype('uint8') or divide by its maximum."
    )


def _labels(labels: Array, key: str, path: Path) -> NDArray[np.int64]:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DatasetError(
            f"{path}: {key} must be (n,) or (n, 1) whole numbers. Received: {labels.dtype} {labels.shape}."
            + (" One-hot labels become whole numbers with .argmax(axis=1)." if labels.ndim == 2 else "")
        )
    if labels.size and int(labels.max()) > np.iinfo(np.int64).max:
        raise DatasetError(f"{path}: {key} must fit 64-bit integers. Received: {labels.max()}.")
    return labels.astype(np.int64)
