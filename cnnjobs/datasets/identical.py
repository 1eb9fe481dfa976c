"""Pictures of a data set that are the same, pixel for pixel, under whatever names and in whatever format they lay."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnjobs.labels import listed

Images = NDArray[np.generic]
Labels = NDArray[np.int32]


def identical_notes(
    name: str, train: tuple[Images, Labels], test: tuple[Images, Labels], class_names: Sequence[str]
) -> tuple[str, ...]:
    """Return notes on pictures in train and test, in several classes, or several times in a class; none if all differ.

    Args:
        name: of the data set.
        train: (n, ...) images and (n,) labels.
        test: the same of the test set.
        class_names: in the order of the labels.
    """
    trained, tested = _hashes(train[0]), _hashes(test[0])
    counts = Counter(trained) + Counter(tested)
    if len(counts) == len(trained) + len(tested):
        return ()
    labels = [*train[1].tolist(), *test[1].tolist()]
    return (
        *_across_parts(name, trained, tested),
        *_across_classes(name, [*trained, *tested], labels, class_names),
        *_repeated(name, [(trained, train[1]), (tested, test[1])]),
    )


def _hashes(images: Images) -> list[bytes]:
    """Return a hash of the pixels of each picture."""
    return [hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest() for image in images]


def _across_parts(name: str, trained: Sequence[bytes], tested: Sequence[bytes]) -> list[str]:
    known = set(trained)
    seen = sum(one in known for one in tested)
    if not seen:
        return []
    return [
        f"{name}: {seen:,} of {_pictures(len(tested), 'test ')} {_are(seen)} among the training pictures as well, the "
        "same pixel for pixel: test figures count what was learnt by heart"
    ]


def _across_classes(name: str, hashes: Sequence[bytes], labels: Sequence[int], class_names: Sequence[str]) -> list[str]:
    classes, rows = defaultdict[bytes, set[int]](set), Counter(hashes)
    for one, label in zip(hashes, labels, strict=True):
        classes[one].add(label)
    contradicting = {one: among for one, among in classes.items() if len(among) > 1}
    if not contradicting:
        return []
    count = sum(rows[one] for one in contradicting)
    involved = sorted(set().union(*contradicting.values()))
    return [
        f"{name}: {_pictures(count)} {_are(count)} in more than one class, the same pixel for pixel: at most one of "
        f"the labels is right ({listed(class_names[label] for label in involved)})"
    ]


def _repeated(name: str, parts: Sequence[tuple[Sequence[bytes], Labels]]) -> list[str]:
    again = sum(len(hashes) - len(set(zip(hashes, labels.tolist(), strict=True))) for hashes, labels in parts)
    if not again:
        return []
    return [
        f"{name}: {_pictures(again)} {_are(again)} in the same class and part already, the same pixel for pixel: such "
        "pictures count more than once, and may be on both sides of a validation split or fold"
    ]


def _pictures(count: int, which: str = "") -> str:
    return f"{count:,} {which}{'picture' if count == 1 else 'pictures'}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
