"""Loads data sets for tests, and the messages of those that are refused."""

import pytest

from cnnjobs.datasets import load_dataset
from cnnjobs.errors import DatasetError


def load(spec):
    return load_dataset(spec, lambda what, done, total: None)


def refused(spec):
    with pytest.raises(DatasetError) as caught:
        load(spec)
    return str(caught.value)
