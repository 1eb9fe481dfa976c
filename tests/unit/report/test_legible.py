"""Text of every kind of figure can be read, whatever things are called: nothing is cut off or lies on another text."""

from dataclasses import replace

import numpy as np
import pytest
from support.decided import A, B, D, decided_store
from support.legible import NAMES, assert_legible
from support.stores import document_of, made_up_store, predictions
from unit.comparison.test_across_datasets import made_up

from cnnjobs.comparison.metric_format import metric_format
from cnnjobs.planning.audit_names import ALL, TWICE, alone
from cnnjobs.report.figures.critical_difference import critical_difference_plot
from cnnjobs.report.figures.lettering import broken, ending, fits, fitted, width_of
from cnnjobs.report.figures.pictures import picture_grid, versions_grid
from cnnjobs.report.figures.seed_audit import sd_plot
from cnnjobs.report.variant_styles import variant_styles
from cnnjobs.wording.terminal import visible

JOB = "a_job_whose_name_has_many_words_of_which_each_is_long_and_that_goes_on_and_on"


def charts_of(folder, variants, classes=3, job=JOB):
    """The figures of a report."""
    names = [f"{NAMES[place % len(NAMES) - 2]} {place}" for place in range(classes)]
    store = made_up_store(
        folder,
        job=job,
        variants=variants,
        runs=5,
        classes=classes,
        class_names=names,
        predictions=lambda run: predictions(run, classes, 10 * classes),
    )
    return {chart.name: chart for chart in document_of(store).charts}


@pytest.mark.parametrize("variants", [NAMES[:2], NAMES, ("a", "b", "c")])
def test_figures_of_a_report(tmp_path, variants):
    charts = charts_of(tmp_path, variants)
    kinds = {chart.name.split("-")[0]: chart for chart in charts.values()}
    assert {"box", "differences", "bands", "curves", "reliability", "confusion", "roc"} <= set(kinds)
    for chart in kinds.values():
        assert_legible(chart.draw())


@pytest.mark.parametrize("classes", [2, 10, 12])
def test_figures_of_classes_with_names_that_are_long(tmp_path, classes):
    charts = charts_of(tmp_path, NAMES[:1], classes)
    for name, chart in charts.items():
        if name.startswith(("confusion", "roc")):
            assert_legible(chart.draw())


@pytest.mark.parametrize("classes", [20, 100])
def test_a_matrix_of_many_classes_is_for_a_large_page_and_names_do_not_lie_on_each_other(tmp_path, classes):
    charts = charts_of(tmp_path, ("a", "b"), classes)
    assert_legible(charts["confusion-shares-a"].draw(), exempt_from_size=True)
    assert_legible(charts["roc-a"].draw())


@pytest.mark.parametrize("pairs", [(A,), (A, B), (A, B, D, D, A)])
def test_figures_of_decisions(tmp_path, pairs):
    store = decided_store(tmp_path, dict(zip(NAMES, pairs, strict=False)), margin=0.5, name=JOB)
    charts = {chart.name: chart for chart in document_of(store).charts}
    assert_legible(charts["decisions"].draw())


@pytest.mark.parametrize("count", [2, 5, 12])
def test_the_diagram_of_ranks(count):
    names = tuple(f"{NAMES[place % len(NAMES)]} {place}" for place in range(count))
    scores = np.random.default_rng(1).normal(size=(10, count)) + np.arange(count) / 3
    found = made_up(scores, names)
    long = replace(found.metric, words=f"test recall of {NAMES[1]}")
    assert_legible(critical_difference_plot(replace(found, metric=long)))


def test_the_figure_of_an_audit():
    sources = [ALL, TWICE, *(alone(name) for name in ("split", "init", "order", "augment", "dropout"))]
    rows = [{"source": name, "repeats": 5, "sd": 0.01, "sd_low": 0.005, "sd_high": 0.03} for name in sources]
    metric = replace(metric_format("test_accuracy"), words=f"test recall of {NAMES[1]}")
    assert_legible(sd_plot(metric, "95%", rows, variant_styles(sources)))


def test_pictures_under_long_names():
    pictures = [np.zeros((8, 8, 1), np.uint8)] * 7
    assert_legible(picture_grid(f"{NAMES[1]}: {NAMES[3]}", pictures, [f"true: {name}\nnot b" for name in NAMES], 4))
    originals = np.zeros((2, 8, 8, 3), np.uint8)
    versions = np.zeros((2, 3, 8, 8, 3), np.uint8)
    assert_legible(versions_grid(JOB, originals, versions, NAMES[:2]), exempt_from_size=True)


def test_of_what_is_too_long_the_end_is_kept_because_names_differ_there():
    one, other = (fitted(f"{NAMES[0]}, batch_size={size}", 2, 9, 2) for size in (32, 128))
    assert one != other
    assert one.endswith("batch_size=32")
    assert one.count("\n") == 1
    assert "\u2026" in one
    single = fitted(NAMES[0], 2, 9)
    assert single.startswith("a_variant")
    assert single.endswith("break_it")
    assert ending("/a/long/path/to/a/picture.png", 1, 9).endswith("picture.png")


@pytest.mark.parametrize("words", NAMES)
def test_lines_have_room_and_hold_all_words(words):
    lines = broken(words, 1.5, 9, 99)
    assert all(width_of(line, 9) <= 1.5 for line in lines)
    assert "".join("".join(lines).split()) == "".join(visible(words).split())
    assert fits(words, 99, 9) == (len(broken(words, 99, 9, 9)) == 1)


def test_words_are_broken_at_blanks_and_at_their_line_ends():
    assert broken("batch normalisation", 1.1, 9, 4) == ["batch", "normalisation"]
    assert broken("one\ntwo", 5, 9, 4) == ["one", "two"]
    assert broken("", 5, 9, 4) == [""]
    assert fitted("$a", 5) == r"\$a"
    assert not fits("x" * 60, 1, 9, 9)
