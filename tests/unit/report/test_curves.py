"""Learning curves of any metric, and the histories of several models in one figure."""

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from support.stores import history, made_up_store, quiet

from cnnjobs.cli import main
from cnnjobs.comparison.metric_format import axis_label, difference_label, metric_format, show
from cnnjobs.comparison.table import job_table
from cnnjobs.errors import StoreError
from cnnjobs.report import overlay
from cnnjobs.report.figures import comparison, curves
from cnnjobs.report.figures.small_panels import MOST_TOGETHER
from cnnjobs.report.render.csv import csv_text
from cnnjobs.report.sections.curves import curves_rows, curves_section
from cnnjobs.report.sections.differences_table import differences_table
from cnnjobs.report.sections.summary_table import summary_table
from cnnjobs.report.variant_styles import variant_styles
from cnnjobs.spec.metrics import METRICS


def epochs_of(store, condition="job-0"):
    table = store.read("epochs").table
    return table.filter(pa.array(value == condition for value in table["condition_id"].to_pylist()))


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    ("metric", "label"),
    [
        ("loss", "loss (cross-entropy)"),
        ("test_accuracy", "test accuracy (%)"),
        ("val_mse", "validation mean squared error"),
        ("top5_accuracy", "top-5 accuracy (%)"),
        ("test_top5_accuracy", "test top-5 accuracy (%)"),
    ],
)
def test_axes_name_metric_and_unit(metric, label):
    assert axis_label(metric_format(metric)) == label


@pytest.mark.parametrize(
    ("metric", "label"),
    [
        ("test_loss", "test loss minus base, nats"),
        ("val_accuracy", "validation accuracy minus base, points"),
        ("test_mse", "test mean squared error minus base"),
        ("test_top5_accuracy", "test top-5 accuracy minus base, points"),
    ],
)
def test_differences_have_the_unit_of_their_metric(metric, label):
    assert difference_label(metric_format(metric), "base") == label


def test_values_are_shown_with_the_digits_of_their_metric():
    assert show(metric_format("test_mse"), 0.0089) == "0.008900"
    assert show(metric_format("test_mse"), -0.00001234, signed=True) == "-1.234e-05"
    assert show(metric_format("test_loss"), 0.5) == "0.5000"
    assert show(metric_format("test_top5_accuracy"), 0.98765) == "98.77"
    assert show(metric_format("val_accuracy"), None) == "-"


def test_a_mean_squared_error_has_four_digits_and_no_unit(tmp_path):
    store = made_up_store(tmp_path, runs=3)
    for variant, start in enumerate((0.0090, 0.0050)):
        for run in range(3):
            which = {"trial_id": f"t{variant}-{run}", "condition_id": f"job-{variant}", "repeat": run, "fold": 0}
            names = {"job": "job", "variant": "ab"[variant], "status": "completed"}
            error = start + (run + variant * run) / 10000
            store.commit(which | names | {"test_mse": error}, {}, None)
    table = job_table(store, metric="test_mse")
    assert summary_table(table).compact.cells[0][2] == "0.009100"
    assert differences_table(table).compact.cells[0][2] == "-0.003900"
    label = comparison.difference_plot(table).axes[0].get_xlabel()
    assert label.startswith("test mean squared error minus a")
    assert "nats" not in label


def test_every_metric_has_its_panel_in_percent_where_people_read_it_so(tmp_path):
    store = made_up_store(tmp_path, classes=10)
    axes = curves.learning_curves("job", "a", epochs_of(store), METRICS, variant_styles(["a"])["a"]).axes
    assert [one.get_ylabel() for one in axes] == [axis_label(metric_format(metric)) for metric in METRICS]
    first = [one.lines[0].get_ydata()[0] for one in axes]
    assert first == pytest.approx([2.0, 20, 0.09, 60])


def test_metrics_that_say_nothing_are_not_drawn(tmp_path):
    epochs = epochs_of(made_up_store(tmp_path))
    assert curves.drawable(METRICS, epochs, classes=6) == list(METRICS)
    assert curves.drawable(METRICS, epochs, classes=5) == ["loss", "accuracy", "mse"]
    assert curves.drawable(("mse", "loss", "mse"), epochs, classes=5) == ["mse", "loss"], "each once, in that order"


def test_metrics_that_older_versions_did_not_store_are_not_drawn(tmp_path):
    store = made_up_store(tmp_path, epochs=lambda run: history(run, metrics=("loss", "accuracy")))
    assert curves.drawable(METRICS, epochs_of(store), classes=10) == ["loss", "accuracy"]


def test_the_report_says_why_a_metric_is_missing(tmp_path):
    store = made_up_store(tmp_path, variants=("a",), epochs=lambda run: history(run, metrics=("loss", "accuracy")))
    section = curves_section(store, job_table(store), {"a": "a"}, ("top5_accuracy", "mse"), quiet)
    (about,) = section.elements
    assert "Top-5 accuracy is not drawn: of 3 classes it says nothing." in about.text
    assert "Mean squared error is not drawn where no run stored it." in about.text


def with_objective(run, factor):
    own = history(run)
    return own | {"objective": [factor * value for value in own["loss"]]}


def test_what_was_minimised_has_a_panel_of_its_own_where_it_is_not_the_loss(tmp_path):
    store = made_up_store(tmp_path, variants=("a",), epochs=lambda run: with_objective(run, 1.5))
    section = curves_section(store, job_table(store), {"a": "a"}, ("loss", "accuracy"), quiet)
    about, chart = section.elements
    assert "The objective is the function that is minimised" in about.text
    assert chart.columns[3:] == ("loss", "val_loss", "objective", "accuracy", "val_accuracy")
    labels = [one.get_ylabel() for one in chart.draw().axes]
    assert labels == ["loss (cross-entropy)", "objective", "accuracy (%)"]
    assert [len(one.lines) for one in chart.draw().axes] == [4, 2, 4], "it has no validation rows"


@pytest.mark.parametrize("epochs", [history, lambda run: with_objective(run, 1 + 1e-6)])
def test_an_objective_that_is_not_known_or_is_the_loss_is_not_drawn(tmp_path, epochs):
    store = made_up_store(tmp_path, variants=("a",), epochs=epochs)
    about, chart = curves_section(store, job_table(store), {"a": "a"}, ("loss",), quiet).elements
    assert chart.columns[3:] == ("loss", "val_loss")
    assert "objective" not in about.text


def test_the_csv_of_curves_has_every_run_as_it_was_stored(tmp_path):
    store = made_up_store(tmp_path)
    rows = curves_rows(epochs_of(store), ["mse", "val_mse"])
    assert [(repeat, epoch) for repeat, _, epoch, *_ in rows[:5]] == [(0, 1), (0, 2), (0, 3), (0, 4), (1, 1)]
    assert [row[-1] for row in rows] == history(0)["val_mse"] + history(1)["val_mse"]


def test_runs_that_end_early_leave_the_band(tmp_path):
    store = made_up_store(tmp_path, runs=2, epochs=lambda run: history(run, epochs=2 + 2 * run))
    values = curves.values_of(epochs_of(store), "loss")
    assert np.isnan(values).tolist() == [[False, False, True, True], [False] * 4]
    epochs, (low, middle, high) = curves.quantiles_over_runs(values)
    assert epochs.tolist() == [1, 2, 3, 4]
    assert low[3] == middle[3] == high[3] == values[1, 3]
    assert middle[0] == pytest.approx(values[:, 0].mean())


def test_a_column_without_values_has_an_empty_band():
    epochs, quantiles = curves.quantiles_over_runs(np.full((3, 4), np.nan))
    assert len(epochs) == 0
    assert quantiles.shape == (3, 0)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder of two jobs; to be added to only."""
    root = tmp_path_factory.mktemp("results")
    made_up_store(root, "first", ("base", "drop $x$"), predictions=lambda run: None)
    made_up_store(root, "second", ("base",), runs=1, predictions=lambda run: None)
    return root


def aggregate(*words):
    return CliRunner().invoke(main, ["aggregate", *(str(word) for word in words)])


def test_models_of_two_jobs_are_drawn_in_one_figure_whose_path_is_printed(results):
    done = aggregate(
        results, "--overlay", "first:drop $x$", "--overlay", "second:base", "--curves", "mse", "--formats", "pdf"
    )
    assert done.exit_code == 0, done.output
    path = results / "overlay" / "overlay-drop-x-vs-base.png"
    assert f"overlay:  {path}" in done.output
    assert {file.suffix for file in path.parent.glob("overlay-drop-x-vs-base.*")} == {".png", ".svg", ".pdf", ".csv"}
    assert "report:" in done.output, "and the jobs are compared as always"
    rows = rows_of(path.with_suffix(".csv").read_text())
    assert {(row["job"], row["variant"], row["runs"]) for row in rows} == {
        ("first", "drop $x$", "2"),
        ("second", "base", "1"),
    }
    assert {row["metric"] for row in rows} == {"mse"}


def test_job_may_be_left_out_where_there_is_one(results):
    done = aggregate(results / "first", "--overlay", "base", "--overlay", "first:drop $x$")
    assert done.exit_code == 0, done.output
    assert (results / "first" / "overlay" / "overlay-base-vs-drop-x.png").exists()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ("first:base", "third:base"),
            "JOB:VARIANT, of these: first:base, first:drop $x$, second:base. Received: 'third:base'",
        ),
        (("first:base", "second:wide"), "Received: 'second:wide'"),
        (("first:base", "base"), "Received: 'base'"),
        (("first:base",), "`--overlay` must be given for two models or more. Received: first:base."),
        (("first:base", "first:base"), "must be given for two models or more"),
    ],
)
def test_a_model_there_is_not_is_refused_with_the_names(results, names, message):
    done = aggregate(results, *(word for name in names for word in ("--overlay", name)))
    assert done.exit_code == 2
    assert message in done.output
    assert "report:" not in done.output, "nothing was written"


def test_a_model_without_epochs_is_refused(tmp_path):
    models = overlay.choose([made_up_store(tmp_path, runs=0)], ["a", "b"])
    with pytest.raises(StoreError, match=r"job:a has no epochs yet. Run `cnnjobs submit`"):
        overlay.read_histories(models)


def test_metrics_that_no_model_has_are_refused(tmp_path):
    found, _ = overlay.read_histories(overlay.choose([made_up_store(tmp_path)], ["a", "b"]))
    with pytest.raises(StoreError, match=r"says something of 3 classes, such as loss. Received: top5_accuracy"):
        overlay.overlay_chart(found, ["top5_accuracy"])


def test_an_overlay_draws_what_its_csv_says_with_a_colour_a_model(tmp_path):
    store = made_up_store(tmp_path, variants=("a", "_b"), runs=3)
    found, _ = overlay.read_histories(overlay.choose([store], ["a", "_b"]))
    chart = overlay.overlay_chart(found, ["loss", "accuracy"])
    figure = chart.draw()
    rows = rows_of(csv_text(chart.columns, chart.rows()))
    drawn = [
        (line, variant, metric, kind)
        for axes, metric in zip(figure.axes, ("loss", "accuracy"), strict=True)
        for line, (variant, kind) in zip(
            axes.lines, [(v, k) for v in ("a", "_b") for k in ("train", "validation")], strict=True
        )
    ]
    for line, variant, metric, kind in drawn:
        own = [row for row in rows if (row["variant"], row["metric"], row["rows"]) == (variant, metric, kind)]
        assert line.get_xdata().tolist() == [int(row["epoch"]) for row in own]
        assert line.get_ydata().tolist() == [float(row["median"]) for row in own]
        assert line.get_linestyle() == {"validation": "-", "train": "--"}[kind]
    assert len({line.get_color() for line, *_ in drawn}) == 2
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a, 3 runs", "_b, 3 runs", "validation", "train"]


def curves_of(store):
    names = store.kept_job().variants
    section = curves_section(store, job_table(store), {name: name for name in names}, ("loss", "accuracy"), quiet)
    assert all(part.folded for part in section.sections)
    return list(section.all_elements())


def test_all_variants_come_first_among_the_curves_and_draw_what_their_rows_say(tmp_path):
    _, chart, *others = curves_of(made_up_store(tmp_path, variants=("a", "_b"), runs=3))
    assert (chart.name, [other.name for other in others]) == ("bands", ["curves-a", "curves-_b"])
    assert chart.title == "Loss (cross-entropy) and accuracy (%) over the epochs, of all variants"
    figure = chart.draw()
    rows = rows_of(csv_text(chart.columns, chart.rows()))
    for axes, metric in zip(figure.axes, ("loss", "accuracy"), strict=True):
        which = [(variant, kind) for variant in ("a", "_b") for kind in ("train", "validation")]
        for line, (variant, kind) in zip(axes.lines, which, strict=True):
            own = [row for row in rows if (row["variant"], row["metric"], row["rows"]) == (variant, metric, kind)]
            assert line.get_ydata().tolist() == [float(row["median"]) for row in own]
            assert line.get_linestyle() == {"validation": "-", "train": "--"}[kind]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a (reference)", "_b", "validation", "train"]


def test_many_variants_have_a_panel_each_the_best_first_with_the_reference_behind(tmp_path):
    store = made_up_store(tmp_path, variants=[f"v{place}" for place in range(MOST_TOGETHER + 1)], runs=1)
    for place in range(MOST_TOGETHER + 1):
        which = {
            "trial_id": f"t{place}-0",
            "condition_id": f"job-{place}",
            "variant": f"v{place}",
            "status": "completed",
        }
        store.commit(
            {"job": "job", "repeat": 0, "fold": 0, "test_accuracy": 0.5 + place / 10} | which, history(0), None
        )
    elements = curves_of(store)
    assert [chart.name for chart in elements[1:4]] == ["bands-loss", "bands-accuracy", "curves-v0"]
    panels = [axes for axes in elements[1].draw().axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in panels] == ["v4", "v3", "v2", "v1", "v0 (reference)"]
    dotted = [[line for line in axes.lines if line.get_linestyle() == ":"] for axes in panels]
    assert [len(lines) for lines in dotted] == [1, 1, 1, 1, 0]
    colors = [axes.lines[-1].get_color() for axes in panels]
    assert colors == [style.color for style in variant_styles([f"v{place}" for place in range(5)]).values()][::-1]


def test_one_variant_has_no_figure_of_all(tmp_path):
    assert [chart.name for chart in curves_of(made_up_store(tmp_path, variants=("a",)))[1:]] == ["curves-a"]


def test_files_that_cannot_be_read_are_named(tmp_path):
    store = made_up_store(tmp_path)
    (Path(store.files.location) / "epochs" / "t1-0.parquet").write_bytes(b"cut short")
    done = aggregate(tmp_path, "--overlay", "job:a", "--overlay", "job:b")
    assert "cannot be read and is missing in the overlay" in done.output
    assert "epochs/t1-0.parquet" in done.output
