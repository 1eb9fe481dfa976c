"""Intervals for people stay within what a metric can be; what is stored and computed stays as it is."""

import numpy as np
import pytest
from support.stores import make_store

from cnnjobs.comparison.metric_format import ends_text, metric_format, within_bounds
from cnnjobs.comparison.table import job_table
from cnnjobs.report.render.comparison_text import table_lines
from cnnjobs.report.render.text import plain
from cnnjobs.report.sections.comparison import summary_section
from cnnjobs.report.sections.summary_table import summary_table
from cnnjobs.scoring.prediction_metrics import TABLE as OF_PREDICTIONS
from cnnjobs.scoring.prediction_metrics import metric_named
from cnnjobs.spec.metric_names import OF_A_CLASS
from cnnjobs.spec.metrics import TABLE, all_metrics
from cnnjobs.spec.own_metric import form_of

NEAR_THE_TOP = {"a": [0.999, 0.9, 0.995], "b": [0.5, 0.6, 0.7]}


@pytest.mark.parametrize(
    ("column", "low", "high", "shown"),
    [
        ("test_accuracy", 0.93, 1.02, "[93.00, 100.00]"),
        ("test_accuracy", -0.4, 1.4, "[0.00, 100.00]"),
        ("val_top5_accuracy", 0.97, 1.0, "[97.00, 100.00]"),
        ("test_loss", -0.02, 0.4, "[0.0000, 0.4000]"),
        ("test_macro_f1", 0.9, 1.1, "[0.9000, 1.0000]"),
        ("test_mcc", -1.2, 0.5, "[-1.0000, 0.5000]"),
        ("test_recall[cat]", 0.9, 1.1, "[0.9000, 1.0000]"),
        ("objective", -3.0, 2.0, "[-3.0000, 2.0000]"),
    ],
)
def test_an_interval_ends_where_its_metric_does(column, low, high, shown):
    assert ends_text(metric_format(column), low, high) == shown


def test_a_difference_of_accuracies_is_at_most_a_hundred_points():
    metric = metric_format("test_accuracy")
    assert within_bounds(metric, -1.3, 0.2, difference=True) == (-1, 0.2)
    assert ends_text(metric, -0.1, 1.2, signed=True) == "[-10.00, +100.00]"
    assert within_bounds(metric_format("test_loss"), -9.0, 9.0, difference=True) == (-9, 9), "a loss has no largest"


def test_a_metric_of_somebodys_own_has_no_bounds():
    assert within_bounds(form_of("gain", higher_is_better=True, percent=True), -0.5, 1.5) == (-0.5, 1.5)


def test_no_metric_leaves_its_bounds():
    """The worst and the best of networks, and one that guesses."""
    labels = np.tile(np.arange(7, dtype=np.int32), 20)
    best = np.eye(7, dtype=np.float32)[labels]
    for probabilities in (best, np.roll(best, 1, axis=1), np.full_like(best, 1 / 7)):
        for name, value in all_metrics(probabilities, labels).items():
            assert within_bounds(TABLE[name], value, value) == (value, value), name
    bounded = [name for name, metric in OF_PREDICTIONS.items() if metric.lowest is not None]
    assert sorted(bounded) == sorted(OF_PREDICTIONS)
    assert all(metric_named(f"{kind}[cat]").highest == 1 for kind in OF_A_CLASS)


def test_the_summary_says_that_an_interval_is_cut_off_and_keeps_its_ends_as_computed(tmp_path):
    table = job_table(make_store(tmp_path, NEAR_THE_TOP))
    shown = summary_table(table)
    cells = dict(zip(shown.header, shown.cells[0], strict=True))
    assert cells["95% CI of the mean"].endswith(", 100.00]")
    assert shown.rows[0]["ci_high"] > 1
    said = "ntervals of the mean end at 100%, beyond which it cannot lie"
    assert f"SD: ddof=1; i{said}" in "\n".join(table_lines(table))
    assert any(f"I{said}" in element.text for element in summary_section(table).elements if hasattr(element, "text"))


def test_an_interval_within_bounds_needs_no_word(tmp_path):
    table = job_table(make_store(tmp_path, {"a": [0.5, 0.6, 0.7]}))
    assert plain(next(line for line in table_lines(table) if line)).endswith("SD: ddof=1\n")
