"""Pictures that do not fit the memory, or not even the disk: they are trained on all the same, to the same bits."""

import numpy as np
import pytest
from PIL import Image
from support.commands import called
from support.disks import small_disk
from support.training_runs import train_here

import cnnjobs
from cnnjobs import ImageFolder
from cnnjobs.datasets.images import StoredImages
from cnnjobs.datasets.pictures.encoded_images import EncodedImages
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job

JOB = """
from cnnjobs import SGD, Augment, Job, Variant, ImageFolder, mlp
variant = Variant(model=mlp(dense=(12,)), optimizer=SGD(0.05, momentum=0.9), epochs=1, batch_size=16,
                  scaling="standardize", augment=Augment(flip="horizontal"))
job = Job(name="photos", dataset=ImageFolder("photos", size=(18, 16){options}), repeats=1, validation=0.25,
          variants={{"small": variant}})
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A hundred and twenty photographs of three kinds; nothing of images is held in memory."""
    random = np.random.default_rng(0)
    for label in range(3):
        for index in range(40):
            path = tmp_path / "photos" / f"kind {label}" / f"{index:02}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.clip(random.normal(90 + 40 * label, 60, (24, 30, 3)), 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(path, quality=95)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", "0")
    return tmp_path


def job_file(folder, options=""):
    path = folder / "job.py"
    path.write_text(JOB.format(options=options))
    return path


def outcome(results):
    """What is stored, without times."""
    found = cnnjobs.load_results(results / "photos")
    trials = found.trials[["trial_id", "test_loss", "test_accuracy", "val_loss"]]
    return trials.to_csv(float_format="%a"), found.predictions.drop(columns="run_id", errors="ignore").to_csv()


def test_pictures_that_do_not_fit_the_memory_train_to_the_same_bits(folder, monkeypatch):
    """The same job on a machine with memory, on one without, and on one without room on its disk either."""
    stored = {}
    for way, megabytes, options in (
        ("in memory", "100", ""),
        ("from the disk", "0", ""),
        ("as needed", "0", ', decode="as needed"'),
    ):
        monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", megabytes)
        monkeypatch.setenv("CNNJOBS_CACHE", str(folder / f"cache {way}"))
        train_here(job_file(folder, options), folder / way)
        stored[way] = outcome(folder / way)
    assert stored["from the disk"] == stored["in memory"]
    assert stored["as needed"] == stored["in memory"]


def test_nothing_is_trained_again_when_there_is_more_memory_the_next_time(folder, monkeypatch):
    """Results of a machine without memory are looked at on one that has it: the trials are the same ones."""
    ids = set()
    for megabytes in ("0", "100"):
        monkeypatch.setenv("CNNJOBS_IN_MEMORY_MB", megabytes)
        prepared = prepare(read_job(job_file(folder), Overrides()), Overrides(), lambda *_: None)
        ids.add(tuple(trial.trial_id for trial in prepared.plan.trials))
    assert len(ids) == 1


def test_plan_and_show_say_in_a_line_where_the_pictures_are(folder):
    """A hundred thousand photographs: what becomes of the disk is said before it is full."""
    job_file(folder)
    planned = cnnjobs.plan("job.py")
    assert planned.notes[0].startswith(
        "photos: 120 pictures of 18 x 16 are decoded into the cache: they take 104 kB of "
    )
    again = cnnjobs.plan("job.py")
    assert again.notes[0] == "photos: 120 pictures of 18 x 16 are read from the cache, decoded: 104 kB"
    shown = called("show", "photos", "--image-size", "16", cwd=folder)
    assert "photos: 120 pictures of 16 x 16 are decoded into the cache: they take 92 kB of " in shown.stdout


def test_a_disk_without_room_for_them_is_left_alone(folder, monkeypatch):
    """The pictures take ten times the space that is left: they stay as they are."""
    with small_disk(folder / "disk", 128) as disk:
        monkeypatch.setenv("CNNJOBS_CACHE", str(disk / "cache"))
        (note, *_) = cnnjobs.plan(job_file(folder)).notes
        assert "are decoded whenever they are needed, because 104 kB decoded are more than half of" in note


def test_what_was_chosen_is_what_is_done(folder):
    """A person knows better than the space that is free."""
    from support.datasets import load

    assert isinstance(load(ImageFolder("photos", decode="as needed")).x_train, EncodedImages)
    assert isinstance(load(ImageFolder("photos", decode="ahead")).x_train, StoredImages)
    with pytest.raises(cnnjobs.errors.SpecError, match="decode"):
        ImageFolder("photos", decode="never")
