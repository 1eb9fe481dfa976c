"""What there is to say of a data set before anything is trained on it."""

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.datasets.images import Images, pieces

Cells = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""Header and rows of a table."""

SHOWN_CLASSES = 20
"""More classes than these are not listed."""


def part_cells(data: Dataset) -> Cells:
    """Return shape, type and range of the training and the test images as a table."""
    return ("part", "images", "dtype", "range"), [_part("train", data.x_train), _part("test", data.x_test)]


def _part(name: str, images: Images) -> tuple[str, ...]:
    shape = " x ".join(f"{side:,}" for side in images.shape)
    ranges = [(piece.min(), piece.max()) for piece in pieces(images)]
    least, most = min(low for low, _ in ranges), max(high for _, high in ranges)
    return name, shape, str(images.dtype), f"{least:g} to {most:g}"


def class_cells(data: Dataset) -> Cells:
    """Return the images of each of the first classes as a table."""
    train, test = _counts(data)
    names = data.class_names[:SHOWN_CLASSES]
    rows: list[tuple[str, ...]] = [(name, f"{train[label]:,}", f"{test[label]:,}") for label, name in enumerate(names)]
    return (f"{len(data.class_names)} classes", "train", "test"), rows


def class_note(data: Dataset) -> str:
    """Say what the table of classes leaves out; nothing if it is complete."""
    names, (train, _) = data.class_names, _counts(data)
    if len(names) <= SHOWN_CLASSES:
        return ""
    least, most = int(train.argmin()), int(train.argmax())
    return (
        f"and {len(names) - SHOWN_CLASSES:,} more; smallest: {names[least]} with {train[least]:,} training images, "
        f"largest: {names[most]} with {train[most]:,}"
    )


def _counts(data: Dataset) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return images a class, each (classes,), of train and test."""
    classes = len(data.class_names)
    return np.bincount(data.y_train, minlength=classes), np.bincount(data.y_test, minlength=classes)


def first_rows(labels: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """Return the first rows; where rows lie class by class, as in a folder, the first of each class in turn.

    Args:
        labels: (n,) class of each row.
        count: how many; all if there are fewer.
    """
    rows = np.arange(len(labels))
    if (np.diff(labels) >= 0).all():
        _, starts, sizes = np.unique(labels, return_index=True, return_counts=True)
        rows = np.argsort(rows - np.repeat(starts, sizes), kind="stable")
    return rows[:count].astype(np.int64)
