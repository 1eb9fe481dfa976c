"""The Ray of this process is ended from outside in mid-run: that is told within seconds, here and in a command."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.fakes import write_job

from cnnjobs.process.machine import child_processes, process_lives
from cnnjobs.run.status import status_of

WITHIN_S = 20.0
"""On a busy machine; about 6 s on a quiet one. Ray itself takes more than a minute."""

WITH_RAY = """
import sys, time
sys.path[:0] = [{tests!r}]
import cnnjobs.run.backends as backends
from cnnjobs.cli import main
from support import fakes
from support.fakes import FakeWorker
import ray.cloudpickle

class Worker(FakeWorker):
    def run(self, trial):
        if trial.repeat:
            time.sleep(1000)
        yield from super().run(trial)

ray.cloudpickle.register_pickle_by_value(fakes)
backends.open_worker = lambda dataset, resources, checkpoints: Worker(dataset, resources)
main(prog_name="cnnjobs")
"""
"""The command on a real Ray, with workers that need no TensorFlow: the first repeat ends, the others do not."""


def running(job):
    """Start a submit; return it when its first trial is stored."""
    command = (sys.executable, "-c", WITH_RAY.format(tests=str(Path(__file__).parents[1])))
    process = subprocess.Popen(
        [*command, "submit", str(job), "--max-concurrent", "1"], cwd=job.parent, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 120
    while not (job.parent / "results/tiny/trials").is_dir() and time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    return process


def named(processes, name):
    return next(pid for pid in processes if name in Path(f"/proc/{pid}/cmdline").read_text().split("\0")[0])


def assert_gone(processes):
    """Those of a raylet that was killed end by themselves, within seconds."""
    left, until = list(processes), time.monotonic() + 10
    while any(process_lives(pid) for pid in left) and time.monotonic() < until:
        time.sleep(0.1)
    assert left
    assert not [pid for pid in left if process_lives(pid)]


@pytest.mark.parametrize("name", ["raylet/raylet", "gcs_server"])
def test_a_submit_whose_ray_was_ended_says_what_is_stored_and_how_to_go_on(tmp_path, name):
    job = write_job(tmp_path, repeats=2, epochs=1, variants='"one": base')
    process = running(job)
    own = child_processes(process.pid)
    left = [*own, *child_processes(named(own, "raylet/raylet"))]
    os.kill(named(own, name), signal.SIGKILL)
    began = time.monotonic()
    _, told = process.communicate(timeout=60)
    assert time.monotonic() - began < WITHIN_S
    assert process.returncode == 1
    said = f"Ray, which runs the trials on this machine, was ended from outside (its {Path(name).name}, process "
    assert said in told
    assert "1 of 2 trials were finished and are stored in " in told
    assert "To continue, run the same command again:" in told
    assert "Traceback" not in told
    assert "rpc_client" not in told, "Ray's C++"
    [found] = status_of(str(tmp_path / "results")).jobs
    assert said in found.stopped
    assert not found.cut_off, "the claim is taken back"
    assert_gone(left)


def test_a_ray_that_was_ended_after_the_last_result_is_no_error_and_leaves_nothing(tmp_path):
    """As it is when the machine is shut down just then: everything is stored."""
    code = """
import os, signal, sys
sys.path[:0] = [{tests!r}]
from test_ray_tune import engine, trials_of, work_on
from cnnjobs.messages import Result
from cnnjobs.process.machine import child_processes
from cnnjobs.process.private_folder import private_folder
from pathlib import Path

running, ends = [], []

def named(name):
    return next(pid for pid in running if name in Path(f"/proc/{{pid}}/cmdline").read_text().split(chr(0))[0])

def end_ray(trial, message):
    if isinstance(message, Result):
        ends.append(trial.repeat)
    if len(ends) == 2:
        running.extend(child_processes(os.getpid()))
        running.extend(child_processes(named("raylet/raylet")))
        os.kill(named("raylet/raylet"), signal.SIGKILL)

ray = engine()
ray.run(work_on(trials_of(("calm",), repeats=2)), end_ray)
print("ended", sorted(ends), flush=True)
ray.close()
print("left", [one.name for one in private_folder().iterdir() if one.name != "auth_token"], *running, flush=True)
"""
    tests = Path(__file__).parents[1]
    words = [sys.executable, "-c", code.format(tests=str(tests))]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=tests / "engine", check=False)
    assert done.returncode == 0, done.stderr
    ended, left = done.stdout.splitlines()
    assert ended == "ended [0, 1]"
    assert left.startswith("left []"), "no files"
    assert done.stderr == ""
    assert_gone(map(int, left.split()[2:]))
