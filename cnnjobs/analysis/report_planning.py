"""The report's planning: how many repeats would resolve the margin, and what they cost."""

from dataclasses import dataclass

from cnnjobs.analysis.cells import outcome_cell
from cnnjobs.analysis.csv_tables import csv_text
from cnnjobs.analysis.markdown import markdown_table
from cnnjobs.analysis.measures import measure, show
from cnnjobs.analysis.report_part import Part
from cnnjobs.analysis.statistics import Outcome, equivalence, repeats_to_resolve
from cnnjobs.analysis.statistics.planning import POWER
from cnnjobs.analysis.tables import JobTable, VariantRow
from cnnjobs.store.files import Files

TITLE = "## Repeats needed"

SHARED = "More repeats of the same rows do not resolve what runs that share rows leave open."

HEADER = ("variant", "pairs", "SD of pairs", "repeats needed", "more", "CPU hours", "GPU hours", "p (within margin)")
CSV_HEADER = ("variant", "pairs", "sd", "margin", "needed", "more", "cpu_hours", "gpu_hours", "p_within_margin")


@dataclass(frozen=True)
class Need:
    """What one comparison needs to resolve the margin.

    Args:
        variant: compared with the reference.
        pairs: there are.
        sd: of their differences.
        needed: repeats in all; None beyond a million.
        more: of these still to run.
        cpu_hours: of those, of the variant and the reference together; None where runs were not timed.
        gpu_hours: as well.
        within: the test that the difference is within the margin.
    """

    variant: str
    pairs: int
    sd: float
    needed: int | None
    more: int | None
    cpu_hours: float | None
    gpu_hours: float | None
    within: Outcome


def write_planning(folder: Files, table: JobTable) -> Part:
    """Write the section "Repeats needed" and its CSV.

    Args:
        folder: of the report.
        table: the comparison.
    """
    if not table.comparisons:
        return Part((), (), ())
    if table.margin is None:
        return Part((TITLE, "Name a difference worth resolving: `cnnjobs aggregate --margin`."), (), ())
    if table.design.overlap:
        return Part((TITLE, SHARED), (), ())
    found = [need for row in table.rows if (need := _need(table, row, table.margin)) is not None]
    if not found:
        return Part((TITLE, "No comparison has two pairs that differ: nothing to plan with yet."), (), ())
    folder.write("planning.csv", csv_text(CSV_HEADER, [_line(need, table.margin) for need in found]).encode())
    cells = [_cells(table, need) for need in found]
    return Part((TITLE, markdown_table(HEADER, cells), _about(table, table.margin)), ("planning.csv",), ())


def _need(table: JobTable, row: VariantRow, margin: float) -> Need | None:
    """Return what a comparison needs; None where its pairs have no spread to plan with."""
    d = row.difference
    if d is None or not d.sd:
        return None
    needed = repeats_to_resolve(d.sd, margin, alpha=table.alpha)
    more = None if needed is None else max(0, needed - d.n)
    reference = next(other for other in table.rows if other.name == table.reference)
    cpu, gpu = (_cost(more, getattr(row, kind), getattr(reference, kind)) for kind in ("cpu_hours", "gpu_hours"))
    within = equivalence(d.values, [0.0] * d.n, margin)
    return Need(row.name, d.n, d.sd, needed, more, cpu, gpu, within)


def _cost(more: int | None, own: float | None, reference: float | None) -> float | None:
    return None if more is None or own is None or reference is None else more * (own + reference)


def _cells(table: JobTable, need: Need) -> tuple[str, ...]:
    hours = ("-" if value is None else f"{value:.2f}" for value in (need.cpu_hours, need.gpu_hours))
    counts = ("beyond a million", "-") if need.needed is None else (str(need.needed), str(need.more))
    return need.variant, str(need.pairs), show(table.metric, need.sd), *counts, *hours, outcome_cell(need.within)


def _line(need: Need, margin: float) -> list[object]:
    own = [need.variant, need.pairs, need.sd, margin, need.needed, need.more]
    return [*own, need.cpu_hours, need.gpu_hours, need.within.p]


def _about(table: JobTable, margin: float) -> str:
    found = measure(table.metric)
    return (
        f"To resolve a difference of {found.factor * margin:g} {found.unit_of_difference} in {POWER:.0%} of such "
        f"studies by a paired t test at {table.alpha:g}, not adjusted, if the SD of pairs is what these few say. "
        "Hours are of the further runs of the variant and the reference, by the mean of the completed ones. A small "
        "p (within margin) says that the difference is smaller than that: two one-sided tests."
    )
