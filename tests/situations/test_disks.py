"""Disks that are full or may not be written to: what is stored is shown, and what to do is said."""

import contextlib

import pytest
from support.disks import make_read_only, small_disk
from support.fakes import FakeWorker, submit_in

from cnnjobs.store.files import Files
from cnnjobs.store.store import Store


@pytest.fixture
def disk(tmp_path):
    """A file system of two megabytes for the results."""
    with small_disk(tmp_path / "results", 2048) as folder:
        yield folder


def test_with_everything_stored_a_read_only_folder_still_shows_its_table(tmp_path, disk):
    """The results were archived on a read-only disk, and the job is submitted again to see its table."""
    assert submit_in(tmp_path, repeats=2).exit_code == 0
    make_read_only(disk)
    done = submit_in(tmp_path, repeats=2)
    assert done.exit_code == 0, done.output
    assert "Nothing to run" in done.stdout
    assert "one" in done.stdout
    assert "Read-only file system. Nothing needs to be written" in done.stderr


def test_a_read_only_folder_whose_job_would_change_is_an_error(tmp_path, disk):
    """As before, but the variant was renamed: the table would show it under its old name."""
    assert submit_in(tmp_path, repeats=2).exit_code == 0
    make_read_only(disk)
    done = submit_in(tmp_path, repeats=2, change=lambda text: text.replace('"two"', '"second"'))
    assert done.exit_code == 2
    assert "Read-only file system" in done.stderr


def test_a_disk_that_is_full_in_mid_run_says_what_is_stored_and_how_to_go_on(tmp_path, disk):
    """Somebody else fills the disk after two of six trials; after room is made the same command does the rest."""

    class Filling(FakeWorker):
        ran = 0

        def run(self, trial):
            Filling.ran += 1
            if Filling.ran == 3:
                with open(disk / "filler", "wb", buffering=0) as stream, contextlib.suppress(OSError):
                    while True:
                        stream.write(bytes(4096))
            yield from super().run(trial)

    done = submit_in(tmp_path, repeats=3, worker=lambda dataset, resources, _: Filling(dataset, resources))
    assert done.exit_code == 2, done.output
    assert "the disk is full" in done.stderr
    assert (
        "2 of 6 trials were finished and are stored in results/tiny. To continue, run the same command" in done.stderr
    )
    assert not list((disk / "tiny").rglob("*.part"))
    (disk / "filler").unlink()
    assert Store(Files(disk / "tiny")).read("trials").table.num_rows == 2
    done = submit_in(tmp_path, repeats=3)
    assert done.exit_code == 0, done.output
    assert "tiny: 4 trials (2 of 6" in done.stderr
