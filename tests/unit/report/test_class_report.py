"""Tables and figures of classes say the same, whatever the classes are called and however many there are."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support.stores import made_up_store, predictions, stored_dataset

from cnnjobs.comparison.predictions import read_predictions
from cnnjobs.comparison.table import job_table
from cnnjobs.report.figures import classes as class_plots
from cnnjobs.report.figures.style import render
from cnnjobs.report.file_names import plain_names
from cnnjobs.report.model import Document, Text
from cnnjobs.report.sections import class_tables
from cnnjobs.report.sections.class_tables import (
    CONFUSION_COLUMNS,
    ROC_COLUMNS,
    ClassTable,
    class_table,
    most_confused,
    without_roc,
)
from cnnjobs.report.sections.classes import classes_section
from cnnjobs.report.variant_styles import variant_styles
from cnnjobs.scoring.classification import GRID, SCORES, classify, over_runs

STYLE = variant_styles(["a"])["a"]
HOSTILE = ("$\\frac$ | *a*", "_hidden", "深い <script>")


def table_of(classes=3, runs=2, names=None, **made):
    found = [predictions(run, classes, **made) for run in range(runs)]
    figures = [classify(one.labels, one.probabilities.argmax(axis=1), one.probabilities) for one in found]
    return ClassTable("job", "a", names or tuple(f"class {index}" for index in range(classes)), over_runs(figures))


def confusion_rows(table):
    return [dict(zip(CONFUSION_COLUMNS, row, strict=True)) for row in class_tables.confusion_rows(table)]


def roc_rows(table):
    return [dict(zip(ROC_COLUMNS, row, strict=True)) for row in class_tables.roc_rows(table)]


def report_of(store):
    """The part of the report that speaks of classes."""
    table = job_table(store)
    findings = read_predictions(store, table, lambda *_: None)
    return Document("", [classes_section(table, findings, plain_names(table.job.variants))])


def texts(document):
    return [element.text for element in document.elements if isinstance(element, Text)]


def test_the_table_shows_mean_and_sd_of_every_class_and_average():
    table = table_of()
    header, rows = class_table(table).header, class_table(table).cells
    assert header == ("class", "test images", "precision", "recall", "F1", "ROC AUC")
    assert [row[0] for row in rows[-3:]] == ["macro average", "micro average", "weighted average"]
    mean, sd = table.runs.mean.scores, table.runs.sd.scores
    assert rows[1] == (
        "class 1",
        f"{table.runs.mean.support[1]:.0f}",
        *(f"{mean[1, column]:.4f} ± {sd[1, column]:.4f}" for column in range(4)),
    )


def test_one_run_has_no_spread_in_the_table():
    table = table_of(runs=1)
    assert "±" not in str(class_table(table).cells)
    assert {row["recall_sd"] for row in class_table(table).rows} == {None}


def test_the_rows_of_classes_have_every_number_unrounded():
    table = table_of()
    rows = class_table(table).rows
    assert [(row["kind"], row["name"]) for row in rows[2:4]] == [("class", "class 2"), ("average", "macro")]
    for place, name in enumerate(("precision", "recall", "f1", "auc")):
        assert [float(row[f"{name}_mean"]) for row in rows] == table.runs.mean.scores[:, place].tolist()
        assert [float(row[f"{name}_sd"]) for row in rows] == table.runs.sd.scores[:, place].tolist()
    assert float(rows[-1]["test_images"]) == 40


def test_a_class_without_test_images_has_no_area_and_is_named():
    table = table_of(absent=(1,))
    assert without_roc(table) == ["class 1"]
    assert class_table(table).cells[1][1:] == ("0", "0.0000 ± 0.0000", "0.0000 ± 0.0000", "0.0000 ± 0.0000", "-")
    assert class_table(table).rows[1]["auc_mean"] is None
    assert "class 1" not in {row["name"] for row in roc_rows(table)}
    assert len(class_plots.roc_plot(table, STYLE).axes[0].lines) == 2 + 2 + 1, "two classes, two averages, the diagonal"


def test_the_most_confused_pairs_come_first_and_right_ones_not_at_all():
    labels, predicted = np.array([0, 0, 0, 1, 1, 2, 2]), np.array([1, 1, 0, 1, 2, 2, 2])
    run = classify(labels, predicted, np.eye(3, dtype=np.float32)[predicted])
    found = most_confused(ClassTable("job", "a", ("x", "y", "z"), over_runs([run])))
    assert [(one.label, one.predicted, one.count) for one in found] == [(0, 1, 2), (1, 2, 1)]
    assert [one.rate for one in found] == pytest.approx([2 / 3, 1 / 2])


def test_at_most_five_pairs_are_named():
    assert len(most_confused(table_of(10, count=300))) == 5


def test_classes_are_numbered_where_job_json_does_not_name_them():
    assert stored_dataset().names_of_classes == ("0", "1")
    assert stored_dataset(class_names=("cat", "dog")).names_of_classes == ("cat", "dog")


@pytest.mark.parametrize("rates", [False, True])
def test_the_heat_map_draws_what_its_rows_say(rates):
    table = table_of()
    figure = class_plots.shares_plot(table) if rates else class_plots.counts_plot(table)
    rows = confusion_rows(table)
    column, factor = ("rate_mean", 100) if rates else ("count_mean", 1)
    expected = [factor * float(row[column]) for row in rows]
    assert figure.axes[0].images[0].get_array().ravel().tolist() == expected
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == [f"{value:.1f}" for value in expected if value > 0]
    assert [(row["label"], row["predicted"]) for row in rows[:2]] == [(0, 0), (0, 1)]
    assert [row["predicted_name"] for row in rows[:2]] == ["class 0", "class 1"]


def test_the_counts_of_one_run_are_whole_numbers():
    texts = [text.get_text() for text in class_plots.counts_plot(table_of(runs=1)).axes[0].texts]
    assert all(text.isdigit() for text in texts)


def test_a_hundred_classes_are_named_but_have_no_numbers_in_their_cells():
    table = table_of(100, count=400)
    axes = class_plots.counts_plot(table).axes[0]
    assert not axes.texts
    assert len(axes.get_xticklabels()) == len(axes.get_yticklabels()) == 100
    height = axes.figure.get_size_inches()[1] * 72 / 100
    assert axes.get_yticklabels()[0].get_fontsize() < height, "no label touches the next"


def test_the_roc_figure_draws_what_its_rows_say():
    table = table_of()
    whole, zoom = class_plots.roc_plot(table, STYLE).axes
    rows = roc_rows(table)
    names = ["class 0", "class 1", "class 2", "macro average", "micro average"]
    for name in names:
        own = [row for row in rows if row["name"] == name.removesuffix(" average")]
        for axes in (whole, zoom):
            (line,) = [line for line in axes.lines if line.get_label().startswith(f"{name}: ")]
            assert line.get_xdata().tolist() == [float(row["false_positive_rate"]) for row in own]
            assert line.get_ydata().tolist() == [float(row["true_positive_rate_mean"]) for row in own]
    assert zoom.get_xlim()[1] == 0.2
    assert len(own) == len(GRID)


def test_the_legend_has_the_area_of_every_class_with_its_spread():
    table = table_of(names=HOSTILE)
    (legend,) = class_plots.roc_plot(table, STYLE).legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert len(labels) == 5
    cells = class_table(table).cells
    assert sorted(label.split(": ")[-1] for label in labels) == sorted(row[-1] for row in cells[:5])


def test_the_worst_classes_are_named_and_the_others_share_a_line_of_the_legend():
    table = table_of(11, count=200)
    (legend,) = class_plots.roc_plot(table, STYLE).legends
    areas = table.runs.mean.scores[:11, SCORES.index("auc")]
    assert [text.get_text().split(": ")[0] for text in legend.get_texts()] == [
        "macro average",
        "micro average",
        *(f"class {label}" for label in np.argsort(areas)[:3]),
        "each of the 8 other classes",
    ]


def test_the_zoom_shows_where_bad_curves_bend():
    labels = np.arange(60) % 3
    coin = classify(labels, labels, np.random.default_rng(0).random((60, 3)).astype(np.float32))
    assert (
        class_plots.roc_plot(ClassTable("j", "v", ("a", "b", "c"), over_runs([coin])), STYLE).axes[1].get_ylim()[0]
        < 0.2
    )
    assert class_plots.roc_plot(table_of(runs=1), STYLE).axes[1].get_ylim()[0] <= 0.8


def test_figures_are_the_same_files_every_time():
    for draw in (class_plots.counts_plot, class_plots.shares_plot, partial(class_plots.roc_plot, style=STYLE)):
        first, second = (render(draw(table_of(names=HOSTILE)), "svg") for _ in range(2))
        assert first == second
        assert b"_hidden" in first
        assert b"frac$" in first, "a name, not a formula"


def test_the_report_has_a_section_a_variant_with_tables_and_figures(tmp_path):
    store = made_up_store(tmp_path, variants=("one", "two | *x*"), class_names=HOSTILE)
    document = report_of(store)
    assert document.damaged == ()
    assert [section.title for section in document.sections[0].sections] == ["one", "two | *x*"]
    assert [report_table.name for report_table in document.tables] == [
        f"{kind}-{name}" for name in ("one", "two-x") for kind in ("classes", "confused")
    ]
    assert [chart.name for chart in document.charts] == [
        f"{kind}-{name}" for name in ("one", "two-x") for kind in ("confusion-counts", "confusion-shares", "roc")
    ]
    assert document.charts[0].title == "Confusion matrix of one, test images"
    assert document.tables[0].cells[2][0] == HOSTILE[2]
    assert texts(document).count("Over 2 runs:") == 2


def test_what_a_chart_draws_has_a_value_a_column(tmp_path):
    for chart in report_of(made_up_store(tmp_path)).charts:
        assert {len(row) for row in chart.rows()} == {len(chart.columns)}
        assert chart.draw().axes


def test_what_is_stored_is_classified_as_it_was_predicted(tmp_path):
    document = report_of(made_up_store(tmp_path, variants=("a",)))
    found = [predictions(run) for run in range(2)]
    figures = [classify(one.labels, one.probabilities.argmax(axis=1), one.probabilities) for one in found]
    expected = ClassTable("job", "a", ("0", "1", "2"), over_runs(figures))
    assert document.tables[0].rows == class_table(expected).rows
    assert [chart.rows() for chart in document.charts] == [
        class_tables.confusion_rows(expected),
        class_tables.confusion_rows(expected),
        class_tables.roc_rows(expected),
    ]


def test_a_variant_without_predictions_says_so(tmp_path):
    document = report_of(made_up_store(tmp_path, variants=("a",), predictions=lambda run: None))
    assert "No run of this variant has predictions that can be used." in texts(document)
    assert not document.charts


def test_a_test_set_that_is_all_right_has_no_confusions(tmp_path):
    right = predictions(0)
    sure = type(right)(right.labels, np.eye(3, dtype=np.float32)[right.labels])
    document = report_of(made_up_store(tmp_path, variants=("a",), predictions=lambda run: sure))
    assert "No test image was taken for another class." in texts(document)


def test_an_absent_class_is_named_in_the_report(tmp_path):
    store = made_up_store(tmp_path, variants=("a",), predictions=lambda run: predictions(run, absent=(1,)))
    assert any(text.endswith("no image of the class or of no other: 1.") for text in texts(report_of(store)))


def test_predictions_cut_short_are_named_and_the_other_runs_classified(tmp_path):
    store = made_up_store(tmp_path, variants=("a",))
    (Path(store.files.location) / "predictions" / "t0-0.parquet").write_bytes(b"cut short")
    document = report_of(store)
    assert "predictions/t0-0.parquet" in document.damaged[0]
    assert "Over 1 of 2 runs; the others have no usable predictions:" in texts(document)
