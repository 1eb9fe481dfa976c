"""What is promised of every setting: the same bits again, resumed and in a used process; two replicas equal one."""

import numpy as np
import pytest
from support.promised import CASES, LOOSER, data
from support.training_runs import in_fresh_process, load, outcome, same, trials_of

from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.files import Files

TOLERANCE = 1e-5
"""Of weights, losses and probabilities, relative to the largest of each: float32 sums in another order."""

SCRIPT = """
from support.promised import CASES, data
from cnnjobs.training.trial import TrialWorker
worker = TrialWorker(data(), cpus=1, gpus=0, replicas={replicas})
for number, variant in enumerate(CASES.values()):
    trial = trials_of(variant, replicas={replicas}, validation="test")[0]
    np.savez(folder / f"{replicas}-{{number}}.npz", **outcome(worker, trial))
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """Outcomes by (replicas, case), each of a process that has run nothing else before its first case."""
    folder = tmp_path_factory.mktemp("promises")
    running = [in_fresh_process(SCRIPT.format(replicas=replicas), folder, wait=False) for replicas in (1, 2)]
    for process in running:
        _, errors = process.communicate(timeout=500)
        assert process.returncode == 0, errors[-3000:]
    return {
        (replicas, case): load(folder / f"{replicas}-{number}.npz")
        for replicas in (1, 2)
        for number, case in enumerate(CASES)
    }


@pytest.fixture(scope="module")
def small(worker):
    from cnnjobs.training.trial import TrialWorker

    return TrialWorker(data(), cpus=1, gpus=0, replicas=1)


@pytest.mark.parametrize("case", CASES)
def test_a_used_process_and_a_resumed_trial_give_the_bits_of_a_fresh_process(small, elsewhere, tmp_path, case):
    trial, other = trials_of(CASES[case], validation="test")
    expected = elsewhere[1, case]
    assert not same(outcome(small, other), expected), "another repeat"
    assert same(outcome(small, trial), expected), "after another repeat"
    small.checkpoints = Checkpoints(Files(tmp_path), every_s=0)
    try:
        running = small.run(trial)
        next(message for message in running if message.epoch == 1)
        next(running)  # into the epoch after: the checkpoint is written when it begins
        running.close()
        next(small.run(other))
        assert same(outcome(small, trial), expected), "cut off after an epoch"
    finally:
        small.checkpoints = None


@pytest.mark.parametrize("case", CASES)
def test_two_replicas_equal_one(elsewhere, case):
    one, two = (elsewhere[replicas, case] for replicas in (1, 2))
    tolerance = LOOSER.get(case, TOLERANCE)
    for name, value in one.items():
        if value.dtype.kind != "f" or "acc" in name or name == "final":
            continue  # seeds and counts; fractions of rows that hang on a tie
        assert np.isfinite(value).all(), name
        assert np.abs(two[name] - value).max() <= tolerance * max(np.abs(value).max(), 1e-2), name
