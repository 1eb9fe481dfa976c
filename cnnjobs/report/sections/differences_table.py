"""The paired differences to the reference as a table, with verdicts."""

from collections.abc import Iterator, Sequence
from typing import Any

from cnnjobs.comparison.adjusted import Adjusted
from cnnjobs.comparison.collapsed import collapsed, completion
from cnnjobs.comparison.metric_format import capital, difference_label, show
from cnnjobs.comparison.pairwise import Comparison
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.report.cells import interval_cell, looks_text, p_cell
from cnnjobs.report.model import DisplayColumn, ReportTable, Row
from cnnjobs.spec.metrics import Metric
from cnnjobs.stats import Interval
from cnnjobs.stats.sequential import Verdict
from cnnjobs.wording.labels import count_label
from cnnjobs.wording.levels import level_text

DIFFERENCE_COLUMNS = (
    *("variant", "reference", "pairs", "unmatched", "mean", "sd", "ci_low", "ci_high", "level", "d_z", "t", "p"),
    *("p_holm", "family", "resolved", "sign_flip_p", "p_above", "p_above_low", "p_above_high", "verdict", "why"),
    *("sign_flip_why", "p_above_why", "p_above_reading", "looks", "lost", "ended", "reference_lost"),
    *("reference_ended", "lost_p", "collapsed", "reference_collapsed", "run_pairs"),
)
"""One row per variant: it minus the reference; each `why` says why there is no p or interval, or what it cannot do.
`lost` are the runs without a result of those that ended, `lost_p` is Fisher's exact test that both sides lose as many.
`run_pairs` are pairs of runs; `pairs` are fewer where repeats of the same folds are averaged."""


def differences_table(table: JobTable) -> ReportTable:
    """Return the differences to the reference."""
    rows = [
        dict(zip(DIFFERENCE_COLUMNS, _values(table, name, one), strict=True)) | _by_rule(table, name)
        for name, one in table.comparisons.items()
    ]
    title = capital(difference_label(table.metric, table.reference))
    return ReportTable("differences", title, DIFFERENCE_COLUMNS, rows, [*_estimate(table), *_tests(table)])


def _values(table: JobTable, name: str, comparison: Comparison) -> list[Any]:
    d, flips, superiority = comparison.difference, comparison.sign_flip, comparison.superiority
    share, above = (superiority.share, superiority.interval) if superiority else (None, Interval.none("no pairs"))
    values = [name, table.reference, d.n, d.unmatched, d.mean, d.sd, d.low, d.high, comparison.level, d.d_z]
    values += [d.t.statistic, d.t.p, comparison.holm, comparison.family, comparison.resolved(table.alpha), flips.p]
    values += [share, above.low, above.high, verdict(table, name, comparison), d.t.why, flips.why, above.why]
    own, reference = sides(table, name)
    of, failed = completion(own, reference), collapsed(table.job, own.accuracies, reference.accuracies)
    values += [_reading(table, comparison), table.looked.times(name)]
    values += [of.lost, of.ended, of.reference_lost, of.reference_ended]
    return [*values, of.p if of.any else None, *map(len, failed), run_pairs(table, name)]


def run_pairs(table: JobTable, name: str) -> int:
    """Return how many pairs of runs a comparison is of; where repeats of the same folds are averaged, more than `n`."""
    own, reference = sides(table, name)
    pairs = table.comparisons[name].difference.n
    return len(own.values.keys() & reference.values.keys()) if table.design.same_folds else pairs


def _reading(table: JobTable, comparison: Comparison) -> str:
    """Return what P(A > B) is called, which is no second verdict: not where there is none, or Holm has refused it."""
    refused = comparison.family > 1 and not comparison.resolved(table.alpha)
    return "" if comparison.superiority is None or comparison.no_verdict or refused else comparison.superiority.reading


def _by_rule(table: JobTable, variant: str) -> dict[str, Any]:
    """Return the verdict of a rule, with the interval that holds however often one looks, where repeats end by one."""
    if table.ruling is None:
        return {"lost_p": None} if table.ended_by_rule else {}
    one = table.ruling.decisions[variant]
    resolved = one.verdict in (Verdict.BETTER, Verdict.WORSE)
    interval = {"lost_p": None, "ci_low": one.interval.low, "ci_high": one.interval.high, "level": 1 - one.alpha}
    return interval | {"family": table.ruling.family, "resolved": resolved, "verdict": one.verdict.value}


def sides(table: JobTable, name: str) -> tuple[VariantRow, VariantRow]:
    """Return the runs of a variant and of the reference."""
    rows = {row.name: row for row in table.rows}
    return rows[name], rows[table.reference]


def verdict(table: JobTable, name: str, comparison: Comparison) -> str:
    """Say in a few words what the tests allow to be said; where runs have no result, of those that completed."""
    outcome = direction(table, comparison)
    when = completion(*sides(table, name)).when(table.reference)
    return f"{outcome} {when}" if when and comparison.resolved(table.alpha) else outcome


def direction(table: JobTable, comparison: Comparison) -> str:
    """Say in a few words what the tests allow to be said of the runs that have a result."""
    d = comparison.difference
    if comparison.equal_bits:
        return "equal to the bit"
    if comparison.no_verdict:
        return comparison.no_verdict
    if comparison.resolved(table.alpha):
        better = (d.mean or 0) > 0
        return "better" if better == table.higher_is_better else "worse"
    if d.resolved:
        return f"not resolved among {family_text(table, comparison.family)}"
    return "not resolved"


def verdict_cell(row: Row) -> str:
    """Return the verdict, with how many looks it was reached after, if several."""
    return f"{row['verdict']}{looks_text(row['looks'])}" if row["resolved"] else str(row["verdict"])


def family_text(table: JobTable, family: int, what: str = "comparisons") -> str:
    """Say over how many comparisons p is adjusted: "3 comparisons", "a family of 4: 1 was dropped from the job".

    Args:
        table: the comparison.
        family: all that count.
        what: they are.
    """
    if not table.dropped:
        return f"{family} {what}"
    return f"a family of {family}: {table.dropped} {'was' if table.dropped == 1 else 'were'} dropped from the job"


def interval_column(metric: Metric, family: Sequence[Adjusted]) -> DisplayColumn:
    """Return the intervals of a family; those of resolved differences have the level that resolved them.

    Args:
        metric: what they are of.
        family: whose levels they have: one that all have is said in the header, several in each cell.
    """
    levels = {level_text(one.level) for one in family}

    def cell(row: Row) -> str:
        interval = interval_cell(metric, row["ci_low"], row["ci_high"], signed=True)
        return interval if len(levels) < 2 or row["ci_low"] is None else f"{interval} at {level_text(row['level'])}"

    return DisplayColumn(f"{levels.pop()} CI" if len(levels) == 1 else "CI", cell, "ci_low")


def _tests(table: JobTable) -> Iterator[DisplayColumn]:
    several = any(one.family > 1 for one in table.comparisons.values())
    yield DisplayColumn("p (Holm)" if several else "p", lambda row: p_cell(row["p_holm"]), "p_holm")
    yield DisplayColumn("verdict", verdict_cell)
    yield DisplayColumn("SD", lambda row: show(table.metric, row["sd"]), "sd", compact=False)
    yield DisplayColumn("d_z", lambda row: "-" if row["d_z"] is None else f"{row['d_z']:+.2f}", "d_z", compact=False)
    if several:
        yield DisplayColumn("p (t)", lambda row: p_cell(row["p"]), "p", compact=False)
    yield DisplayColumn("p (sign flips)", lambda row: p_cell(row["sign_flip_p"]), "sign_flip_p", compact=False)
    yield DisplayColumn("P(A > B)", _above, "p_above", compact=False)
    found = [completion(*sides(table, name)) for name in table.comparisons]
    if any(one.any for one in found):
        yield DisplayColumn(f"without a result; of {table.reference}", _lost, "lost", compact=False)


def _estimate(table: JobTable) -> Iterator[DisplayColumn]:
    metric = table.metric
    yield DisplayColumn(f"minus {table.reference}", lambda row: str(row["variant"]))
    yield DisplayColumn("pairs", _pairs, "pairs")
    yield DisplayColumn(
        "mean difference",
        lambda row: str(row["why"]) if row["mean"] is None else show(metric, row["mean"], signed=True),
        "mean",
    )
    yield interval_column(metric, list(table.comparisons.values()))


def _pairs(row: Row) -> str:
    """Return how many pairs there are; without any, by which test runs are compared all the same."""
    welch = not row["pairs"] and row["mean"] is not None
    folds = None if row["pairs"] == row["run_pairs"] else row["pairs"]
    return f"0 ({row['why']})" if welch else count_label(row["run_pairs"], folds)


def _lost(row: Row) -> str:
    p = "" if row["lost_p"] is None else f" (p {p_cell(row['lost_p'])})"
    return f"{row['lost']}/{row['ended']}; {row['reference_lost']}/{row['reference_ended']}{p}"


def _above(row: Row) -> str:
    share, low, high = row["p_above"], row["p_above_low"], row["p_above_high"]
    if share is None:
        return "-"
    reading = f", {row['p_above_reading']}" if row["p_above_reading"] else ""
    return f"{share:.2f}" if low is None else f"{share:.2f} [{low:.2f}, {high:.2f}]{reading}"
