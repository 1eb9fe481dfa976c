"""Figures of a comparison have room for many variants and for long names."""

import re
from dataclasses import replace

import pytest
from matplotlib.figure import Figure
from support.reports import LONG
from support.stores import make_store

from cnnjobs.comparison.table import job_table
from cnnjobs.report.figure_colors import GROUND
from cnnjobs.report.figures.comparison import MOST_UPRIGHT, box_plot, difference_plot, difference_rows
from cnnjobs.report.figures.style import of_variant, render
from cnnjobs.report.file_names import variant_mark
from cnnjobs.report.variant_styles import variant_styles


def table_of(folder, names, runs=5):
    return job_table(make_store(folder, {name: [0.9 + run / 1000 for run in range(runs)] for name in names}))


MANY = {f"v{place}": [0.9 + place / 100 + run / 1000 for run in range(5)] for place in range(MOST_UPRIGHT + 1)}


@pytest.mark.parametrize("runs", [5, 3])
def test_many_boxes_lie_one_above_the_other_the_best_on_top(tmp_path, runs):
    values = {name: own[:runs] for name, own in MANY.items()}
    figure = box_plot(job_table(make_store(tmp_path, values)))
    axes = figure.axes[0]
    names = ["v4", "v3", "v2", "v1", "v0\nreference"]
    assert [label.get_text() for label in axes.get_yticklabels()] == names
    assert axes.yaxis_inverted()
    assert axes.get_xlabel() == "test accuracy (%)"
    drawn = [sorted(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "None"]
    assert drawn == [pytest.approx([100 * value for value in own]) for own in list(values.values())[::-1]]
    assert figure.get_supxlabel().startswith(f"n = {runs} each; ")
    (reference,) = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert reference.get_xdata()[0] == pytest.approx(100 * sum(values["v0"]) / runs)


def test_of_a_loss_the_least_is_on_top_in_boxes_and_differences(tmp_path):
    table = job_table(make_store(tmp_path, MANY))
    table = replace(table, metric=replace(table.metric, higher_is_better=False))
    assert [label.get_text()[:2] for label in box_plot(table).axes[0].get_yticklabels()] == list(MANY)
    labels = [label.get_text() for label in difference_plot(table).axes[0].get_yticklabels()]
    assert labels == ["v4", "v3", "v2", "v1"], "from below"


def test_runs_are_counted_with_each_name_where_their_numbers_differ(tmp_path):
    values = MANY | {"v1": MANY["v1"][:4]}
    labels = [label.get_text() for label in box_plot(job_table(make_store(tmp_path, values))).axes[0].get_yticklabels()]
    assert labels == ["v4\nn = 5", "v3\nn = 5", "v2\nn = 5", "v1\nn = 4", "v0\nreference, n = 5"]


def test_a_few_boxes_stand_beside_each_other_in_the_order_of_the_job(tmp_path):
    axes = box_plot(table_of(tmp_path, [f"v{number}" for number in range(MOST_UPRIGHT)])).axes[0]
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == ["v0\nreference, n = 5", "v1\nn = 5", "v2\nn = 5", "v3\nn = 5"]
    assert axes.get_ylabel() == "test accuracy (%)"


def test_boxes_of_long_names_lie_one_above_the_other_though_they_are_few(tmp_path):
    axes = box_plot(table_of(tmp_path, [LONG, "short"])).axes[0]
    assert axes.yaxis_inverted()


def test_what_is_resolved_is_filled_and_what_is_not_is_hollow(tmp_path):
    store = make_store(tmp_path, {"a": [0.9, 0.91, 0.92, 0.93, 0.94], "b": [0.5, 0.52, 0.51, 0.53, 0.5]})
    table = job_table(store)
    assert table.rows[1].comparison.resolved(table.alpha)
    style = variant_styles(["a", "b"])["b"]
    (mark,) = [line for line in difference_plot(table).axes[0].lines if line.get_marker() == style.marker]
    assert mark.get_markerfacecolor() == mark.get_color() == style.color
    other = difference_plot(table_of(tmp_path / "other", ["a", "b"])).axes[0]
    (mark,) = [line for line in other.lines if line.get_marker() == style.marker]
    assert mark.get_markerfacecolor() == GROUND


def test_intervals_of_differences_end_where_accuracies_do(tmp_path):
    table = job_table(make_store(tmp_path, {"a": [0.0, 0.0, 1.0, 0.0, 0.0], "b": [1.0, 1.0, 0.1, 1.0, 1.0]}))
    assert 100 * table.rows[1].difference.high > 100
    assert difference_rows(table)[0][4] == 100


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
