"""The report's section on cost: time of each variant's runs."""

from collections.abc import Sequence
from dataclasses import asdict

from cnnjobs.comparison.table import JobTable
from cnnjobs.report.model import DisplayColumn, ReportTable, Row, Section, Text
from cnnjobs.report.sections.planning import hours_cell

COLUMNS = ("variant", "runs", "seconds", "cpu_hours", "gpu_hours", "cpu_hours_a_run", "gpu_hours_a_run", "latency")

HOW_TO_READ = (
    "Compare what a variant gains with what it costs: seconds of training per run, and milliseconds per image once it "
    "is in use."
)


ABOUT = (
    "Of the completed and diverged runs; the time of runs that failed is not known. Seconds per run are wall clock, "
    "the mean of the completed ones; CPU hours are seconds times the cores of a run, used or not. The latency is that "
    "of one image in a batch, on the device of the runs."
)


def cost_section(table: JobTable) -> Section | None:
    """Return what runs have cost; None where none was timed.

    Args:
        table: the comparison.
    """
    rows = [{"variant": row.name, **asdict(row.cost)} for row in table.rows]
    if not any(row["runs"] for row in rows):
        return None
    shown = (
        DisplayColumn("variant", lambda row: str(row["variant"])),
        DisplayColumn("runs", lambda row: str(row["runs"]), "runs"),
        DisplayColumn("seconds per run", lambda row: _seconds(row["seconds"]), "seconds"),
        DisplayColumn("CPU hours", lambda row: hours_cell(row["cpu_hours"]), "cpu_hours"),
        DisplayColumn("GPU hours", lambda row: hours_cell(row["gpu_hours"]), "gpu_hours"),
        DisplayColumn("ms per image", lambda row: _milliseconds(row["latency"]), "latency"),
    )
    report_table = ReportTable("cost", "What the runs of each variant have taken", COLUMNS, rows, shown)
    return Section("Cost", (report_table, Text(f"{_total(rows)} {ABOUT}")), how_to_read=HOW_TO_READ)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{1000 * value:.3g}"


def _total(rows: Sequence[Row]) -> str:
    cpu, gpu = (sum(row[kind] or 0.0 for row in rows) for kind in ("cpu_hours", "gpu_hours"))
    runs = sum(row["runs"] for row in rows)
    return f"In all {runs:,} runs, {hours_cell(cpu)} CPU hours, {hours_cell(gpu)} GPU hours."
