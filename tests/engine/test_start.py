"""What a Ray of this machine's own starts with, seen while a trial runs: nothing but what runs trials."""

import contextlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support import fakes

from cnnjobs import SGD, Job, Variant, vgg
from cnnjobs.engine.base import TrialResources, Work
from cnnjobs.messages import Result
from cnnjobs.planning.trials import make_plan
from cnnjobs.run import backends

psutil = pytest.importorskip("psutil")

LOOKED_AT = ("tensorflow", "keras", "cnnjobs.training.trial", "sklearn", "scipy.stats", "matplotlib", "tensorflow.lite")


class Looking(fakes.FakeWorker):
    """Says in each log what its process had imported when it was made, and what it imports of Keras then."""

    def __init__(self, dataset, resources):
        super().__init__(dataset, resources)
        self.there = [name for name in LOOKED_AT if name in sys.modules]

    def run(self, trial):
        *messages, result = super().run(trial)
        yield from messages
        keras = sys.modules["keras"]
        before, wrapper = "sklearn" in sys.modules, keras.wrappers.SKLearnClassifier
        wrapped = before, issubclass(wrapper, sys.modules["sklearn"].base.BaseEstimator)
        log = "|".join((" ".join(self.there), f"{wrapped}", os.environ["KERAS_BACKEND"]))
        yield replace(result, log=log)


def looking(dataset, resources, checkpoints):
    return Looking(dataset, resources)


def children():
    """Processes that this one, and they, have started: another file's tests may have some that still run."""
    return {*psutil.Process().children(recursive=True)}


def command_of(process):
    """Its words; none where it has ended meanwhile."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture(scope="module")
def seen():
    """The log of a trial, and the processes that there were."""
    found = {}
    variants = {"calm": Variant(model=vgg(), optimizer=SGD(0.1), epochs=1)}
    trials = make_plan(Job(name="a", dataset="digits", repeats=1, variants=variants), "data").trials
    modules = (fakes, sys.modules[__name__])
    work = Work(trials, fakes.tiny_dataset(), looking, TrialResources(2, 0, 1), at_once=1, modules=modules)

    def look(trial, message):
        if isinstance(message, Result):
            found["log"] = message.log.strip().split("|")
            found["processes"] = [command_of(one) for one in children() - before]

    before = children()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.closing(backends.open_engine(cpus=2, gpus=0, at_once=1, verbose=False)) as engine,
    ):
        patch.setenv("KERAS_BACKEND", "torch")
        engine.run(work, look)
    return found


def test_workers_have_imported_what_trains_before_they_have_a_trial(seen):
    assert seen["log"][0].split() == ["tensorflow", "keras", "cnnjobs.training.trial"], "and nothing that is not used"
    assert seen["log"][2] == "tensorflow", "with the pinned variables"


def test_what_was_not_imported_is_when_it_is_used(seen):
    assert seen["log"][1] == "(False, True)"


def test_as_many_workers_start_as_trials_run_at_once_and_no_process_of_python_beside_them(seen):
    names = [Path(words[0]).name for words in seen["processes"] if words]
    assert sum(name.startswith("ray::") for name in names) == 1
    assert sorted(name for name in names if name in ("gcs_server", "raylet")) == ["gcs_server", "raylet"]
    others = [words for words in seen["processes"] if words and Path(words[0]).name.startswith("python")]
    assert [Path(words[3]).name for words in others] == ["stand_in.py"] * 2, "in the place of Ray's agents"


def test_a_ray_whose_node_is_not_known_is_left_to_start_as_it_does(monkeypatch):
    import ray
    from ray._private import node

    from cnnjobs.engine.ray.own_node import OwnNode, only_what_runs_trials

    def started():
        with only_what_runs_trials(forwards_logs=False, workers=1):
            return node.Node

    assert started().func is OwnNode
    monkeypatch.setattr(ray, "__version__", "2.61.0")
    assert started() is ray._private.node.Node
