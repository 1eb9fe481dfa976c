"""One table of metrics: what it says flows to columns, formats, directions, callbacks and figures."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnjobs.comparison.metric_format import said_of, show
from cnnjobs.spec import metrics
from cnnjobs.spec.half_width import HalfWidth
from cnnjobs.spec.metric_names import known_metric, metric_of
from cnnjobs.spec.metrics import (
    EPOCH_COLUMNS,
    METRICS,
    MONITORS,
    OBJECTIVE,
    OBJECTIVE_COLUMNS,
    TABLE,
    TRIAL_COLUMNS,
    all_metrics,
    column_of,
    part_of,
)

PROBABILITIES = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.3, 0.4, 0.3]], np.float32)
LABELS = np.array([0, 1, 1], np.int32)


def test_columns_have_the_names_that_stores_have():
    """What is stored already is read by these names, in this order."""
    assert METRICS == ("loss", "accuracy", "mse", "top5_accuracy")
    assert tuple(f"{part}_{name}" for part in ("test", "val", "train", "tta") for name in METRICS) == TRIAL_COLUMNS
    assert (*METRICS, *(f"val_{name}" for name in METRICS)) == EPOCH_COLUMNS
    assert (*(f"val_{name}" for name in METRICS), *METRICS, "objective") == MONITORS
    assert HalfWidth(half_width=0.002, pilot=5).metric == "test_accuracy"


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("part", ["", "test", "val", "train", "tta"])
def test_a_column_is_of_a_part_and_a_metric(part, name):
    column = column_of(part, name)
    assert part_of(column) == part
    assert metric_of(column) is known_metric(column) is TABLE[name]


@pytest.mark.parametrize("column", OBJECTIVE_COLUMNS)
def test_what_is_minimised_is_followed_over_the_training_rows_alone(column):
    assert metric_of(column) is OBJECTIVE
    assert not metric_of(column).higher_is_better


@pytest.mark.parametrize(
    "column", ["f1_accuracy", "val_f1", "learning_rate", "test", "", "val_objective", "test_objective"]
)
def test_other_names_are_of_no_metric(column):
    assert known_metric(column) is None


def test_metrics_are_those_of_the_predictions():
    found = all_metrics(PROBABILITIES, LABELS)
    assert tuple(found) == METRICS
    assert found["loss"] == pytest.approx(-np.log([0.7, 0.3, 0.4]).mean())
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["mse"] == pytest.approx(np.square(PROBABILITIES - np.eye(3)[LABELS]).mean())
    assert found["top5_accuracy"] == 1, "of three classes every label is among the first five"


def test_a_network_is_told_by_what_says_something_of_its_classes():
    values = {"loss": 0.08125, "accuracy": 0.975, "mse": 0.01, "top5_accuracy": 1.0}
    few = ["accuracy 97.50%", "loss 0.0813", "mean squared error 0.01"]
    assert said_of(values, classes=5) == few
    assert said_of(values, classes=6) == [*few, "top-5 accuracy 100.00%"]
    assert show(TABLE["mse"], 0.01) == "0.01000", "in a table"


ENTRY = """
        StoredMetric(
            name="errors",
            words="error rate",
            of=lambda probabilities, labels: 1 - accuracy(probabilities, labels),
            higher_is_better=False,
            unit="%",
            unit_of_difference="points",
            factor=100,
            digits=".1f",
            least_classes=3,
            margin=0.5,
            in_curves=True,
        ),
"""

WITH_ENTRY = """
import sys, types
text = open({path!r}, encoding="utf-8").read()
head, tail = text.split("    )\\n}}\\n")
module = sys.modules["cnnjobs.spec.metrics"] = types.ModuleType("cnnjobs.spec.metrics")
exec(compile(head + {entry!r} + "    )\\n}}\\n" + tail, {path!r}, "exec"), module.__dict__)
"""

ASK = """
import json, pathlib, sys
import numpy as np
import pyarrow as pa
from support.stores import make_store
from cnnjobs import BestWeights
from cnnjobs.cli.aggregate import aggregate
from cnnjobs.comparison.metric_format import axis_label, difference_label, metric_format, said_of
from cnnjobs.comparison.table import job_table
from cnnjobs.report.figures.curves import drawable
from cnnjobs.report.sections.comparison import differences_section
from cnnjobs.report.sections.differences_table import differences_table
from cnnjobs.report.sections.summary_table import summary_table
from cnnjobs.spec.metric_names import metric_of
from cnnjobs.spec.metrics import CURVES, all_metrics
from cnnjobs.store.schemas import EPOCHS, TRIALS

BestWeights(monitor="val_errors")
store = make_store(pathlib.Path(sys.argv[1]), {"a": [0.9] * 3, "b": [0.5] * 3})
for variant, wrong in (("a", 0.1), ("b", 0.05)):
    for run in range(3):
        which = {"trial_id": f"t{'ab'.index(variant)}-{run}", "condition_id": f"c{'ab'.index(variant)}", "job": "job"}
        row = which | {"variant": variant, "repeat": run, "fold": 0, "status": "completed"}
        store.commit(row | {"test_errors": wrong + run / 1000 * (1 + wrong)}, {}, None)
table = job_table(store, "errors")
epochs = pa.table({name: [0.5, 0.2] for name in EPOCHS.names})
print(json.dumps({
    "value": all_metrics(np.eye(2, dtype=np.float32)[[0, 0]], np.array([0, 1], np.int32))["errors"],
    "columns": [name for name in (*TRIALS.names, *EPOCHS.names) if "errors" in name],
    "choices": "errors" in next(option.help for option in aggregate.params if option.name == "metric"),
    "label": axis_label(metric_format("val_errors")),
    "difference": difference_label(metric_format("test_errors"), "a"),
    "mean": [cells[2] for cells in summary_table(table).compact.cells],
    "header": summary_table(table).compact.header[2],
    "text": differences_section(table).elements[-1].text,
    "margin": table.margin,
    "drawn": [drawable(CURVES, epochs, classes) for classes in (2, 3)],
    "said": said_of({"errors": 0.125, "loss": 1.0, "accuracy": 0.875}, 3),
}))
"""


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """What a process says whose table of metrics has one entry more, and nothing else."""
    tests = str(Path(__file__).parents[2])
    code = f"import sys; sys.path.insert(0, {tests!r})" + WITH_ENTRY.format(path=metrics.__file__, entry=ENTRY) + ASK
    command = [sys.executable, "-c", code, str(tmp_path_factory.mktemp("added"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_an_entry_more_has_columns_and_can_be_asked_for(added):
    assert added["value"] == 0.5
    assert added["columns"] == ["test_errors", "val_errors", "train_errors", "tta_errors", "errors", "val_errors"]
    assert added["choices"]


def test_an_entry_more_is_written_as_it_says(added):
    assert added["label"] == "validation error rate (%)"
    assert added["difference"] == "test error rate minus a, points"
    assert added["header"] == "mean %"
    assert added["mean"] == ["10.1", "5.1"]
    assert added["said"] == ["accuracy 87.50%", "error rate 12.5%", "loss 1.0000"]


def test_an_entry_more_has_its_direction_and_its_margin(added):
    assert "here less is better" in added["text"]
    assert "in percentage points" in added["text"]
    assert added["margin"] == 0.005


def test_an_entry_more_is_drawn_where_it_says_something(added):
    assert added["drawn"] == [["loss", "accuracy"], ["loss", "accuracy", "errors"]]
