"""The report's section on factors: main effects and interactions, where variants are all combinations of them."""

from collections.abc import Iterator, Sequence
from typing import Any

from cnnjobs.comparison.effects import MOST_INTERACTIONS, Effect, Effects, effects_of
from cnnjobs.comparison.metric_format import capital, show
from cnnjobs.comparison.table import BY_RULE, JobTable
from cnnjobs.report.cells import looks_text, p_cell
from cnnjobs.report.model import DisplayColumn, ReportTable, Row, Section, Text
from cnnjobs.report.sections.differences_table import family_text, interval_column, verdict_cell
from cnnjobs.wording.labels import listed
from cnnjobs.wording.sentences import sentence

TITLE = "Factors"

HOW_TO_READ = (
    "A main effect is what changing one setting does on average over the others. An interaction says that the effect "
    "of one setting depends on another: then look at the single variants."
)


EFFECT_COLUMNS = (
    *("effect", "factor", "from", "to", "factor_2", "from_2", "to_2", "pairs", "left_out", "mean", "sd"),
    *("ci_low", "ci_high", "level", "t", "p", "p_holm", "family", "resolved", "verdict", "why", "looks"),
)
"""A row an effect: "main" of one factor or "interaction" of two, from a level to another; the columns of the second
factor are empty for a main effect. `left_out` counts runs without a partner in a combination that the effect needs."""


def factors_section(table: JobTable) -> Section | None:
    """Return the effects; None where the variants are no full factorial of two or more factors.

    Args:
        table: the comparison of a job.
    """
    found = effects_of(table)
    if found is None:
        return None
    notes = [Text(note, "note") for note in effect_notes(table, found)]
    return Section(
        TITLE,
        (_resolved(table, found), _table(table, found), *notes, Text(_about(table, found))),
        how_to_read=HOW_TO_READ,
    )


def effects_table(table: JobTable) -> ReportTable | None:
    """Return the effects as a table; None where there are none."""
    found = effects_of(table)
    return None if found is None else _table(table, found)


def effects_in_short(table: JobTable) -> str:
    """Return what stands below the table where the section is not read.

    Args:
        table: the comparison.
    """
    tested = (
        f"No test and no interval, as {BY_RULE}."
        if table.ended_by_rule
        else "p is adjusted by Holm over all effects; the interval of a resolved effect has the level at which Holm's "
        "procedure resolved it."
    )
    return (
        "Runs are paired by repeat and fold. Main effects are averaged over the levels of the other factors; an "
        f"interaction is the amount by which a difference changes with the other factor. {tested}"
    )


def _table(table: JobTable, found: Effects) -> ReportTable:
    metric = table.metric
    rows = [dict(zip(EFFECT_COLUMNS, _values(table, found, one), strict=True)) for one in found.effects]
    shown = (
        DisplayColumn("effect", _label),
        DisplayColumn("pairs", lambda row: str(row["pairs"]), "pairs"),
        DisplayColumn(
            "mean",
            lambda row: str(row["why"]) if row["mean"] is None else show(metric, row["mean"], signed=True),
            "mean",
        ),
        *(() if table.ended_by_rule else _tests(table, found)),
        DisplayColumn("SD", lambda row: show(metric, row["sd"]), "sd", compact=False),
        DisplayColumn("runs left out", lambda row: str(row["left_out"]), "left_out", compact=False),
    )
    unit = f", {metric.unit_of_difference}" if metric.unit_of_difference else ""
    title = f"{capital(metric.words)}: main effects and interactions{unit}"
    return ReportTable("effects", title, EFFECT_COLUMNS, rows, shown)


def _tests(table: JobTable, found: Effects) -> Iterator[DisplayColumn]:
    yield interval_column(table.metric, found.effects)
    yield DisplayColumn("p (Holm)", lambda row: p_cell(row["p_holm"]), "p_holm")
    yield DisplayColumn("verdict", verdict_cell)
    yield DisplayColumn("p (t)", lambda row: p_cell(row["p"]), "p", compact=False)


def _values(table: JobTable, found: Effects, effect: Effect) -> list[Any]:
    d, named = effect.difference, []
    for factor, level in effect.contrast.levels.items():
        own = found.factorial.factors[factor]
        named += [own.name, own.levels[0], own.levels[level]]
    kind = "interaction" if effect.is_interaction else "main"
    values = [kind, *named, *([None] * (6 - len(named))), d.n, effect.left_out, d.mean, d.sd, d.low, d.high]
    values += [effect.level, d.t.statistic, d.t.p, effect.holm, effect.family, effect.resolved(table.alpha)]
    return [*values, _verdict(table, effect), d.t.why, table.looked.most]


def _label(row: Row) -> str:
    if row["effect"] == "main":
        return f"{row['to']} minus {row['from']}"
    return f"interaction: {row['to']}, {row['to_2']}"


def _verdict(table: JobTable, effect: Effect) -> str:
    d = effect.difference
    if effect.no_verdict:
        return effect.no_verdict
    if not effect.resolved(table.alpha):
        among = f" among {family_text(table, effect.family, 'effects')}" if d.resolved and effect.family > 1 else ""
        return f"not resolved{among}"
    if effect.is_interaction:
        return "resolved"
    return "better" if ((d.mean or 0) > 0) == table.higher_is_better else "worse"


def _resolved(table: JobTable, found: Effects) -> Text:
    """Say in a sentence which effects stand."""
    if table.ended_by_rule:
        return Text(f"Effects are estimates, without a verdict: {BY_RULE}.", "verdict")
    rows = _table(table, found).rows
    stand = [_label(row) for row in rows if row["resolved"]]
    if table.secondary:
        return Text("Effects of a secondary comparison: estimates and intervals, no verdict.", "verdict")
    if all(row["p_holm"] is None for row in rows):
        return Text("No effect can be told from chance yet.", "verdict")
    among = f"among {family_text(table, found.effects[0].family, 'effects')}"
    looks = looks_text(table.looked.most)
    said = (
        f"resolved {among}{looks}: {listed(f'{one!r}' for one in stand)}" if stand else f"no effect is resolved {among}"
    )
    return Text(capital(sentence(said)), "verdict")


def effect_notes(table: JobTable, found: Effects) -> Iterator[str]:
    """Yield which runs effects are not of, and why.

    Args:
        table: the comparison.
        found: its effects.
    """
    empty = [row.name for row in table.rows if not row.values]
    if empty:
        yield sentence(f"Effects that need a combination without a run cannot be computed: {_named(empty)}")
    most = max(found.effects, key=lambda one: one.left_out)
    if most.left_out:
        yield (
            "Not every combination has every repeat. An effect is of the repeats that all combinations it needs have; "
            f"up to {most.left_out} of their runs are left out of it."
        )
    diverged = [f"{row.name} ({row.diverged})" for row in table.rows if row.diverged]
    if diverged:
        yield sentence(
            "Runs that diverged have no value, and their repeats count in no effect that needs their combination, "
            f"which flatters it: {listed(diverged)}"
        )
    if found.interactions > MOST_INTERACTIONS:
        yield f"There are {found.interactions:,} interactions of two factors, too many for a table: none is shown."


def _named(names: Sequence[str]) -> str:
    return listed(repr(name) for name in names)


def _about(table: JobTable, found: Effects) -> str:
    factors = [f"{factor.name} ({listed(factor.levels)})" for factor in found.factorial.factors]
    sizes = " x ".join(str(len(factor.levels)) for factor in found.factorial.factors)
    higher = " Interactions of three factors are not shown." if len(factors) > 2 else ""
    return (
        f"The variants are all combinations, {sizes}, of {'; '.join(factors)}, told by their settings. A main effect "
        "is the difference between two levels of one factor, averaged over all levels of the others. An interaction is "
        "by how much such a difference changes from the first level of another factor to the one named. The method is "
        "paired differences: each effect is computed within each repeat, which has the same seeds and rows in every "
        f"variant{_tested(table)}. Where factors interact, a main effect is an average that need not hold at any "
        f"single level of the other.{higher}"
    )


def _tested(table: JobTable) -> str:
    """Say how effects are tested, or that they are not."""
    if table.ended_by_rule:
        return f". There is no test and no interval, as {BY_RULE}"
    over = "folds, of which repeats are averaged" if table.design.same_folds else "repeats"
    corrected = (
        ", corrected for training rows that runs share (Nadeau and Bengio, 2003)" if table.design.overlap else ""
    )
    return (
        f", and its t interval is over {over}{corrected}. A verdict needs five pairs and p below {table.alpha:g} by "
        "Holm over all effects of this table; the interval of a resolved one is at the level at which Holm resolved "
        f"it, the others at {table.level}"
    )
