"""Loads data sets for tests, and the messages of those that are refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnnjobs.datasets import Dataset, load_dataset
from cnnjobs.datasets.images import StoredImages
from cnnjobs.errors import DatasetError


def load(spec):
    return load_dataset(spec, lambda what, done, total: None)


def refused(spec):
    with pytest.raises(DatasetError) as caught:
        load(spec)
    return str(caught.value)


def stored(data: Dataset, path: Path) -> Dataset:
    """Return a data set whose images lie in a file, in an order of their own, and are fetched from it."""
    images = np.concatenate([data.x_train, data.x_test])
    order = np.random.default_rng(0).permutation(len(images))
    path.write_bytes(images[order].tobytes())
    place = np.argsort(order)
    train, test = place[: len(data.x_train)], place[len(data.x_train) :]
    made = [StoredImages(rows, data.image_shape, images.dtype, str(path)) for rows in (train, test)]
    return replace(data, x_train=made[0], x_test=made[1])
