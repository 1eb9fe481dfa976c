"""One TensorFlow, set up once, for all tests of training."""

import os

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def digits():
    from cnnjobs.datasets import load_dataset
    from cnnjobs.spec import BuiltinDataset

    return load_dataset(BuiltinDataset("digits"), lambda what, done, total: None)


@pytest.fixture(scope="session", autouse=True)
def worker(digits):
    """A worker on the scanned digits; made first, because TensorFlow takes its devices before it is used."""
    from cnnjobs.training.trial import TrialWorker

    return TrialWorker(digits, cpus=1, gpus=0, replicas=1)
