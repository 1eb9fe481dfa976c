"""The report says what the test set adds to the spread, and how many repeats would answer the question."""

import numpy as np
import pytest
from support.stores import VALUES, make_store

from cnnjobs.comparison.cost import cost_of
from cnnjobs.comparison.table import job_table
from cnnjobs.report.model import ReportTable, Text
from cnnjobs.report.sections.cost import cost_section
from cnnjobs.report.sections.planning import planning_section
from cnnjobs.stats import repeats_to_resolve


def planning_of(store, **asked):
    section = planning_section(job_table(store, **asked))
    text = "\n".join(element.text for element in section.elements if isinstance(element, Text))
    return text, [element for element in section.elements if isinstance(element, ReportTable)]


def test_repeats_needed_follow_from_the_spread_of_pairs_and_the_margin(tmp_path):
    """0.2 points; two minutes a run on one core, of the variant and of the reference."""
    text, (report_table,) = planning_of(make_store(tmp_path, VALUES, seconds=120.0, cpus=1))
    first, sd = report_table.rows[0], np.std([0.02, 0.02, 0.01, 0.02, 0.02], ddof=1)
    assert first["needed"] == repeats_to_resolve(sd, 0.002)
    assert first["more"] == first["needed"] - 5
    assert first["cpu_hours"] == pytest.approx(first["more"] * 240 / 3600)
    assert first["gpu_hours"] == 0
    low, high = (repeats_to_resolve(end, 0.002) for end in (sd * 0.5991, sd * 2.8736))
    assert (first["needed_low"], first["needed_high"]) == (low, high)
    assert report_table.cells[0][1:5] == ("5", "0.45", f"{first['needed']} [{low}, {high}]", str(first["more"]))
    assert "To resolve a difference of 0.2 points in 80% of such studies" in text
    assert "takes 29 pairs" in text


def test_a_wide_margin_needs_no_more_and_may_hold_the_difference(tmp_path):
    _, (report_table,) = planning_of(make_store(tmp_path), margin=5)
    assert [row["more"] for row in report_table.rows] == [0, 0]
    assert report_table.rows[0]["p_within_margin"] < 0.001
    assert report_table.rows[0]["cpu_hours"] is None, "runs that were not timed"
    assert report_table.cells[0][5] == "-"


def test_a_loss_has_no_margin_unless_one_is_named(tmp_path):
    store = make_store(tmp_path)
    assert "cnnjobs aggregate --margin" in planning_of(store, metric="test_loss")[0]
    assert "a difference of 0.01 nats" in planning_of(store, metric="test_loss", margin=0.01)[0]


def test_one_pair_is_nothing_to_plan_with(tmp_path):
    assert "nothing to plan with yet" in planning_of(make_store(tmp_path, {"a": [0.5], "b": [0.6]}))[0]


def test_folds_are_not_planned(tmp_path):
    assert "share rows" in planning_of(make_store(tmp_path, folds=5, repeats=1))[0]


def test_runs_that_the_reference_has_already_cost_no_more(tmp_path):
    """Five pairs, and three runs more of the reference: of these the margin needs three fewer."""
    values = {"a": [*VALUES["baseline"], 0.92, 0.92, 0.92], "b": VALUES["alike"]}
    store = make_store(tmp_path, values, repeats=8, seconds=3600.0, cpus=1)
    _, (report_table,) = planning_of(store)
    assert report_table.rows[0]["cpu_hours"] == pytest.approx(2 * report_table.rows[0]["more"] - 3)


def test_a_single_variant_has_nothing_to_resolve(tmp_path):
    assert planning_section(job_table(make_store(tmp_path, {"a": [0.5, 0.6]}))) is None


def test_every_grid_has_the_columns_that_it_names(tmp_path):
    table = job_table(make_store(tmp_path, VALUES, seconds=120.0, cpus=1))
    for section in (planning_section(table), cost_section(table)):
        for row in section.elements[0].rows:
            assert tuple(row) == section.elements[0].columns


def test_the_cost_is_of_all_timed_runs(tmp_path):
    """Five runs of an hour on two cores with half a GPU; 32 images predicted in 0.016 s."""
    timed = {"seconds": 3600.0, "cpus": 2, "gpu_seconds": 1800.0, "batch_seconds": 0.016, "batch_images": 32}
    section = cost_section(job_table(make_store(tmp_path, {"a": VALUES["alike"]}, **timed)))
    report_table, text = section.elements
    assert report_table.cells == [("a", "5", "3,600.0", "10.00", "2.50", "0.5")]
    assert text.text.startswith("In all 5 runs, 10.00 CPU hours, 2.50 GPU hours.")
    assert cost_section(job_table(make_store(tmp_path / "untimed"))) is None


def test_diverged_runs_cost_too_but_say_nothing_of_a_whole_run():
    ended = {"gpu_seconds": None, "cpus": 1, "batch_seconds": None, "batch_images": None}
    found = cost_of(
        [
            ended | {"status": "completed", "seconds": 7200.0},
            ended | {"status": "diverged", "seconds": 3600.0},
            ended | {"status": "failed", "seconds": None},
        ]
    )
    assert (found.runs, found.seconds, found.cpu_hours, found.cpu_hours_a_run) == (2, 7200.0, 3.0, 2.0)
    assert found.latency is None
