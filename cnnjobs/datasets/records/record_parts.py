"""Which records are trained on, validate and test, as the names of their files or they themselves say."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.folders.layout import pictures_text
from cnnjobs.datasets.folders.parts import role_of
from cnnjobs.errors import DatasetError
from cnnjobs.wording.labels import listed

Names = NDArray[np.str_]


@dataclass(frozen=True)
class RecordParts:
    """The part of each record.

    Args:
        parts: (n,) as a `Listing` has them; "" for a record that is not used.
        notes: what a person should know.
        training_notes: what only those should know who train.
    """

    parts: Names
    notes: tuple[str, ...] = ()
    training_notes: tuple[str, ...] = ()


def roles_of(words: Sequence[str], name: str) -> Names:
    """Return which part each record itself names, with one word for each; "" for none.

    Args:
        words: as they are written.
        name: of the data set, for messages.

    Raises:
        DatasetError: if none names a part.
    """
    meant = {word: (role_of(word) or ("",))[0] for word in set(words)}
    if not any(meant.values()):
        raise DatasetError(
            f"{name}: its split must be train, validation or test. Received: {listed(sorted(map(repr, meant)))}."
        )
    return np.array([meant[word] for word in words], dtype=np.str_)


def parts_of(roles: Names, files: Sequence[str], name: str, *, to_train: bool) -> RecordParts:
    """Return the part of each record.

    Args:
        roles: (n,) "train", "valid", "test", or "" where nothing says it.
        files: (n,) the file of each.
        name: of the data set, for messages.
        to_train: whether there must be a training set.

    Raises:
        DatasetError: if there must be one, and several other parts are there.
    """
    counts = Counter(roles.tolist())
    unnamed = counts.pop("", 0)
    if not counts:
        return RecordParts(np.full(len(roles), "all"))
    notes, where = [], listed(sorted({Path(files[row]).name for row in np.flatnonzero(roles == "").tolist()}))
    if unnamed and "train" not in counts:
        notes.append(f"{name}: files whose names do not tell a part are taken for the training set: {where}")
        return RecordParts(np.where(roles == "", "train", roles), tuple(notes))
    if unnamed:
        notes.append(f"{name}: {pictures_text(unnamed)} whose files do not name a part are not used: {where}")
    if len(counts) > 1 and ("train" in counts or not to_train):
        return RecordParts(roles, tuple(notes))
    if len(counts) > 1:
        raise DatasetError(
            f"{name} must have a training set. Received: {listed(sorted(counts))}. Give one of them as the path to "
            "have a test set held out of it."
        )
    (only,) = counts
    if only == "test" and not to_train:
        return RecordParts(roles, tuple(notes))
    said = f"{name}: there is no test set beside {only}: one is held out of it"
    return RecordParts(np.where(roles == only, "all", ""), tuple(notes), (said,))
