"""Jobs on a cluster are those that are meant, their results come home, and messages say on which machine paths are."""

import pytest
from support import jobs_head, stores
from support.commands import called
from support.isolation import alone

pytest.importorskip("aiohttp", reason="the Jobs API needs ray[default]")

__all__ = ["alone"]

JOB = """
from pathlib import Path
from cnnjobs import ImageFolder, Job, PictureTable, Variant, vgg

job = Job(name="far", dataset={dataset}, repeats=2, variants={{"base": Variant(model=vgg(), epochs=1)}})
"""


@pytest.fixture
def head(tmp_path):
    return jobs_head.JobsHead(tmp_path / "head")


@pytest.fixture
def cnnjobs(head, tmp_path, monkeypatch):
    """Runs a command on a laptop that reaches the head."""
    laptop = tmp_path / "laptop"
    laptop.mkdir()
    monkeypatch.setenv("HOME", str(laptop))
    with jobs_head.serving(head) as url:
        yield lambda *words: called(*words, "--address", url, cwd=laptop)


def test_stop_ends_the_submit_that_trains_though_a_newer_one_has_failed(head, cnnjobs):
    """A job trains; the same is submitted again, and refused. `stop NAME` must not mean the refused one."""
    head.add("cnnjobs-far-1", "far", "RUNNING")
    head.add("cnnjobs-far-2", "far", "FAILED")
    done = cnnjobs("stop", "far")
    assert done.returncode == 0
    assert "cnnjobs-far-1 was stopped. Finished trials are stored in ~/cnnjobs/results/far on the head" in done.stdout
    assert "note: This is cnnjobs-far-1, which still runs; cnnjobs-far-2 is newer and has ended (failed)" in done.stderr
    assert head.jobs["cnnjobs-far-1"]["status"] == "STOPPED"
    assert "has ended already: failed" in cnnjobs("stop", "far").stdout, "the newest, now that none runs"


def test_stop_without_a_name_ends_what_runs(head, cnnjobs):
    """Two jobs; the newer one is over."""
    head.add("cnnjobs-far-1", "far", "RUNNING")
    head.add("cnnjobs-near-2", "near", "SUCCEEDED")
    assert "cnnjobs-far-1 was stopped" in cnnjobs("stop").stdout


@pytest.mark.parametrize("which", ["far", "cnnjobs-far-3", "cnnjobs-far-2"])
def test_stop_does_not_end_with_0_while_a_job_of_that_name_trains(which, head, cnnjobs):
    """Somebody submitted the job three times, into different folders; two of them train, and cost."""
    head.add("cnnjobs-far-1", "far", "RUNNING", results="others")
    head.add("cnnjobs-far-2", "far", "SUCCEEDED")
    head.add("cnnjobs-far-3", "far", "PENDING")
    done = cnnjobs("stop", which)
    assert done.returncode == 1
    assert "far still runs, as cnnjobs-far-" in done.stderr
    assert "  cnnjobs stop cnnjobs-far-1 --address http://127.0.0.1:" in done.stderr


def test_logs_shows_the_submit_that_trains(head, cnnjobs):
    """The same as for `stop`."""
    head.add("cnnjobs-far-1", "far", "RUNNING")
    head.add("cnnjobs-far-2", "far", "FAILED")
    done = cnnjobs("logs", "far", "--no-follow")
    assert (done.returncode, done.stdout) == (0, "the log of cnnjobs-far-1\n")
    assert "which still runs" in done.stderr
    assert cnnjobs("logs", "cnnjobs-far-2", "--no-follow").stdout == "the log of cnnjobs-far-2\n", "as it was asked"


def test_after_a_restart_of_the_head_results_are_fetched_by_their_folder(head, cnnjobs, tmp_path):
    """The head's machine was started again: Ray has forgotten its jobs, the results are on the disk."""
    stores.made_up_store(head.home / "cnnjobs" / "results", "far")
    head.add("cnnjobs-far-1", "far", "SUCCEEDED")
    head.restart()
    done = cnnjobs("fetch", "far")
    assert done.returncode == 2
    assert "`cnnjobs status results/far --address http://127.0.0.1:" in done.stderr
    done = cnnjobs("fetch", "results/far/")
    assert done.returncode == 0, done.stderr
    assert "into results/far; `cnnjobs aggregate results/far` makes the report" in done.stdout
    there, here = head.home / "cnnjobs" / "results" / "far", tmp_path / "laptop" / "results" / "far"
    assert (here / "job.json").read_bytes() == (there / "job.json").read_bytes()
    assert {path.name for path in (here / "trials").iterdir()} == {path.name for path in (there / "trials").iterdir()}


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("results/near", "The head did not send results/near: There is no folder results/near on the head."),
        ("~/cnnjobs/results", "is no job's folder: it has no job.json. Folders in it: ~/cnnjobs/results/far."),
        ("results/..", "must be the folder of a job's results, such as results/quickstart. Received: results/.."),
        ("s3://key:secret@bucket/far", "must not hold keys"),
    ],
)
def test_what_is_no_store_on_the_head_is_not_fetched(which, said, head, cnnjobs, tmp_path):
    """The folder is mistyped."""
    stores.made_up_store(head.home / "cnnjobs" / "results", "far")
    done = cnnjobs("fetch", which)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "laptop" / "results").exists() or not list((tmp_path / "laptop" / "results").rglob("*.json"))


def test_results_in_object_storage_are_not_said_to_be_fetched(head, cnnjobs, tmp_path):
    """`--results s3://...`: nothing has to come home."""
    head.add("cnnjobs-far-1", "far", "SUCCEEDED", results="s3://bucket/results?region=eu-west-1")
    for which in ("far", "s3://bucket/results/far?region=eu-west-1"):
        done = cnnjobs("fetch", which)
        assert done.returncode == 0
        assert done.stdout == (
            "far: nothing to fetch: its results are in object storage; `cnnjobs aggregate "
            "'s3://bucket/results/far?region=eu-west-1'` reads them there\n"
        )
    followed = cnnjobs("logs", "far").stdout
    assert "results:  s3://bucket/results/far; the report is made here: cnnjobs aggregate 's3://bucket" in followed
    assert "fetch" not in followed


@pytest.mark.parametrize(
    ("dataset", "brings"),
    [
        ('ImageFolder("photos")', "`ray rsync-up cluster/gpu.yaml photos/ '~/cnnjobs/photos/'`, and submit"),
        ('"data/scans.npz"', "`ray rsync-up cluster/gpu.yaml data/scans.npz '~/cnnjobs/data/scans.npz'`, and"),
        (
            'ImageFolder("/data/photos")',
            "`ray rsync-up cluster/gpu.yaml /data/photos/ '~/cnnjobs/photos/'`, name them by `--dataset photos`, and",
        ),
        (
            'ImageFolder(str(Path(__file__).parent / "photos"))',
            "`ray rsync-up cluster/gpu.yaml photos/ '~/cnnjobs/photos/'`, name them by `--dataset photos`, and submit",
        ),
        ('PictureTable("labels.csv")', "`ray rsync-up cluster/gpu.yaml labels.csv '~/cnnjobs/labels.csv'`, and submit"),
        (
            'PictureTable("labels.csv", folder="/data/photos")',
            "`ray rsync-up cluster/gpu.yaml /data/photos/ '~/cnnjobs/photos/'`, name them by `folder='photos'` in the",
        ),
    ],
)
def test_data_that_lie_only_on_the_laptop_are_told_with_the_command_that_brings_them(
    dataset, brings, head, cnnjobs, tmp_path
):
    """The pictures lie beside the job file, and the job goes to a cluster."""
    laptop = tmp_path / "laptop"
    (laptop / "photos" / "cat").mkdir(parents=True)
    (laptop / "job.py").write_text(JOB.format(dataset=dataset))
    done = cnnjobs("submit", "job.py")
    assert done.returncode == 2
    (error,) = [line for line in done.stdout.splitlines() if "error" in line]
    assert error.startswith("error on the head: There is no f")
    assert "Data do not travel with a job, and relative paths are taken from ~/cnnjobs there." in error
    assert brings in error
    assert "results:" not in done.stdout + done.stderr, "nothing has run"
