"""A data set in memory: images, labels, class names and the fingerprint of their content."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.identical import identical_notes
from cnnjobs.datasets.splits import both_sides
from cnnjobs.errors import DatasetError, SpecError
from cnnjobs.labels import listed
from cnnjobs.terminal import visible

Images = NDArray[np.generic]
Labels = NDArray[np.int32]


@dataclass(frozen=True)
class Dataset:
    """Images and labels, split into train and test.

    Args:
        name: what it is called in tables.
        x_train: (n_train, height, width, channels) uint8, or float32 in [0, 1].
        y_train: (n_train,) int32 in [0, classes).
        x_test: (n_test, height, width, channels), dtype as `x_train`.
        y_test: (n_test,) int32 in [0, classes).
        class_names: one name a class, in the order of the labels.
        fingerprint: hash of all of the above but the name.
        notes: what a person should know: pictures that were skipped, say.
        value_range: the values that became black and white, where arrays were converted.
    """

    name: str
    x_train: Images
    y_train: Labels
    x_test: Images
    y_test: Labels
    class_names: tuple[str, ...]
    fingerprint: str
    notes: tuple[str, ...] = ()
    value_range: tuple[float, float] | None = None

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        height, width, channels = self.x_train.shape[1:]
        return int(height), int(width), int(channels)

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return self.x_train.nbytes + self.y_train.nbytes + self.x_test.nbytes + self.y_test.nbytes

    def limited(self, rows: int) -> "Dataset":
        """Return the data set with only `rows` training rows: stratified, always the same ones.

        Raises:
            SpecError: if there are fewer rows, or it is less than two a class.
        """
        available = len(self.y_train)
        if not 2 * len(self.class_names) <= rows <= available:
            raise SpecError(
                f"`limit_train` must be between {2 * len(self.class_names)}, two rows a class, and {available}, "
                f"the training rows of {self.name}. Received: {rows}."
            )
        _, keep = both_sides(self.y_train, rows, seed=0, keep=0, take=2)
        return replace(self, x_train=self.x_train[keep], y_train=self.y_train[keep])


def make_dataset(
    name: str,
    train: tuple[Images, Labels],
    test: tuple[Images, Labels],
    class_names: tuple[str, ...],
    *,
    fingerprint: str | None = None,
    notes: tuple[str, ...] = (),
) -> Dataset:
    """Return a data set whose parts fit together.

    Raises:
        DatasetError: one class only, a class with one training image, an empty test set, shapes that
            differ between train and test.
    """
    name = visible(name, lines=False)
    (x_train, y_train), (x_test, y_test) = train, test
    if len(class_names) < 2:
        raise DatasetError(f"{name} must have at least two classes. Received: {', '.join(class_names) or 'none'}.")
    counts = Counter(y_train.tolist())
    for label, class_name in enumerate(class_names):
        if counts[label] < 2:
            raise DatasetError(
                f"{name}: class {class_name!r} must have at least two training images, one to train on and one to "
                f"validate. Received: {counts[label]}. Add images or remove the class."
            )
    if len(y_test) == 0:
        raise DatasetError(f"{name} must have test images. Received: none.")
    if x_train.shape[1:] != x_test.shape[1:]:
        raise DatasetError(
            f"{name}: train and test images must have one shape. Received: {x_train.shape[1:]} and {x_test.shape[1:]}."
        )
    if x_train.dtype != x_test.dtype:
        raise DatasetError(
            f"{name}: train and test images must have one type, because they are scaled alike. "
            f"Received: {x_train.dtype} and {x_test.dtype}."
        )
    notes = (*notes, *_untested(name, y_test, class_names), *identical_notes(name, train, test, class_names))
    mark = fingerprint or content_hash(x_train, y_train, x_test, y_test, class_names)
    return Dataset(name, x_train, y_train, x_test, y_test, class_names, mark, notes)


def _untested(name: str, y_test: Labels, class_names: Sequence[str]) -> tuple[str, ...]:
    """Return a note on the classes without a test image; none if there are none."""
    absent = np.setdiff1d(np.arange(len(class_names)), y_test)
    if not len(absent):
        return ()
    return (f"{name} has no test image of {listed(class_names[label] for label in absent)}: nothing tests them",)


def content_hash(*parts: NDArray[np.generic] | tuple[str, ...]) -> str:
    """Return 20 hex digits of the SHA-256 over arrays (dtype, shape, bytes) and names."""
    hasher = hashlib.sha256()
    for part in parts:
        if isinstance(part, tuple):
            hasher.update(repr(part).encode())
        else:
            hasher.update(f"{part.dtype.str}{part.shape}".encode())
            hasher.update(np.ascontiguousarray(part).data)
    return hasher.hexdigest()[:20]


def hold_out_test(
    images: Images, labels: Labels, fraction: float, name: str, class_names: Sequence[str]
) -> tuple[tuple[Images, Labels], tuple[Images, Labels]]:
    """Split off a stratified test set, always the same rows: one of each class at least, if it has so many.

    Args:
        images: (n, height, width, channels).
        labels: (n,) in [0, classes).
        fraction: share of the images that becomes the test set.
        name: of the data set, for messages.
        class_names: one a class, for messages.

    Returns:
        ((x_train, y_train), (x_test, y_test)).

    Raises:
        DatasetError: a class with fewer than three images, or a fraction that leaves one side empty.
    """
    counts = np.bincount(labels, minlength=len(class_names))
    if len(class_names) > 1 and counts.min() < 3:
        raise DatasetError(
            f"{name} has no test set of its own, so every class must have at least three images: one to train on, "
            f"one to validate, one to test. Received: class {class_names[int(counts.argmin())]!r} with "
            f"{counts.min()}. Add images or remove the class."
        )
    count = round(len(labels) * fraction)
    if not 0 < count < len(labels):
        raise DatasetError(
            f"{name}: a test set of {fraction:.0%} of {len(labels)} images is empty or leaves none to train on. "
            "Add images, or change `test`."
        )
    train, test = both_sides(labels, count, seed=0, keep=2)
    return (images[train], labels[train]), (images[test], labels[test])
