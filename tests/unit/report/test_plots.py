"""Figures of a comparison have room for many variants and for long names."""

import re

import pytest
from matplotlib.figure import Figure
from support.reports import LONG
from support.stores import make_store

from cnnjobs.comparison.table import job_table
from cnnjobs.report.figures.comparison import MOST_UPRIGHT, box_plot, difference_plot
from cnnjobs.report.figures.style import of_variant, render, wrapped
from cnnjobs.report.file_names import variant_mark


def table_of(folder, names, runs=5):
    return job_table(make_store(folder, {name: [0.9 + run / 1000 for run in range(runs)] for name in names}))


@pytest.mark.parametrize("runs", [5, 3])
def test_many_boxes_lie_one_above_the_other_from_the_first_down(tmp_path, runs):
    names = [f"v{number}" for number in range(MOST_UPRIGHT + 1)]
    axes = box_plot(table_of(tmp_path, names, runs)).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == [f"{name}, n = {runs}" for name in names]
    assert axes.yaxis_inverted()
    assert axes.get_xlabel() == "test accuracy (%)"
    drawn = [line.get_xdata() for line in axes.lines if line.get_linestyle() == "None"]
    assert [sorted(values) for values in drawn] == [pytest.approx([90 + run / 10 for run in range(runs)])] * len(names)


def test_a_few_boxes_stand_beside_each_other(tmp_path):
    axes = box_plot(table_of(tmp_path, [f"v{number}" for number in range(MOST_UPRIGHT)])).axes[0]
    assert axes.get_xticklabels()[0].get_text() == "v0\nn = 5"
    assert axes.get_ylabel() == "test accuracy (%)"


def test_a_word_too_long_for_a_line_is_broken_and_a_name_too_long_for_the_figure_is_cut():
    assert wrapped("batch normalisation") == "batch\nnormalisation"
    assert wrapped("x" * 20) == f"{'x' * 14}\n{'x' * 6}"
    assert wrapped("x" * 99).splitlines() == [*["x" * 14] * 3, f"{'x' * 13}…"]
    assert wrapped("$a") == r"\$a"
    assert wrapped("") == ""


@pytest.mark.parametrize("draw", [box_plot, difference_plot])
def test_everything_stays_within_the_figure_when_names_are_long(tmp_path, draw):
    figure = draw(table_of(tmp_path, [LONG, f"{LONG}-2", "short"]))
    render(figure, "svg")
    axes = figure.axes[0]
    names = axes.get_yticklabels() if draw is difference_plot else axes.get_xticklabels()
    assert any(LONG[:9] in name.get_text() for name in names)
    for text in (axes.title, axes.xaxis.label, axes.yaxis.label, *names, *figure.texts):
        box = text.get_window_extent()
        assert box.x0 >= -1, text
        assert box.x1 <= figure.bbox.width + 1, text


def test_what_belongs_to_a_variant_is_marked_and_no_two_marks_are_alike():
    figure = Figure()
    axes = figure.add_subplot()
    axes.set_xticks([0, 1], ["a b", "a-b"])
    for name, label in zip(("a b", "a-b"), axes.get_xticklabels(), strict=True):
        of_variant(name, axes.plot([0, 1], [1, 2]), label)
    ids = re.findall(r'id="([^"]+)"', render(figure, "svg").decode())
    assert len(ids) == len(set(ids))
    for name in ("a b", "a-b"):
        assert variant_mark(name).startswith("variant.a-b.")
        assert sum(found.startswith(f"{variant_mark(name)}.") for found in ids) == 2, "plain names may be the same"
    assert re.fullmatch(r"[\w.-]+", variant_mark("\udcff<'&\" "))


def test_box_and_label_of_each_variant_can_be_hidden_and_its_difference_too(tmp_path):
    table = table_of(tmp_path, ["base", "$wide$"])
    boxes, differences = (render(draw(table), "svg").decode() for draw in (box_plot, difference_plot))
    assert boxes.count(f'id="{variant_mark("base")}.') == boxes.count(f'id="{variant_mark("$wide$")}.') > 4
    assert differences.count(f'id="{variant_mark("$wide$")}.') == 2, "its mean, without an interval, and its label"
    assert variant_mark("base") not in differences
