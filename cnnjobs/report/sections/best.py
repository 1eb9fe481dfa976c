"""The report's section on the probability that a variant is the best, where that is asked for."""

from collections.abc import Iterator
from typing import Any

from cnnjobs.comparison.best import BestOf, best_of
from cnnjobs.comparison.metric_format import capital, show
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.model import DisplayColumn, ReportTable, Row, Section, Text
from cnnjobs.wording.labels import listed
from cnnjobs.wording.sentences import sentence

TITLE = "Probability of being best"

BEST_COLUMNS = ("variant", "mean", "p_best", "p_near", "p_clearly", "margin", "pairs", "why")
"""One row per variant, the most probable first. `p_near`: that its mean is the best or within the margin of it;
`p_clearly`: that it is better than every other by more than the margin; `why` says why there is none; `pairs` are the
repeats, or folds, that all compared variants have."""


HOW_TO_READ = (
    "A probability near 1 for one variant means that the runs agree on which is best. Probabilities spread over "
    "several mean that they are too close to tell."
)


def best_section(table: JobTable) -> Section:
    """Return the probability of each variant that it is the best, or say why there is none."""
    found = best_of(table)
    if found.why:
        return Section(TITLE, (Text(sentence(f"No probability of being best: {found.why}"), "note"),))
    notes = [Text(note, "note") for note in _notes(found)]
    return Section(TITLE, (best_table(table, found), *notes, Text(_about(table, found))), how_to_read=HOW_TO_READ)


def best_rows(table: JobTable, found: BestOf | None = None) -> list[Row]:
    """Return one row per variant, the most probable first.

    Args:
        table: the comparison of a job.
        found: `best_of` it, if it was computed already.
    """
    found = found or best_of(table)
    rows = [dict(zip(BEST_COLUMNS, _values(found, row.name, row.summary), strict=True)) for row in table.rows]
    better = 1 if table.higher_is_better else -1

    def place(row: Row) -> tuple[bool, float, float]:
        mean = 0.0 if row["mean"] is None else better * row["mean"]
        return row["p_best"] is not None, round(row["p_best"] or 0.0, 2), mean

    return sorted(rows, key=place, reverse=True)


def best_table(table: JobTable, found: BestOf) -> ReportTable:
    """Return the probabilities as a table.

    Args:
        table: the comparison of a job.
        found: `best_of` it.
    """
    metric = table.metric
    margin = show(metric, found.margin)
    shown = [
        DisplayColumn("variant", lambda row: str(row["variant"])),
        DisplayColumn(f"mean {metric.unit or ''}".strip(), lambda row: show(metric, row["mean"]), "mean"),
        DisplayColumn("P(best)", lambda row: _share(row["p_best"], row["why"]), "p_best"),
    ]
    if found.margin:
        shown += [
            DisplayColumn(f"P(within {margin})", lambda row: _share(row["p_near"]), "p_near"),
            DisplayColumn(f"P(ahead by {margin})", lambda row: _share(row["p_clearly"]), "p_clearly"),
        ]
    within = f", within {margin} of the best, and ahead of all others by more than that" if found.margin else ""
    title = f"{capital(metric.words)}: the probability that the mean of a variant is the best{within}"
    return ReportTable("best", title, BEST_COLUMNS, best_rows(table, found), shown)


def _values(found: BestOf, name: str, summary: Any) -> list[Any]:
    chance, why = found.chances.get(name), found.left_out.get(name, found.why)
    chances = [None] * 3 if chance is None else [chance.best, chance.near, chance.clearly]
    return [name, summary.mean if summary else None, *chances, found.margin, found.rows, why]


def _share(probability: float | None, why: str = "") -> str:
    """Return a probability for people: draws do not tell more than two decimals."""
    if probability is None:
        return why or "-"
    return "< 0.01" if probability < 0.005 else "> 0.99" if probability > 0.995 else f"{probability:.2f}"


def _notes(found: BestOf) -> Iterator[str]:
    if found.left_out:
        yield sentence(f"Not among the variants that can be best: {listed(found.left_out)}")
    if found.runs_left_out:
        yield (
            f"Only repeats that all {len(found.chances)} variants have are used; {found.runs_left_out} further "
            f"{'run is' if found.runs_left_out == 1 else 'runs are'} left out."
        )


def _about(table: JobTable, found: BestOf) -> str:
    variants, what = len(found.chances), "folds" if table.design.overlap else "repeats"
    posterior = (
        "that of the Bayesian correlated t test (Benavoli, Corani, Demsar and Zaffalon, 2017)"
        if variants == 2
        else "a multivariate t with the covariance of the runs, from 200,000 draws that are always the same; of each "
        "two variants it is the Bayesian correlated t test (Benavoli, Corani, Demsar and Zaffalon, 2017; the joint "
        "prior is that of Geisser and Cornfield, 1963)"
    )
    corrected = (
        ", corrected for training rows that runs share (Nadeau and Bengio, 2003)" if table.design.overlap else ""
    )
    crude = (
        f" With {found.rows} {what} for {variants} variants it knows few of the ways in which their means may vary."
        if found.rows <= variants
        else ""
    )
    return (
        f"How probable it is that the mean of a variant over new {what}, on these same images, is the best of these "
        f"{variants}: from {found.rows} {what} in pairs, normal differences and a prior that favours none. The "
        f"posterior is {posterior}{corrected}.{crude} It is no test and no verdict: nothing is adjusted for how many "
        "variants were tried, equal variants share the probability between them, and it says nothing of other data or "
        "of a single run, of which P(A > B) speaks. Whoever chooses the most probable by its results on the test "
        "images will find its accuracy there flattering."
    )
