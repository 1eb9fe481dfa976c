"""A job's tables as people read them: short for the terminal, whole for the report."""

from cnnjobs.analysis.comparisons import Comparison
from cnnjobs.analysis.measures import show
from cnnjobs.analysis.statistics import Interval, Outcome, Superiority
from cnnjobs.analysis.statistics.folds import FEWEST_FOLDS
from cnnjobs.analysis.tables import JobTable, VariantRow

Cells = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""Header and rows."""


def summary_cells(table: JobTable) -> Cells:
    """Return the summary in a few columns."""
    unit = " %" if table.is_accuracy else ""
    header = ("variant", "n", f"mean{unit}", "SD", f"{table.level} CI of the mean")
    return header, [_summary_row(table, row) for row in table.rows]


def _summary_row(table: JobTable, row: VariantRow) -> tuple[str, ...]:
    s, done = row.summary, f"{len(row.values)}/{row.expected}"
    if s is None:
        return row.name, done, "no run yet", "", ""
    interval = interval_cell(table, s.low, s.high) or _why_no_interval(s.n, s.sd)
    return row.name, done, show(table.metric, s.mean), show(table.metric, s.sd), interval


def full_summary_cells(table: JobTable) -> Cells:
    """Return the summary with all its columns."""
    header, rows = summary_cells(table)
    more = (f"{table.level} CI of the SD", "median", "min", "max")
    return header + more, [(*cells, *_rest(table, row)) for cells, row in zip(rows, table.rows, strict=True)]


def _rest(table: JobTable, row: VariantRow) -> tuple[str, ...]:
    s = row.summary
    if s is None:
        return "", "", "", ""
    shown = (show(table.metric, value) for value in (s.median, s.minimum, s.maximum))
    return interval_cell(table, s.sd_low, s.sd_high) or "-", *shown


def difference_cells(table: JobTable) -> Cells:
    """Return the paired differences in a few columns."""
    header = (
        f"minus {table.reference}",
        "pairs",
        "mean difference",
        f"{table.level} CI",
        _holm_header(table),
        "verdict",
    )
    rows: list[tuple[str, ...]] = []
    for name, one in table.comparisons.items():
        d = one.difference
        if d.mean is None:
            rows.append((name, "0", "no pairs yet", "", "", ""))
            continue
        interval = interval_cell(table, d.low, d.high, signed=True) or "-"
        mean = show(table.metric, d.mean, signed=True)
        rows.append((name, str(d.n), mean, interval, p_cell(one.holm), verdict(table, one)))
    return header, rows


def _holm_header(table: JobTable) -> str:
    return "p (Holm)" if len(table.comparisons) > 1 else "p"


def full_difference_cells(table: JobTable) -> Cells:
    """Return the paired differences with all their columns."""
    short, rows = difference_cells(table)
    header = (*short[:4], "SD", "d_z", "p (t)", *short[4:], "p (sign flips)", "P(A > B)")
    comparisons = table.comparisons.values()
    return header, [_whole(table, cells, one) for cells, one in zip(rows, comparisons, strict=True)]


def _whole(table: JobTable, cells: tuple[str, ...], one: Comparison) -> tuple[str, ...]:
    d = one.difference
    if d.mean is None:
        return (*cells, "", "", "", "", "")
    effect = "-" if d.d_z is None else f"{d.d_z:+.2f}"
    middle = (show(table.metric, d.sd), effect, p_cell(d.t.p))
    return (*cells[:4], *middle, *cells[4:], outcome_cell(one.sign_flip), superiority_cell(one.superiority))


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


def p_cell(p: float | None) -> str:
    """Return p for people."""
    if p is None:
        return "-"
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def outcome_cell(outcome: Outcome) -> str:
    """Return the p of a test, with what it cannot do; or why there is none."""
    if outcome.p is None:
        return outcome.why
    return f"{p_cell(outcome.p)} ({outcome.why})" if outcome.why else p_cell(outcome.p)


def superiority_cell(found: Superiority | None) -> str:
    """Return P(A > B) with its interval, or why that has none."""
    if found is None:
        return "-"
    return f"{found.share:.2f} {_shares(found.interval)}"


def _shares(interval: Interval) -> str:
    return f"({interval.why})" if interval.low is None else f"[{interval.low:.2f}, {interval.high:.2f}]"


def _why_no_interval(n: int, sd: float | None) -> str:
    if n == 1:
        return "one repeat: no spread"
    return "all runs identical" if sd == 0 else f"below {FEWEST_FOLDS} folds"


def interval_cell(table: JobTable, low: float | None, high: float | None, *, signed: bool = False) -> str | None:
    """Return an interval in the unit of the metric; None if there is none."""
    if low is None or high is None:
        return None
    return f"[{show(table.metric, low, signed=signed)}, {show(table.metric, high, signed=signed)}]"
