"""The store: trials appear whole or not at all, and anything that reads Parquet reads them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs
from support.disks import small_disk
from support.stores import write_table

import cnnjobs
from cnnjobs.errors import StoreError
from cnnjobs.files.digests import document_digest
from cnnjobs.messages import Predictions
from cnnjobs.store.compaction import compact
from cnnjobs.store.files import Files
from cnnjobs.store.layout import SCHEMA_VERSION
from cnnjobs.store.results import open_stores
from cnnjobs.store.schemas import EPOCHS, PREDICTIONS, TRIALS, one_row
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import StoredJob

JOB = {
    "schema": 1,
    "name": "tiny",
    "repeats": 2,
    "vary": ["init"],
    "reference": "one",
    "protocol": {"validation": 0.2, "folds": None, "limit_train": None, "replicas": 1},
    "protocol_text": "20% held out",
    "variants": {"one": {"condition_id": "c1", "settings": {}}},
    "dataset": {"name": "digits", "train_rows": 9, "test_rows": 3, "classes": 2},
}


def row(number, **more):
    which = {
        "trial_id": f"t{number}",
        "condition_id": "c1",
        "job": "tiny",
        "variant": "one",
        "repeat": number,
        "fold": 0,
    }
    return which | {"status": "completed", "test_accuracy": 0.5 + number / 100} | more


EPOCH_ROWS = {"epoch": [1, 2], "loss": [1.0, 0.5], "accuracy": [0.1, 0.2]}
PREDICTED = Predictions(
    np.array([0, 1, 1], dtype=np.int32), np.array([[0.9, 0.1], [0.2, 0.8], [0.75, 0.25]], dtype=np.float32)
)


@pytest.fixture
def store(tmp_path):
    """A store with two trials."""
    made = Store(Files(tmp_path / "results" / "tiny"))
    made.write_job(StoredJob.from_json(JOB))
    for number in range(2):
        made.commit(row(number), EPOCH_ROWS, PREDICTED)
    return made


@pytest.fixture
def glob(store):
    return f"{Path(store.files.location).parent}/*/{{}}/*.parquet"


def test_what_is_committed_is_read_back(store):
    trials, epochs, predictions = (store.read(name).table for name in ("trials", "epochs", "predictions"))
    assert trials.schema.equals(TRIALS)
    assert trials["test_accuracy"].to_pylist() == [0.5, 0.51]
    assert trials["error"].to_pylist() == [None, None]
    assert epochs.schema.equals(EPOCHS)
    assert epochs["loss"].to_pylist() == [1.0, 0.5, 1.0, 0.5]
    assert predictions.schema.equals(PREDICTIONS)
    assert predictions["predicted"].to_pylist() == [0, 1, 0] * 2
    assert predictions["probabilities"].to_pylist()[2] == pytest.approx([0.75, 0.25])
    assert predictions["example"].to_pylist() == [0, 1, 2] * 2


def test_pandas_reads_each_table_with_one_glob(store, glob):
    import glob as globbing

    import pandas as pd

    trials = pd.concat(pd.read_parquet(path) for path in sorted(globbing.glob(glob.format("trials"))))  # noqa: PTH207
    assert trials.test_accuracy.tolist() == [0.5, 0.51]
    folder = f"{store.files.location}/predictions"
    assert pd.read_parquet(folder).label.tolist() == [0, 1, 1] * 2


def test_pyarrow_reads_each_table(store):
    import pyarrow.dataset as ds

    assert ds.dataset(f"{store.files.location}/epochs").to_table()["epoch"].to_pylist() == [1, 2, 1, 2]


def test_duckdb_reads_each_table_with_one_glob(store, glob):
    import duckdb

    query = f"select variant, avg(test_accuracy), count(*) from '{glob.format('trials')}' group by variant"
    assert duckdb.sql(query).fetchall() == [("one", pytest.approx(0.505), 2)]
    query = f"select max(probabilities[1]) from '{glob.format('predictions')}'"
    assert duckdb.sql(query).fetchall()[0][0] == pytest.approx(0.9)


def test_polars_reads_each_table_with_one_glob(store, glob):
    import polars as pl

    assert pl.read_parquet(glob.format("epochs"))["loss"].to_list() == [1.0, 0.5, 1.0, 0.5]


def test_load_results_gives_data_frames_of_a_job_or_of_a_folder_of_jobs(store, tmp_path):
    for path in (tmp_path / "results", tmp_path / "results" / "tiny", str(tmp_path / "results") + "/"):
        results = cnnjobs.load_results(path)
        assert results.trials.groupby("variant").test_accuracy.mean()["one"] == pytest.approx(0.505)
        assert len(results.epochs) == 4
        assert len(results.predictions) == 6


def test_rows_without_a_commit_mark_are_not_there(store):
    Path(store.files.location, "trials", "t1.parquet").unlink()
    assert set(store.read("epochs").table["trial_id"].to_pylist()) == {"t0"}
    assert set(store.read("predictions").table["trial_id"].to_pylist()) == {"t0"}


def test_only_the_files_of_chosen_trials_are_read(store):
    Path(store.files.location, "predictions", "t0.parquet").write_bytes(b"cut short")
    stored = store.read("predictions", ["t1", "never stored"])
    assert set(stored.table["trial_id"].to_pylist()) == {"t1"}
    assert stored.damaged == ()


def test_a_trial_that_failed_before_replaces_its_row(store):
    store.commit(row(5, status="failed", error="no memory", test_accuracy=None), {}, None)
    store.commit(row(5), EPOCH_ROWS, PREDICTED)
    found = store.read("trials").table.to_pylist()
    assert [(r["status"], r["error"]) for r in found if r["trial_id"] == "t5"] == [("completed", None)]


def test_a_file_cut_short_is_named_and_the_others_are_read(store):
    path = f"{store.files.location}/trials/t0.parquet"
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: len(content) // 2])
    stored = store.read("trials")
    assert stored.table["trial_id"].to_pylist() == ["t1"]
    assert len(stored.damaged) == 1
    assert stored.damaged[0].startswith(path)


def test_data_frames_leave_out_a_file_cut_short_with_a_warning(store, tmp_path):
    Path(store.files.location, "predictions", "t0.parquet").write_bytes(b"cut short")
    with pytest.warns(UserWarning, match=r"not readable, left out: .*predictions/t0\.parquet"):
        predictions = cnnjobs.load_results(tmp_path / "results").predictions
    assert predictions.trial_id.unique().tolist() == ["t1"]


def test_a_foreign_parquet_file_is_named_and_left_out(store):
    path = f"{store.files.location}/trials/mine.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    assert store.read("trials").damaged == (f"{path} (cut short, or not written by cnnjobs: it carries no digest)",)


DIES = """
import os, sys
from cnnjobs.store.files import Files
os.fsync = lambda handle: os._exit(9)
Files(sys.argv[1]).write("t9.parquet", b"half")
"""


def test_a_process_that_dies_while_it_writes_leaves_no_parquet_file(store):
    folder = Path(store.files.location, "trials")
    done = subprocess.run([sys.executable, "-c", DIES, str(folder)], check=False)
    assert done.returncode == 9, "it died between writing and replacing"
    names = [path.name for path in folder.iterdir()]
    assert len(names) == 3
    assert len([name for name in names if name.endswith(".parquet")]) == 2


def test_a_file_of_an_older_version_that_lacks_a_column_has_nulls_there(store):
    older = one_row(row(7)).drop_columns(["device"])
    write_table(older, f"{store.files.location}/trials/t7.parquet")
    assert store.read("trials").table["device"].to_pylist() == [None, None, None]


@pytest.mark.parametrize("column", ["repeat", "status", "condition_id"])
def test_a_row_without_what_identifies_it_is_named_and_left_out(store, column):
    write_table(one_row(row(7) | {column: None}), f"{store.files.location}/trials/t7.parquet")
    stored = store.read("trials")
    assert stored.table.num_rows == 2
    assert f"trials/t7.parquet (lacks {column})" in stored.damaged[0]


def test_what_a_try_that_was_cut_off_left_is_not_taken_for_a_failed_trials(store):
    store.commit(row(5), EPOCH_ROWS, PREDICTED)
    Path(store.files.location, "trials", "t5.parquet").unlink()  # as if killed before the commit mark
    store.commit(row(5, status="failed", error="no memory", test_accuracy=None), {}, None)
    assert "t5" not in store.read("predictions").table["trial_id"].to_pylist()
    assert "t5" not in store.read("epochs").table["trial_id"].to_pylist()


def test_a_newer_store_is_refused(store, tmp_path):
    document = StoredJob.from_json(JOB).to_json() | {"schema": SCHEMA_VERSION + 1}
    text = json.dumps(document | {"digest": document_digest(document)})
    (tmp_path / "results/tiny/job.json").write_text(text)
    with pytest.raises(StoreError, match=r"job.json was written by a newer cnnjobs: .* Install that version"):
        Store(Files(tmp_path / "results" / "tiny"))


def test_a_newer_table_is_refused(store):
    newer = one_row(row(7)).replace_schema_metadata({b"cnnjobs.schema": str(SCHEMA_VERSION + 1).encode()})
    write_table(newer, f"{store.files.location}/trials/t7.parquet")
    with pytest.raises(StoreError, match=r"trials/t7\.parquet was written by a newer cnnjobs"):
        store.read("trials")


def as_layout_1(path):
    """Rewrite a file as the first layout had it: without the columns of objectives and of test-time augmentation."""
    table = pq.read_table(path)
    later = [name for name in table.column_names if name.endswith("objective") or name.startswith("tta_")]
    kept = table.drop_columns(later)
    write_table(kept.replace_schema_metadata(table.schema.metadata | {b"cnnjobs.schema": b"1"}), path)


def test_a_store_of_layout_1_is_read_with_nulls_where_it_has_no_column_and_goes_on(store):
    folder = Path(store.files.location)
    for path in (*folder.glob("trials/*.parquet"), *folder.glob("epochs/*.parquet")):
        as_layout_1(path)
    rows = {**EPOCH_ROWS, "objective": [1.5, 0.75]}
    store.commit(row(9, train_objective=0.75), rows, PREDICTED)
    expected = {"t0": None, "t1": None, "t9": 0.75}
    for compacted in (False, True):
        if compacted:
            assert compact(store, least=2) == 3
        trials, epochs = store.read("trials").table, store.read("epochs").table
        found = dict(zip(trials["trial_id"].to_pylist(), trials["train_objective"].to_pylist(), strict=True))
        assert found == expected
        assert epochs["objective"].to_pylist() == [None] * 4 + [1.5, 0.75]
        assert epochs["loss"].to_pylist() == [1.0, 0.5] * 3


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "x"}', '{"schema": "new"}', '{"schema": 1}'])
def test_a_foreign_job_json_is_refused(tmp_path, text):
    (tmp_path / "job.json").write_text(text)
    with pytest.raises(StoreError, match="is not a job of cnnjobs"):
        Store(Files(tmp_path))


@pytest.mark.parametrize("changes", [{"repeats": "x"}, {"protocol": None}, {"variants": {}}, {"dataset": {}}])
def test_a_job_json_that_lacks_something_is_refused(tmp_path, changes):
    (tmp_path / "job.json").write_text(json.dumps(JOB | changes))
    with pytest.raises(StoreError, match="is not a job of cnnjobs"):
        Store(Files(tmp_path))


def test_a_job_that_cannot_be_read_does_not_hide_the_others(store, tmp_path):
    (tmp_path / "results" / "broken").mkdir()
    (tmp_path / "results" / "broken" / "job.json").write_text("{")
    stores, broken = open_stores(tmp_path / "results")
    assert [one.job.name for one in stores] == ["tiny"]
    assert "broken/job.json" in str(broken[0])
    with pytest.raises(StoreError, match=r"broken/job\.json"):
        cnnjobs.load_results(tmp_path / "results")


def test_keys_in_a_uri_are_never_shown():
    with pytest.raises(StoreError) as caught:
        Files("nosuch://key:secret@bucket/x?password=secret")
    assert "secret" not in str(caught.value)


def test_a_column_that_is_none_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match=r"no columns \['accuracy_of_test'\]"):
        one_row({"accuracy_of_test": 1.0})


@pytest.mark.parametrize(
    "make", [lambda path: None, lambda path: path.mkdir(), lambda path: (path / "a").mkdir(parents=True)]
)
def test_folders_without_results_are_refused(tmp_path, make):
    make(tmp_path / "x")
    with pytest.raises(StoreError, match=r"There is no folder|has no results: expected a job's folder"):
        open_stores(tmp_path / "x")


def test_a_path_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match=r"Cannot write .*: Not a directory\. Choose another place with `results"):
        Files(tmp_path / "file" / "results" / "tiny").check_writable()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_check_for_writing_leaves_nothing_behind(tmp_path):
    Files(tmp_path / "a" / "b").check_writable()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def full_disk(tmp_path):
    """A file system of 64 KiB."""
    with small_disk(tmp_path / "small", 64) as folder:
        yield folder


def test_a_full_disk_is_told_and_nothing_is_left(full_disk):
    with pytest.raises(StoreError, match="the disk is full"):
        Files(full_disk / "results").check_writable()
    assert list(full_disk.iterdir()) == []


def test_a_disk_that_fills_up_leaves_the_trial_uncommitted(full_disk):
    store = Store(Files(full_disk / "tiny"))
    store.write_job(StoredJob.from_json(JOB))
    store.commit(row(0), EPOCH_ROWS, PREDICTED)
    large = Predictions(np.zeros(9000, np.int32), np.random.RandomState(0).uniform(size=(9000, 2)).astype(np.float32))
    with pytest.raises(StoreError, match="the disk is full"):
        store.commit(row(1), EPOCH_ROWS, large)
    assert store.read("trials").table["trial_id"].to_pylist() == ["t0"]


@pytest.mark.parametrize("uri", ["nosuch://x/y", "s3:///", "s3://", "s3:/bucket", "", " ", "~nosuchuser/x"])
def test_a_uri_that_is_not_understood_is_refused(uri):
    with pytest.raises(StoreError, match="must be a path or a URI"):
        Files(uri)


def test_a_file_uri_is_a_path(tmp_path):
    store = Store(Files(f"file://{tmp_path}/tiny"))
    store.write_job(StoredJob.from_json(JOB))
    store.commit(row(0), EPOCH_ROWS, PREDICTED)
    assert Store(Files(tmp_path / "tiny")).read("trials").table.num_rows == 1


def test_a_remote_file_system_serves_as_well(monkeypatch):
    """The file system in memory that Arrow has for tests stands for object storage."""
    system, _ = fs.FileSystem.from_uri("mock:///bucket")
    for name in ("trials", "epochs", "predictions"):
        system.create_dir(f"bucket/tiny/{name}")
    monkeypatch.setattr("cnnjobs.store.files.open_remote", lambda uri: (system, "bucket/tiny"))
    store = Store(Files("mock:///bucket/tiny"))
    assert not store.files.is_local
    store.write_job(StoredJob.from_json(JOB))
    store.commit(row(0), EPOCH_ROWS, PREDICTED)
    assert store.read("epochs").table["loss"].to_pylist() == [1.0, 0.5]
    assert store.files.folders() == ["epochs", "predictions", "trials"]
