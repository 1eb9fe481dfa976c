"""Code of a user's that hangs, ends its process or crashes it: its trial fails, the others go on."""

import pytest
from support import fakes, stuck_workers

from cnnjobs import SGD, Job, Variant, vgg
from cnnjobs.engine.base import TrialResources, Work
from cnnjobs.messages import Failure, Result, Stalled
from cnnjobs.planning.trials import make_plan
from cnnjobs.process.private_folder import private_folder

TIMEOUT_S = 2
NAMES = ("sleeps", "loops", "keeps_the_lock", "exits", "interrupts", "leaves", "crashes", "calm")


@pytest.fixture(scope="module")
def told():
    """What one run for all tests below tells: (variant, message)."""
    from cnnjobs.run.backends import open_engine

    base = Variant(model=vgg(), optimizer=SGD(0.1), epochs=1)
    variants = {name: base.but(batch_size=index + 1) for index, name in enumerate(NAMES)}
    work = Work(
        trials=make_plan(Job(name="a", dataset="digits", repeats=1, variants=variants), "data").trials,
        dataset=fakes.tiny_dataset(),
        make_worker=stuck_workers.stuck_worker,
        resources=TrialResources(cpus=1, gpus=0, replicas=1),
        at_once=2,
        modules=(fakes, stuck_workers),  # Ray's processes cannot import this folder
        timeout_s=TIMEOUT_S,
    )
    messages = []
    engine = open_engine(cpus=2, gpus=0, verbose=False)
    with pytest.MonkeyPatch.context() as patch:  # a test does not wait a minute to be told
        patch.setattr("cnnjobs.engine.stall.LEAST_S", TIMEOUT_S / 4)
        patch.setattr("cnnjobs.engine.stall.FIRST_S", TIMEOUT_S / 4)
        engine.run(work, lambda trial, message: messages.append((trial.variant, message)))
        engine.close()
    return messages


@pytest.fixture(scope="module")
def run(told):
    """How each trial ended, by variant."""
    return {variant: message for variant, message in told if isinstance(message, Failure | Result)}


def test_a_trial_that_hangs_is_told_of_while_it_does(told):
    """Nobody would know otherwise: all other trials have ended, and the last one sleeps."""
    stalled = [message for variant, message in told if variant == "sleeps" and isinstance(message, Stalled)]
    assert len(stalled) == 1, "once"
    assert TIMEOUT_S / 4 < stalled[0].seconds < TIMEOUT_S + 1
    assert stalled[0].timeout_s == TIMEOUT_S


@pytest.mark.parametrize("how", ["sleeps", "loops", "keeps_the_lock"])
def test_a_trial_that_hangs_is_ended_and_says_where_it_was(run, how):
    """A network function sleeps, loops, or waits in a call in C that keeps Python's lock; there is a trial timeout."""
    assert run[how].error.startswith(f"no progress for {TIMEOUT_S} s, the trial timeout; it was in {how} (stuck_work")
    assert f"in {how}" in run[how].log, "the stacks of all threads"


def test_a_trial_that_ends_its_process_says_where(run):
    """A network function calls sys.exit, os._exit, or raises KeyboardInterrupt."""
    assert run["exits"].error.startswith("SystemExit: 3, raised in exits (stuck_workers.py, line ")
    assert run["interrupts"].error.startswith("KeyboardInterrupt, raised in interrupts (stuck_workers.py, line ")
    assert "os._exit(3) was called in leaves (stuck_workers.py, line " in run["leaves"].error
    assert not any("memory" in run[how].error for how in ("exits", "interrupts", "leaves"))


def test_a_trial_that_crashes_its_process_says_where(run):
    """A network function reads from address 0 in C."""
    assert run["crashes"].error.startswith("the worker process crashed, twice: Segmentation fault, in crashes (stuck")


def test_the_others_go_on(run):
    """Seven trials that do so are followed by one that does nothing of the kind."""
    assert run["calm"].status == "completed"
    assert sorted(run) == sorted(NAMES)


def test_nothing_of_the_lost_processes_is_left_in_the_temporary_folder(run):
    """What processes printed and where they hung lies there while they run."""
    assert not [*private_folder().rglob("*.stacks"), *private_folder().rglob("*.log")]
