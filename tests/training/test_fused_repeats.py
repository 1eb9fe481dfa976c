"""Repeats fused into one graph, which a benchmark compares with single runs, are the same repeats."""

import pytest

from benchmarks.fused.contenders import SINGLE, Contenders, data_and_variant, measure
from benchmarks.fused.graph import WAYS, Network
from cnnjobs import vgg
from cnnjobs.training.trial import TrialWorker

ROUNDING = 1e-5
"""So far apart weights may be after 20 steps of this network with Adam; 2e-7 was found."""


@pytest.fixture(scope="module")
def toy(worker):
    """Three steps an epoch, the last of which is not full, with augmentation and dropout."""
    data, _ = data_and_variant("toy")
    return Contenders("toy", worker=TrialWorker(data, cpus=1, gpus=0, replicas=1))


def test_fused_repeats_end_with_the_weights_of_single_runs(toy):
    found = toy.differences("patches", repeats=2, epochs=7)
    assert len(found) == 2 * 8
    assert max(found) < ROUNDING


def test_ways_are_compared_in_one_process_and_one_that_fails_is_told(worker):
    found = measure("toy", {"fused": ("grouped", 2), "unknown": ("by hand", 2)}, rounds=1)
    assert len(found[SINGLE]["milliseconds"]) == len(found["fused"]["milliseconds"]) == 1
    assert found["fused"]["times_single"] > 0
    assert found["fused"]["difference"] < ROUNDING
    assert found["unknown"] == {"error": "KeyError: 'by hand'"}


def test_networks_with_normalisation_are_not_fused():
    with pytest.raises(ValueError, match="without normalisation or weight decay"):
        Network(vgg(batch_norm=True), 2, WAYS["grouped"])
