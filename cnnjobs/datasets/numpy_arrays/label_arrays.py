"""The labels of arrays: whole numbers, text, or one-hot, as one value a picture."""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.numpy_arrays.array_origin import ArrayOrigin
from cnnjobs.datasets.numpy_arrays.npz_file import Array
from cnnjobs.errors import DatasetError
from cnnjobs.wording.labels import listed

MISSING = ("nan", "none", "null", "<na>", "nat")
"""What pandas and NumPy write, in any case, where a label is missing."""


@dataclass(frozen=True)
class Labels:
    """Labels of a data set.

    Args:
        parts: name of the array -> (n,) int64 or text.
        notes: what was done, and what looks wrong.
    """

    parts: Mapping[str, NDArray[Any]]
    notes: tuple[str, ...]


def read_labels(arrays: Mapping[str, Array], counts: Mapping[str, int], origin: ArrayOrigin) -> Labels:
    """Return one label a picture.

    Args:
        arrays: name -> labels of one data set.
        counts: name -> pictures that they are of.
        origin: of the arrays, for messages.

    Raises:
        DatasetError: not one label a picture, or labels that are no classes.
    """
    columns = {array.shape[1] for key, array in arrays.items() if _is_table(array, counts[key])}
    if len(columns) > 1:
        names = ", ".join(f"{key} {array.shape}" for key, array in arrays.items())
        raise DatasetError(
            f"{origin}: one-hot labels must have the same columns in train and test. Received: {names}. "
            "Save whole numbers or class names instead."
        )
    parts = {key: _one_a_picture(array, counts[key], key, origin) for key, array in arrays.items()}
    notes = []
    if columns:
        notes.append(f"{origin.name}: labels are one-hot: classes have the numbers of their columns, from 0, as names")
    if len({part.dtype.kind for part in parts.values()}) > 1:
        parts = {key: part.astype(str) for key, part in parts.items()}
    return Labels(parts, (*notes, *doubts_on(np.unique(np.concatenate([*parts.values()])), origin.name)))


def _is_table(array: Array, count: int) -> bool:
    """Say whether labels have one column per class."""
    return array.ndim == 2 and array.shape[1] > 1 and array.shape != (1, count)


def _one_a_picture(labels: Array, count: int, key: str, origin: ArrayOrigin) -> NDArray[Any]:
    """Return (n,) int64 or text."""
    if labels.ndim == 2 and (labels.shape[1] == 1 or labels.shape == (1, count)):
        labels = labels.reshape(-1)
    numeric = labels.dtype.kind in "buif"
    if labels.ndim == 2 and numeric and labels.shape[1]:
        labels = _of_one_hot(labels, key, origin)
    if labels.ndim != 1 or not (numeric or labels.dtype.kind in "US"):
        raise DatasetError(
            f"{origin}: {key} must be one label per picture: (n,) or (n, 1) whole numbers or text, or one-hot "
            f"(n, classes). Received: {labels.dtype} {labels.shape}."
        )
    if len(labels) != count:
        raise DatasetError(
            f"{origin}: {key.replace('y_', 'x_')} and {key} must have one label per image. "
            f"Received: {count} images and {len(labels)} labels."
        )
    return _whole(labels, key, origin) if numeric else _names(labels, key, origin)


def _of_one_hot(labels: Array, key: str, origin: ArrayOrigin) -> NDArray[np.int64]:
    """Return the column that is 1."""
    table: Any = labels
    ones = (table == 1).sum(axis=1)
    wrong = np.flatnonzero((ones != 1) | ((table != 0) & (table != 1)).any(axis=1))
    if not len(wrong):
        return np.asarray(table.argmax(axis=1), np.int64)
    row = int(wrong[0])
    shown = ", ".join(f"{value:g}" for value in table[row, :10].tolist()) + (", ..." if table.shape[1] > 10 else "")
    received = (
        f"{origin}: {key} has a column for each class, so each row must have a single 1, and 0 otherwise. Received: "
    )
    received += f"row {row} is [{shown}]"
    if ones.max(initial=0) > 1:
        raise DatasetError(f"{received}, {len(wrong):,} such rows. A picture has one class: choose one for each.")
    if not table[row].any():
        raise DatasetError(
            f"{received}, {len(wrong):,} such rows. To leave pictures without a class out: keep = {key}.any(axis=1); "
            f"{key.replace('y_', 'x_')}, {key} = {key.replace('y_', 'x_')}[keep], {key}[keep]."
        )
    raise DatasetError(f"{received}. If the largest of a row is its class: {key} = {key}.argmax(axis=1).")


def _whole(labels: Array, key: str, origin: ArrayOrigin) -> NDArray[np.int64]:
    """Return whole numbers, which floats may be."""
    numbers: NDArray[Any] = labels
    if labels.dtype.kind == "f":
        missing = int((~np.isfinite(numbers)).sum())
        if missing:
            images = key.replace("y_", "x_")
            raise DatasetError(
                f"{origin}: {key} must have a label for every picture. Received: NaN or infinity in {missing:,} of "
                f"{len(labels):,} rows. To leave these out: keep = np.isfinite({key}.reshape(-1)); "
                f"{images}, {key} = {images}[keep], {key}[keep]."
            )
        broken = np.flatnonzero(numbers != np.floor(numbers))
        if len(broken):
            raise DatasetError(
                f"{origin}: {key} must be classes: whole numbers or text. Received: {numbers[broken[0]]:g} in row "
                f"{broken[0]}. Measured values become classes with {key} = np.digitize({key}, bins)."
            )
    limit = np.iinfo(np.int64)
    if len(labels) and not limit.min <= int(numbers.min()) <= int(numbers.max()) <= limit.max:
        raise DatasetError(f"{origin}: {key} must fit 64-bit integers. Received: {numbers.max()}.")
    return numbers.astype(np.int64)


def _names(labels: NDArray[Any], key: str, origin: ArrayOrigin) -> NDArray[np.str_]:
    """Return text, as names of classes."""
    try:
        texts = np.char.decode(labels, "utf-8") if labels.dtype.kind == "S" else labels
        names = np.asarray(texts, dtype=str)
    except UnicodeDecodeError as error:
        raise DatasetError(f"{origin}: {key} must be UTF-8 text. Received: {error.object[:40]!r}.") from error
    for name in np.unique(names).tolist():
        if not name.strip() or not name.isprintable():
            count = int((names == name).sum())
            raise DatasetError(f"{origin}: {key} must be printable names. Received: {name!r} in {count:,} rows.")
    return names


def doubts_on(values: NDArray[Any], name: str) -> list[str]:
    """Return notes on labels that may not be what was meant.

    Args:
        values: each label once.
        name: of the data set.
    """
    if values.dtype.kind != "U":
        below = values[values < 0].tolist()
        return [f"{name}: {listed(map(str, below))} counts as a class like any other"] if below else []
    notes, alike = [], defaultdict(list)
    for label in values.tolist():
        alike[" ".join(unicodedata.normalize("NFKC", label).casefold().split())].append(label)
        if label.strip().lower() in MISSING:
            notes.append(f"{name}: class {label!r} looks like missing labels; it counts as a class like any other")
    for names in alike.values():
        if len(names) > 1:
            shown = " and ".join(ascii(label) for label in names)
            notes.append(f"{name}: {shown} are classes of their own, though they are written almost alike")
    return notes
