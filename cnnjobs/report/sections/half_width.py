"""The report's section on a half width: rule, pilot, number of repeats, and half width reached."""

from collections.abc import Sequence
from dataclasses import asdict

from cnnjobs.comparison.half_width import SMALL_PILOT, Precision, asked_for, precisions, small_pilot
from cnnjobs.comparison.metric_format import metric_format, show
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.cells import interval_cell
from cnnjobs.report.model import DisplayColumn, Element, ReportTable, Row, Section, Text
from cnnjobs.spec.half_width import HalfWidth
from cnnjobs.store.store import Store

TITLE = "Precision of the means"

HOW_TO_READ = (
    "A mean is known to plus or minus the half width, at the confidence that was asked for, where the last column "
    "says that it was reached."
)


COLUMNS = (
    *("variant", "metric", "half_width_asked", "confidence", "pilot", "pilot_sd", "needed", "repeats", "runs"),
    *("mean", "low", "high", "half_width", "reached", "why"),
)


def half_width_section(store: Store, table: JobTable) -> Section | None:
    """Return the rule and its outcome; None where no half width was asked for.

    Args:
        store: the job's folder.
        table: the comparison.
    """
    rule = table.job.half_width
    if rule is None:
        return None
    if table.metric.column != rule.metric:
        other = f"A half width was asked for of another metric: `cnnjobs aggregate --metric {rule.metric}`."
        return Section(TITLE, (Text(other),))
    outcomes = precisions(store, table, rule)
    elements: list[Element] = [half_width_table(rule, [_row(precision, rule) for precision in outcomes])]
    not_alone = _not_by_the_rule_alone(rule, outcomes)
    elements += [Text(_about(rule)), Text(not_alone or _coverage(), "note")]
    if rule.pilot < SMALL_PILOT:
        elements.append(Text(small_pilot(rule), "note"))
    return Section(TITLE, elements, how_to_read=HOW_TO_READ)


def half_width_table(rule: HalfWidth, rows: list[Row]) -> ReportTable:
    """Return the table."""
    shown = (
        DisplayColumn("variant", lambda row: str(row["variant"])),
        DisplayColumn("pilot", lambda row: str(row["pilot"]), "pilot"),
        DisplayColumn("its SD", lambda row: show(metric_format(rule.metric), row["pilot_sd"]), "pilot_sd"),
        DisplayColumn("runs by the rule", lambda row: "-" if row["needed"] is None else f"{row['needed']:,}", "needed"),
        DisplayColumn("runs", lambda row: str(row["runs"]), "runs"),
        DisplayColumn("mean", lambda row: show(metric_format(rule.metric), row["mean"]), "mean"),
        DisplayColumn(f"{100 * rule.confidence:g}% CI", lambda row: _interval(rule, row), "low"),
        DisplayColumn("half width", lambda row: show(metric_format(rule.metric), row["half_width"]), "half_width"),
        DisplayColumn("reached", lambda row: "yes" if row["reached"] else f"no: {row['why']}", "reached"),
    )
    return ReportTable("half_width", f"Runs for a half width of {asked_for(rule)}", COLUMNS, rows, shown)


def _row(precision: Precision, rule: HalfWidth) -> Row:
    fields = asdict(precision) | {
        "metric": rule.metric,
        "half_width_asked": rule.half_width,
        "confidence": rule.confidence,
        "pilot_sd": precision.sd,
        "low": precision.interval.low,
        "high": precision.interval.high,
        "half_width": precision.half_width,
    }
    return {name: fields[name] for name in COLUMNS}


def _interval(rule: HalfWidth, row: Row) -> str:
    return interval_cell(metric_format(rule.metric), row["low"], row["high"])


def _about(rule: HalfWidth) -> str:
    return (
        f"Asked for: a {100 * rule.confidence:g}% interval of the mean of half width {asked_for(rule)}. The number of "
        f"runs is by Stein's two-stage rule (1945): the first {rule.pilot} repeats of a variant, its pilot, have the "
        "SD s; (t s / half width)^2 runs are needed in all, with t of the pilot's degrees of freedom, never fewer than "
        f"the pilot, and at most {rule.most} repeats were allowed. The interval here is the mean of all runs ± t s / "
        "sqrt(runs), with s and t of the pilot alone."
    )


def _coverage() -> str:
    return (
        "Of the two intervals of a mean, this table's is the one that counts: it covers at its level although the "
        "number of runs depends on what the pilot saw, which the interval of the summary, with the SD of all runs, "
        "does not promise; as long as what was asked for was not chosen by what the runs had shown."
    )


def _not_by_the_rule_alone(rule: HalfWidth, outcomes: Sequence[Precision]) -> str:
    """Say why the interval may not cover at its level; empty if the rule alone fixed the number of runs."""
    more = [
        f"{precision.variant} has {precision.extra} more than it asks for" for precision in outcomes if precision.extra
    ]
    if rule.late:
        why = "the pilot was chosen when more repeats than it were stored, or when an earlier pilot was over"
    elif more:
        why = f"of repeats, {', '.join(more)}"
    else:
        return ""
    return f"The number of runs was not fixed by the rule alone ({why}): the interval need not cover at its level."
