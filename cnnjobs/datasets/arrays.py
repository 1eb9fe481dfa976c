"""A data set as a value: images, labels, class names and the fingerprint of their content."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.class_counts import class_notes
from cnnjobs.datasets.duplicates.identical import Copies
from cnnjobs.datasets.group_splits import Rows, group_holdout, numbered
from cnnjobs.datasets.groups import Groups
from cnnjobs.datasets.images import Digests, Images, bytes_in_memory, digests_of, pieces, subset
from cnnjobs.datasets.row_weights import Weights, checked_weights, weights_note
from cnnjobs.datasets.splits import both_sides
from cnnjobs.datasets.training_rows import TrainingRows
from cnnjobs.errors import DatasetError, SpecError
from cnnjobs.wording.labels import listed
from cnnjobs.wording.sentences import clause
from cnnjobs.wording.terminal import visible

Labels = NDArray[np.int32]


@dataclass(frozen=True)
class Dataset:
    """Images and labels, split into train and test.

    Images are arrays, or fetched from a disk as they are asked for where they are too many for that (`FetchedImages`).

    Args:
        name: what it is called in tables.
        x_train: (n_train, height, width, channels) uint8, or float32 in [0, 1]; its own validation set is in it.
        y_train: (n_train,) int32 in [0, classes).
        x_test: (n_test, height, width, channels), dtype as `x_train`.
        y_test: (n_test,) int32 in [0, classes).
        class_names: one name per class, in the order of the labels.
        fingerprint: hash of all of the above but the name, and of `groups_train`, `is_validation` and `weights_train`
            if there are such.
        notes: what a person should know: pictures that were skipped, say.
        value_range: the values that became black and white, where arrays were converted.
        rows_train: (n_train,) number of each picture in what was loaded, which knows its name; None for no such names.
        rows_test: (n_test,) the same.
        groups_train: (n_train,) number of the group (a patient, a scene) that each picture is of; None where no groups
            are known.
        groups_test: (n_test,) the same of the test set, with the same numbers; None where they are not known.
        is_validation: (n_train,) whether each picture is of the data set's own validation set; None without one.
        weights_train: (n_train,) float32, how much each picture counts in what is minimised; None where all count 1.
        handling: where its images lie on this machine, in sentences; of no concern to results.
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
    rows_train: Rows | None = None
    rows_test: Rows | None = None
    groups_train: Labels | None = None
    groups_test: Labels | None = None
    is_validation: NDArray[np.bool_] | None = None
    weights_train: Weights | None = None
    handling: tuple[str, ...] = ()

    @property
    def training_rows(self) -> TrainingRows:
        """The rows that can be trained on: their labels, groups, and which are of its own validation set."""
        return TrainingRows(self.y_train, self.groups_train, self.is_validation)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        height, width, channels = self.x_train.shape[1:]
        return int(height), int(width), int(channels)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that it takes."""
        images = bytes_in_memory(self.x_train) + bytes_in_memory(self.x_test)
        return images + self.y_train.nbytes + self.y_test.nbytes

    def pooled(self) -> "Dataset":
        """Return the data set with the rows of its own validation set among those to train on."""
        return replace(self, is_validation=None)

    def limited(self, rows: int) -> "Dataset":
        """Return the data set with only `rows` training rows: stratified, always the same ones.

        Its own validation set stays as it is. Groups stay known, whole or in part.

        Raises:
            SpecError: if there are fewer rows, or it is less than two a class.
        """
        may_train = np.arange(len(self.y_train))
        if self.is_validation is not None:
            may_train = np.flatnonzero(~self.is_validation)
        available = len(may_train)
        if not 2 * len(self.class_names) <= rows <= available:
            raise SpecError(
                f"`limit_train` must be between {2 * len(self.class_names)}, two rows per class, and {available}, "
                f"the training rows of {self.name}. Received: {rows}."
            )
        _, keep = both_sides(self.y_train[may_train], rows, seed=0, keep=0, take=2)
        kept = may_train[keep]
        if self.is_validation is not None:
            kept = np.sort(np.concatenate([kept, np.flatnonzero(self.is_validation)]))
        left = self.training_rows.taken(kept)
        return replace(
            self,
            x_train=subset(self.x_train, kept),
            y_train=left.labels,
            rows_train=None if self.rows_train is None else self.rows_train[kept],
            groups_train=left.groups,
            is_validation=left.is_validation,
            weights_train=None if self.weights_train is None else self.weights_train[kept],
        )


def make_dataset(
    name: str,
    train: tuple[Images, Labels],
    test: tuple[Images, Labels],
    class_names: tuple[str, ...],
    *,
    fingerprint: str | None = None,
    notes: tuple[str, ...] = (),
    rows: tuple[Rows, Rows] | None = None,
    dedupe: str | None = None,
    digests: tuple[Digests, Digests] | None = None,
    groups: Groups | None = None,
    is_validation: NDArray[np.bool_] | None = None,
    weights: Weights | None = None,
    held_out: float | None = None,
    hashed: "hashlib._Hash | None" = None,
) -> Dataset:
    """Return a data set whose parts fit together.

    Args:
        name: what it is called in tables.
        train: (n, height, width, channels) images and (n,) labels, with those of its own validation set.
        test: the same of the test set.
        class_names: in the order of the labels.
        fingerprint: of the content; None to compute it.
        notes: what a person should know of how it was read.
        rows: numbers of the training and test pictures in what they come from; None for none.
        dedupe: which pictures are dropped for being the same as others, of `cnnjobs.spec.data.DEDUPE`.
        digests: of the training and test pictures; None to compute them.
        groups: of all pictures; None where none are known.
        is_validation: (n_train,) which pictures are its own validation set; None without one.
        weights: (n_train,) how much each training picture counts; None where all count 1.
        held_out: fraction that was asked for as test set; None where it is the data set's own.
        hashed: what has taken training images, their labels and test images, of all that is given here.

    Raises:
        DatasetError: one class only, a class with one training image, an empty test set, shapes that
            differ between train and test.
    """
    name = visible(name, lines=False)
    digests = digests or (digests_of(train[0]), digests_of(test[0]))
    copies = Copies.among(name, (digests[0], train[1]), (digests[1], test[1]), class_names, is_validation)
    kept, (rows_train, rows_test) = copies.kept(dedupe), rows or (None, None)
    if kept is not None:
        hashed = None
        train = subset(train[0], kept), train[1][kept]
        rows_train = None if rows_train is None else rows_train[kept]
        groups = None if groups is None else groups.of_training(kept)
        is_validation = None if is_validation is None else is_validation[kept]
        weights = None if weights is None else weights[kept]
    weights = checked_weights(weights, name)
    left = "" if kept is None else f" (dedupe={dedupe!r} leaves {len(kept):,} training images)"
    _check(f"{name}{left}", train, test, class_names, is_validation)
    groups_train, groups_test = (None, None) if groups is None else groups.numbers()
    more = {"groups": groups_train, "validation": is_validation, "weights": weights}
    told_apart = [part for key, array in more.items() if array is not None for part in ((key,), array)]
    grouped = () if groups is None else groups.notes(name, is_validation, held_out)
    weighted = () if weights is None else (weights_note(weights, name),)
    images = () if hashed else (*train, test[0])
    return Dataset(
        name,
        *train,
        *test,
        class_names,
        fingerprint or content_hash(*images, test[1], class_names, *told_apart, begun=hashed),
        (*notes, *class_notes(name, train[1], test[1], class_names), *copies.notes(dedupe), *grouped, *weighted),
        rows_train=rows_train,
        rows_test=rows_test,
        groups_train=groups_train,
        groups_test=groups_test,
        is_validation=is_validation,
        weights_train=weights,
    )


def _check(
    name: str,
    train: tuple[Images, Labels],
    test: tuple[Images, Labels],
    class_names: tuple[str, ...],
    is_validation: NDArray[np.bool_] | None,
) -> None:
    """Raise a DatasetError for parts that nothing can be trained and tested on."""
    if len(class_names) < 2:
        raise DatasetError(f"{name} must have at least two classes. Received: {', '.join(class_names) or 'none'}.")
    _check_classes(name, train[1], class_names, is_validation)
    if len(test[1]) == 0:
        raise DatasetError(f"{name} must have test images. Received: none.")
    shapes, types = (train[0].shape[1:], test[0].shape[1:]), (train[0].dtype, test[0].dtype)
    if shapes[0] != shapes[1]:
        raise DatasetError(f"{name}: train and test images must have one shape. Received: {shapes[0]} and {shapes[1]}.")
    if types[0] != types[1]:
        raise DatasetError(
            f"{name}: train and test images must have one type, because they are scaled alike. "
            f"Received: {types[0]} and {types[1]}."
        )


def _check_classes(
    name: str, y_train: Labels, class_names: Sequence[str], is_validation: NDArray[np.bool_] | None
) -> None:
    """Raise a DatasetError if a class has too few images to train on, and to validate if they have to be held out."""
    least = 2 if is_validation is None else 1
    purpose = (
        ", one to train on and one to validate" if is_validation is None else " beside those of the validation set"
    )
    counts = Counter((y_train if is_validation is None else y_train[~is_validation]).tolist())
    for label, class_name in enumerate(class_names):
        if counts[label] < least:
            images = "two training images" if least == 2 else "one training image"
            raise DatasetError(
                f"{name}: class {class_name!r} must have at least {images}{purpose}. Received: {counts[label]}. "
                "Add images or remove the class."
            )


def content_hash(*parts: Images | tuple[str, ...], begun: "hashlib._Hash | None" = None) -> str:
    """Return 20 hex digits of the SHA-256 over arrays or images (dtype, shape, bytes) and names.

    Args:
        parts: the arrays and names.
        begun: what has taken some before them.
    """
    hasher = hashlib.sha256() if begun is None else begun.copy()
    for part in parts:
        hash_part(hasher, part)
    return hasher.hexdigest()[:20]


def hash_part(hasher: "hashlib._Hash", part: Images | tuple[str, ...]) -> None:
    """Take names, or an array or images, into a hash."""
    if isinstance(part, tuple):
        hasher.update(repr(part).encode())
        return
    hash_shape(hasher, part.dtype, part.shape)
    for piece in pieces(part):
        hasher.update(np.ascontiguousarray(piece).data)


def hash_shape(hasher: "hashlib._Hash", dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    """Take what comes before the bytes of an array into a hash."""
    hasher.update(f"{dtype.str}{shape}".encode())


def hold_out_test(
    labels: Labels, fraction: float, name: str, class_names: Sequence[str], groups: Sequence[str] | None = None
) -> tuple[Rows, Rows]:
    """Return (rows to train on, rows of a test set), always the same: one of each class at least, if it has so many.

    Args:
        labels: (n,) in [0, classes).
        fraction: share of the images that becomes the test set.
        name: of the data set, for messages.
        class_names: one per class, for messages.
        groups: (n,) the group of each, of which whole ones are held out; None for single images.

    Raises:
        DatasetError: a class with fewer than three images, or a fraction or groups that leave one side empty.
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
    if groups is None or len(set(groups)) == len(groups):
        return both_sides(labels, count, seed=0, keep=2)
    try:
        return group_holdout(labels, numbered(np.array(groups, dtype=np.str_)), count, seed=0, keep=2)
    except SpecError as error:
        raise DatasetError(
            f"{name}: no test set of whole groups can be held out: {clause(error)}. Add pictures of other groups, give "
            f"it a test set of its own, or change `group`. Its groups: {listed(sorted(set(groups)))}."
        ) from error
