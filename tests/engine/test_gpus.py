"""Which GPUs trials hold at the same time, on a real Ray that is told of GPUs which are not there."""

import contextlib
import json
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path

import pytest
from support import fakes

from cnnjobs import SGD, Job, Variant, vgg
from cnnjobs.engine.base import TrialResources, Work
from cnnjobs.messages import Result, Status
from cnnjobs.planning.trials import make_plan

pytest.importorskip("ray")

DEADLINE_S = 60.0
"""After so long a trial gives up waiting for those that should run beside it."""


@dataclass
class HoldingWorker:
    """Holds what it was given until the trials of its round hold theirs; the log tells which devices, and when.

    Args:
        folder: where trials leave a file each when they begin.
        at_once: trials of a round.
    """

    folder: Path
    at_once: int
    retire_reason: None = None

    def run(self, trial):
        began, devices = time.time(), os.environ.get("CUDA_VISIBLE_DEVICES")
        (self.folder / str(trial.repeat)).touch()
        while len(list(self.folder.iterdir())) < self.at_once * (trial.repeat // self.at_once + 1):
            if time.time() > began + DEADLINE_S:
                raise TimeoutError("the others of the round do not run")
            time.sleep(0.02)
        held = {"devices": devices, "began": began, "ended": time.time()}
        yield Result(Status.COMPLETED, {}, {}, None, json.dumps(held))


def holding_worker(dataset, resources, checkpoints, *, folder, at_once):
    return HoldingWorker(folder, at_once)


def held_by(folder, *, trials, gpus_per_trial, at_once, gpus):
    """Run trials in rounds; return what each held."""
    from cnnjobs.run.backends import open_engine

    variants = {"v": Variant(model=vgg(), optimizer=SGD(0.1), epochs=1)}
    work = Work(
        trials=make_plan(Job(name="a", dataset="digits", repeats=trials, variants=variants), "data").trials,
        dataset=fakes.tiny_dataset(),
        make_worker=partial(holding_worker, folder=folder, at_once=at_once),
        resources=TrialResources(cpus=1, gpus=gpus_per_trial, replicas=max(1, int(gpus_per_trial))),
        at_once=at_once,
        modules=(sys.modules[__name__], fakes),  # Ray's processes cannot import this folder
    )
    told = []
    with contextlib.closing(open_engine(cpus=at_once, gpus=gpus, verbose=False)) as engine:
        engine.run(work, lambda trial, message: told.append(message))
    found = [json.loads(one.log) for one in told if isinstance(one, Result)]
    assert len(found) == trials, told
    return [one | {"devices": one["devices"].split(",")} for one in found]


def overlapping(held):
    """Pairs of trials that held devices at the same time."""
    return [
        (one, other)
        for one, other in combinations(held, 2)
        if one["began"] < other["ended"] and other["began"] < one["ended"]
    ]


def test_no_two_trials_hold_the_same_gpu_at_the_same_time(tmp_path):
    held = held_by(tmp_path, trials=8, gpus_per_trial=1, at_once=4, gpus=8)
    assert all(len(one["devices"]) == 1 and one["devices"][0].isdigit() for one in held)
    pairs = overlapping(held)
    assert len(pairs) >= 12, "the four of a round run at once"
    assert all(one["devices"] != other["devices"] for one, other in pairs)


def test_a_trial_of_four_gpus_holds_four_that_no_other_holds(tmp_path):
    held = held_by(tmp_path, trials=4, gpus_per_trial=4, at_once=2, gpus=8)
    assert all(len(set(one["devices"])) == 4 for one in held)
    pairs = overlapping(held)
    assert len(pairs) >= 2
    assert all(not set(one["devices"]) & set(other["devices"]) for one, other in pairs)


def test_a_quarter_packs_four_trials_on_a_gpu_and_no_more(tmp_path):
    held = held_by(tmp_path, trials=12, gpus_per_trial=0.25, at_once=6, gpus=2)
    assert all(len(one["devices"]) == 1 for one in held)
    for moment in held:
        crowd = Counter(one["devices"][0] for one in held if one["began"] <= moment["began"] < one["ended"])
        assert max(crowd.values()) <= 4
    first = held[:6]
    assert len(overlapping(first)) == 15, "the six of a round run at once"
    assert sorted(Counter(one["devices"][0] for one in first).values()) in ([2, 4], [3, 3])


def test_a_trial_without_gpus_sees_none_though_there_are_some(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")  # what a worker inherits, unless Ray is told otherwise
    held = held_by(tmp_path, trials=2, gpus_per_trial=0, at_once=1, gpus=2)
    assert [one["devices"] for one in held] == [[""], [""]]
