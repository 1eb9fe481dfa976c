"""Compacted stores: the same rows in few files, whatever happens in between."""

import itertools
import os
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.fakes import Notes, fake_worker, write_job
from support.stores import history, made_up_store, predictions, write_table

import cnnjobs
from cnnjobs.comparison.table import job_table
from cnnjobs.engine.base import TrialResources
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.errors import StoreError
from cnnjobs.run.missing import missing_trials
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job, store_at
from cnnjobs.run.submission import Submission
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.compaction import Compactor, compact
from cnnjobs.store.files import Files
from cnnjobs.store.layout import SCHEMA_VERSION
from cnnjobs.store.lock import StoreLock
from cnnjobs.store.schemas import TABLES
from cnnjobs.store.store import Store
from cnnjobs.store.verification import check_store

NAMES = ("trials", "epochs", "predictions")


@pytest.fixture
def store(tmp_path):
    """Two variants of four runs each, four epochs, with predictions."""
    return made_up_store(tmp_path, runs=4)


def folder(store, name):
    return Path(store.files.location, name)


def files(store, name):
    return sorted(path.name for path in folder(store, name).iterdir())


def fresh(store):
    return Store(Files(store.files.location))


def change(path, **columns):
    """Write a file again with other values in some columns."""
    table = pq.read_table(path)
    for name, values in columns.items():
        field = table.schema.field(name)
        table = table.set_column(table.schema.get_field_index(name), field, pa.array(values, field.type))
    write_table(table, path)


def copy(store, name, trial, to, **columns):
    """Copy a trial's file under another name, with other values in some columns."""
    path = folder(store, name) / to
    path.write_bytes((folder(store, name) / f"{trial}.parquet").read_bytes())
    change(path, **columns)
    return path


def test_a_compacted_store_reads_as_before(store):
    before = {name: store.read(name).table for name in NAMES}
    assert compact(store, least=1) == 8
    for name in NAMES:
        assert store.read(name).table.equals(before[name]), name
        assert fresh(store).read(name).table.equals(before[name]), name


def test_compaction_leaves_one_file_of_trials_and_epochs_and_all_predictions(store):
    compact(store, least=1)
    assert len(files(store, "trials")) == len(files(store, "epochs")) == 1
    assert files(store, "trials")[0].startswith("compact-")
    assert len(files(store, "predictions")) == 8


def test_few_files_are_left_alone(store):
    assert compact(store) == 0
    assert len(files(store, "trials")) == 8


def test_a_file_holds_no_more_than_so_many_trials(store):
    before = store.read("epochs").table
    compact(store, least=1, trials_a_file=3)
    assert len(files(store, "trials")) == len(files(store, "epochs")) == 3
    assert store.read("epochs").table.equals(before)


def test_each_variant_has_a_row_group_of_its_own(store):
    compact(store, least=1)
    file = pq.ParquetFile(folder(store, "epochs") / files(store, "epochs")[0])
    groups = [set(file.read_row_group(i)["condition_id"].to_pylist()) for i in range(file.num_row_groups)]
    assert groups == [{"job-0"}, {"job-1"}]


def test_one_variant_is_read_without_the_others(store):
    compact(store, least=1)
    stored = store.read("epochs", ["t1-0", "t1-2", "never stored"], ["epoch", "trial_id"])
    assert stored.table.column_names == ["epoch", "trial_id"]
    assert stored.table["trial_id"].to_pylist() == ["t1-0"] * 4 + ["t1-2"] * 4


def test_later_trials_stay_beside_compacted_ones_and_are_compacted_next(store, tmp_path):
    compact(store, least=1)
    made_up_store(tmp_path, variants=("c",), job="other", runs=6)
    for name in NAMES:
        for run in (4, 5):
            path = tmp_path / "other" / name / f"t0-{run}.parquet"
            (folder(store, name) / path.name).write_bytes(path.read_bytes())
    assert store.read("trials").table.num_rows == 10
    assert compact(store, least=1) == 2
    assert len(files(store, "trials")) == 2
    assert fresh(store).read("epochs").table.num_rows == 40


def test_compacting_a_compacted_store_changes_nothing(store):
    compact(store, least=1)
    before = {name: files(store, name) for name in NAMES}
    assert compact(store, least=0) == 0
    assert {name: files(store, name) for name in NAMES} == before


def test_one_glob_reads_a_compacted_table(store):
    import duckdb
    import polars as pl

    compact(store, least=1)
    glob = f"{store.files.location}/trials/*.parquet"
    found = duckdb.sql(f"select variant, avg(test_accuracy), count(*) from '{glob}' group by 1 order by 1").fetchall()
    assert found == [("a", pytest.approx(0.65), 4), ("b", pytest.approx(0.65), 4)]
    assert pl.read_parquet(glob).height == 8
    assert cnnjobs.load_results(store.files.location).epochs.groupby("variant").size().tolist() == [16, 16]


class Killed(BaseException):
    """Stands for the end of the process: nothing of ours catches it."""


def dying_at(step, method, count):
    def one(self, *arguments):
        if next(count) == step:
            raise Killed
        return method(self, *arguments)

    return one


@pytest.mark.parametrize("step", range(1, 19))
def test_whoever_dies_at_any_step_loses_no_row_and_the_next_compaction_cleans_up(store, monkeypatch, step):
    """Steps: 1 writes epochs, 2 to 9 remove single files of epochs, 10 writes trials, 11 to 18 remove theirs."""
    before, count = {name: store.read(name).table for name in NAMES}, itertools.count(1)
    with monkeypatch.context() as patch:
        patch.setattr(Files, "write", dying_at(step, Files.write, count))
        patch.setattr(Files, "remove", dying_at(step, Files.remove, count))
        with pytest.raises(Killed):
            compact(store, least=1)
    after = fresh(store)
    for name in NAMES:
        assert after.read(name).table.equals(before[name]), name
    compact(after, least=0)
    assert [len(files(store, name)) for name in ("trials", "epochs")] == [1, 1]
    assert fresh(store).read("epochs").table.equals(before["epochs"])


def rows_committed(store, trials=range(5)):
    """Rows of two variants, each as `commit` returns them after it has written the trial."""
    for number in trials:
        which = {
            "trial_id": f"n{number}",
            "condition_id": f"job-{number % 2}",
            "job": "job",
            "variant": "ab"[number % 2],
        }
        row = which | {"repeat": 10 + number, "fold": 0, "status": "completed", "test_accuracy": number / 10}
        yield store.commit(row, history(number), predictions(number))


def test_trials_are_compacted_while_others_run_without_reading_a_file(store, monkeypatch):
    """Two larger files of two trials each, and the fifth trial in a file of its own."""
    plain, compactor = made_up_store(Path(store.files.location, "plain"), runs=4), Compactor(store, trials=2)
    assert len([*rows_committed(plain)]) == 5
    with monkeypatch.context() as patch:
        patch.setattr(Files, "read", None)
        for committed in rows_committed(store):
            compactor.add(committed)
    for name in ("trials", "epochs"):
        own = [file for file in files(store, name) if not file.startswith("t")]
        assert [file.startswith("compact-") for file in own] == [True, True, False], own
    for name in NAMES:
        assert fresh(store).read(name).table.equals(fresh(plain).read(name).table), name


def test_rows_of_many_epochs_do_not_pile_up(store):
    compactor = Compactor(store, trials=1000, most_bytes=1)
    for committed in rows_committed(store, range(3)):
        compactor.add(committed)
    assert len([file for file in files(store, "epochs") if file.startswith("compact-")]) == 3


def test_a_trial_that_failed_is_not_compacted_while_others_run(store):
    which = {"trial_id": "t9", "condition_id": "job-0", "job": "job", "variant": "a", "repeat": 4, "fold": 0}
    Compactor(store, trials=1).add(store.commit(which | {"status": "failed", "error": "no memory"}, {}, None))
    assert "t9.parquet" in files(store, "trials")


@pytest.mark.parametrize("step", range(1, 7))
def test_whoever_dies_while_trials_are_compacted_loses_no_row(store, monkeypatch, step):
    """Steps: 1 writes epochs, 2 and 3 remove single files of epochs, 4 writes trials, 5 and 6 remove theirs."""
    compactor, committed = Compactor(store, trials=2), [*rows_committed(store, range(2))]
    before, count = {name: store.read(name).table for name in NAMES}, itertools.count(1)
    compactor.add(committed[0])
    with monkeypatch.context() as patch:
        patch.setattr(Files, "write", dying_at(step, Files.write, count))
        patch.setattr(Files, "remove", dying_at(step, Files.remove, count))
        with pytest.raises(Killed):
            compactor.add(committed[1])
    after = fresh(store)
    for name in NAMES:
        assert after.read(name).table.equals(before[name]), name
    compact(after, least=0)
    assert fresh(store).read("epochs").table.equals(before["epochs"])


def test_a_full_disk_leaves_the_trials_as_they_were_committed(store, monkeypatch):
    def full(self, name, content, patience_s=0.0):
        raise StoreError("the disk is full")

    compactor, committed = Compactor(store, trials=1), [*rows_committed(store, range(1))]
    with monkeypatch.context() as patch:
        patch.setattr(Files, "write", full)
        compactor.add(committed[0])
    assert {"n0.parquet"} < {*files(store, "trials")} and {"n0.parquet"} < {*files(store, "epochs")}


def test_a_failed_trial_stays_a_file_of_its_own_which_another_try_replaces(store):
    which = {"condition_id": "job-0", "job": "job", "variant": "a", "repeat": 4, "fold": 0}
    store.commit(which | {"trial_id": "t9", "status": "failed", "error": "no memory"}, {}, None)
    compact(store, least=1)
    assert "t9.parquet" in files(store, "trials")
    store.commit(which | {"trial_id": "t9", "status": "completed", "test_accuracy": 0.5}, history(0), None)
    assert compact(store, least=1) == 1
    rows = [row for row in fresh(store).read("trials").table.to_pylist() if row["trial_id"] == "t9"]
    assert [row["status"] for row in rows] == ["completed"]


def test_files_that_are_compacted_while_they_are_read_are_read_again(store, monkeypatch):
    before, reading = store.read("epochs").table, Files.read
    calls = itertools.count()

    def read(self, name):
        if next(calls) == 3:
            compact(fresh(store), least=1)
        return reading(self, name)

    monkeypatch.setattr(Files, "read", read)
    assert store.files_of("epochs").read().table.equals(before)


def test_a_compacted_file_cut_short_is_named_and_its_trials_are_missing(store):
    compact(store, least=1)
    path = folder(store, "trials") / files(store, "trials")[0]
    path.write_bytes(path.read_bytes()[:-10])
    stored = fresh(store).read("trials")
    assert stored.table.num_rows == 0
    assert stored.damaged[0].startswith(f"{path} (")


def test_single_files_are_kept_when_the_compacted_file_is_damaged(store):
    compact(store, least=1)
    [name] = files(store, "epochs")
    path = folder(store, "epochs") / name
    single = pq.read_table(path).filter(pa.compute.field("trial_id") == "t0-0")
    write_table(single, folder(store, "epochs") / "t0-0.parquet")
    write_table(
        pq.read_table(folder(store, "trials") / files(store, "trials")[0]).slice(0, 1),
        folder(store, "trials") / "t0-0.parquet",
    )
    path.write_bytes(os.urandom(4) + bytes(len(path.read_bytes())))
    compact(fresh(store), least=1)
    assert fresh(store).read("epochs").table["trial_id"].to_pylist() == ["t0-0"] * 4


def test_a_newer_compacted_file_is_refused(store):
    compact(store, least=1)
    path = folder(store, "trials") / files(store, "trials")[0]
    newer = pq.read_table(path).replace_schema_metadata({b"cnnjobs.schema": str(SCHEMA_VERSION + 1).encode()})
    write_table(newer, path)
    with pytest.raises(StoreError, match=r"trials/compact-\w+\.parquet was written by a newer cnnjobs"):
        fresh(store).read("trials")


def test_an_older_compacted_file_that_lacks_a_column_has_nulls_there(store):
    compact(store, least=1)
    path = folder(store, "trials") / files(store, "trials")[0]
    write_table(pq.read_table(path).drop_columns(["device"]), path)
    assert fresh(store).read("trials", columns=["device", "variant"]).table["device"].to_pylist() == [None] * 8


def test_a_submit_compacts_what_it_leaves_and_the_next_one_runs_only_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("cnnjobs.store.compaction.compact", partial(compact, least=3))
    ran = []
    for repeats in (2, 3, 3):
        prepared = prepare(read_job(str(write_job(tmp_path, repeats=repeats)), Overrides()), Overrides(), print)
        store = store_at(str(tmp_path / "results"), prepared.job)
        missing, state = missing_trials(prepared, store)
        checkpoints = Checkpoints(store.files.below("checkpoints"))
        submission = Submission(prepared, store, tuple(missing), TrialResources(1, 0.0, 1), 1, checkpoints)
        with StoreLock(store.files) as lock:
            submission.run(InlineEngine(), fake_worker, Notes(), lock)
        ran.append((len(missing), len(state.finished), len(files(store, "trials"))))
    assert ran == [(4, 0, 1), (2, 4, 3), (0, 6, 3)], "two single files are too few to be compacted"


# --- the same trial in two files ----------------------------------------------------------------------------------


def test_a_copied_file_counts_once(store):
    copy(store, "trials", "t0-0", "compact-copy.parquet")
    stored = store.read("trials")
    assert stored.table["trial_id"].to_pylist().count("t0-0") == 1
    assert stored.damaged == ()
    assert len(job_table(store).rows[0].values) == 4


def test_of_two_runs_with_equal_results_the_one_that_finished_first_counts(store):
    change(folder(store, "trials") / "t0-0.parquet", finished_at=[2000], seconds=[9.0], host=["second"])
    copy(store, "trials", "t0-0", "compact-copy.parquet", finished_at=[1000], seconds=[7.0], host=["first"])
    row = store.read("trials", columns=["seconds", "host", "trial_id"]).table.to_pylist()[0]
    assert row == {"seconds": 7.0, "host": "first", "trial_id": "t0-0"}


def test_two_runs_with_differing_results_are_an_error_that_names_files_column_and_values(store):
    versions = {"tensorflow_version": ["2.20.0"]}
    change(folder(store, "trials") / "t0-1.parquet", **versions)
    copy(store, "trials", "t0-1", "compact-copy.parquet", test_accuracy=[0.625], tensorflow_version=["2.21.0"])
    with pytest.raises(StoreError) as caught:
        store.read("trials", columns=["trial_id"])
    text = str(caught.value)
    for part in (
        "trials/compact-copy.parquet and ",
        "trials/t0-1.parquet hold the same trial t0-1 (a, repeat 2, fold 1) with different results",
        "test_accuracy is 0.625 in the first, 0.6 in the second",
        "tensorflow_version 2.21.0 and 2.20.0",
        "Keep one: move the other file out of the store",
    ):
        assert part in text


def test_a_compacted_trial_beside_a_differing_single_file_is_an_error(store):
    copy(store, "trials", "t1-0", "kept")
    compact(store, least=1)
    (folder(store, "trials") / "kept").rename(folder(store, "trials") / "t1-0.parquet")
    assert store.read("trials").table.num_rows == 8, "equal ones merge"
    change(folder(store, "trials") / "t1-0.parquet", test_loss=[0.25])
    assert store.read("trials").table.num_rows == 8, "the compacted one lacks test_loss"
    change(folder(store, "trials") / "t1-0.parquet", test_accuracy=[np.nan])
    with pytest.raises(StoreError, match=r"trials/compact-\w+\.parquet.* test_accuracy is (nan|0\.5) in the first"):
        store.read("trials")


def test_differing_epochs_of_a_trial_are_an_error(store):
    copy(store, "epochs", "t0-0", "kept")
    compact(store, least=1)
    (folder(store, "epochs") / "kept").rename(folder(store, "epochs") / "t0-0.parquet")
    assert store.read("epochs").table.num_rows == 32, "equal ones merge"
    change(folder(store, "epochs") / "t0-0.parquet", val_loss=[1.0, 2.0, 3.0, 4.0])
    with pytest.raises(StoreError, match=r"hold the same trial t0-0 .*: val_loss in epoch 1 is "):
        store.read("epochs")
    assert store.read("epochs", ["t0-1"]).table.num_rows == 4, "others can be read"


def test_differing_numbers_of_epochs_of_a_trial_are_an_error(store):
    copy(store, "epochs", "t0-0", "kept")
    compact(store, least=1)
    short = pq.read_table(folder(store, "epochs") / "kept").slice(0, 3)
    (folder(store, "epochs") / "kept").unlink()
    write_table(short, folder(store, "epochs") / "t0-0.parquet")
    with pytest.raises(StoreError, match=r"the first has 4 rows of epochs, the second 3"):
        store.read("epochs")


def test_results_that_are_nan_in_both_files_are_equal(store):
    change(folder(store, "trials") / "t0-0.parquet", test_loss=[np.nan])
    copy(store, "trials", "t0-0", "compact-copy.parquet")
    assert np.isnan(store.read("trials").table["test_loss"].to_pylist()[0])


def test_a_failed_try_gives_way_whichever_file_it_is_in(store):
    failed = {"status": ["failed"], "error": ["no memory"], "test_accuracy": [None], "finished_at": [9_000]}
    copy(store, "trials", "t0-0", "compact-a.parquet", **failed)
    assert store.read("trials").table["status"].to_pylist() == ["completed"] * 8


def test_of_two_failed_tries_the_newer_counts(store):
    for name, at in (("t0-0.parquet", 2000), ("compact-copy.parquet", 1000)):
        copy(store, "trials", "t0-1", name, trial_id=["t0-0"], status=["failed"], error=[str(at)], finished_at=[at])
    row = store.read("trials").table.to_pylist()[0]
    assert (row["trial_id"], row["error"]) == ("t0-0", "2000")


# --- foreign files ------------------------------------------------------------------------------------------------


def test_a_column_of_another_type_is_cast_where_nothing_is_lost(store):
    path = folder(store, "trials") / "t0-0.parquet"
    table = pq.read_table(path)
    at = table.schema.get_field_index("repeat")
    write_table(table.set_column(at, "repeat", pa.array([0], pa.int64())), path)
    assert store.read("trials").table.schema.equals(TABLES["trials"])


def test_a_column_of_another_type_that_cannot_be_cast_is_named_with_the_reason(store):
    path = folder(store, "trials") / "t0-0.parquet"
    table = pq.read_table(path)
    at = table.schema.get_field_index("test_accuracy")
    write_table(table.set_column(at, "test_accuracy", pa.array(["high"])), path)
    [damaged] = store.read("trials").damaged
    assert damaged.startswith(f"{path} (column test_accuracy is string, expected double: ")


def test_epochs_and_predictions_of_an_unknown_trial_are_ignored(store):
    for name in ("epochs", "predictions"):
        copy(store, name, "t0-0", "t9.parquet", trial_id=["t9"] * {"epochs": 4, "predictions": 40}[name])
        assert "t9" not in store.read(name).table["trial_id"].to_pylist()


def test_a_column_that_is_none_cannot_be_asked_for(store):
    with pytest.raises(ValueError, match=r"`epochs` has no columns \['accuracy_of_test'\]"):
        store.read("epochs", columns=["accuracy_of_test"])


def test_reading_tells_how_far_it_is(store):
    told = []
    store.read("trials", on_progress=lambda what, done, total: told.append((what, done, total)))
    assert told[-1] == (f"reading {store.files.location}/trials", 8, 8)
    assert len(told) == 8


def test_compaction_tells_how_far_it_is(store):
    told = []
    compact(store, least=1, on_progress=lambda what, done, total: told.append((what, done, total)), trials_a_file=5)
    assert told == [(f"compacting {store.files.location}", done, 8) for done in (5, 8)]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, None])
def test_metrics_that_are_not_finite_are_counted_and_left_out_of_the_mean(store, value):
    change(folder(store, "trials") / "t1-3.parquet", test_accuracy=[value])
    compact(store, least=1)
    table = job_table(store)
    row = table.rows[1]
    assert (row.not_finite, len(row.values)) == (1, 3)
    assert row.summary.mean == pytest.approx(0.6)
    said = "1 completed run has no finite" if value is not None else "test accuracy is not known for repeat 4: it"
    assert any(said in note for note in table.notes)


def test_a_store_that_is_compacted_while_it_is_verified_is_whole(store, monkeypatch):
    reading, calls = Files.read, itertools.count()

    def read(self, name):
        if next(calls) == 5:
            compact(fresh(store), least=1)
        return reading(self, name)

    monkeypatch.setattr(Files, "read", read)
    check = check_store(store.files)
    assert check.whole, check
    assert len(files(store, "trials")) == 1
