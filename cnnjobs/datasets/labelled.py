"""The labelled pictures of a data set, for what trains nothing and needs no second class, row or part for it."""

from dataclasses import dataclass

import numpy as np

from cnnjobs.datasets.arrays import Dataset, Labels
from cnnjobs.datasets.images import Images, joined


@dataclass(frozen=True)
class Labelled:
    """Pictures and their labels.

    Args:
        name: of the data set.
        part: "test", "train" or "all".
        images: (n, height, width, channels) uint8, or float32 in [0, 1].
        labels: (n,) in [0, classes).
        class_names: in the order of the labels.
        notes: what a person should know.
    """

    name: str
    part: str
    images: Images
    labels: Labels
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: Dataset, part: str) -> "Labelled":
        """Return a part of a data set that was loaded as for training.

        Args:
            data: the data set.
            part: "test", "train" or "all".
        """
        halves = {"test": ("test",), "train": ("train",), "all": ("train", "test")}[part]
        images = joined([getattr(data, f"x_{half}") for half in halves])
        labels = np.concatenate([getattr(data, f"y_{half}") for half in halves])
        return cls(data.name, part, images, labels, data.class_names, (*data.notes, *_own_note(data, part)))


def _own_note(data: Dataset, part: str) -> tuple[str, ...]:
    """Say that the data set's own validation set is among its training pictures."""
    if part != "train" or data.is_validation is None:
        return ()
    count = int(data.is_validation.sum())
    return (
        f"{data.name}: its own validation set ({count:,} picture{'s' * (count > 1)}) is among the training pictures",
    )
