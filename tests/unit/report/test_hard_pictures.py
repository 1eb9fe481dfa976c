"""Pictures of hard images are shown where the data set is at hand and unchanged; else a sentence says why not."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from support.fakes import write_job
from support.stores import made_up_store, stored_dataset, stored_job

from cnnjobs.comparison.hardest import Hard, Hardest
from cnnjobs.comparison.predictions import read_predictions
from cnnjobs.comparison.table import job_table
from cnnjobs.datasets import dataset_from_json, load_dataset
from cnnjobs.datasets.locally_available import locally_available_dataset
from cnnjobs.messages import Predictions
from cnnjobs.planning.identity import canonical
from cnnjobs.report.model import Chart, Document
from cnnjobs.report.sections.hardest_pictures import pictures_of
from cnnjobs.report.sections.predictions import predictions_section
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job
from cnnjobs.spec import BuiltinDataset, ImageFolder, Npz
from cnnjobs.store.stored_job import StoredJob


def quiet(what, done, total):
    pass


def known(spec, name="mine"):
    """What `job.json` says of a data set that can be loaded."""
    return stored_dataset(name, source=canonical(spec), fingerprint=load_dataset(spec, quiet).fingerprint)


def archive(folder, seed=0):
    random = np.random.default_rng(seed)
    path = folder / "set.npz"
    np.savez(path, x_train=random.integers(0, 255, (20, 6, 6), np.uint8), y_train=np.arange(20) % 2)
    return Npz(str(path))


def photos(folder):
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for number in range(6):
            color = np.full((8, 8, 3), 10 * number, np.uint8)
            Image.fromarray(color).save(folder / name / f"{number}.png")
    return ImageFolder(str(folder))


@pytest.mark.parametrize("spec", [BuiltinDataset("digits"), Npz("a.npz", test=0.5), ImageFolder("photos", size=(8, 9))])
def test_how_a_data_set_was_asked_for_survives_json(spec):
    assert dataset_from_json(json.loads(json.dumps(canonical(spec)))) == spec


def test_job_json_keeps_how_the_data_set_was_asked_for(tmp_path):
    path = str(write_job(tmp_path))
    prepared = prepare(read_job(path, Overrides()), Overrides(), quiet)
    about = StoredJob.decode(prepared.as_stored().encode()).dataset
    assert about.source == {"kind": "Named", "name": "digits"}
    assert locally_available_dataset(about).fingerprint == prepared.dataset.fingerprint


def test_the_digits_are_always_locally_available_also_for_results_of_older_versions():
    about = replace(known(BuiltinDataset("digits"), "digits"), source=None)
    assert locally_available_dataset(about).fingerprint == about.fingerprint


def test_an_archive_is_locally_available_while_it_is_the_same(tmp_path, monkeypatch):
    about = known(archive(tmp_path))
    assert len(locally_available_dataset(about).x_test) == 4
    monkeypatch.chdir(tmp_path)
    assert not isinstance(locally_available_dataset(replace(about, source={"kind": "Npz", "path": "set.npz"})), str)
    archive(tmp_path, seed=1)
    assert locally_available_dataset(about) == "the data set has changed since the runs"


def test_a_folder_of_pictures_is_locally_available_only_if_it_is_decoded(tmp_path, monkeypatch):
    spec = photos(tmp_path / "photos")
    monkeypatch.setattr("cnnjobs.files.file_facts.SETTLED_NS", 0)
    about = known(spec)
    assert locally_available_dataset(about).fingerprint == about.fingerprint
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "another cache"))
    assert locally_available_dataset(about) == "the decoded pictures are not in the cache of this machine"
    assert not (tmp_path / "another cache").exists()


def test_a_data_set_of_keras_is_never_downloaded(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    about = stored_dataset("mnist", fingerprint="x")
    assert locally_available_dataset(about) == "mnist has not been downloaded on this machine"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ({"kind": "Npz", "path": "/nowhere/set.npz"}, "there is no file /nowhere/set.npz here"),
        ({"kind": "ImageFolder", "path": "/nowhere/photos"}, "there is no folder /nowhere/photos here"),
        ({"kind": "Elsewhere", "path": "x"}, "the data set cannot be loaded ('Elsewhere')"),
        ({"kind": "Npz", "test": 7}, "the data set cannot be loaded ("),
        ("digits", "the data set cannot be loaded ("),
    ],
)
def test_a_data_set_that_cannot_be_loaded_says_why(source, why):
    assert locally_available_dataset(stored_dataset("photos", source=source)).startswith(why)


def test_a_data_set_of_unknown_origin_says_so():
    assert locally_available_dataset(stored_dataset("photos")) == "the results do not say where the data set lies"


def test_a_damaged_archive_says_so(tmp_path):
    about = known(archive(tmp_path))
    (tmp_path / "set.npz").write_bytes(b"PK damaged")
    assert locally_available_dataset(about).startswith("the data set cannot be loaded (")


def hard(example, label, taken_for=1):
    return Hardest(9, 359, 1, 1, (Hard(example, label, 8, 0.1, taken_for, 7, {}),))


def test_each_picture_is_the_one_that_was_predicted_under_its_class():
    about, data = known(BuiltinDataset("digits"), "digits"), load_dataset(BuiltinDataset("digits"), quiet)
    names = [f"class {number}" for number in range(10)]
    chart = pictures_of(stored_job(dataset=about), hard(3, int(data.y_test[3])), names)
    (axes,) = chart.draw().axes
    np.testing.assert_array_equal(axes.images[0].get_array(), data.x_test[3][..., 0])
    title = f"true: class {data.y_test[3]} not class 1 (7/9)"
    assert title in " ".join(" ".join(text.get_text().split()) for text in axes.texts)
    assert chart.rows() == [(3, data.y_test[3], f"class {data.y_test[3]}", 1, "class 1", 7, 9)]


def test_pictures_of_another_class_than_was_predicted_are_not_shown():
    about, data = known(BuiltinDataset("digits"), "digits"), load_dataset(BuiltinDataset("digits"), quiet)
    shown = pictures_of(stored_job(dataset=about), hard(3, int(data.y_test[3] + 1) % 10), [*"0123456789"])
    assert shown.text == "Their pictures are not shown: its test images are others than those of the predictions."


def store_of_digits(tmp_path, **changes):
    """Ten digits wrong in every run; the job's data set is the digits, `changes` aside."""
    labels = load_dataset(BuiltinDataset("digits"), quiet).y_test
    guesses = np.where(np.arange(len(labels)) < 10, (labels + 1) % 10, labels)
    store = made_up_store(
        tmp_path, classes=10, predictions=lambda run: Predictions(labels, np.eye(10, dtype=np.float32)[guesses])
    )
    digits = replace(known(BuiltinDataset("digits"), "digits"), classes=10)
    store.write_job(replace(store.job, dataset=replace(digits, **changes)))
    return store


def section_of(store):
    table = job_table(store)
    return Document("", [predictions_section(table, read_predictions(store, table, quiet))])


def test_the_report_shows_the_hardest_images(tmp_path):
    document = section_of(store_of_digits(tmp_path))
    chart = next(chart for chart in document.charts if chart.name != "reliability")
    assert isinstance(chart, Chart)
    assert chart.name == "hardest_pictures"
    assert len(chart.draw().axes[0].images) == 10 == len(chart.rows())


def test_the_report_says_why_pictures_are_missing(tmp_path):
    document = section_of(store_of_digits(tmp_path, fingerprint="another"))
    assert [chart.name for chart in document.charts] == ["reliability"]
    assert document.elements[-1].text == "Their pictures are not shown: the data set has changed since the runs."
