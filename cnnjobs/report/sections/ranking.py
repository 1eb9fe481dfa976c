"""The ranking of many variants: a line each in place of a sentence each."""

from collections.abc import Iterator, Mapping
from typing import Any

from cnnjobs.comparison.metric_format import axis_label, capital, show
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.report.cells import interval_cell, p_cell
from cnnjobs.report.model import DisplayColumn, ReportTable, Row
from cnnjobs.report.sections.differences_table import differences_table, verdict_cell
from cnnjobs.report.sections.summary_table import why_no_interval
from cnnjobs.wording.labels import count_label
from cnnjobs.wording.levels import level_text

MOST_SENTENCES = 5
"""Comparisons up to this many are said in a sentence each; of more there is one table, ranked."""

RANKING_COLUMNS = (
    *("rank", "variant", "n", "expected", "folds", "mean", "sd", "ci_low", "ci_high", "difference"),
    *("difference_low", "difference_high", "level", "p", "verdict", "looks", "resolved", "reference"),
)
"""One row per variant, the best mean first; those without a run have no rank. `ci_` is the interval of the mean,
`difference_` that of the difference to the reference, at `level`; `p` is adjusted by Holm."""


MOST_NAMED = 3
"""Of a verdict that more variants have, the sentence above the table says only how many they are."""


def is_ranked(table: JobTable) -> bool:
    """Whether variants are so many that they are ranked in a table, and there is something to rank them by."""
    ruled_out = table.ended_by_rule and table.ruling is None
    return len(table.comparisons) > MOST_SENTENCES and table.job.audit is None and not ruled_out


def ranking_table(table: JobTable) -> ReportTable:
    """Return the variants, the best mean first, each with its difference to the reference and the verdict.

    Args:
        table: the comparison of a job with several variants.
    """
    compared = {row["variant"]: row for row in differences_table(table).rows}
    rows = [
        _row(table, row, place if row.summary is not None else None, compared.get(row.name, {}))
        for place, row in enumerate(_best_first(table), 1)
    ]
    several = not table.ended_by_rule and len({one.level for one in table.comparisons.values()}) > 1
    level = ", its CI at the level of the verdict" if several else ""
    title = f"{capital(axis_label(table.metric))}, the best mean first; difference: minus {table.reference}{level}"
    return ReportTable("ranking", title, RANKING_COLUMNS, rows, list(_shown(table)))


def counted(table: JobTable) -> str:
    """Say how many variants have which verdict: "Compared with baseline: better (a, b); not resolved (9 variants)."."""
    names: dict[str, list[str]] = {}
    for row in differences_table(table).rows:
        names.setdefault(str(row["verdict"]), []).append(str(row["variant"]))
    order = {"better": 0, "worse": 1}
    said = []
    for verdict in sorted(names, key=lambda one: order.get(one.split()[0], len(order))):
        own = names[verdict]
        said.append(f"{verdict} ({', '.join(own) if len(own) <= MOST_NAMED else f'{len(own)} variants'})")
    return f"Compared with {table.reference}: {'; '.join(said)}."


def _best_first(table: JobTable) -> list[VariantRow]:
    sign = -1 if table.higher_is_better else 1
    return sorted(table.rows, key=lambda row: (row.summary is None, sign * row.summary.mean if row.summary else 0.0))


def _row(table: JobTable, row: VariantRow, rank: int | None, compared: Mapping[str, Any]) -> Row:
    s = row.summary
    own = (rank, row.name, len(row.values), row.expected, row.folds)
    numbers = (s.mean, s.sd, s.low, s.high) if s is not None else (None,) * 4
    names = ("mean", "ci_low", "ci_high", "level", "p_holm", "verdict", "looks", "resolved")
    difference = [compared.get(name) for name in names]
    if not compared:
        difference[5] = "reference" if s is not None else why_no_interval(row)
    values = (*own, *numbers, *difference, row.name == table.reference)
    return dict(zip(RANKING_COLUMNS, values, strict=True))


def _shown(table: JobTable) -> Iterator[DisplayColumn]:
    metric = table.metric
    several = any(one.family > 1 for one in table.comparisons.values())
    yield DisplayColumn("variant", lambda row: str(row["variant"]))
    yield DisplayColumn("rank", lambda row: "-" if row["rank"] is None else str(row["rank"]), "rank")
    unit = " %" if table.in_percent else ""
    yield DisplayColumn(f"mean{unit}", lambda row: show(metric, row["mean"]), "mean")
    yield DisplayColumn("SD", lambda row: show(metric, row["sd"]), "sd")
    yield DisplayColumn("difference", lambda row: show(metric, row["difference"], signed=True), "difference")
    yield _interval(table)
    if not table.ended_by_rule:
        yield DisplayColumn("p (Holm)" if several else "p", lambda row: p_cell(row["p"]), "p")
    yield DisplayColumn("verdict", verdict_cell)
    yield DisplayColumn("n", lambda row: count_label(f"{row['n']}/{row['expected']}", row["folds"]), "n")


def _interval(table: JobTable) -> DisplayColumn:
    """Return the interval of the difference; its level is in the header where all have the same."""
    adjusted = [1 - one.alpha for one in table.ruling.decisions.values()] if table.ruling is not None else []
    levels = {level_text(level) for level in adjusted or (one.level for one in table.comparisons.values())}

    def cell(row: Row) -> str:
        return interval_cell(table.metric, row["difference_low"], row["difference_high"], signed=True)

    return DisplayColumn(f"{min(levels)} CI" if len(levels) == 1 else "CI", cell, "difference_low")
