"""What is drawn of a data set, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cnnjobs.report.figures.lettering import lacks_letters

Picture = NDArray[np.generic]


@dataclass(frozen=True)
class DrawnPair:
    """Two pictures side by side.

    Args:
        pictures: each (height, width, 1 or 3).
        names: what they are called.
        about: where they are, and how alike.
    """

    pictures: tuple[Picture, Picture]
    names: tuple[str, str]
    about: str


@dataclass(frozen=True, kw_only=True)
class DatasetView:
    """What is drawn of a data set.

    Args:
        title: its name, and how many pictures of what size it has.
        class_names: one per class, in the order of the labels.
        counts: part -> (classes,) pictures of each class.
        pictures: label -> (n, height, width, 1 or 3), of the classes that are shown.
        size: (height, width) in which pictures are trained on.
        sizes: (n, 2) heights and widths of the pictures where they come from; None if they have only one.
        sizes_text: what is said of them.
        passed_over: reason -> number of files.
        pairs: of pictures that are the same or look alike, the worst first.
        pairs_text: what is said of them.
        notes: what a person should know.
    """

    title: str
    class_names: Sequence[str]
    counts: Mapping[str, NDArray[np.int64]]
    pictures: Mapping[int, Picture]
    size: tuple[int, int]
    sizes: NDArray[np.int64] | None = None
    sizes_text: str = ""
    passed_over: Mapping[str, int] = field(default_factory=dict)
    pairs: Sequence[DrawnPair] = ()
    pairs_text: str = ""
    notes: Sequence[str] = ()


def shown_classes(counts: NDArray[np.int64], most: int) -> list[int]:
    """Return labels: all in their order, or, of more than `most`, the largest and the smallest by their pictures.

    Args:
        counts: (classes,) pictures of each class.
        most: an even number.
    """
    if len(counts) <= most:
        return list(range(len(counts)))
    order: list[int] = np.argsort(-counts, kind="stable").tolist()
    return [*order[: most // 2], *order[-(most // 2) :]]


def class_label(view: DatasetView, label: int) -> str:
    """Return the name of a class; one with letters that the fonts lack has its number as well."""
    name = " ".join(view.class_names[label].split()) or "(no name)"
    return f"{label}: {name}" if lacks_letters(name) else name
