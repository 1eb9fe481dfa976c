"""People count repeats and folds from 1; what is stored and what machines read counts from 0."""

import csv
import io
from pathlib import Path

import pytest
from support.stores import make_store, write_report

import cnnjobs
from cnnjobs.planning.trials import make_plan
from cnnjobs.spec import Job, Variant, mlp
from cnnjobs.wording.labels import repeat_label, run_label


@pytest.mark.parametrize(
    ("fold", "label"), [(None, "vgg, repeat 3"), (0, "vgg, repeat 3, fold 1"), (4, "vgg, repeat 3, fold 5")]
)
def test_a_run_is_named_by_variant_repeat_and_fold_from_one(fold, label):
    assert run_label("vgg", 2, fold) == label


def test_where_commas_tell_runs_apart_there_is_none_inside_of_them():
    assert repeat_label(2, 1, " ") == "repeat 3 fold 2"


@pytest.mark.parametrize(("folds", "last"), [(None, "v, repeat 2"), (3, "v, repeat 2, fold 3")])
def test_trials_are_named_so_with_folds_only_where_there_are_some(folds, last):
    job = Job(name="a", dataset="digits", repeats=2, folds=folds, variants={"v": Variant(model=mlp())})
    assert make_plan(job, "data").trials[-1].label() == last


def counts_of(rows):
    return {(int(row["repeat"]), int(row["fold"])) for row in rows}


def test_every_table_that_machines_read_counts_from_zero(tmp_path):
    store = make_store(tmp_path, {"a": [0.5, 0.6, 0.7, 0.8]}, folds=2, repeats=2, curves=True)
    write_report(store, with_predictions=False)
    expected = {(0, 0), (0, 1), (1, 0), (1, 1)}
    figures = Path(store.files.location, "report", "figures")
    for name in ("box.csv", "curves-a.csv"):
        assert counts_of(csv.DictReader(io.StringIO((figures / name).read_text()))) == expected, name
    results = cnnjobs.load_results(tmp_path)
    frames = (results.trials, results.epochs, results.predictions, cnnjobs.compare(results).runs)
    assert [counts_of(frame.to_dict("records")) for frame in frames] == [expected] * 4
