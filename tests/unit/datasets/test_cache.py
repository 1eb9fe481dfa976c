"""What is left half written in a cache is removed, but not from under a process on another machine."""

import os
import subprocess
import sys

import numpy as np
import pytest

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.datasets.images import StoredImages
from cnnjobs.datasets.storage.cache import ABANDONED_S, recalled, remembered, remove_remains
from cnnjobs.datasets.storage.cached_dataset import cached

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


def test_half_a_text_is_removed_as_half_a_data_set_is(tmp_path, dead):
    (tmp_path / "remembered").mkdir()
    for claim in (f"here-{dead}", f"here-{os.getpid()}"):
        (tmp_path / "remembered" / f".key.{claim}-0a1b2c3d.part").write_bytes(b"half")
    remove_remains(tmp_path, host="here", now=NOW)
    assert [path.name for path in (tmp_path / "remembered").iterdir()] == [f".key.here-{os.getpid()}-0a1b2c3d.part"]


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


def kept(build_count, folder):
    """A data set of sixty small pictures, from the cache in a folder or made."""

    def build():
        build_count.append(1)
        images, labels = np.arange(60 * 4, dtype=np.uint8).reshape(60, 2, 2, 1), np.arange(60, dtype=np.int32) % 2
        return Dataset("a", images[:40], labels[:40], images[40:], labels[40:], ("0", "1"), "f" * 20, ("a note",))

    return cached("key", "a", build)


PARTS = ("x_train", "y_train", "x_test", "y_test")
FILES = (
    "images.bin",
    "y_train.npy",
    "y_test.npy",
    "numbers_train.npy",
    "numbers_test.npy",
    "digests.npy",
    "dataset.json",
)


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("name", FILES)
def test_what_is_damaged_is_made_anew(tmp_path, monkeypatch, caplog, name, in_memory):
    """Flipped bits anywhere, a file cut short, a block of zeros, the file of another data set."""
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path))
    if not in_memory:
        monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", "0")
    random, made = np.random.default_rng(0), []
    right = {part: getattr(kept(made, tmp_path), part)[:].tobytes() for part in PARTS}
    assert isinstance(kept(made, tmp_path).x_train, np.ndarray) == in_memory
    assert len(made) == 1, "whole, it is read"
    path = tmp_path / "key" / name
    whole = path.read_bytes()
    other = {"numbers_train.npy": "numbers_test.npy", "y_train.npy": "y_test.npy"}.get(name, "y_train.npy")
    damages = [(tmp_path / "key" / other).read_bytes(), whole[: len(whole) // 2], b"", bytes(64) + whole[64:]]
    for _ in range(20):
        place, bit = random.integers(len(whole)), random.integers(8)
        damages.append(whole[:place] + bytes([whole[place] ^ (1 << bit)]) + whole[place + 1 :])
    for damaged in damages:
        before = len(made)
        path.write_bytes(damaged)
        found = kept(made, tmp_path)
        assert {part: getattr(found, part)[:].tobytes() for part in right} == right
        assert (found.class_names, found.fingerprint, found.notes) == (("0", "1"), "f" * 20, ("a note",))
        assert len(made) == before + 1
    assert f"{tmp_path}/key is damaged" in caplog.text
    assert {entry.name for entry in tmp_path.iterdir()} <= {"key", "remembered"}


def test_images_that_do_not_fit_the_memory_are_compared_once_for_every_change(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path))
    monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", "0")
    read = []
    fetch = StoredImages.fetch
    monkeypatch.setattr(StoredImages, "fetch", lambda self, numbers: read.append(len(numbers)) or fetch(self, numbers))
    made = []
    kept(made, tmp_path)
    assert not read, "what was written just now needs no comparison"
    kept(made, tmp_path)
    kept(made, tmp_path)
    assert sum(read) == 120, "young files could change unseen"
    monkeypatch.setattr("cnnjobs.files.file_facts.SETTLED_NS", 0)
    kept(made, tmp_path)
    kept(made, tmp_path)
    assert sum(read) == 180
    path = tmp_path / "key" / "images.bin"
    os.utime(path)
    kept(made, tmp_path)
    assert (sum(read), len(made)) == (240, 1)
    status = path.stat()
    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    kept(made, tmp_path)
    assert len(made) == 2


def test_a_remembered_text_that_is_damaged_is_computed_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path))
    assert remembered("key", lambda: "0123456789abcdef") == "0123456789abcdef"
    path = tmp_path / "remembered" / "key"
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert recalled("key") is None
    assert remembered("key", lambda: "again") == "again"
    assert remembered("key", lambda: "never") == "again"
