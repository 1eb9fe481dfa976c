"""The report says whether networks are as sure as they are right, and draws it."""

from dataclasses import replace

import numpy as np
import pytest
from support.stores import document_of, made_up_store, predictions

from cnnjobs.messages import Predictions
from cnnjobs.report.figures.calibration import reliability_plot
from cnnjobs.report.figures.small_panels import MOST_TOGETHER
from cnnjobs.report.variant_styles import variant_styles
from cnnjobs.scoring.calibration import BINS, EDGES, Reliability, diagram

IMAGES = 400


def sure(confidence, accuracy, classes=4):
    """Predictions that are always as sure as that, and right as often as that."""
    labels = np.arange(IMAGES, dtype=np.int32) % classes
    wrong = np.arange(IMAGES) >= round(accuracy * IMAGES)
    said = (labels + wrong) % classes
    probabilities = np.full((IMAGES, classes), (1 - confidence) / (classes - 1), np.float32)
    probabilities[np.arange(IMAGES), said] = confidence
    return Predictions(labels, probabilities)


def two_sure(folder, **made):
    """A store whose runs are 90% sure, and right in 70%, 75% and 80% of the cases."""
    return made_up_store(folder, runs=3, classes=4, predictions=lambda run: sure(0.9, 0.7 + run / 20), **made)


def part(document, name):
    return next(one for one in [*document.tables, *document.charts] if one.name == name)


def test_a_network_that_is_too_sure(tmp_path):
    document = document_of(two_sure(tmp_path, variants=("a",)))
    (cells,) = part(document, "calibration").cells
    sd = "5.00"
    assert cells == ("a", "3", "90.00 ± 0.00", f"75.00 ± {sd}", f"+15.00 ± {sd}", f"15.00 ± {sd}")
    (row,) = part(document, "calibration").rows
    assert row["ece_mean"] == pytest.approx(0.15)
    assert row["overconfidence_mean"] == pytest.approx(0.15)


def test_a_network_that_is_less_sure_than_right(tmp_path):
    store = made_up_store(tmp_path, runs=1, classes=4, variants=("a",), predictions=lambda run: sure(0.5, 0.8))
    (cells,) = part(document_of(store), "calibration").cells
    assert cells == ("a", "1", "50.00", "80.00", "-30.00", "30.00")


def test_the_diagram_has_the_numbers_that_it_draws(tmp_path):
    chart = part(document_of(two_sure(tmp_path, variants=("a",))), "reliability")
    (row,) = chart.rows()
    values = dict(zip(chart.columns, row, strict=True))
    assert values["low"] < 0.9 <= values["high"]
    assert values["runs"] == 3
    assert (values["share"], values["confidence"]) == pytest.approx((1, 0.9))
    assert (values["accuracy"], values["accuracy_sd"]) == pytest.approx((0.75, 0.05))
    line = next(line for line in chart.draw().axes[0].lines if len(line.get_xdata()) == 1)
    assert (line.get_xdata()[0], line.get_ydata()[0]) == pytest.approx((0.9, 0.75))


def test_points_are_over_the_runs_that_have_predictions_there():
    one, other = (Reliability(*np.zeros((3, BINS))) for _ in range(2))
    one.counts[3], one.confidence[3], one.right[3] = 4, 1.0, 2
    other.counts[[3, 9]], other.confidence[[3, 9]], other.right[[3, 9]] = [12, 4], [3.0, 2.6], [12, 1]
    low, high = diagram([one, other])
    assert (low.runs, low.share, low.confidence, low.accuracy) == (2, 0.8, 0.25, 14 / 16)
    assert low.sd == pytest.approx(np.std([0.5, 1], ddof=1))
    assert (high.runs, high.share, high.accuracy, high.sd) == (1, 0.2, 0.25, None)
    assert (low.low, high.high) == (EDGES[3], EDGES[10])


def test_variants_without_predictions_are_not_among_them(tmp_path):
    store = two_sure(tmp_path)
    for run in range(3):
        store.files.below("predictions").remove(f"t1-{run}.parquet")
    document = document_of(store)
    assert [row["variant"] for row in part(document, "calibration").rows] == ["a"]
    assert {row[0] for row in part(document, "reliability").rows()} == {"a"}


def test_many_variants_have_a_panel_each_in_their_own_colour():
    names = [f"v{place}" for place in range(MOST_TOGETHER + 1)]
    points = {name: diagram([Reliability(*np.ones((3, BINS)))]) for name in names}
    styles, labels = variant_styles(names), {name: f"{name}!" for name in names}
    panels = [axes for axes in reliability_plot("job $a$", points, styles, labels).axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in panels] == [*labels.values()]
    assert [axes.lines[1].get_color() for axes in panels] == [styles[name].color for name in names]
    few = dict(list(points.items())[:2])
    (legend,) = reliability_plot("job", few, styles, labels).legends
    assert [text.get_text() for text in legend.get_texts()] == ["v0!", "v1!"]


def test_folds_have_a_calibration_too(tmp_path):
    store = made_up_store(tmp_path, runs=2, predictions=predictions)
    store.write_job(replace(store.job, protocol=replace(store.job.protocol, folds=2)))
    assert part(document_of(store), "calibration").rows
