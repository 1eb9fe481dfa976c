"""The report's section on all pairs of variants: exploration, beside the verdicts with the reference."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from cnnjobs.comparison.all_pairs import VariantPair, all_pairs, best_first, pairs_of
from cnnjobs.comparison.metric_format import capital, show
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.cells import interval_cell, p_cell
from cnnjobs.report.model import DisplayColumn, ReportTable, Row, Section, Text
from cnnjobs.stats import Interval
from cnnjobs.wording.labels import count_label

TITLE = "All pairs"

HOW_TO_READ = (
    "This table is for exploring. With many pairs a few look different by chance, so that conclusions belong to the "
    "comparisons with the reference, or to a new job."
)


MOST_PAIRS = 300
"""Of more, those of 25 variants, a table says nothing."""

PAIR_COLUMNS = (
    *("variant", "other", "pairs", "unmatched", "mean", "sd", "ci_low", "ci_high", "level", "d_z", "t", "p", "p_holm"),
    *("family", "p_above", "p_above_low", "p_above_high", "why", "p_above_why", "run_pairs"),
)
"""A row two variants: `variant` minus `other`. `p_holm` is adjusted over all pairs, `family` of them; `why` says why
there is none. `p_above` is P(A > B) with A the variant, with its interval or, in `p_above_why`, why it has none."""


def pairs_section(table: JobTable) -> Section | None:
    """Return the comparison of every two variants; None below three variants, or where tests do not hold."""
    if len(table.rows) < 3 or not pairs_of(table):
        return None
    if pairs_of(table) > MOST_PAIRS:
        too_many = f"{pairs_of(table):,} pairs of variants are too many for a table."
        return Section(TITLE, (Text(f"{too_many} `cnnjobs.compare(...).pairs` is a data frame of all of them."),))
    found = all_pairs(table)
    return Section(
        TITLE,
        (Text(_about(table, found)), above_table(table, found), pairs_table(table, found)),
        how_to_read=HOW_TO_READ,
    )


def pair_rows(table: JobTable) -> list[Row]:
    """Return the comparison of every two variants, a row each; empty where tests do not hold."""
    return [dict(zip(PAIR_COLUMNS, _values(one), strict=True)) for one in all_pairs(table)]


def pairs_table(table: JobTable, found: Sequence[VariantPair]) -> ReportTable:
    """Return the comparison of every two variants as a table.

    Args:
        table: the comparison of a job.
        found: `all_pairs` of it.
    """
    unit = f", {table.metric.unit_of_difference}" if table.metric.unit_of_difference else ""
    rows = [dict(zip(PAIR_COLUMNS, _values(one), strict=True)) for one in found]
    title = f"{capital(table.metric.words)}: every variant minus every other{unit}"
    return ReportTable("pairs", title, PAIR_COLUMNS, rows, [*_estimate(table), *_tests(table)])


def above_table(table: JobTable, found: Sequence[VariantPair]) -> ReportTable:
    """Return P(A > B) of every two variants as a matrix, the best mean first.

    Args:
        table: the comparison of a job.
        found: `all_pairs` of it.
    """
    shares: dict[tuple[str, str], float] = {}
    for one in found:
        if one.superiority is not None:
            shares[one.variant, one.other] = one.superiority.share
            shares[one.other, one.variant] = 1 - one.superiority.share
    names = [row.name for row in best_first(table)]
    rows = [
        {"place": place, "variant": name} | {_over(other): shares.get((name, other)) for other in names}
        for place, name in enumerate(names, 1)
    ]
    shown = [DisplayColumn("A", lambda row: f"{row['place']} {row['variant']}", "place")]
    shown += [
        DisplayColumn(str(place), partial(_share, _over(name)), _over(name), variant=name)
        for place, name in enumerate(names, 1)
    ]
    title = f"{capital(table.metric.words)}: P(A > B), with A the row and B the column of that number"
    return ReportTable("pairs_above", title, ("place", "variant", *map(_over, names)), rows, shown)


def _over(variant: str) -> str:
    """Return the name of the column of P(A > B) with B a variant."""
    return f"above {variant}"


def _share(column: str, row: Row) -> str:
    return "" if row[column] is None else f"{row[column]:.2f}"


def _values(one: VariantPair) -> list[Any]:
    d, superiority = one.difference, one.superiority
    share, interval = (superiority.share, superiority.interval) if superiority else (None, Interval.none("no pairs"))
    values = [one.variant, one.other, d.n, d.unmatched, d.mean, d.sd, d.low, d.high, one.level, d.d_z]
    values += [d.t.statistic, d.t.p, one.holm, one.family, share, interval.low, interval.high]
    return [*values, one.no_verdict, interval.why, one.run_pairs]


def _estimate(table: JobTable) -> Iterator[DisplayColumn]:
    metric = table.metric
    yield DisplayColumn("A", lambda row: str(row["variant"]), "variant")
    yield DisplayColumn("B", lambda row: str(row["other"]), "other")
    yield DisplayColumn("pairs", _pairs, "pairs")
    yield DisplayColumn(
        "A minus B",
        lambda row: str(row["why"]) if row["mean"] is None else show(metric, row["mean"], signed=True),
        "mean",
    )
    yield DisplayColumn(
        f"{table.level} CI", lambda row: interval_cell(metric, row["ci_low"], row["ci_high"], signed=True), "ci_low"
    )


def _tests(table: JobTable) -> Iterator[DisplayColumn]:
    if not table.secondary:
        yield DisplayColumn("p (Holm, all pairs)", lambda row: p_cell(row["p_holm"]), "p_holm")
    yield DisplayColumn("P(A > B)", _above, "p_above")
    yield DisplayColumn("SD", lambda row: show(table.metric, row["sd"]), "sd", compact=False)
    yield DisplayColumn("p (t)", lambda row: p_cell(row["p"]), "p", compact=False)


def _pairs(row: Row) -> str:
    folds = None if row["pairs"] == row["run_pairs"] else row["pairs"]
    return count_label(row["run_pairs"], folds)


def _above(row: Row) -> str:
    share, low, high = row["p_above"], row["p_above_low"], row["p_above_high"]
    if share is None:
        return "-"
    return f"{share:.2f}" if low is None else f"{share:.2f} [{low:.2f}, {high:.2f}]"


def _about(table: JobTable, found: Sequence[VariantPair]) -> str:
    """Say what the tables are, and that they are no verdicts."""
    corrected = " corrected for training rows that runs share (Nadeau and Bengio, 2003)" if table.design.overlap else ""
    dropped = ", with those of variants that were dropped from the job" if table.dropped else ""
    p = (
        f"There is no adjusted p, as the comparison is secondary ({table.secondary})"
        if table.secondary
        else f"p is adjusted by Holm over all {found[0].family} pairs{dropped}, a family of its own, from five pairs on"
    )
    less = "" if table.higher_is_better else " Here less is better, so that low shares speak for A."
    whys = {one.superiority.interval.why for one in found if one.superiority and one.superiority.interval.why}
    without = f" It has no interval: {whys.pop()}." if len(whys) == 1 else ""
    return (
        "Exploratory: the verdicts are those of the comparison with the reference, and this table replaces none of "
        "them. Runs are paired by repeat and fold, as there; "
        f"the interval is of that pair of variants alone, by a paired t test{corrected}. {p}. P(A > B) "
        "is the share of pairs of runs in which A is above B, ties counting a half: how likely a run of A is to give a "
        f"higher value than a run of B with the same seeds and rows.{less}{without}"
    )
