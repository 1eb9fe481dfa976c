"""The paired differences to the reference as a table, and what they allow to be said."""

from collections.abc import Iterator
from typing import Any

from cnnjobs.analysis.cells import interval_cell, p_cell, p_or_why, share_cell
from cnnjobs.analysis.comparisons import Comparison
from cnnjobs.analysis.document import Grid, Row, Shown
from cnnjobs.analysis.measures import difference_label, show
from cnnjobs.analysis.statistics import Interval
from cnnjobs.analysis.summary_grid import interval_prefix
from cnnjobs.analysis.tables import JobTable

TESTS = ("d_z", "t", "p", "p_holm", "family", "sign_flip_p", "p_above")
"""Columns of the tests of a difference."""


def differences_grid(table: JobTable) -> Grid:
    """Return the differences to the reference."""
    ci = interval_prefix(table)
    above = (f"p_above_{ci}_low", f"p_above_{ci}_high")
    estimate = ("variant", "reference", "pairs", "unmatched", "mean", "sd", f"{ci}_low", f"{ci}_high")
    columns = (*estimate, *TESTS, *above, "verdict", "sign_flip_why", "p_above_why")
    rows = [dict(zip(columns, _values(table, name, one), strict=True)) for name, one in table.comparisons.items()]
    shown = [*_estimate(table, ci), *_tests(table, ci)]
    return Grid("differences", difference_label(table.metric, table.reference), columns, rows, shown)


def _values(table: JobTable, name: str, one: Comparison) -> list[Any]:
    d, found = one.difference, one.superiority
    above = (found.share, found.interval) if found else (None, Interval.none("no pairs"))
    values = [name, table.reference, d.n, d.unmatched, d.mean, d.sd, d.low, d.high, d.d_z, d.t.statistic, d.t.p]
    values += [one.holm, one.family, one.sign_flip.p, above[0], above[1].low, above[1].high]
    return [*values, verdict(table, one), one.sign_flip.why, above[1].why]


def verdict(table: JobTable, one: Comparison) -> str:
    """Say in a few words what the tests allow to be said."""
    d = one.difference
    if d.t.p is None:
        return d.t.why
    if one.resolved(table.alpha):
        better = (d.mean or 0) > 0
        return "better" if better == table.is_accuracy else "worse"
    if d.resolved:
        return f"not resolved among {one.family} comparisons"
    return "not resolved"


def _tests(table: JobTable, ci: str) -> Iterator[Shown]:
    several = len(table.comparisons) > 1
    yield Shown("SD", lambda row: show(table.metric, row["sd"]), "sd", brief=False)
    yield Shown("d_z", lambda row: "-" if row["d_z"] is None else f"{row['d_z']:+.2f}", "d_z", brief=False)
    if several:
        yield Shown("p (t)", lambda row: p_cell(row["p"]), "p", brief=False)
    yield Shown("p (Holm)" if several else "p", lambda row: p_cell(row["p_holm"]), "p_holm")
    yield Shown("p (sign flips)", _flips, "sign_flip_p", brief=False)
    yield Shown("P(A > B)", lambda row: _above(row, ci), "p_above", brief=False)
    yield Shown("verdict", lambda row: str(row["verdict"]))


def _flips(row: Row) -> str:
    return p_or_why(row["sign_flip_p"], row["sign_flip_why"])


def _estimate(table: JobTable, ci: str) -> Iterator[Shown]:
    metric = table.metric
    yield Shown(f"minus {table.reference}", lambda row: str(row["variant"]))
    yield Shown("pairs", lambda row: str(row["pairs"]), "pairs")
    yield Shown(
        "mean difference",
        lambda row: "no pairs yet" if row["mean"] is None else show(metric, row["mean"], signed=True),
        "mean",
    )
    yield Shown(
        f"{table.level} CI",
        lambda row: interval_cell(metric, row[f"{ci}_low"], row[f"{ci}_high"], signed=True),
        f"{ci}_low",
    )


def _above(row: Row, ci: str) -> str:
    interval = Interval(row[f"p_above_{ci}_low"], row[f"p_above_{ci}_high"], row["p_above_why"])
    return share_cell(row["p_above"], interval)
