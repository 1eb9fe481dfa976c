"""Which arrays of an `.npz` file are pictures, labels and groups of which part."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cnnjobs.datasets.numpy_arrays.npz_file import Array
from cnnjobs.datasets.storage.data_file import DataFile
from cnnjobs.errors import DatasetError
from cnnjobs.wording.labels import listed

SPELLED = {"train": ("train",), "valid": ("valid", "val", "validation"), "test": ("test",)}
"""Part -> how names of arrays spell it."""

FORMS = (("x_{}", "y_{}"), ("{}_images", "{}_labels"))
"""Names of pictures and labels: the usual ones, and those of MedMNIST."""

WEIGHTS = ("w", "sample_weight", "sample_weights")
"""What arrays with weights of pictures are called."""

KEYS = tuple(f"{axis}_{part}" for part in SPELLED for axis in "xy")
"""What the arrays are called here, whatever their names in the file."""

MEANT = {
    "x": frozenset({"x", "image", "images", "img", "imgs", "pictures", "data", "features"}),
    "y": frozenset({"y", "label", "labels", "target", "targets", "classes"}),
}
"""Words that other archives have for pictures and labels, for advice."""

POSITIONAL = {
    ("arr_0", "arr_1"): KEYS[:2],
    ("arr_0", "arr_1", "arr_2", "arr_3"): (*KEYS[:2], *KEYS[-2:]),
}
"""What np.savez calls arrays without names: pictures and labels, of train and test."""


def array_names(names: Sequence[str]) -> dict[str, str]:
    """Return key -> name of the array in the file, of those pictures and labels that are there.

    Args:
        names: of all arrays of the file.
    """
    form = FORMS[1] if "x_train" not in names and {one.format("train") for one in FORMS[1]} <= set(names) else FORMS[0]
    return {
        f"{axis}_{part}": name
        for part, words in SPELLED.items()
        for axis, pattern in zip("xy", form, strict=True)
        for name in [pattern.format(word) for word in reversed(words)]
        if name in names
    }


def spelled(key: str, names: Sequence[str]) -> str:
    """Return what the array of a key would be called, as its counterpart in the file is: y_val beside x_val.

    Args:
        key: one of `KEYS`, which the file has not.
        names: of all arrays of the file.
    """
    axis, _, part = key.partition("_")
    other = array_names(names).get(f"{'y' if axis == 'x' else 'x'}_{part}")
    pairs = [tuple(pattern.format(word) for pattern in form) for form in FORMS for word in SPELLED[part]]
    return next((pair["xy".index(axis)] for pair in pairs if other in pair), key)


def group_names(group: str, names: Sequence[str]) -> dict[str, str]:
    """Return part -> name of the array that has the groups of its pictures, of those that are there.

    "patient" means patient_train or train_patient, the same for the other parts, and patient alone for train.

    Args:
        group: as a job file names it; the name of one of the arrays will do as well.
        names: of all arrays of the file.
    """
    words = [word for spelled in SPELLED.values() for word in spelled]
    base = re.sub(rf"^(?:{'|'.join(words)})_|_(?:{'|'.join(words)})$", "", group)
    found = {"train": base} if base in names else {}
    for part, spelled in SPELLED.items():
        candidates = [name for word in spelled for name in (f"{base}_{word}", f"{word}_{base}")]
        there = [name for name in candidates if name in names]
        if there:
            found[part] = there[0]
    return found


def weight_names(names: Sequence[str]) -> dict[str, str]:
    """Return key -> name of the array with weights of pictures: `w_train`, `sample_weight_train` and the like.

    Args:
        names: of all arrays.
    """
    found = [group_names(base, names) for base in WEIGHTS]
    return {f"w_{part}": name for one in reversed(found) for part, name in one.items()}


def group_texts(array: Array, count: int, name: str, file: DataFile) -> list[str]:
    """Return the group of each picture as text; whole numbers are one group whatever their type.

    Args:
        array: (n,) or (n, 1) numbers or text.
        count: pictures of the part.
        name: of the array, for messages.
        file: where they are.

    Raises:
        DatasetError: for another shape, type or length, or a picture without a group.
    """
    if array.ndim == 2 and array.shape[1] == 1:
        array = array.reshape(-1)
    if array.ndim != 1 or array.dtype.kind not in "buifUS" or len(array) != count:
        raise DatasetError(
            f"{file}: {name} must have the group of each of the {count:,} pictures, as numbers or text. "
            f"Received: {array.dtype} {array.shape}."
        )
    texts = [_text(value) for value in array.tolist()]
    without = [row for row, text in enumerate(texts) if not text]
    if without:
        raise DatasetError(
            f"{file}: {name} must have a group for every picture. Received: none in {len(without):,} of {count:,} "
            f"rows: {listed(map(str, without))}. Name one for each, of its own where a picture belongs to no other."
        )
    return texts


def _text(value: object) -> str:
    """Return a group as text; empty if there is none."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    if isinstance(value, float):
        return "" if np.isnan(value) else str(int(value)) if value.is_integer() else str(value)
    return str(value).strip()


def renamed(names: Sequence[str], file: DataFile) -> str:
    """Return what saves arrays with other usual names under those that are read; nothing if none is known."""
    found: Mapping[str, str] = {key: name for name in reversed(names) if (key := _key_of(name)) is not None}
    if not {"x_train", "y_train"} <= found.keys():
        found = dict(zip(POSITIONAL.get(tuple(names), ()), names, strict=False))
    whole = [part for part in SPELLED if {f"x_{part}", f"y_{part}"} <= found.keys()]
    keys = [key for key in KEYS if key.partition("_")[2] in whole]
    if "train" not in whole or all(array_names(names).get(key) == found[key] for key in keys):
        return ""
    taken = [f"{key}=old[{found[key]!r}]" for key in keys]
    named = f"{Path(file.name).stem}-named.npz"
    new = str(file.path.with_name(named)) if file.is_original else named
    old = str(file.path)
    return f" If these are they under other names: old = np.load({old!r}); np.savez({new!r}, {', '.join(taken)})."


def _key_of(name: str) -> str | None:
    """Return which array a name means: "train_images" and "X_train" are "x_train", "labels" is "y_train"."""
    words = set(re.findall(r"[a-z]+", name.lower()))
    axes = [axis for axis, usual in MEANT.items() if words & usual]
    if len(axes) != 1 or "extra" in words:
        return None
    part = "test" if words & {"test", "testing"} else "valid" if words & set(SPELLED["valid"]) else "train"
    return f"{axes[0]}_{part}"
