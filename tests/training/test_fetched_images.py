"""Images that are fetched from a disk train to the bits that the same images in memory train to."""

from dataclasses import replace

import pytest
from support.datasets import stored
from support.training_runs import DROPPING, everything, outcome, same, trial_of

from cnnjobs.datasets.images import StoredImages


@pytest.fixture(scope="module")
def fetching(digits, tmp_path_factory):
    """The scanned digits on a disk."""
    return stored(digits, tmp_path_factory.mktemp("stored") / "images.bin")


def worker_on(data, replicas=1):
    from cnnjobs.training.trial import TrialWorker

    return TrialWorker(data, cpus=1, gpus=0, replicas=replicas)


@pytest.mark.parametrize("scaling", ["unit", "standardize"])
def test_a_trial_gives_the_same_bits(worker, fetching, scaling):
    trial = trial_of(everything(DROPPING["cnn"], scaling=scaling), validation=0.3)
    assert same(outcome(worker_on(fetching), trial), outcome(worker, trial))


def test_so_does_one_that_validates_on_the_test_set(worker, fetching):
    """359 rows are more than one batch of evaluation, and no whole number of them."""
    trial = trial_of(everything(DROPPING["small_cnn"]), validation="test")
    assert same(outcome(worker_on(fetching), trial), outcome(worker, trial))


def test_nothing_is_read_before_it_is_needed_nor_all_at_once(worker, fetching):
    most = []

    class Counting(StoredImages):
        def fetch(self, numbers):
            most.append(len(numbers))
            return super().fetch(numbers)

    train = fetching.x_train
    images = Counting(train.numbers, train.image_shape, train.dtype, train.path)
    counted = worker_on(replace(fetching, x_train=images))
    assert not most
    outcome(counted, trial_of(everything(DROPPING["mlp"], batch_size=20, epochs=1)))
    assert 0 < max(most) <= 20 * 16, "a block of at most sixteen steps"
