"""What a new job file is told of a data set: from its listing and the sizes of some pictures; none is decoded."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets import load_dataset, source_of
from cnnjobs.datasets.arrays import hold_out_test
from cnnjobs.datasets.builtin.keras_sets import KERAS_SETS
from cnnjobs.datasets.pictures.decoding import sizes_of
from cnnjobs.datasets.pictures.listing import Listing
from cnnjobs.datasets.pictures.picture_source import PictureSource
from cnnjobs.errors import DatasetError
from cnnjobs.files.uris import is_uri
from cnnjobs.run.prepare import read_dataset
from cnnjobs.run.progress import Waiting
from cnnjobs.spec import BuiltinDataset, DatasetSpec
from cnnjobs.spec.data import PicturesSpec

LOOKED_AT = 300
"""Of so many pictures the size is looked at, evenly spaced over all of them."""

SIDES = (16, 24, 32, 48, 64, 96)
"""What pictures of different sizes are brought to: the largest that most are not enlarged to."""

LEAST_SIDE = 2
"""Of what is pooled."""

KERAS_ROWS = {"mnist": 60_000, "fashion_mnist": 60_000, "cifar10": 50_000, "cifar100": 50_000}
"""Training images of the data sets of Keras, the same number of each class but for MNIST."""


@dataclass(frozen=True)
class DataFacts:
    """What there is to say of a data set.

    Args:
        given: its name or path, as it was given.
        spec: what that means.
        name: what it is called.
        classes: how many there are.
        counts: (classes,) training images of each class.
        size: (height, width) that its images have, or are to be brought to.
        sizes: (n, 2) heights and widths of some pictures that are brought to that size; None where all have it.
        has_test_set: whether test images lie apart from those to train on.
        validation: images of its own validation set; 0 without one.
        is_here: whether nothing has to be downloaded.
    """

    given: str
    spec: DatasetSpec
    name: str
    classes: int
    counts: NDArray[np.int64]
    size: tuple[int, int]
    sizes: NDArray[np.int64] | None = None
    has_test_set: bool = True
    validation: int = 0
    is_here: bool = True

    @property
    def rows(self) -> int:
        """How many images can be trained on."""
        return int(self.counts.sum())

    @property
    def trained(self) -> int:
        """How many are trained on where nothing else is said: a fifth validates, if there is no set of its own."""
        return self.rows if self.validation else self.rows - round(0.2 * self.rows)


def facts_of(given: str) -> DataFacts:
    """Return what there is to say of a data set.

    Args:
        given: what `dataset=` takes: a name, an .npz file, a table or folder of pictures, Parquet files, TFRecords.

    Raises:
        DatasetError: it is missing, empty or contradicts itself.
        SpecError: if it is neither a known name nor a path.
    """
    spec = read_dataset(given, image_size=None, strict=False)
    source = source_of(spec)
    try:
        if isinstance(source, PictureSource):
            return _of_pictures(given, spec, source)
        if isinstance(spec, BuiltinDataset) and spec.name in KERAS_SETS:
            return _of_keras(given, spec, is_here=source.to_be_downloaded() is None)
        return _of_arrays(given, spec)
    except OSError as error:
        raise DatasetError(f"{given} cannot be read: {error.strerror or error}.") from error


def _of_keras(given: str, spec: BuiltinDataset, *, is_here: bool) -> DataFacts:
    known, rows = KERAS_SETS[spec.name], KERAS_ROWS[spec.name]
    classes = len(known.class_names)
    counts = np.full(classes, rows // classes, np.int64)
    return DataFacts(given, spec, spec.name, classes, counts, known.shape[:2], is_here=is_here)


def _of_arrays(given: str, spec: DatasetSpec) -> DataFacts:
    """Look at a data set whose images are read as they are."""
    data = load_dataset(spec, Waiting())
    own = data.is_validation
    trained = data.y_train if own is None else data.y_train[~own]
    return DataFacts(
        given,
        spec,
        data.name,
        len(data.class_names),
        np.bincount(trained, minlength=len(data.class_names)).astype(np.int64),
        data.image_shape[:2],
        has_test_set=source_of(spec).has_test_set(),
        validation=0 if own is None else int(own.sum()),
    )


def _of_pictures(given: str, spec: DatasetSpec, source: PictureSource[PicturesSpec]) -> DataFacts:
    source.bring_near(Waiting())
    listing = source.listing().with_test_set()
    classes = len(listing.class_names)
    labels = listing.labels[_training_rows(listing, source.spec.test)]
    if classes < 2:
        raise DatasetError(
            f"{given} has one class only: {', '.join(listing.class_names)}. A classifier needs pictures of at least "
            "two, each in a folder of its own, or with a label of its own."
        )
    sizes = _some_sizes(listing, given)
    size, differs = _chosen_size(sizes)
    return DataFacts(
        given,
        spec,
        listing.name,
        classes,
        np.bincount(labels, minlength=classes).astype(np.int64),
        size,
        sizes=sizes if differs else None,
        has_test_set=listing.has_test_set,
        validation=int((listing.parts == "valid").sum()),
    )


def _training_rows(listing: Listing, test: float) -> NDArray[np.int64]:
    """Return the pictures that can be trained on."""
    if listing.has_test_set:
        return np.flatnonzero((listing.parts == "train") | (listing.parts == "all"))
    return hold_out_test(listing.labels, test, listing.name, listing.class_names)[0]


def _some_sizes(listing: Listing, given: str) -> NDArray[np.int64]:
    """Return (n, 2) heights and widths of some pictures; none of those that would have to be downloaded for it."""
    if is_uri(given):
        return np.empty((0, 2), np.int64)
    some = np.linspace(0, len(listing) - 1, min(LOOKED_AT, len(listing))).astype(np.int64)
    return sizes_of(listing.contents, some.tolist())


def _chosen_size(sizes: NDArray[np.int64]) -> tuple[tuple[int, int], bool]:
    """Return (height, width) for pictures, and whether some of them have another size."""
    if not len(sizes):
        return (SIDES[-1], SIDES[-1]), True
    height, width = (int(side) for side in sizes[0])
    is_one = bool((sizes == sizes[0]).all())
    if is_one and max(height, width) <= SIDES[-1] and min(height, width) >= LEAST_SIDE:
        return (height, width), False
    shorter = float(np.median(sizes.min(axis=1)))
    side = max((one for one in SIDES if one <= shorter), default=max(round(shorter), LEAST_SIDE))
    return (side, side), True
