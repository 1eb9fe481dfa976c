"""Which encoded pictures a data set has, and of which class and part each is."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.contents import Contents

PARTS = ("all", "train", "valid", "test")
"""What a picture may be for; "all" where a test set is to be held out."""


@dataclass(frozen=True)
class Listing:
    """Encoded pictures with their labels.

    Args:
        name: of the data set.
        class_names: one a class, in the order of the labels.
        contents: the pictures.
        labels: (n,) int32 in [0, classes).
        parts: (n,) which of `PARTS` each is in.
        groups: what each picture shows (a patient, a scene), (n,); None where that is not said.
        notes: what a person should know of how the data set was read.
        training_notes: what only those should know who train on it.
    """

    name: str
    class_names: tuple[str, ...]
    contents: Contents
    labels: NDArray[np.int32]
    parts: NDArray[np.str_]
    groups: Sequence[str] | None = None
    notes: tuple[str, ...] = ()
    training_notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return how many pictures there are."""
        return len(self.labels)

    @property
    def has_test_set(self) -> bool:
        """Whether test pictures lie apart from those to train on."""
        return bool((self.parts == "test").any())

    def taken_for(self) -> str:
        """Return a hash of what the pictures are taken for."""
        hasher = hashlib.sha256(repr((self.class_names, self.parts.tolist())).encode())
        hasher.update(self.labels.tobytes())
        if self.groups is not None:
            hasher.update(repr(list(self.groups)).encode())
        return hasher.hexdigest()
