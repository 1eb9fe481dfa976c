"""Which encoded pictures a data set has, and of which class and part each is."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.pictures.contents import Contents
from cnnjobs.datasets.pictures.picture_kinds import UNREADABLE, passed_over_text
from cnnjobs.datasets.row_weights import Weights
from cnnjobs.errors import DatasetError

PARTS = ("all", "train", "valid", "test")
"""What a picture may be for; "all" where a test set is to be held out."""


@dataclass(frozen=True)
class Listing:
    """Encoded pictures with their labels.

    Args:
        name: of the data set.
        class_names: one per class, in the order of the labels.
        contents: the pictures.
        labels: (n,) int32 in [0, classes).
        parts: (n,) which of `PARTS` each is in.
        groups: what each picture shows (a patient, a scene), (n,), never empty; None where that is not said.
        weights: how much each picture counts where it is trained on, (n,) float32; None where all count 1.
        notes: what a person should know of how the data set was read.
        training_notes: what only those should know who train on it.
        passed_over: ending -> number of files that are no pictures, or none that is read.
    """

    name: str
    class_names: tuple[str, ...]
    contents: Contents
    labels: NDArray[np.int32]
    parts: NDArray[np.str_]
    groups: Sequence[str] | None = None
    weights: Weights | None = None
    notes: tuple[str, ...] = ()
    training_notes: tuple[str, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many pictures there are."""
        return len(self.labels)

    @property
    def has_test_set(self) -> bool:
        """Whether test pictures lie apart from those to train on."""
        return bool((self.parts == "test").any())

    @property
    def unreadable(self) -> dict[str, int]:
        """Of what is passed over, the pictures that are not read."""
        return {ending: count for ending, count in self.passed_over.items() if ending in UNREADABLE}

    def refuse_unreadable(self) -> None:
        """Raise a DatasetError if there are pictures, by their endings, that are not read."""
        if self.unreadable:
            raise DatasetError(f"{self.name} has pictures that are passed over: {passed_over_text(self.unreadable)}.")

    def with_test_set(self) -> "Listing":
        """Return it with its validation set as its test set, if it has no other, and a note that says so."""
        is_valid = self.parts == "valid"
        if self.has_test_set or not is_valid.any():
            return self
        note = (
            f"{self.name}: there is no test set: the validation set, {int(is_valid.sum()):,} pictures, is used instead"
        )
        return replace(self, parts=np.where(is_valid, "test", self.parts), notes=(*self.notes, note))

    def taken_for(self) -> str:
        """Return a hash of what the pictures are taken for."""
        hasher = hashlib.sha256(repr((self.class_names, self.parts.tolist())).encode())
        hasher.update(self.labels.tobytes())
        if self.groups is not None:
            hasher.update(repr(list(self.groups)).encode())
        if self.weights is not None:
            hasher.update(b"weights" + self.weights.tobytes())
        return hasher.hexdigest()
