"""Files that are made to harm, or that are no files: they are named, quickly, and none runs or fills the memory."""

import contextlib
import os
import pickle
import re
import stat
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from support.fakes import submit_in, write_job
from support.isolation import alone
from support.stores import made_up_store
from support.zips import BLOCK, deflated, header_of, write_zip, zeros

from cnnjobs import ImageFolder, Npz
from cnnjobs.cli import main
from cnnjobs.datasets import load_dataset
from cnnjobs.datasets.numpy_arrays.npz_file import read_arrays
from cnnjobs.datasets.storage.data_file import file_at
from cnnjobs.errors import CnnjobsError, DatasetError, JobFileError, ModelError, SpecError
from cnnjobs.models.model_file import MEMBER, ModelMetadata, read_metadata
from cnnjobs.models.predict import answers, expand
from cnnjobs.planning.job_file import load_job

__all__ = ["alone"]

SIX_GB = 96 * BLOCK


class Runs:
    """Makes a folder when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("ran",)


def quiet(what, done, total):
    """Progress that nobody watches."""


def npy(array):
    """An array as a member of an archive."""
    return deflated(header_of(array.shape, array.dtype.str) + array.tobytes())


PLAIN = {
    "x_train.npy": npy(np.arange(30 * 64, dtype=np.uint8).reshape(30, 8, 8)),
    "y_train.npy": npy(np.arange(30) % 3),
}


def huge(shape):
    """A member that unpacks to 6 GB from six megabytes."""
    header = header_of(shape)
    return zeros(header, SIX_GB), len(header) + SIX_GB, 0


def peak():
    """The most memory that this process has held so far, bytes."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def test_what_nobody_asked_for_stays_packed(tmp_path):
    """An archive of a data set with another member beside it, which unpacks to 6 GB: it is not unpacked."""
    write_zip(tmp_path / "data.npz", PLAIN | {"masks.npy": huge((SIX_GB,))})
    before = peak()
    assert load_dataset(Npz(str(tmp_path / "data.npz")), quiet).x_train.shape == (24, 8, 8, 1)
    assert peak() - before < 1 << 30


def test_images_that_unpack_to_six_gigabytes_are_named_with_their_size(tmp_path):
    """`x_train` unpacks to 6 GB from 6 MB: an error with both sizes, before anything is unpacked."""
    write_zip(tmp_path / "data.npz", PLAIN | {"x_train.npy": huge((SIX_GB // 64, 8, 8))})
    before = peak()
    with pytest.raises(DatasetError, match=r"data\.npz: x_train unpacks from 6\.3 MB to 6\.4 GB, more than 200 times"):
        load_dataset(Npz(str(tmp_path / "data.npz")), quiet)
    assert peak() - before < 1 << 30


def test_arrays_beyond_the_memory_are_named_with_their_size(tmp_path, monkeypatch):
    """Arrays of honest sizes that do not fit: how much they need, how much there is."""
    write_zip(tmp_path / "data.npz", PLAIN)
    monkeypatch.setattr("cnnjobs.datasets.numpy_arrays.npz_file.free_bytes", lambda: 1000)
    with pytest.raises(
        DatasetError, match=r"x_train, y_train unpack to 2\.4 kB; 1\.0 kB of memory are free\. Use fewer"
    ):
        read_arrays(file_at(str(tmp_path / "data.npz"), print), ("x_train", "y_train"))


@pytest.mark.parametrize(
    ("descr", "shape", "message"),
    [
        (
            "|u1",
            (10**12, 8, 8),
            r"header speaks of \(1000000000000, 8, 8\) uint8, 64,000,000,000,000 bytes, and 1,920 fo",
        ),
        ("|u1", (-1, 8, 8), "x_train"),
        ("|u1", (0, 10**11, 8), "damaged"),
        ("|V400000000", (3,), "damaged"),
        ("<U500000000", (12,), "damaged"),
        ("|O", (30,), "pickled Python objects, which are never loaded"),
        ([("a", "<i4"), ("b", "<i4")], (240,), "must be an array of numbers. Received: named fields"),
    ],
)
def test_headers_that_lie(tmp_path, descr, shape, message):
    """The header of an array promises what its member does not hold, or objects: no memory is taken for it."""
    lying = header_of(shape, descr) + bytes(1920)
    write_zip(tmp_path / "data.npz", PLAIN | {"x_train.npy": deflated(lying)})
    with pytest.raises(DatasetError, match=message):
        load_dataset(Npz(str(tmp_path / "data.npz")), quiet)


@pytest.mark.parametrize("member", [MEMBER, "config.json", "model.weights.h5", "assets/x"])
def test_a_model_file_that_unpacks_to_six_gigabytes(tmp_path, member):
    """A member of a model file holds 6 GB of zeros: its name and size, before Keras unpacks it."""
    write_zip(tmp_path / "m.keras", {MEMBER: deflated(b"{}")} | {member: (zeros(b"{", SIX_GB), SIX_GB + 1, 0)})
    with pytest.raises(
        ModelError, match=r"m\.keras is damaged, or made to do harm: its .* (must have at most|unpacks)"
    ):
        read_metadata(tmp_path / "m.keras")


def test_a_member_that_is_larger_than_it_says(tmp_path):
    """Six gigabytes that call themselves 50 bytes: Python's `zipfile` unpacks two of them before it looks."""
    write_zip(tmp_path / "m.keras", {MEMBER: (zeros(b"{", SIX_GB), 50, 0)})
    with pytest.raises(ModelError, match=r"its 'cnnjobs\.json' unpacks from 6,\d{3},\d{3} bytes to only 50, it says\."):
        read_metadata(tmp_path / "m.keras")


def test_a_model_file_that_nests_without_end(tmp_path):
    """What a model says of itself is nested a hundred thousand deep."""
    write_zip(tmp_path / "m.keras", {MEMBER: deflated(b"[" * 10**5)})
    with pytest.raises(ModelError, match=r"its cnnjobs\.json cannot be understood \(RecursionError"):
        read_metadata(tmp_path / "m.keras")


def test_pickles_in_archives_do_not_run(tmp_path, monkeypatch):
    """Objects in an archive, beside it or in place of it make nothing happen."""
    monkeypatch.chdir(tmp_path)
    for name, content in (("a.npz", pickle.dumps(Runs())), ("b.npz", b"\x93NUMPY\x01\x00" + pickle.dumps(Runs()))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DatasetError):
            load_dataset(Npz(name), quiet)
        with pytest.raises(ModelError):
            read_metadata(name)
    np.savez(tmp_path / "c.npz", x_train=np.zeros((9, 8, 8), np.uint8), y_train=np.arange(9) % 3, more=[Runs()])
    assert load_dataset(Npz("c.npz"), quiet).x_train.shape == (7, 8, 8, 1)
    assert not (tmp_path / "ran").exists()


def test_postscript_under_the_name_of_a_picture_runs_no_program(tmp_path, monkeypatch):
    """A file of PostScript called cat.png, where Pillow would start Ghostscript: it cannot be read."""
    for number in range(4):
        for name in ("cat", "dog"):
            (tmp_path / "pets" / name).mkdir(parents=True, exist_ok=True)
            Image.new("L", (8, 8), number).save(tmp_path / "pets" / name / f"{number}.png")
    Image.new("RGB", (8, 8)).save(tmp_path / "pets" / "cat" / "odd.png", "EPS")
    program = tmp_path / "bin" / "gs"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nmkdir {tmp_path}/ran\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))
    data = load_dataset(ImageFolder(str(tmp_path / "pets")), quiet)
    assert "pets: 1 picture cannot be read and was skipped: cat/odd.png" in data.notes[0]
    assert not (tmp_path / "ran").exists()


def test_a_pipe_in_the_place_of_a_file(tmp_path):
    """A pipe as job file, model or picture: said at once, where reading would wait for ever."""
    pipe = tmp_path / "pipe.py"
    os.mkfifo(pipe)
    began = time.monotonic()
    with pytest.raises(JobFileError, match=r"cannot be read: it is a pipe, not a file\."):
        load_job(pipe)
    with pytest.raises(ModelError, match=r"is no model file \(it is a pipe, not a file\)\. Expected"):
        read_metadata(pipe)
    with pytest.raises(DatasetError, match="There is no file"):
        load_dataset(Npz(str(pipe)), quiet)
    known = ModelMetadata(("a", "b"), (8, 8, 1), Npz(str(pipe)))
    (answer,) = answers(expand([str(pipe)])[0], known, lambda images: images, 1)
    assert answer.error == "no picture that can be read (it is a pipe, not a file)"
    assert time.monotonic() - began < 5


def test_a_job_file_of_five_gigabytes(tmp_path):
    """A sparse file of 5 GB is no job file: its size is said, and it is not read."""
    with open(tmp_path / "job.py", "wb") as stream:
        stream.truncate(5 << 30)
    with pytest.raises(JobFileError, match=r"cannot be read: it has 5,368,709,120 bytes, more than 16,777,216\."):
        load_job(tmp_path / "job.py")


def test_a_job_file_that_takes_the_screen_away(tmp_path):
    """A job file sets sys.stdout and sys.path to None: its errors, and its results, are told all the same."""
    done = submit_in(tmp_path, change=lambda text: f"{text}\nimport sys\nsys.stdout = sys.stderr = sys.path = None\n")
    assert done.exit_code == 0, done.output
    assert "test accuracy" in done.stdout


def test_a_job_file_that_renames_itself(tmp_path):
    """A job file sets __name__ to a number: it is a job file like others, and leaves no module behind."""
    done = submit_in(tmp_path, change=lambda text: f"__name__ = 3\n{text}")
    assert done.exit_code == 0, done.output
    assert not [name for name in sys.modules if str(name).startswith("job:")]


def test_a_value_of_a_hundred_thousand_characters(tmp_path):
    """A message shows a long value in part."""
    error = SpecError(f"`name` must be short. Received: name={'a' * 100_000!r}.")
    assert len(str(error)) < 3100
    assert str(error).startswith("`name` must be short. Received: name='aaa")
    assert re.search(r"\.\.\. \(97,\d{3} characters\) \.\.\.", str(error))
    assert str(CnnjobsError("two\nlines")) == "two\nlines"


def test_a_file_among_results_whose_name_is_no_text(tmp_path):
    """Somebody's file lies among the stored ones, and its name is not UTF-8: what is stored is read without it."""
    store = made_up_store(tmp_path, runs=1)
    for folder in (tmp_path / "job", tmp_path / "job" / "trials"):
        (folder / os.fsdecode(b"\xff.parquet")).write_bytes(b"x")
    for command in ("status", "verify"):
        done = CliRunner().invoke(main, [command, str(tmp_path)])
        assert done.exit_code == 0, done.output
    assert store.read("trials").table.num_rows == 2


def test_a_results_folder_whose_name_is_no_text(tmp_path):
    """A results folder whose name is not UTF-8, which Arrow cannot open: said before anything is written."""
    for words in (["status", os.fsdecode(b"\xff")], ["submit", "job.py", "--results", os.fsdecode(b"\xff")]):
        with contextlib.chdir(tmp_path):
            write_job(tmp_path)
            done = CliRunner().invoke(main, words)
        assert done.exit_code == 2
        assert "must have a path of UTF-8 letters" in done.output
        assert r"\udcff" in done.output
