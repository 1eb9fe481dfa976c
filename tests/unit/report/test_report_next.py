"""The report says what the test set adds to the spread, and how many repeats would answer the question."""

import numpy as np
import pytest
from support.stores import VALUES, make_store, stored_dataset, stored_job

from cnnjobs.comparison.cost import cost_of
from cnnjobs.comparison.metric_format import metric_format
from cnnjobs.comparison.metric_rows import one_row
from cnnjobs.comparison.table import job_table
from cnnjobs.report.model import ReportTable, Text
from cnnjobs.report.sections.cost import cost_section
from cnnjobs.report.sections.planning import planning_section
from cnnjobs.report.sections.verdicts import sentences
from cnnjobs.stats import holm, repeats_to_resolve, resolvable_difference


def planning_of(store, **asked):
    section = planning_section(job_table(store, **asked))
    text = "\n".join(element.text for element in section.elements if isinstance(element, Text))
    return text, [element for element in section.elements if isinstance(element, ReportTable)]


def test_repeats_needed_follow_from_the_spread_of_pairs_and_the_margin(tmp_path):
    """0.2 points; two minutes a run on one core, of the variant and of the reference."""
    text, (report_table,) = planning_of(make_store(tmp_path, VALUES, seconds=120.0, cpus=1))
    first, sd = report_table.rows[0], np.std([0.02, 0.02, 0.01, 0.02, 0.02], ddof=1)
    assert (first["level"], first["family"]) == (0.025, 2), "alpha over the family of two comparisons"
    here, low, high = (repeats_to_resolve(sd * end, 0.002, alpha=0.025) for end in (1, 0.5991, 2.8736))
    assert (first["needed"], first["needed_low"], first["needed_high"]) == (here, low, high)
    assert (first["more"], first["more_high"]) == (here - 5, high - 5)
    assert first["cpu_hours"] == pytest.approx((here - 5) * 240 / 3600)
    assert first["cpu_hours_high"] == pytest.approx((high - 5) * 240 / 3600)
    assert (first["gpu_hours"], first["gpu_hours_high"]) == (0, 0)
    resolved = [resolvable_difference(sd, n, alpha=0.025) for n in (10, 20, 50)]
    assert [first[f"resolved_by_{n}"] for n in (10, 20, 50)] == pytest.approx(resolved)
    shown = [f"{100 * one:.2f}" for one in resolved]
    assert report_table.cells[0][1:8] == (
        *("5", "0.45", f"{here}, up to {high}", *shown, f"{here - 5}, up to {high - 5}"),
    )
    assert (
        "Repeats with which a paired t test resolves a difference of 0.2 points with a power of 80%, at 0.025, 0.05 "
        "over the 2 comparisons" in text
    )
    assert "takes 29 pairs" in text


def test_one_comparison_is_planned_at_alpha_itself(tmp_path):
    _, (report_table,) = planning_of(make_store(tmp_path, {name: VALUES[name] for name in ("baseline", "alike")}))
    (row,) = report_table.rows
    assert (row["level"], row["needed"]) == (0.05, repeats_to_resolve(row["sd"], 0.002))


def test_that_differences_are_within_the_margin_is_adjusted_over_all_comparisons(tmp_path):
    """Three variants within 5 points of the reference, of which one has four pairs only: Holm counts it."""
    values = {**VALUES, "four pairs": [0.91, 0.91, 0.92, 0.93]}
    text, (report_table,) = planning_of(make_store(tmp_path, values), margin=4)
    rows = {row["variant"]: row for row in report_table.rows}
    alone = [rows[name]["p_within_margin"] for name in ("better | *bold* <script>", "alike")]
    adjusted = [rows[name]["p_within_margin_holm"] for name in ("better | *bold* <script>", "alike")]
    assert adjusted == pytest.approx(holm(alone, dropped=1))
    assert rows["alike"]["family"] == 3
    assert (rows["four pairs"]["p_within_margin"], rows["four pairs"]["p_within_margin_holm"]) == (
        pytest.approx(0.0, abs=1e-3),
        None,
    )
    assert next(cells for cells in report_table.cells if cells[0] == "four pairs")[-1].startswith("no verdict (")
    assert report_table.header[-1] == "p (within margin, Holm)"
    assert "two one-sided tests, adjusted by Holm over the family" in text
    said = sentences(job_table(make_store(tmp_path / "said", values), margin=4))
    assert "is smaller than 4 points either way" in said[1]
    assert "two one-sided tests by Holm over 3 comparisons)" in said[1]


def test_four_of_four_null_variants_are_not_called_equal_by_chance(tmp_path):
    """Alone p is below 0.05, over four comparisons it is not."""
    spread = np.random.default_rng(1).normal(0, 0.004, (5, 8))
    values = {f"v{place}": (0.9 + own).tolist() for place, own in enumerate(spread)}
    _, (report_table,) = planning_of(make_store(tmp_path, values, repeats=8), margin=0.6)
    ps = [row["p_within_margin"] for row in report_table.rows]
    assert [row["p_within_margin_holm"] for row in report_table.rows] == pytest.approx(holm(ps))


def test_pairs_that_are_all_alike_have_nothing_to_plan_with_but_are_within_the_margin(tmp_path):
    values = {"a": [0.90, 0.91, 0.92, 0.93, 0.94, 0.95], "b": [0.902, 0.912, 0.922, 0.932, 0.942, 0.952]}
    _, (report_table,) = planning_of(make_store(tmp_path, values, repeats=6), margin=1)
    (row,) = report_table.rows
    assert (row["needed"], row["p_within_margin"], row["p_within_margin_holm"]) == (None, 2**-6, 2**-6)
    assert report_table.cells[0][3] == "- (all pairs alike)"


def images(root, rows, **asked):
    """The section on planning of a job with so many test images."""
    store = make_store(root, VALUES)
    conditions = {name: f"c{place}" for place, name in enumerate(VALUES)}
    store.write_job(stored_job("job", conditions, dataset=stored_dataset(test_rows=rows)))
    return (*planning_of(store, **asked), sentences(job_table(store, **asked)))


def test_the_margin_is_at_least_one_test_image(tmp_path):
    text, (report_table,), said = images(tmp_path, 359)
    assert {row["margin"] for row in report_table.rows} == {1 / 359}
    assert report_table.title == "Repeats that would resolve a difference of 0.2786 points"
    assert "The margin is one of 359 test images: the usual 0.2 points are less than that is worth." in text
    assert "resolves a difference of 0.2786 points with a power of 80%" in text
    assert not any("0.2786" in sentence for sentence in said), "planning is a section of its own"


@pytest.mark.parametrize("rows", [500, 10_000])
def test_where_one_image_is_worth_no_more_the_margin_is_the_usual_one(tmp_path, rows):
    text, (report_table,), _ = images(tmp_path, rows)
    assert {row["margin"] for row in report_table.rows} == {0.002}
    assert "is worth" not in text


def test_a_margin_below_one_test_image_is_taken_and_said(tmp_path):
    text, (report_table,), _ = images(tmp_path, 359, margin=0.1)
    assert {row["margin"] for row in report_table.rows} == {0.001}
    assert "The margin, 0.1 points, is less than one of 359 test images is worth, 0.2786 points." in text


def test_a_margin_of_folds_is_at_least_one_image_of_a_fold():
    job = stored_job(folds=5, validation=None, dataset=stored_dataset(train_rows=1000, test_rows=10))
    assert one_row(job, metric_format("val_accuracy")) == 1 / 200
    assert one_row(stored_job(validation=0.2), metric_format("val_accuracy")) == 1 / 20
    assert one_row(stored_job(validation="test"), metric_format("val_accuracy")) == 1 / 500
    assert one_row(stored_job(), metric_format("test_loss")) is None
    assert one_row(stored_job(), metric_format("train_accuracy")) is None


def test_a_wide_margin_needs_no_more_and_may_hold_the_difference(tmp_path):
    _, (report_table,) = planning_of(make_store(tmp_path), margin=5)
    assert [row["more"] for row in report_table.rows] == [0, 0]
    assert [row["more_high"] for row in report_table.rows] == [0, 6], "at the upper ends of the SDs"
    assert report_table.rows[0]["p_within_margin"] < 0.001
    assert report_table.rows[0]["cpu_hours"] is None, "runs that were not timed"
    assert report_table.cells[0][8] == "-"
    assert report_table.cells[0][7] == "0"


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
