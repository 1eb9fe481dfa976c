"""What is left half written in a cache is removed, but not from under a process on another machine."""

import os
import subprocess
import sys

import numpy as np
import pytest

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.datasets.cache import ABANDONED_S, cached, remove_remains

NOW = 2_000_000_000.0


@pytest.fixture(scope="module")
def dead():
    """The number of a process that lives no longer."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def part(folder, claim, *, written):
    """A data set half written by a process, the folder long ago and one file of it at some time."""
    made = folder / f".digits-v1.{claim}-0a1b2c3d.part"
    made.mkdir()
    (made / "x_train.npy").write_bytes(b"half")
    os.utime(made / "x_train.npy", (written, written))
    os.utime(made, (1.0, 1.0))
    return made


@pytest.mark.parametrize(
    ("claim", "age", "stays"),
    [
        ("here-{living}", 10 * ABANDONED_S, True),
        ("here-{dead}", 0, False),
        ("there-{dead}", 0, True),
        ("there-{dead}", 2 * ABANDONED_S, False),
        ("there-{living}", 2 * ABANDONED_S, False),
        ("{dead}", 0, True),
        ("{dead}", 2 * ABANDONED_S, False),
    ],
)
def test_processes_are_looked_for_on_this_machine_alone_and_others_are_judged_by_age(tmp_path, dead, claim, age, stays):
    made = part(tmp_path, claim.format(living=os.getpid(), dead=dead), written=NOW - age)
    remove_remains(tmp_path, host="here", now=NOW)
    assert made.exists() == stays


def test_a_process_names_its_machine_in_what_it_writes(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path))
    monkeypatch.setattr("platform.node", lambda: "gpu-7.lab.example")
    seen, save = [], np.save

    def noted(path, *arrays, **options):
        seen.append(path.parent.name)
        save(path, *arrays, **options)

    monkeypatch.setattr("numpy.save", noted)
    images, labels = np.zeros((2, 1, 1, 1), np.uint8), np.zeros(2, np.int32)
    cached("key", "a", lambda: Dataset("a", images, labels, images, labels, ("0",), "f" * 20))
    assert seen[0].startswith(f".key.gpu_7_lab_example-{os.getpid()}-")
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
