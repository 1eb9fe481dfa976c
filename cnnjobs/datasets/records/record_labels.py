"""The labels of records, of whatever form: as classes, with those counted that have none."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.folders.layout import pictures_text
from cnnjobs.datasets.numpy_arrays.label_arrays import doubts_on
from cnnjobs.errors import DatasetError
from cnnjobs.wording.labels import listed

NO_LABEL = -1
"""What stands for a missing label where labels are numbers from 0."""

Label = int | str | None
"""As a record has it: a number, a name, or nothing."""


@dataclass(frozen=True)
class Classes:
    """The classes of records.

    Args:
        labels: (n,) int32 in [0, classes), or `NO_LABEL`.
        names: one per class, in the order of the labels.
        notes: what was done, and what looks wrong.
    """

    labels: NDArray[np.int32]
    names: tuple[str, ...]
    notes: tuple[str, ...]


def plain_label(value: Any, where: str) -> Label:
    """Return a label as a number or a name; None where a record has none.

    Args:
        value: as it was read.
        where: it was read, for messages.

    Raises:
        DatasetError: if it is no label of one class.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError as error:
            raise DatasetError(f"{where} must be UTF-8 text. Received: {value[:40]!r}.") from error
    if isinstance(value, str):
        if value.strip() and not value.isprintable():
            raise DatasetError(f"{where} must be a printable name. Received: {value[:100]!r}.")
        return value if value.strip() else None
    if isinstance(value, int) or (isinstance(value, float) and value == math.floor(value)):
        return int(value)
    if isinstance(value, float):
        raise DatasetError(f"{where} must be a class: a whole number or text. Received: {value:g}.")
    shown = str(value)
    raise DatasetError(
        f"{where} must be one class: a whole number or text. Received: "
        f"{shown[:60]}{'...' if len(shown) > 60 else ''}, a {type(value).__name__}."
    )


def classes_of(labels: Sequence[Label], order: Sequence[str], name: str) -> Classes:
    """Return the classes that records are of, and how many have none.

    Args:
        labels: of the records; names where `order` has any.
        order: of the classes' names, where it is known; those without a record are left out.
        name: of the data set, for messages.

    Raises:
        DatasetError: if no record has a label.
    """
    kinds = {type(label) for label in labels}
    if int in kinds and str in kinds:
        labels = [None if label is None else str(label) for label in labels]
    counts = Counter(labels)
    if NO_LABEL in counts and not set(counts) <= {NO_LABEL, 1, None}:  # -1 and 1 are two classes of old
        counts[None] += counts.pop(NO_LABEL)
        labels = [None if label == NO_LABEL else label for label in labels]
    missing = counts.pop(None, 0)
    if not counts:
        raise DatasetError(f"{name}: no picture has a label. Received: {pictures_text(missing)} without.")
    found = [*(one for one in order if one in counts), *sorted((one for one in counts if one not in order), key=_key)]
    places: dict[Label, int] = {None: NO_LABEL, **{label: place for place, label in enumerate(found)}}
    names = tuple(str(label) for label in found)
    return Classes(
        np.array([places[label] for label in labels], np.int32),
        names,
        (*_said(name, missing, order, counts), *_doubts(found, order, name)),
    )


def _key(label: Label) -> Any:
    return label


def _said(name: str, missing: int, order: Sequence[str], counts: Counter[Label]) -> Iterable[str]:
    if missing:
        has, is_left = ("has", "is") if missing == 1 else ("have", "are")
        yield f"{name}: {pictures_text(missing)} {has} no label and {is_left} left out"
    unused = [one for one in order if one not in counts]
    if unused:
        is_no = "is not a class" if len(unused) == 1 else "are not classes"
        yield f"{name}: there is no picture of {listed(unused)}, which therefore {is_no}"


def _doubts(found: Sequence[Label], order: Sequence[str], name: str) -> list[str]:
    """Return notes on labels that nobody has declared."""
    undeclared = [label for label in found if label not in order]
    return doubts_on(np.array(undeclared), name) if undeclared and not order else []
