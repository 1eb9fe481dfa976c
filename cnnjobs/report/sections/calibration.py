"""The report's section on calibration: whether networks are as sure as they are right."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cnnjobs.comparison.all_pairs import best_first
from cnnjobs.comparison.metric_format import show
from cnnjobs.comparison.predictions import Findings
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.figures.calibration import reliability_plot
from cnnjobs.report.figures.small_panels import MOST_TOGETHER
from cnnjobs.report.model import Chart, DisplayColumn, ReportTable, Row, Section, Text
from cnnjobs.report.sections.bands import labels_of
from cnnjobs.report.variant_styles import variant_styles
from cnnjobs.scoring.calibration import BINS, Point, Reliability, diagram
from cnnjobs.scoring.prediction_metrics import TABLE

TITLE = "Calibration"

METRIC = TABLE["ece"]

HOW_TO_READ = (
    "A calibrated network that says 80% is right in 80% of such images. Points below the diagonal mean that it is "
    "surer than it should be."
)


ABOUT = (
    "Confidence: the probability of the predicted class. Overconfidence: mean confidence minus accuracy; below 0 the "
    "network is more often right than it is sure. Expected calibration error: the gap between accuracy and mean "
    f"confidence in {BINS} intervals of confidence of equal width, mean over the predictions (Guo et al., On "
    "Calibration of Modern Neural Networks, 2017). Chance makes it larger: on few images it is above 0 even of a "
    "calibrated network. Means \u00b1 SD over the runs. Figure: points on the diagonal are calibrated, those below it "
    "overconfident."
)

COLUMNS = ("variant", "runs")
VALUES = ("confidence", "accuracy", "overconfidence", "ece")
DIAGRAM_COLUMNS = ("variant", "low", "high", "runs", "share", "confidence", "accuracy", "accuracy_sd")


def calibration_section(table: JobTable, findings: Findings) -> Section:
    """Return the calibration of each variant with predictions, and the reliability diagram.

    Args:
        table: the comparison.
        findings: what its stored predictions come to; of at least one run.
    """
    runs = {row.name: findings.variants[row.name].reliabilities for row in table.rows}
    runs = {name: own for name, own in runs.items() if own}
    points = {name: diagram(own) for name, own in runs.items()}
    first = table.rows if len(points) <= MOST_TOGETHER else best_first(table)
    drawn = {row.name: points[row.name] for row in first if row.name in points}
    parts = [f"{name}_{part}" for name in VALUES for part in ("mean", "sd")]
    shown = [
        DisplayColumn("variant", lambda row: str(row["variant"])),
        DisplayColumn("runs", lambda row: str(row["runs"]), "runs"),
        _column("mean confidence, %", "confidence"),
        _column("accuracy, %", "accuracy"),
        _column("overconfidence, points", "overconfidence", signed=True),
        _column("expected calibration error, %", "ece"),
    ]
    rows = [_row(name, own) for name, own in runs.items()]
    report_table = ReportTable("calibration", "How sure networks are, and how right", (*COLUMNS, *parts), rows, shown)
    chart = Chart(
        "reliability",
        "Reliability diagram: accuracy by confidence",
        lambda: reliability_plot(table.job.name, drawn, variant_styles(table.job.variants), labels_of(table)),
        DIAGRAM_COLUMNS,
        lambda: diagram_rows(drawn),
    )
    return Section(TITLE, [report_table, chart, Text(ABOUT)], how_to_read=HOW_TO_READ)


def diagram_rows(points: Mapping[str, Sequence[Point]]) -> list[list[Any]]:
    """Return what the diagram draws, one row per point in the order of `DIAGRAM_COLUMNS`; fractions.

    Args:
        points: variant -> the points of its diagram.
    """
    return [
        [name, point.low, point.high, point.runs, point.share, point.confidence, point.accuracy, point.sd]
        for name, own in points.items()
        for point in own
    ]


def _row(name: str, runs: Sequence[Reliability]) -> Row:
    row: dict[str, Any] = {"variant": name, "runs": len(runs)}
    values = {
        "confidence": [run.confidence.sum() / run.counts.sum() for run in runs],
        "accuracy": [run.right.sum() / run.counts.sum() for run in runs],
        "overconfidence": [run.overconfidence for run in runs],
        "ece": [run.error for run in runs],
    }
    for column, own in values.items():
        row[f"{column}_mean"] = float(np.mean(own))
        row[f"{column}_sd"] = float(np.std(own, ddof=1)) if len(own) > 1 else None
    return row


def _column(header: str, column: str, *, signed: bool = False) -> DisplayColumn:
    def cell(row: Row) -> str:
        mean, sd = row[f"{column}_mean"], row[f"{column}_sd"]
        return show(METRIC, mean, signed=signed) + ("" if sd is None else f" \u00b1 {show(METRIC, sd)}")

    return DisplayColumn(header, cell, f"{column}_mean")
