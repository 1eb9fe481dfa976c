"""The report's section on planning: repeats to resolve the margin, and their cost."""

from collections.abc import Callable, Sequence
from typing import Any

from cnnjobs.comparison.metric_format import show
from cnnjobs.comparison.metric_rows import one_row, rows_of
from cnnjobs.comparison.planned import REPEATS, Need, needs_of
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.report.cells import p_cell, p_or_why
from cnnjobs.report.model import DisplayColumn, ReportTable, Row, Section, Text
from cnnjobs.spec.metrics import PARTS
from cnnjobs.stats import noether_pairs
from cnnjobs.stats.pairs import MEANINGFUL
from cnnjobs.stats.planning import NOETHER_POWER, POWER

TITLE = "Repeats needed"

SHOWN_REPEATS = f"{', '.join(map(str, REPEATS[:-1]))} and {REPEATS[-1]}"

HOW_TO_READ = (
    "Plan with the larger number: the SD of a few pairs is uncertain. If it is far more than you can run, this study "
    f"cannot see so small a difference; the columns of {SHOWN_REPEATS} repeats show what these resolve."
)


SHARED_ROWS_NOTE = "More repeats of the same rows do not resolve what runs that share rows leave open."

COLUMNS = (
    *("variant", "reference", "pairs", "sd", "margin", "power", "level", "needed", "needed_low", "needed_high", "more"),
    *("more_high", "cpu_hours", "gpu_hours", "cpu_hours_high", "gpu_hours_high", "t_within_margin", "p_within_margin"),
    *("why_no_p", "p_within_margin_holm", "family", *(f"resolved_by_{n}" for n in REPEATS)),
)
"""One row per comparison. `level` is that of the test planned for; `needed` is at the SD of these pairs, `_low` and
`_high` at the ends of its interval."""


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
    rows = [_row(table, name, need, table.margin) for name, need in needs_of(table, table.margin).items()]
    if not rows:
        return Section(TITLE, (Text("No comparison has two pairs: nothing to plan with yet."),))
    about = [Text(_about(table, rows[0])), Text(_noether())]
    return Section(
        TITLE, (_report_table(table, rows), *margin_note(table, table.margin), *about), how_to_read=HOW_TO_READ
    )


def _row(table: JobTable, name: str, need: Need, margin: float) -> Row:
    """Return what a comparison needs; hours are of the repeats still to run, of the variant and the reference."""
    rows = {row.name: row for row in table.rows}
    both, comparison = (rows[name], rows[table.reference]), table.comparisons[name]
    d, ends = comparison.difference, (need.needed, need.needed_high)
    values = (
        *(name, table.reference, d.n, d.sd, margin, POWER, need.level, need.needed, need.needed_low),
        *(need.needed_high, *(None if count is None else max(0, count - d.n) for count in ends)),
        *(_hours(count, both, kind) for count in ends for kind in ("cpu_hours_a_run", "gpu_hours_a_run")),
        *(need.within.statistic, need.within.p, need.within.why, need.holm, comparison.family),
        *(need.resolved.get(n) for n in REPEATS),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _hours(needed: int | None, both: Sequence[VariantRow], of: str) -> float | None:
    """Return the hours of the runs that are still missing of both; those that one of them has count."""
    costs = [getattr(variant.cost, of) for variant in both]
    if needed is None or None in costs:
        return None
    runs = [max(0, needed - len(variant.values)) for variant in both]
    return float(runs[0] * costs[0] + runs[1] * costs[1])


def _report_table(table: JobTable, rows: list[Row]) -> ReportTable:
    several = rows[0]["family"] > 1
    gpu_hours = DisplayColumn("GPU hours", lambda row: _two(row, "gpu_hours", hours_cell), "gpu_hours_high")
    shown = (
        DisplayColumn("variant", lambda row: str(row["variant"])),
        DisplayColumn("pairs", lambda row: str(row["pairs"]), "pairs"),
        DisplayColumn("SD of pairs", lambda row: show(table.metric, row["sd"]), "sd"),
        DisplayColumn("repeats needed", _needed_cell, "needed_high"),
        *(_resolved_column(table, n) for n in REPEATS),
        DisplayColumn("more", lambda row: _two(row, "more", _count), "more_high"),
        DisplayColumn("CPU hours", lambda row: _two(row, "cpu_hours", hours_cell), "cpu_hours_high"),
        *([gpu_hours] if any(row["gpu_hours_high"] for row in rows) else []),
        DisplayColumn("p (within margin, Holm)" if several else "p (within margin)", _within, "p_within_margin_holm"),
    )
    title = f"Repeats that would resolve a difference of {_margin(table, rows[0]['margin'])}"
    return ReportTable("planning", title, COLUMNS, rows, shown)


def _needed_cell(row: Row) -> str:
    if not row["sd"]:
        return "- (all pairs alike)"
    high, here = (_count(row[name]) if row[name] else "beyond a million" for name in ("needed_high", "needed"))
    return f"{here}, up to {high}"


def _resolved_column(table: JobTable, n: int) -> DisplayColumn:
    name = f"resolved_by_{n}"
    return DisplayColumn(f"{n} resolve", lambda row: _difference(table, row[name]), name)


def _difference(table: JobTable, value: float | None) -> str:
    return "-" if value is None else show(table.metric, value)


def _two(row: Row, name: str, cell: Callable[[Any], str]) -> str:
    """Return a value at the SD of these pairs and at the upper end of its interval."""
    here, high = row[name], row[f"{name}_high"]
    return cell(here) if here == high or high is None else f"{cell(here)}, up to {cell(high)}"


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def hours_cell(value: float | None) -> str:
    """Return hours for people, with more digits where there are few; "-" if there are none."""
    if value is None:
        return "-"
    return f"{value:.2f}" if value >= 0.1 or value == 0 else f"{value:.2g}"


def _within(row: Row) -> str:
    """Return the adjusted p; where there is no verdict, why not, or the p of the test alone."""
    if row["p_within_margin_holm"] is not None:
        return p_or_why(row["p_within_margin_holm"], row["why_no_p"])
    return f"no verdict ({p_cell(row['p_within_margin'])} alone)" if row["why_no_p"] == "" else str(row["why_no_p"])


def _margin(table: JobTable, margin: float) -> str:
    notation = table.metric
    return f"{notation.factor * margin:.4g} {notation.unit_of_difference}".strip()


def margin_note(table: JobTable, margin: float) -> list[Text]:
    """Say where the margin is that of one image, or less than that.

    Args:
        table: the comparison.
        margin: as stored.
    """
    one, usual = one_row(table.job, table.metric), (table.metric.margin or 0.0) / table.metric.factor
    image = f"one of {rows_of(table.job, table.metric):,} {PARTS[table.metric.part]} images"
    if one is None or margin > one * (1 + 1e-9):
        return []
    if margin < one * (1 - 1e-9):
        worth = _margin(table, one)
        return [Text(f"The margin, {_margin(table, margin)}, is less than {image} is worth, {worth}.", "note")]
    if usual < one * (1 - 1e-9):
        return [Text(f"The margin is {image}: the usual {_margin(table, usual)} are less than that is worth.", "note")]
    return []


def _about(table: JobTable, row: Row) -> str:
    family = row["family"]
    level = f"{row['level']:.3g}" + (
        f", {table.alpha:g} over the {family} comparisons of the family" if family > 1 else ""
    )
    holm = ", adjusted by Holm over the family" if family > 1 else ""
    unit = f", in {table.metric.unit_of_difference}" if table.metric.unit_of_difference else ""
    return (
        f"Repeats with which a paired t test resolves a difference of {_margin(table, row['margin'])} with a power of "
        f"{POWER:.0%}, at {level}: first for the SD of these pairs, then for the upper end of its {table.level} "
        "interval, which is the one to plan with. The next columns are the differences that such a test of "
        f"{SHOWN_REPEATS} pairs resolves at the SD so far{unit}. Hours are those of the further runs of variant and "
        "reference, at the mean time of the completed ones. Fix the number before you look again: testing after each "
        "addition until a difference is resolved raises the rate of false alarms. A small p (within margin) says that "
        f"the difference is smaller than the margin: two one-sided tests{holm}."
    )


def _noether() -> str:
    return (
        f"To tell a P(A > B) of {MEANINGFUL:g} from a half in {NOETHER_POWER:.0%} of such studies takes "
        f"{noether_pairs(MEANINGFUL)} pairs, whatever the spread (Noether, 1987, one-sided at 0.05)."
    )
