"""A completed run whose metric is not finite is treated as one that diverged, by every section, and counted."""

import math

import pytest
from support.stores import document_of, made_up_store, make_store, predictions, write_report

from cnnjobs.comparison.predictions import read_predictions
from cnnjobs.comparison.table import job_table
from cnnjobs.report import overlay
from cnnjobs.report.frames import comparison_of
from cnnjobs.report.model import ReportTable, Text
from cnnjobs.scoring.run_scores import RunScores


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Six runs of each of two variants; the accuracy of b's third is not a number, its predictions are as others'."""
    made = made_up_store(tmp_path_factory.mktemp("store"), runs=6, classes=3, class_names=("x", "y", "z"))
    which = {"trial_id": "t1-2", "condition_id": "job-1", "job": "job", "variant": "b", "repeat": 2, "fold": 0}
    made.commit(
        which | {"status": "completed", "test_accuracy": math.nan, "seconds": 3.0, "cpus": 1}, {}, predictions(2)
    )
    return made


@pytest.fixture(scope="module")
def document(store):
    return document_of(store)


def test_every_table_of_results_has_the_same_runs(document):
    counted = {}
    for table in (one for one in document.elements if isinstance(one, ReportTable)):
        for row in table.rows:
            if "b" in (row.get("variant"), table.title.partition(":")[0]):
                counts = [row[name] for name in ("n", "pairs", "repeats", "runs") if name in row]
                counted |= {table.name: counts[0]} if counts else {}
    costs = counted.pop("cost")
    assert {
        "summary",
        "differences",
        "noise",
        "new_examples",
        "ensembles",
        "calibration",
        "classes-b",
    } <= counted.keys()
    assert set(counted.values()) == {5}
    assert costs == 1, "the one run that was timed: it cost what it cost"


def test_the_hardest_images_are_of_the_same_runs(store, document):
    hardest = next(one for one in document.tables if one.name == "hardest")
    assert {row["runs"] for row in hardest.rows} == {11}
    table = job_table(store)
    assert read_predictions(store, table, lambda *_: None).completed == {"a": 6, "b": 5}


def test_its_number_is_told_with_the_verdicts_and_with_the_curves(store, document):
    texts = [one.text for one in document.elements if isinstance(one, Text)]
    note = ": 1 completed run has no finite test accuracy and is left out of all results, like diverged runs"
    assert any(note in one for one in texts)
    assert any("Runs without a result are drawn, too (b: 1 without a finite test accuracy)." in one for one in texts)
    assert len(comparison_of(store).runs) == 11


def test_an_overlay_says_how_many_of_its_runs_have_no_result(store):
    recorded, _ = overlay.read_histories(overlay.choose([store], ["a", "b"]))
    assert [one.without_result for one in recorded] == [0, 1]
    labels = [text.get_text() for text in overlay.overlay_chart(recorded, ["loss"]).draw().legends[0].get_texts()]
    assert labels[1].endswith("(1 without a result)")


def test_the_report_is_written(store, tmp_path):
    assert "Runs without a result" in (tmp_path / write_report(store).page).read_text()


def test_a_watched_metric_that_is_not_finite_is_no_value_either(tmp_path):
    assert RunScores({"one": 0.5, "other": math.nan, "third": math.inf}).finite().values == {"one": 0.5}
    made = make_store(tmp_path, {"a": [0.5, 0.6]}, test_top5_accuracy=None)
    found = job_table(made, metric="test_top5_accuracy").rows[0]
    assert (len(found.completed), found.without_result, found.not_finite) == (2, 0, 2), "its other results stay"
