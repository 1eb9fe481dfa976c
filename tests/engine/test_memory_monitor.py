"""Ray's memory monitor ends workers when the machine is full, with an error that Tune does not know."""

import contextlib
import re
from dataclasses import replace

import pytest
from support import fakes, stuck_workers

from cnnjobs.engine.base import TrialResources, Work
from cnnjobs.messages import Failure, Result
from cnnjobs.planning.trials import make_plan

LOOK_MS = 12_000
"""Between two looks of the monitor: at each it ends all workers. A trial that is quick runs between two."""


NONE = re.compile("(?!)")
"""Matches nothing."""


@pytest.fixture(scope="module")
def ends():
    """Ends by variant, on a machine that is always too full."""
    from cnnjobs import SGD, Job, Variant, vgg
    from cnnjobs.run.backends import open_engine

    base = Variant(model=vgg(), optimizer=SGD(0.1), epochs=1)
    variants = {"sleeps": base, "calm": base.but(batch_size=2)}
    work = Work(
        trials=make_plan(Job(name="a", dataset="digits", repeats=1, variants=variants), "data").trials,
        dataset=fakes.tiny_dataset(),
        make_worker=stuck_workers.stuck_worker,
        resources=TrialResources(cpus=1, gpus=0, replicas=1),
        at_once=1,
        modules=(fakes, stuck_workers),
    )
    found = {}

    def tell(trial, message):
        if isinstance(message, Failure | Result):
            found[trial.variant] = replace(message, log="") if trial.variant == "calm" else message

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_memory_usage_threshold", "0.0001")
        patch.setenv("RAY_memory_monitor_refresh_ms", str(LOOK_MS))
        patch.setattr("cnnjobs.engine.worker_loss.LARGEST", NONE)  # there may be workers of another Ray
        with contextlib.closing(open_engine(cpus=1, gpus=0, verbose=False)) as engine:
            engine.run(work, tell)
    return found


def test_a_trial_whose_worker_it_ends_fails_with_the_figure(ends):
    error = ends["sleeps"].error
    assert error.startswith("out of memory, twice: Ray ended the worker process")
    assert "GB of its machine were in use. A smaller `batch_size` or network takes less" in error
    assert "low on memory" in ends["sleeps"].log, "Ray's own words"


def test_the_others_go_on(ends):
    assert ends["calm"].status == "completed"
