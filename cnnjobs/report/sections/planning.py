"""The report's section on planning: repeats to resolve the margin, and their cost."""

from typing import Any

from cnnjobs.comparison.metric_format import show
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.report.cells import outcome_cell
from cnnjobs.report.model import DisplayColumn, ReportTable, Row, Section, Text
from cnnjobs.stats import Outcome, equivalence, noether_pairs, repeats_to_resolve, sd_interval
from cnnjobs.stats.pairs import MEANINGFUL
from cnnjobs.stats.planning import NOETHER_POWER, POWER

TITLE = "Repeats needed"

SHARED_ROWS_NOTE = "More repeats of the same rows do not resolve what runs that share rows leave open."

BASE_COLUMNS = ("variant", "reference", "pairs", "sd", "margin", "power", "needed", "needed_low", "needed_high")
COLUMNS = (*BASE_COLUMNS, "more", "cpu_hours", "gpu_hours", "t_within_margin", "p_within_margin", "why_no_p")


def planning_section(table: JobTable) -> Section | None:
    """Return what would resolve the margin; None where nothing is compared, as in an audit.

    Args:
        table: the comparison.
    """
    if not table.comparisons or table.job.audit is not None:
        return None
    if table.margin is None:
        return Section(TITLE, (Text("Name a difference worth resolving: `cnnjobs aggregate --margin`."),))
    if table.design.overlap:
        return Section(TITLE, (Text(SHARED_ROWS_NOTE),))
    rows = [need for row in table.rows if (need := need_of(table, row, table.margin)) is not None]
    if not rows:
        return Section(TITLE, (Text("No comparison has two pairs that differ: nothing to plan with yet."),))
    return Section(TITLE, (_report_table(table, rows), Text(_about(table, table.margin)), Text(_noether())))


def need_of(table: JobTable, row: VariantRow, margin: float) -> Row | None:
    """Return what a comparison needs; None where its pairs have no spread to plan with.

    Hours are of the repeats still to run, of the variant and the reference together.
    """
    d = row.difference
    if d is None or not d.sd:
        return None
    spread = sd_interval(d.values, table.design.confidence)
    needed, low, high = (_repeats(table, one, margin) for one in (d.sd, spread.low, spread.high))
    more = None if needed is None else max(0, needed - d.n)
    reference = next(other for other in table.rows if other.name == table.reference)
    within = equivalence(d.values, [0.0] * d.n, margin)
    values = (
        *(row.name, table.reference, d.n, d.sd, margin, POWER, needed, low, high, more),
        _hours(needed, row, reference, "cpu_hours_a_run"),
        _hours(needed, row, reference, "gpu_hours_a_run"),
        *(within.statistic, within.p, within.why),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _repeats(table: JobTable, sd: float | None, margin: float) -> int | None:
    return None if sd is None else repeats_to_resolve(sd, margin, alpha=table.alpha)


def _hours(needed: int | None, row: VariantRow, reference: VariantRow, of: str) -> float | None:
    """Return the hours of the runs that are still missing of both; those that one of them has count."""
    costs = [getattr(variant.cost, of) for variant in (row, reference)]
    if needed is None or None in costs:
        return None
    runs = [max(0, needed - len(variant.values)) for variant in (row, reference)]
    return float(runs[0] * costs[0] + runs[1] * costs[1])


def _report_table(table: JobTable, rows: list[Row]) -> ReportTable:
    shown = (
        DisplayColumn("variant", lambda row: str(row["variant"])),
        DisplayColumn("pairs", lambda row: str(row["pairs"]), "pairs"),
        DisplayColumn("SD of pairs", lambda row: show(table.metric, row["sd"]), "sd"),
        DisplayColumn("repeats needed", needed_cell, "needed"),
        DisplayColumn("more", lambda row: _count(row["more"], "-"), "more"),
        DisplayColumn("CPU hours", lambda row: hours_cell(row["cpu_hours"]), "cpu_hours"),
        DisplayColumn("GPU hours", lambda row: hours_cell(row["gpu_hours"]), "gpu_hours"),
        DisplayColumn("p (within margin)", _within, "p_within_margin"),
    )
    title = f"Repeats that would resolve a difference of {_margin(table, rows[0]['margin'])}"
    return ReportTable("planning", title, COLUMNS, rows, shown)


def needed_cell(row: Row) -> str:
    """Return how many, with those for the ends of the interval of the SD."""
    ends = ", ".join(_count(row[end], "more") for end in ("needed_low", "needed_high"))
    return f"{_count(row['needed'], 'beyond a million')} [{ends}]"


def _count(value: int | None, none: str) -> str:
    return none if value is None else f"{value:,}"


def hours_cell(value: float | None) -> str:
    """Return hours for people, with more digits where there are few; "-" if there are none."""
    if value is None:
        return "-"
    return f"{value:.2f}" if value >= 0.1 or value == 0 else f"{value:.2g}"


def _within(row: Row) -> str:
    return outcome_cell(Outcome(row["t_within_margin"], row["p_within_margin"], row["why_no_p"]))


def _margin(table: JobTable, margin: Any) -> str:
    notation = table.metric
    return f"{notation.factor * margin:g} {notation.unit_of_difference}".strip()


def _about(table: JobTable, margin: float) -> str:
    return (
        f"To resolve a difference of {_margin(table, margin)} in {POWER:.0%} of such studies by a paired t test at "
        f"{table.alpha:g}, not adjusted, if the SD of pairs is what these few say; in brackets, if it is an end of its "
        f"{table.level} interval. Hours are of the further runs of the variant and the reference, by the mean of the "
        "completed ones. Fix the number before you look again: testing anew after each addition, until a difference is "
        "resolved, raises more false alarms than asked for. A small p (within margin) says that the difference is "
        "smaller than that: two one-sided tests."
    )


def _noether() -> str:
    return (
        f"To tell a P(A > B) of {MEANINGFUL:g} from a half in {NOETHER_POWER:.0%} of such studies takes "
        f"{noether_pairs(MEANINGFUL)} pairs, whatever the spread (Noether, 1987, one-sided at 0.05)."
    )
