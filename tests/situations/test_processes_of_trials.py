"""What one trial does to its process, and the trials after it: on a real Ray, with workers without TensorFlow."""

import contextlib
import os
import resource
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from support import fakes

from cnnjobs import SGD, Job, Variant, vgg
from cnnjobs.engine.base import TrialResources, Work
from cnnjobs.messages import Failure, Result
from cnnjobs.planning.trials import make_plan
from cnnjobs.process.private_folder import private_folder
from cnnjobs.run.backends import open_engine

NAMES = ("fails", "after a failure", "changes", "after changes")


class Changing(fakes.FakeWorker):
    """Says in each log what its process is like; one variant changes that as a network function may."""

    def run(self, trial):
        parts = (
            sys.getrecursionlimit(),
            Path.cwd(),
            resource.getrlimit(resource.RLIMIT_NOFILE)[0],
            signal.getsignal(signal.SIGALRM),
            os.environ.get("CHANGED"),
            os.environ.get("TF_XLA_FLAGS"),
            f"hashes {sys.flags.hash_randomization}",
            tempfile.gettempdir(),
            os.getpid(),
        )
        like = " ".join(map(str, parts))
        if trial.variant == "fails":
            raise RuntimeError(like)
        if trial.variant == "changes":
            folder = tempfile.mkdtemp()
            os.chdir(folder)
            Path(folder).rmdir()
            sys.setrecursionlimit(sys.getrecursionlimit() // 2)
            resource.setrlimit(resource.RLIMIT_NOFILE, (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
            os.environ["CHANGED"] = "yes"
            signal.signal(signal.SIGALRM, signal.SIG_IGN)
        *messages, result = super().run(trial)
        yield from messages
        yield replace(result, log=like)


def changing(dataset, resources, checkpoints):
    return Changing(dataset, resources)


@pytest.fixture(scope="module")
def like():
    """Variant -> what its process was like, of trials that run one after the other."""
    variants = {name: Variant(model=vgg(), optimizer=SGD(0.1), batch_size=n + 1) for n, name in enumerate(NAMES)}
    job = Job(name="a", dataset="digits", repeats=1, variants=variants)
    work = Work(
        trials=make_plan(job, "data").trials,
        dataset=fakes.tiny_dataset(),
        make_worker=changing,
        resources=TrialResources(cpus=1, gpus=0, replicas=1),
        at_once=1,
        modules=(fakes, sys.modules[__name__]),
    )
    ends = {}

    def note(trial, message):
        if isinstance(message, Result | Failure):
            ends[trial.variant] = message

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_XLA_FLAGS", "--tf_xla_auto_jit=2")
        patch.setenv("PYTHONHASHSEED", "1")
        with contextlib.closing(open_engine(cpus=1, gpus=0, verbose=False)) as engine:
            engine.run(work, note)
        assert os.environ["TF_XLA_FLAGS"] == "--tf_xla_auto_jit=2", "the person's own again"
    assert isinstance(ends["fails"], Failure)
    assert all(isinstance(ends[name], Result) for name in NAMES[1:]), ends
    return {"fails": ends["fails"].error.removeprefix("RuntimeError: ")} | {n: ends[n].log for n in NAMES[1:]}


def test_a_trial_after_a_failed_one_has_a_process_of_its_own(like):
    """A network function raises an error in the middle of who knows what: nothing of it reaches the next trial."""
    assert like["after a failure"].split()[-1] != like["fails"].split()[-1]


def test_what_a_network_function_changes_is_put_back_for_the_next_trial(like):
    """A function lowers limits, ignores signals, sets variables and removes the folder that it works in."""
    assert like["changes"] == like["after a failure"], "a process is used again where nothing failed"
    assert like["after changes"] == like["changes"]


def test_temporary_files_of_a_trial_lie_where_they_are_removed_with_the_run(like):
    """A worker is killed while it writes a temporary file: the folder that this is in goes with the submit."""
    assert Path(like["changes"].split()[-2]) == private_folder()


def test_workers_have_the_pinned_variables(like):
    """Auto-jit is switched on in the shell, and the order of sets of texts is another in every process."""
    assert all(" None None hashes 0 " in one for one in like.values()), like
