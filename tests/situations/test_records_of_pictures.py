"""Pictures in files of many, and functions that return them: what people have, what they see, and the right answer."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from support.fakes import submit_in, write_job
from support.isolation import alone
from support.records import IMAGE, example, features, png, write_parquet, write_tfrecord

from cnnjobs import FromFunction, ParquetPictures, TFRecordPictures
from cnnjobs.cli import main
from cnnjobs.datasets import dataset_spec, source_of
from cnnjobs.models.model_file import ModelMetadata, read_metadata, with_metadata
from cnnjobs.planning.job_file import load_job
from cnnjobs.remote.upload import upload_of

__all__ = ["alone"]

NAMES = ["ant", "bee"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, with a cache of its own."""
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def run(*words):
    return CliRunner().invoke(main, [*words])


def planned(folder, dataset, *words):
    """Return what `plan` says of a job on a data set."""
    return run("plan", str(write_job(folder, dataset=dataset)), "--no-sizes", *words)


def repository(folder, **columns):
    """Write a data set as it lies in a repository of Hugging Face."""
    for place, shard in enumerate(("train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001")):
        seeds = range(100 * place, 100 * place + 10)
        write_parquet(folder / f"data/{shard}.parquet", seeds, [0, 1] * 5, NAMES, **columns)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n")
    return folder


def test_a_clone_of_a_hugging_face_repository(folder):
    """A person has cloned a data set from the Hub, and names its folder, or its files by a pattern."""
    repository(folder / "insects")
    for dataset in ("insects", "insects/data/*.parquet"):
        said = planned(folder, dataset).output
        assert "20 training and 10 test images of 2 classes" in said and "note" not in said
    shown = run("show", "insects").output
    assert "ant" in shown and "bee" in shown and "20 x 8 x 8 x 3" in shown
    submitted = submit_in(folder, dataset="insects", repeats=1)
    assert submitted.exit_code == 0 and "trials on insects, 20 training images" in submitted.output
    again = run("plan", "job.py", "--no-sizes", "--repeats", "1", "--epochs", "1").output
    assert "`submit` would run nothing" in again


def test_the_validation_split_of_the_hub_validates(folder):
    """A data set with train, validation and test files: nobody wants the validation rows among those trained on."""
    repository(folder / "insects")
    write_parquet(folder / "insects/data/validation-00000-of-00001.parquet", range(300, 306), [0, 1] * 3, NAMES)
    data = source_of(dataset_spec("insects", folder)).load(lambda *_: None)
    assert int(data.is_validation.sum()) == 6 and (len(data.y_train), len(data.y_test)) == (26, 10)


def test_two_label_columns(folder):
    """CIFAR-100 has fine and coarse labels: a guess would train on the wrong ones."""
    cells = pa.array([{"bytes": png(seed), "path": None} for seed in range(20)], IMAGE)
    table = pa.table(
        {"img": cells, "fine_label": [0, 1] * 10, "coarse_label": [0] * 10 + [1] * 10},
        metadata=features(img=None, fine_label=["apple", "bear"], coarse_label=["fruit", "animal"]),
    )
    pq.write_table(table, folder / "train.parquet")
    said = planned(folder, "train.parquet")
    assert said.exit_code == 2
    assert (
        "several columns hold classes: fine_label, coarse_label. Name the one to use: ParquetPictures(" in said.output
    )


def test_a_set_whose_pictures_were_left_elsewhere(folder):
    """`datasets` can write paths instead of bytes: those rows cannot be trained on, and are counted."""
    write_parquet(folder / "all.parquet", [*range(20), None, None], [0, 1] * 11, NAMES)
    said = planned(folder, "all.parquet")
    assert (
        "2 pictures cannot be read and were skipped: all.parquet, row 20 (the file has the path '20.png'" in said.output
    )
    assert planned(folder, "all.parquet", "--strict").exit_code == 2


def test_a_test_set_without_labels(folder):
    """The test set of a competition has -1 as every label: it cannot test, and is no class "-1"."""
    write_parquet(folder / "c/train.parquet", range(20), [0, 1] * 10, NAMES)
    write_parquet(folder / "c/test.parquet", range(20, 30), [-1] * 10, NAMES)
    said = planned(folder, "c").output
    assert "16 training and 4 test images of 2 classes" in said
    assert "c: 10 pictures have no label and are left out" in said
    assert "c: there is no test set beside train: one is held out of it" in said


def test_tfrecords_of_a_tutorial(folder):
    """Shards as TF-Slim, Model Garden and Keras's examples write them, of which a copy was cut off."""
    for shard in range(2):
        records = [
            example(image__encoded=png(100 * shard + seed), image__class__label=1 + seed % 2,
                    image__class__text=NAMES[seed % 2])
            for seed in range(10)
        ]  # fmt: skip
        path = write_tfrecord(folder / f"insects/train-0000{shard}-of-00002", records)
    path.write_bytes(path.read_bytes()[:-40])
    for dataset in ("insects", "insects/train-*"):
        said = planned(folder, dataset).output
        assert "of 2 classes" in said
        assert "train-00001-of-00002: it is cut short in record 9; what follows there is not read" in said
    assert planned(folder, "insects", "--strict").exit_code == 2


def test_tensorflow_datasets_prepared_on_disk(folder):
    """`tfds.load` has left records of images and labels, with the names in a file beside them."""
    for part, count in (("train", 20), ("test", 8)):
        records = [example(image=png(seed + count * 100), label=seed % 2) for seed in range(count)]
        write_tfrecord(folder / f"insects/1.0.0/insects-{part}.tfrecord-00000-of-00001", records)
    (folder / "insects/1.0.0/label.labels.txt").write_text("ant\nbee\n")
    said = planned(folder, "insects").output
    assert "20 training and 8 test images of 2 classes" in said
    assert source_of(dataset_spec("insects", folder)).listing().class_names == ("ant", "bee")


def test_two_versions_below_one_folder(folder):
    """Two versions of one data set in a folder: together they would be twice the pictures."""
    for version in ("1.0.0", "2.0.0"):
        write_parquet(folder / f"insects/{version}/train.parquet", range(20), [0, 1] * 10, NAMES)
    said = planned(folder, "insects")
    assert said.exit_code == 2 and "2 folders have train files: 1.0.0, 2.0.0. Give the path of one" in said.output


def test_the_same_pictures_in_three_kinds_of_files_are_one_data_set(folder):
    """Who converts a data set keeps its results: the content is the identity, not the file."""
    write_parquet(folder / "a.parquet", range(20), [0, 1] * 10, NAMES)
    records = [example(image=png(seed), label=NAMES[seed % 2]) for seed in range(20)]
    write_tfrecord(folder / "a.tfrecord", records)
    write_tfrecord(folder / "b.tfrecord", records, compress=True)
    loaded = [
        source_of(dataset_spec(name, folder)).load(lambda *_: None)
        for name in ("a.parquet", "a.tfrecord", "b.tfrecord")
    ]
    assert len({data.fingerprint for data in loaded}) == 1


@pytest.mark.parametrize("kind", [ParquetPictures, TFRecordPictures])
def test_more_pictures_than_the_disk_has_room_for_decoded(folder, kind):
    """They stay in their files and are decoded when they are trained on, in any process, to the same bits."""
    write_parquet(folder / "a.parquet", range(60), [0, 1] * 30, NAMES, rows=7)
    write_tfrecord(folder / "a.tfrecord", [example(image=png(seed), label=NAMES[seed % 2]) for seed in range(60)])
    path = str(folder / ("a.parquet" if kind is ParquetPictures else "a.tfrecord"))
    ahead, needed = (source_of(kind(path, decode=how)).load(lambda *_: None) for how in ("ahead", "as needed"))
    assert ahead.fingerprint == needed.fingerprint
    rows = np.random.default_rng(0).permutation(len(ahead.y_train))
    there = pickle.loads(pickle.dumps(needed.x_train))
    assert np.array_equal(there[rows], ahead.x_train[rows])


# --- functions --------------------------------------------------------------------------------------------------------

LOADER = """
import numpy as np
from pathlib import Path

def load_shapes():
    from drawing import draw  # a file beside the job

    with Path("calls.txt").open("a") as calls:
        calls.write("called ")
    labels = np.arange(40) % 2
    pictures = np.stack([draw(label, row) for row, label in enumerate(labels)])
    return (pictures[:30], labels[:30]), (pictures[30:], labels[30:])
"""
DRAWING = """
import numpy as np

def draw(label, row):
    picture = np.full((8, 8), row, np.uint8)
    picture[label] = 255
    return picture
"""


def with_loader(text, loader=LOADER):
    return loader + text.replace("dataset='digits'", "dataset=load_shapes")


def calls(folder):
    return (folder / "calls.txt").read_text().split().count("called")


@pytest.fixture
def job(folder):
    """A job file whose data set is a function, and a file that this imports."""
    (folder / "drawing.py").write_text(DRAWING)
    path = write_job(folder, repeats=1, epochs=1)
    path.write_text(with_loader(path.read_text()))
    return path


def test_a_function_of_the_job_file_is_its_data_set(folder, job):
    """`dataset=load_shapes`, as a person who has `load_data` in a script would write it: called once a command."""
    said = run("plan", str(job), "--no-sizes").output
    assert "load_shapes: 30 training and 10 test images of 2 classes" in said and calls(folder) == 1
    submitted = submit_in(folder, repeats=1, change=with_loader)
    assert submitted.exit_code == 0 and "trials on load_shapes, 30 training images" in submitted.output
    assert calls(folder) == 2
    assert "`submit` would run nothing" in run("plan", str(job), "--no-sizes").output
    load_job(job)
    assert run("--help").exit_code == 0 and calls(folder) == 3, "reading a job calls nothing"


def test_an_edit_of_the_function_or_of_what_it_imports_makes_new_trials(folder, job):
    """Arrays that are equal after an edit are another data set all the same; a comment is no edit."""
    submit_in(folder, repeats=1, change=with_loader)
    text = job.read_text()
    for edited, runs in (
        (text.replace("    labels = np", "    # two classes\n    labels = np"), 0),
        (text.replace("% 2\n", "% 2 + 0\n"), 2),
        (text, 0),
    ):
        job.write_text(edited)
        said = run("plan", str(job), "--no-sizes").output
        assert ("`submit` would run nothing" if not runs else f"`submit` would run {runs} of 2 trials") in said
    (folder / "drawing.py").write_text(DRAWING.replace("255", "254"))
    assert "`submit` would run 2 of 2 trials" in run("plan", str(job), "--no-sizes").output


def test_an_error_in_the_function_is_one_line_with_its_place(folder, job):
    """A file that the function reads is not there: one message, with file and line, and no traceback."""
    job.write_text(job.read_text().replace("    labels = np", '    np.load("missing.npy")\n    labels = np'))
    said = run("plan", str(job), "--no-sizes")
    assert said.exit_code == 2 and "Traceback" not in said.output
    assert (
        "load_shapes() (job.py, line 10) raised FileNotFoundError: [Errno 2] No such file or directory: 'missing.npy'"
        in " ".join(said.output.split())
    )


def test_what_travels_to_a_cluster_is_the_function_and_what_it_imports(job):
    """Sent to a cluster, the head calls the function: the file that it imports when it is called goes along."""
    upload = upload_of(load_job(job))
    assert sorted(map(str, upload.files)) == ["drawing.py", "job.py"]


def test_a_model_that_was_trained_on_a_function(folder):
    """A model file holds no function: `evaluate` says so and takes other data, and the names are still there."""
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("model.weights.h5", b"")

    def load_shapes():
        return None

    about = ModelMetadata(("0", "1"), (8, 8, 1), FromFunction(load_shapes), {})
    (folder / "m.keras").write_bytes(with_metadata(empty.getvalue(), about))
    assert read_metadata("m.keras").class_names == ("0", "1")
    said = " ".join(run("evaluate", "m.keras").output.split())
    assert "The function load_shapes returned this data set, and only its name is kept" in said
    assert "use `--dataset PATH`" in said


def test_another_data_set_in_the_place_of_the_function(folder, job):
    """`--dataset` replaces the function as it replaces a path; the function is not called."""
    assert "digits: 1,438 training" in run("plan", str(job), "--no-sizes", "--dataset", "digits").output
    assert not Path("calls.txt").exists()
    np.savez("b.npz", x_train=np.arange(40 * 64, dtype=np.uint8).reshape(40, 8, 8), y_train=np.arange(40) % 2)
    assert "b.npz: 32 training" in run("plan", str(job), "--no-sizes", "--dataset", "b.npz").output
