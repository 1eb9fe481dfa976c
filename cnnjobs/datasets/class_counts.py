"""What a person should know of how many pictures each class has."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnnjobs.wording.labels import listed

Labels = NDArray[np.int32]

IMBALANCED = 4.0
"""The largest class has so many times the pictures of the smallest: with two such classes 80% are right without looking
at a picture, which many would take for learnt. MNIST has 1.2, SVHN 3.0."""


def class_notes(name: str, y_train: Labels, y_test: Labels, class_names: Sequence[str]) -> tuple[str, ...]:
    """Return notes on classes that nothing tests, and on classes of very different sizes; none if there is neither.

    Args:
        name: of the data set.
        y_train: (n,) labels of the training pictures; each class has one at least.
        y_test: (n,) of the test pictures; one at least.
        class_names: in the order of the labels.
    """
    return (*_untested(name, y_test, class_names), *_imbalanced(name, y_train, y_test, class_names))


def _untested(name: str, y_test: Labels, class_names: Sequence[str]) -> list[str]:
    absent = np.setdiff1d(np.arange(len(class_names)), y_test)
    if not len(absent):
        return []
    return [
        f"{name} has no test image of {listed(class_names[label] for label in absent)}, so nothing is tested on them"
    ]


def _imbalanced(name: str, y_train: Labels, y_test: Labels, class_names: Sequence[str]) -> list[str]:
    counts = np.bincount(y_train, minlength=len(class_names))
    largest, smallest = int(counts.argmax()), int(counts.argmin())
    ratio = counts[largest] / counts[smallest]
    if ratio < IMBALANCED:
        return []
    right = float((y_test == largest).mean())
    return [
        f"{name}: class {class_names[largest]!r} has {counts[largest]:,} training images, {ratio:.3g} times the "
        f"{counts[smallest]:,} of {class_names[smallest]!r}: always answering {class_names[largest]!r} is right for "
        f"{right:.1%} of the test images, and small classes count little in accuracy; in macro averages all count alike"
    ]


def too_few_for(folds: int, labels: Labels, class_names: Sequence[str]) -> str:
    """Say which classes have fewer rows than there are folds, and what to do.

    Args:
        folds: k.
        labels: (n,) class of each row; some class has fewer than k.
        class_names: in the order of the labels; none where they are not known.
    """
    counts = np.bincount(labels)
    names = class_names or [str(label) for label in range(len(counts))]
    few = [label for label in counts.argsort(kind="stable") if counts[label] < folds]
    named = listed(f"{names[label]!r} with {counts[label]:,}" for label in few)
    least = int(counts.min())
    fewer = f"`folds={least}`, " if least >= 2 else ""
    return (
        f"{'class' if len(few) == 1 else 'classes'} {named}. Use {fewer}more images of "
        f"{'it' if len(few) == 1 else 'them'}, or `stratify=False`, with which folds may lack a class."
    )
