"""What there is to say of a data set before anything is trained on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.datasets.images import Images, pieces, subset

Cells = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""Header and rows of a table."""

SHOWN_CLASSES = 20
"""More classes than these are not listed."""


def parts_text(data: Dataset) -> str:
    """Return how many images there are: "4,000 training, 600 validation and 1,000 test images of 3 classes"."""
    rows = data.training_rows
    own, tested = rows.own_validation_rows, len(data.y_test)
    images = images_text(training=len(rows) - (own or 0), validation=own, test=tested)
    groups = groups_text(rows.group_count, group_count(data.groups_test), with_validation=own is not None)
    return f"{images} of {len(data.class_names)} classes{groups}"


def images_text(**counts: int | None) -> str:
    """Return how many images each part has: "4,000 training and 1,000 test images".

    Args:
        **counts: part -> images; None for a part that is not there.
    """
    said = [f"{count:,} {part}" for part, count in counts.items() if count is not None]
    return f"{', '.join(said[:-1])} and {said[-1]} images" if len(said) > 1 else f"{said[0]} images"


def groups_text(trained: int | None, tested: int | None, *, with_validation: bool) -> str:
    """Return how many groups there are, to follow other counts; nothing where no groups are known.

    Args:
        trained: groups of the images that can be trained on; None where they are not known.
        tested: groups of the test set; None where they are not known.
        with_validation: whether the data set's own validation set, which serves, is among the first.
    """
    if trained is None:
        return ""
    test = "unknown ones" if tested is None else f"{tested:,}"
    training = "training and validation" if with_validation else "training"
    return f", in {trained:,} group{'s' * (trained != 1)} of {training} images and {test} of test images"


def group_count(groups: NDArray[np.int32] | None) -> int | None:
    """Return how many groups there are; None where they are not known."""
    return None if groups is None else len(np.unique(groups))


@dataclass(frozen=True)
class PartFacts:
    """What there is to say of the images of one part.

    Args:
        part: "train", "validation" or "test".
        shape: (n, height, width, channels).
        dtype: of the pixels.
        least: smallest value of a pixel.
        most: largest one.
        groups: how many; None where they are not known.
    """

    part: str
    shape: tuple[int, ...]
    dtype: str
    least: float
    most: float
    groups: int | None


def part_facts(data: Dataset) -> list[PartFacts]:
    """Return what there is to say of the images of each part."""
    return [_part(name, images, groups) for name, images, groups in _parts(data)]


def part_cells(data: Dataset) -> Cells:
    """Return shape, type, range and groups of the images of each part as a table."""
    rows = [_cells(one) for one in part_facts(data)]
    header = ("part", "images", "dtype", "range", "groups")
    return (header, rows) if data.groups_train is not None else (header[:-1], [row[:-1] for row in rows])


def _parts(data: Dataset) -> list[tuple[str, Images, NDArray[np.int32] | None]]:
    """Return name, images and groups of each part."""
    test = ("test", data.x_test, data.groups_test)
    own, images, groups = data.is_validation, data.x_train, data.groups_train
    if own is None:
        return [("train", images, groups), test]
    sides = (("train", ~own), ("validation", own))
    return [*((name, subset(images, rows), None if groups is None else groups[rows]) for name, rows in sides), test]


def _part(name: str, images: Images, groups: NDArray[np.int32] | None) -> PartFacts:
    ranges = [(piece.min(), piece.max()) for piece in pieces(images)]
    least, most = min(low for low, _ in ranges), max(high for _, high in ranges)
    return PartFacts(name, tuple(images.shape), str(images.dtype), least.item(), most.item(), group_count(groups))


def _cells(part: PartFacts) -> tuple[str, ...]:
    shape = " x ".join(f"{side:,}" for side in part.shape)
    count = "not known" if part.groups is None else f"{part.groups:,}"
    return part.part, shape, part.dtype, f"{part.least:g} to {part.most:g}", count


def class_cells(data: Dataset) -> Cells:
    """Return number, name and images of each of the first classes as a table."""
    counts = class_counts(data)
    names = enumerate(data.class_names[:SHOWN_CLASSES])
    rows = [(str(label), name, *(f"{own[label]:,}" for own in counts.values())) for label, name in names]
    return ("label", f"{len(data.class_names)} classes", *counts), rows


def class_note(data: Dataset) -> str:
    """Say what the table of classes leaves out; nothing if it is complete."""
    names, train = data.class_names, class_counts(data)["train"]
    if len(names) <= SHOWN_CLASSES:
        return ""
    least, most = int(train.argmin()), int(train.argmax())
    return (
        f"and {len(names) - SHOWN_CLASSES:,} more; smallest: {names[least]} with {train[least]:,} training images, "
        f"largest: {names[most]} with {train[most]:,}"
    )


def class_counts(data: Dataset) -> dict[str, NDArray[np.int64]]:
    """Return part -> images per class, (classes,)."""
    own, labels = data.is_validation, data.y_train
    trained = {"train": labels} if own is None else {"train": labels[~own], "validation": labels[own]}
    return {
        part: np.bincount(of_part, minlength=len(data.class_names))
        for part, of_part in (trained | {"test": data.y_test}).items()
    }


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
