"""Stored predictions are read in one pass: every file once, paired by repeat, what is damaged left out and named."""

import gc
import tracemalloc
import weakref
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.stores import made_up_store, predictions, write_table

from cnnjobs.comparison import predictions as reader
from cnnjobs.comparison.predictions import read_predictions
from cnnjobs.comparison.table import job_table
from cnnjobs.messages import Predictions
from cnnjobs.scoring.classification import classify, over_runs
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store


def read(store, on_progress=lambda *_: None):
    return read_predictions(store, job_table(store), on_progress)


def file_of(store, trial):
    return Path(store.files.location) / "predictions" / f"{trial}.parquet"


def test_the_figures_of_each_variant_are_those_of_its_runs(tmp_path):
    store = made_up_store(tmp_path, runs=5, predictions=lambda run: predictions(7 * run))
    found = read(store).variants["a"].figures.over_runs()
    own = [predictions(7 * run) for run in range(5)]
    expected = over_runs([classify(one.labels, one.probabilities.argmax(axis=1), one.probabilities) for one in own])
    assert found.n == 5
    for name in ("support", "counts", "rates", "scores", "curves"):
        np.testing.assert_array_equal(getattr(found.mean, name), getattr(expected.mean, name))
        np.testing.assert_array_equal(getattr(found.sd, name), getattr(expected.sd, name))


def test_every_file_is_read_once(tmp_path, monkeypatch):
    store, asked = made_up_store(tmp_path, runs=3), Counter()
    whole = Store.read

    def counted(self, name, trials=None, *others, **named):
        if name == "predictions":
            asked.update(trials)
        return whole(self, name, trials, *others, **named)

    monkeypatch.setattr(Store, "read", counted)
    read(store)
    assert asked == Counter(f"t{variant}-{run}" for variant in range(2) for run in range(3))


def test_progress_counts_the_runs(tmp_path):
    told = []
    read(made_up_store(tmp_path, runs=3), lambda *report: told.append(report))
    assert told == [("reading predictions", done, 6) for done in range(1, 7)]


def test_runs_are_paired_by_repeat_not_by_order(tmp_path):
    """The reference lacks repeat 0, the other variant repeat 2: one pair is left, and it is repeat 1's."""
    store = made_up_store(tmp_path, runs=3, predictions=lambda run: predictions(run))
    store.commit(
        {"trial_id": "t1-1", "condition_id": "job-1", "job": "job", "variant": "b", "repeat": 1, "fold": 0}
        | {"status": "completed", "test_accuracy": 0.5},
        {},
        predictions(50),
    )
    file_of(store, "t0-0").unlink()
    file_of(store, "t1-2").unlink()
    pair = read(store).pairs["b"]
    own, reference = predictions(50), predictions(1)
    right = [(one.probabilities.argmax(axis=1) == one.labels).mean() for one in (own, reference)]
    assert pair.pairs == 1
    assert pair.mean == pytest.approx(right[0] - right[1], abs=1e-12)


def test_runs_that_did_not_complete_are_neither_read_nor_missed(tmp_path):
    store = made_up_store(tmp_path, variants=("a",), runs=3)
    which = {"trial_id": "t0-9", "condition_id": "job-0", "job": "job", "variant": "a", "repeat": 9, "fold": 0}
    store.commit(which | {"status": "diverged"}, {}, None)
    found = read(store)
    assert (found.variants["a"].runs, found.completed["a"]) == (3, 3)


def test_a_missing_file_is_counted(tmp_path):
    store = made_up_store(tmp_path, variants=("a",), runs=3)
    file_of(store, "t0-1").unlink()
    found = read(store)
    assert (found.variants["a"].runs, found.completed["a"], found.left_out["a"]) == (2, 3, ())


def test_a_file_cut_short_is_left_out_and_named(tmp_path):
    store = made_up_store(tmp_path, runs=3)
    file_of(store, "t0-0").write_bytes(b"cut short")
    found = read(store)
    assert (found.variants["a"].runs, found.variants["b"].runs, found.pairs["b"].pairs) == (2, 3, 2)
    assert "predictions/t0-0.parquet" in found.left_out["a"][0]


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda run: predictions(run, classes=4), "is not of the 3 classes of job.json"),
        (lambda run: type(one := predictions(run))(one.labels + 2, one.probabilities), "is not of the 3 classes"),
        (lambda run: type(one := predictions(run))(one.labels, one.probabilities * np.nan), "that are not finite"),
    ],
    ids=["another number of classes", "labels out of range", "not a number"],
)
def test_predictions_that_make_no_sense_are_left_out_and_named(tmp_path, made, reason):
    found = read(made_up_store(tmp_path, variants=("a",), runs=1, predictions=made))
    assert found.variants["a"].runs == 0
    assert found.labels.size == 0
    assert "predictions/t0-0.parquet" in found.left_out["a"][0]
    assert reason in found.left_out["a"][0]


def test_rows_in_another_order_are_left_out_and_named(tmp_path):
    store = made_up_store(tmp_path, variants=("a",), runs=2)
    table = pq.read_table(file_of(store, "t0-1"))
    write_table(table.take(pa.array(range(39, -1, -1))), file_of(store, "t0-1"))
    assert "does not hold every test image once, in order" in read(store).left_out["a"][0]


def test_a_missing_prediction_leaves_the_run_out(tmp_path):
    store = made_up_store(tmp_path, variants=("a",), runs=2)
    table = pq.read_table(file_of(store, "t0-1"))
    place = table.column_names.index("predicted")
    missing = pa.array([None, *table["predicted"].to_pylist()[1:]], pa.int32())
    write_table(table.set_column(place, table.schema.field("predicted"), missing), file_of(store, "t0-1"))
    assert "lacks a label or a prediction" in read(store).left_out["a"][0]


def test_the_labels_are_those_of_most_runs_of_the_first_repeat(tmp_path):
    """One file of another test set does not put all others out, though it comes first."""
    store = made_up_store(tmp_path, variants=("a", "b", "c"), runs=3)
    other = predictions(0)
    which = {"trial_id": "t0-0", "condition_id": "job-0", "job": "job", "variant": "a", "repeat": 0, "fold": 0}
    store.commit(
        which | {"status": "completed", "test_accuracy": 0.5},
        {},
        Predictions((other.labels + 1) % 3, other.probabilities),
    )
    found = read(store)
    assert {name: tally.runs for name, tally in found.variants.items()} == {"a": 2, "b": 3, "c": 3}
    assert "is of other labels than the other runs' test set" in found.left_out["a"][0]


def held_by(store, runs):
    """The most bytes held after any run of a pass over so many a variant; all are of the same two files."""
    table, held = job_table(store), []
    rows = [
        replace(row, completed={(run, 0): f"t{place}-0" for run in range(runs)}) for place, row in enumerate(table.rows)
    ]

    def note(what, done, total):
        gc.collect(1)
        held.append(tracemalloc.get_traced_memory()[0])

    tracemalloc.start()
    try:
        read_predictions(store, replace(table, rows=tuple(rows)), note)
    finally:
        tracemalloc.stop()
    assert len(held) == 2 * runs
    return max(held)


def test_memory_does_not_grow_with_the_number_of_runs(tmp_path):
    """Of 120 runs more, less is held than five files: Arrow's threads let go of the last one or two when they like."""
    store = made_up_store(tmp_path, runs=1, predictions=lambda run: predictions(run, count=4000))
    held_by(store, 2)  # what is imported or kept at the first use
    assert held_by(store, 80) - held_by(store, 20) < 5 * file_of(store, "t0-0").stat().st_size


def test_the_runs_of_one_repeat_are_held_at_a_time(tmp_path, monkeypatch):
    made, most, judge = [], [], reader.classify

    def counted(labels, classes, probabilities):
        made.append(weakref.ref(probabilities))
        most.append(sum(one() is not None for one in made))
        return judge(labels, classes, probabilities)

    monkeypatch.setattr(reader, "classify", counted)
    read(made_up_store(tmp_path, variants=("a", "b", "c"), runs=10))
    assert len(made) == 30
    assert max(most) == 3


def test_a_store_without_predictions_has_nothing(tmp_path):
    found = read(made_up_store(tmp_path, predictions=lambda run: None))
    assert [tally.runs for tally in found.variants.values()] == [0, 0]
    assert found.labels.size == 0


def test_the_folder_may_lie_behind_a_uri(tmp_path):
    made_up_store(tmp_path)
    assert read(Store(Files(f"file://{tmp_path}/job"))).variants["a"].runs == 2
