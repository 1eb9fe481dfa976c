"""The report's section on test-time augmentation: beside plain prediction, never in its place."""

from typing import Any

from cnnjobs.comparison.augmented import AugmentedRow, augmented_rows, metric_of_both
from cnnjobs.comparison.metric_format import axis_label, show
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.cells import interval_cell
from cnnjobs.report.model import DisplayColumn, ReportTable, Row, Section, Text
from cnnjobs.spec.metrics import TTA, Metric
from cnnjobs.store.store import Store
from cnnjobs.wording.labels import count_label

COLUMNS = ("variant", "views", "metric", "n", "plain", "augmented", "difference", "low", "high", "level", "runs")
"""One row per variant; `difference` is the mean of augmented minus plain over its runs, `low` to `high` its interval;
`n` is smaller than `runs` where repeats of the same folds are averaged."""


HOW_TO_READ = (
    "The gain is what averaging over several views of a test image adds to the accuracy. It costs as many predictions "
    "as there are views."
)


def augmented_section(store: Store, table: JobTable) -> Section | None:
    """Return what test-time augmentation adds; None where no variant has it.

    Args:
        store: the job's.
        table: the comparison.
    """
    if not any(variant.settings.get("tta") for variant in table.job.variants.values()):
        return None
    rows = augmented_rows(store, table)
    if not rows:
        return None
    metric = metric_of_both(table)
    title = f"{axis_label(metric)}: plain, and with test-time augmentation"
    cells = [_row(table, metric, one) for one in rows]
    rest = "" if table.metric.part == TTA else "Everything else in this report is of plain prediction. "
    about = (
        "Each test picture predicted from several views of it, by the mean of their probabilities, with the same "
        f"weights. {rest}Difference: augmented minus plain, both of "
        f"one run, with a paired t interval. `cnnjobs aggregate --metric {TTA}_{metric.name}` compares variants on it."
    )
    tabled = ReportTable("test_time_augmentation", title, COLUMNS, cells, _shown(table, metric))
    return Section("Test-time augmentation", (tabled, Text(about)), how_to_read=HOW_TO_READ)


def _row(table: JobTable, metric: Metric, one: AugmentedRow) -> Row:
    values: tuple[Any, ...] = (
        *(one.variant, one.views, metric.name, one.plain.n, one.plain.mean, one.augmented.mean),
        *(one.difference.mean, one.difference.low, one.difference.high, table.design.confidence, one.runs),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _count(row: Row) -> str:
    return count_label(row["runs"], None if row["n"] == row["runs"] else row["n"])


def _shown(table: JobTable, metric: Metric) -> tuple[DisplayColumn, ...]:
    return (
        DisplayColumn("variant", lambda row: str(row["variant"])),
        DisplayColumn("views", lambda row: str(row["views"]), compact=False),
        DisplayColumn("n", _count, "n"),
        DisplayColumn("plain", lambda row: show(metric, row["plain"]), "plain"),
        DisplayColumn("augmented", lambda row: show(metric, row["augmented"]), "augmented"),
        DisplayColumn("difference", lambda row: show(metric, row["difference"], signed=True), "difference"),
        DisplayColumn(
            f"{table.level} CI", lambda row: interval_cell(metric, row["low"], row["high"], signed=True), "low"
        ),
    )
