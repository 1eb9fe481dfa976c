"""The names of the classes of TFRecords, which the records or a file beside them tell."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnnjobs.datasets.records.record_labels import NO_LABEL, Label
from cnnjobs.datasets.records.tfrecord_features import Found, Keys

MOST_BYTES = 1 << 20
"""Of a file with the names of classes."""

_NUMBERED = re.compile(r"(\d+):(.+)")


@dataclass(frozen=True)
class Named:
    """Labels with the names of their classes.

    Args:
        labels: of the records.
        order: of the names; empty where the labels are their own names.
        notes: what a person should know.
    """

    labels: list[Label]
    order: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def class_names_beside(folders: Sequence[Path], label: str) -> tuple[str, Mapping[int, str]]:
    """Return a file that names the classes, and number -> name; nothing where there is none.

    TensorFlow Datasets writes a name a line, TF-Slim "0:daisy".

    Args:
        folders: where it may lie.
        label: the feature whose numbers are named.
    """
    for folder in folders:
        for name in (f"{label.rpartition('/')[2]}.labels.txt", "labels.txt"):
            file = folder / name
            if not file.is_file() or file.stat().st_size > MOST_BYTES:
                continue
            lines = [line.strip() for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
            numbered = [_NUMBERED.fullmatch(line) for line in lines if line]
            if all(numbered):
                return name, {int(one[1]): one[2].strip() for one in numbered if one}
            return name, {number: line for number, line in enumerate(lines) if line}
    return "", {}


def named(found: Sequence[Found], beside: tuple[str, Mapping[int, str]], keys: Keys, name: str) -> Named:
    """Return the labels of records, with the names of their classes where these are told.

    Args:
        found: what the records say.
        beside: a file with names, and the names.
        keys: what was read of the records.
        name: of the data set, for messages.
    """
    labels: list[Label] = [one.label for one in found]
    numbers = {label for label in labels if isinstance(label, int)}
    if not numbers or any(isinstance(label, str) for label in labels):
        return Named(labels)
    file, names = beside
    if names and numbers - {NO_LABEL} <= names.keys() and len(set(names.values())) == len(names):
        return Named([_name(label, names) for label in labels], tuple(names[number] for number in sorted(names)))
    notes = []
    if names:
        notes.append(f"{name}: {file} does not name the numbers of {keys.label}, and is not used")
    texts = defaultdict[int, set[str]](set)
    for one in found:
        if isinstance(one.label, int) and one.text:
            texts[one.label].add(one.text)
    if not texts:
        return Named(labels, notes=tuple(notes))
    told = {label: next(iter(some)) for label, some in texts.items() if len(some) == 1}
    if numbers - {NO_LABEL} <= told.keys() and len(set(told.values())) == len(told):
        return Named([_name(label, told) for label in labels], tuple(told[number] for number in sorted(told)))
    notes.append(f"{name}: {keys.text} is not one name for each {keys.label}: the classes have the numbers as names")
    return Named(labels, notes=tuple(notes))


def _name(label: Label, names: Mapping[int, str]) -> Label:
    return names.get(label) if isinstance(label, int) else label
