"""Tables, figures and the report say the same numbers, and no more than the runs allow."""

import csv
import io
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from support.stores import VALUES, make_store, report_of, write_report

from cnnjobs.comparison.table import job_table
from cnnjobs.errors import StoreError
from cnnjobs.report.figures import comparison, curves
from cnnjobs.report.figures.style import render
from cnnjobs.report.render.csv import table_csv
from cnnjobs.report.sections.differences_table import differences_table
from cnnjobs.report.sections.summary_table import summary_table
from cnnjobs.report.variant_styles import variant_styles


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """The runs of VALUES; to be read only."""
    return make_store(tmp_path_factory.mktemp("values"))


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_summary_has_every_number_asked_for(store):
    first = rows_of(table_csv(summary_table(job_table(store))))[0]
    assert first["n"] == first["expected"] == "5"
    expected = {"mean": 0.92, "sd": 0.0158114, "median": 0.92, "min": 0.9, "max": 0.94}
    for name, value in expected.items():
        assert float(first[name]) == pytest.approx(value, abs=1e-6)
    assert (float(first["ci_low"]), float(first["ci_high"])) == pytest.approx((0.900368, 0.939632), abs=1e-6)


def test_terminal_and_markdown_show_the_same_numbers_in_percent(store):
    table = job_table(store)
    cells = summary_table(table).compact.cells
    assert cells[0] == ("baseline", "5/5", "92.00", "1.58", "[90.04, 93.96]")
    whole = summary_table(table).cells
    assert whole[0] == (*cells[0], "[0.95, 4.54]", "92.00", "-", "91.00", "93.00", "90.00", "94.00")
    assert "| " + " | ".join(whole[0]) + " |" in report_of(store)


def test_verdicts_follow_from_the_intervals(store):
    cells = differences_table(job_table(store)).compact.cells
    assert cells[0][1:] == ("5", "+1.80", "[+1.10, +2.50] at 97.5%", "0.002", "better")
    assert cells[1][-1] == "not resolved"


def test_another_metric_than_the_jobs_own_has_estimates_and_no_verdict(store):
    cells = differences_table(job_table(store, metric="test_loss")).compact.cells
    assert cells[0][2:] == ("-0.0180", "[-0.0236, -0.0124]", "-", "secondary, no verdict")


def test_another_reference_can_be_chosen(store):
    table = job_table(store, reference="alike")
    assert [row.difference is None for row in table.rows] == [False, False, True]


def test_a_reference_that_is_no_variant_is_refused_with_the_names(store):
    with pytest.raises(StoreError, match=r"must be a variant of job: baseline, better .* Received: 'base'"):
        job_table(store, reference="base")


def test_one_repeat_has_no_spread_and_no_verdict(tmp_path):
    table = job_table(make_store(tmp_path, {"a": [0.5], "b": [0.6]}))
    assert summary_table(table).compact.cells[0] == (
        "a",
        "1/5",
        "50.00",
        "-",
        "one repeat: no spread",
    )
    assert differences_table(table).compact.cells[0][-1] == "one pair: cannot tell from chance"


@pytest.mark.parametrize(
    ("pairs", "p", "verdict"),
    [(2, "-", "2 pairs: a verdict needs five"), (5, "0.062", "not resolved"), (6, "0.031", "better")],
)
def test_differences_that_are_all_alike_have_the_p_of_sign_flips(tmp_path, pairs, p, verdict):
    a = [0.90, 0.92, 0.90, 0.91, 0.90, 0.93][:pairs]
    table = job_table(make_store(tmp_path, {"a": a, "b": [value + 0.01 for value in a]}))
    assert differences_table(table).compact.cells[0][-3:] == ("-", p, verdict)


def test_fewer_repeats_than_are_stored_still_count_all(tmp_path):
    table = job_table(make_store(tmp_path, {"a": [0.90, 0.92, 0.94]}, repeats=1))
    assert summary_table(table).compact.cells[0][1] == "3/3"


def test_runs_without_a_partner_are_listed(tmp_path):
    notes = job_table(make_store(tmp_path, {"a": [0.90, 0.92, 0.94], "b": [0.9, 0.8]})).notes
    assert "b: no partner in the comparison with a for repeat 3" in notes
    folds = job_table(make_store(tmp_path / "folds", {"a": [0.9] * 15, "b": [0.8]}, folds=15, repeats=1)).notes
    assert folds[0].endswith("repeat 1 fold 10, repeat 1 fold 11 and 4 more")


def test_two_folds_are_estimates_only(tmp_path):
    table = job_table(make_store(tmp_path, {"a": [0.90, 0.92], "b": [0.91, 0.95]}, folds=2, repeats=1))
    assert summary_table(table).compact.cells[0][-1] == "below 5 folds"
    assert differences_table(table).compact.cells[0][-1] == "below 5 folds: an estimate only"


def test_validation_sets_drawn_anew_are_corrected_like_folds(tmp_path):
    plain = job_table(make_store(tmp_path, {"a": [0.9, 0.92, 0.95]}), metric="test_accuracy").rows[0].summary
    drawn = job_table(make_store(tmp_path, {"a": [0.9, 0.92, 0.95]}), metric="val_accuracy").rows[0].summary
    assert (drawn.high - drawn.low) / (plain.high - plain.low) == pytest.approx(((1 / 3 + 0.25) * 3) ** 0.5)


def test_one_variant_makes_a_report_without_differences(tmp_path):
    store = make_store(tmp_path, {"a": [0.5, 0.6]})
    assert "Paired differences" not in report_of(store)


def test_a_variant_without_a_run_is_shown_as_such(tmp_path):
    table = job_table(make_store(tmp_path, {"a": [0.5, 0.6], "b": []}))
    assert summary_table(table).compact.cells[1][:3] == ("b", "0/5", "no run yet")
    assert differences_table(table).compact.cells[0][2] == "no pairs yet"


def test_a_report_can_leave_predictions_out_and_says_how_to_have_them(tmp_path):
    store = make_store(tmp_path, curves=True)
    write_report(store)
    figures = store.files.below("report", "figures")
    assert any(name.startswith("confusion-") for name in figures.names())
    write_report(store, with_predictions=False)
    assert "`cnnjobs aggregate`, with the folder" in store.files.below("report").read("report.md").decode()
    assert not [name for name in figures.names() if name.startswith(("confusion-", "roc-"))]


def test_a_job_without_a_run_makes_a_report_without_figures(tmp_path):
    store = make_store(tmp_path, {"a": [], "b": []})
    written = write_report(store)
    assert written.box_plot is None
    assert "no run yet" in (tmp_path / "job" / "report" / "report.md").read_text()


def test_folds_are_compared_by_fold_accuracy_with_the_corrected_interval(tmp_path):
    folds = {"a": [0.9855, 0.986, 0.98642, 0.9885, 0.98742], "b": [0.99058, 0.99042, 0.98883, 0.99192, 0.99133]}
    store = make_store(tmp_path, folds, folds=5, repeats=1)
    table = job_table(store)
    assert table.metric.column == "val_accuracy"
    d = table.rows[1].difference
    assert d.mean / ((d.high - d.low) / 2 / 2.7764451) == pytest.approx(5.66596, abs=1e-3)
    assert "Nadeau and Bengio" in report_of(store)


def test_the_tutorials_protocol_is_told(tmp_path):
    report = report_of(make_store(tmp_path, {"a": [0.5]}, validation="test"))
    assert "curves of this job are those of the test set" in report


def test_a_mixture_of_versions_is_told(tmp_path):
    store = make_store(tmp_path, {"baseline": [0.8, 0.9]}, tensorflow_version="2.21.0")
    other = {"trial_id": "t0-0", "condition_id": "c0", "job": "job", "variant": "baseline", "repeat": 0, "fold": 0}
    store.commit(other | {"status": "completed", "test_accuracy": 0.9, "tensorflow_version": "2.20.0"}, {}, None)
    assert any("made with 2 values of tensorflow: 2.20.0, 2.21.0" in note for note in job_table(store).notes)


def test_a_metric_that_is_no_number_is_left_out_of_the_mean_and_told(tmp_path):
    table = job_table(make_store(tmp_path, {"a": [0.5, float("nan"), 0.7]}))
    assert table.rows[0].summary.n == 2
    note = "a: 1 completed run has no finite test accuracy and is left out of all results, like diverged runs; "
    assert note + "learning curves and costs include all runs" in table.notes


def test_names_from_a_job_are_only_text_in_the_report(store):
    report = report_of(store)
    assert r"better \| \*bold\* \<script\>" in report
    assert "<script>" not in report.replace(r"\<script\>", "")


def test_a_link_in_a_name_is_only_text(tmp_path):
    report = report_of(make_store(tmp_path, {"[x](javascript:1) &lt;": [0.5]}))
    assert r"\[x\](javascript:1) \&lt;" in report


def test_dollars_and_unknown_letters_in_names_are_drawn_as_text(tmp_path):
    store = make_store(tmp_path, {r"$\frac$ a $x$": [0.5, 0.6], "\u6df1\u5c42": [0.6, 0.8]}, curves=True)
    written = write_report(store)
    assert "frac$" in (tmp_path / "job" / "report" / "figures" / "box.svg").read_text()
    assert written.damaged == ()


def test_curves_that_cannot_be_read_are_named(tmp_path):
    store = make_store(tmp_path, {"a": [0.5, 0.6]}, curves=True)
    (tmp_path / "job" / "epochs" / "t0-1.parquet").write_bytes(b"cut short")
    written = write_report(store)
    assert "epochs/t0-1.parquet" in written.damaged[0]


def test_the_report_says_what_made_the_runs(tmp_path):
    store = make_store(tmp_path, {"a": [0.5]}, tensorflow_version="2.21.0", device="a CPU")
    assert "| tensorflow | 2.21.0 |" in report_of(store)


def test_the_box_plot_draws_every_run_and_n(store):
    table = job_table(store)
    axes = comparison.box_plot(table).axes[0]
    dots = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert [sorted(np.round(dot.get_ydata(), 6)) for dot in dots] == [
        sorted(100 * np.array(v)) for v in VALUES.values()
    ]
    assert len(axes.patches) == 3, "one box a variant"
    assert all(label.get_text().endswith("n = 5") for label in axes.get_xticklabels())


def test_below_five_runs_there_is_no_box(tmp_path):
    axes = comparison.box_plot(job_table(make_store(tmp_path, {"a": [0.1, 0.2, 0.3, 0.4]}))).axes[0]
    assert len(axes.patches) == 0


def test_learning_curves_draw_every_repeat_train_dashed_and_validation_solid_in_the_colour_of_the_variant(tmp_path):
    store = make_store(tmp_path, {"baseline": VALUES["baseline"]}, curves=True)
    epochs = store.read("epochs").table
    style = variant_styles(["baseline"])["baseline"]
    upper, lower = curves.learning_curves("job", "baseline", epochs, ["loss", "accuracy"], style).axes
    assert upper.get_ylabel().startswith("loss")
    assert lower.get_ylabel().startswith("accuracy")
    for axes in (upper, lower):
        assert [line.get_linestyle() for line in axes.lines] == ["--"] * 5 + ["-"] * 5
        assert {line.get_color() for line in axes.lines[5:]} == {style.color}


def test_many_repeats_become_a_median_and_a_band(tmp_path):
    store = make_store(tmp_path, {"a": [0.5 + number / 100 for number in range(12)]}, repeats=12, curves=True)
    style = variant_styles(["a"])["a"]
    figure = curves.learning_curves("job", "a", store.read("epochs").table, ["loss", "accuracy"], style)
    upper, _ = figure.axes
    assert len(upper.lines) == 2
    assert len(upper.collections) == 2
    assert "band: 10% to 90%" in figure.get_suptitle()


def test_a_figure_is_the_same_file_every_time_and_valid_svg(store):
    table = job_table(store)
    first, second = (render(comparison.box_plot(table), "svg") for _ in range(2))
    assert first == second
    assert ElementTree.fromstring(first).tag.endswith("svg")
    assert render(comparison.box_plot(table), "png")[:4] == b"\x89PNG"
