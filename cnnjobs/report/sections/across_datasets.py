"""The report over data sets: scores, mean ranks, tests, and the critical-difference diagram."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnnjobs.comparison.across_datasets import AcrossDatasets
from cnnjobs.comparison.adjusted import SECONDARY
from cnnjobs.comparison.metric_format import axis_label, show
from cnnjobs.report.cells import looks_text, outcome_cell, p_cell, p_or_why
from cnnjobs.report.figures.critical_difference import critical_difference_plot, order_and_groups
from cnnjobs.report.model import Chart, DisplayColumn, Document, Element, ReportTable, Row, Section, Text
from cnnjobs.stats import Outcome
from cnnjobs.stats.families import FEWEST_DATASETS
from cnnjobs.stats.outcomes import Reals
from cnnjobs.wording.labels import count_label
from cnnjobs.wording.sentences import sentence

ENOUGH_FOR_CHI_SQUARED = (10, 5)
"""Friedman's chi-squared wants more data sets and variants than these (Demsar, 2006, section 3.2.2)."""


READ_SCORES = (
    "Each number is the mean of the runs of one variant on one data set. Here data sets are the sample: a variant is "
    "better in general only if it is better on most of them."
)

READ_RANKS = (
    "Rank 1 is the best variant on a data set. In the diagram, variants joined by a bar cannot be told apart with "
    "this many data sets."
)

READ_PAIRS = (
    "Each row compares two variants over the data sets. With fewer than six data sets hardly any difference can be "
    "resolved."
)


def across_datasets_document(across: AcrossDatasets) -> Document:
    """Return the report of a comparison over data sets.

    Args:
        across: of `compare_over_datasets`.
    """
    return Document(
        f"{len(across.blocks)} data sets together",
        (_about(across), _scores(across), _ranks(across), _pairs(across)),
    )


def _about(across: AcrossDatasets) -> Section:
    jobs = ", ".join(f"{block.dataset} ({block.job})" for block in across.blocks)
    what = Text(
        f"{', '.join(across.variants)}: compared by {axis_label(across.metric)} over {len(across.blocks)} data sets, "
        f"each with the job it is from: {jobs}. A data set counts once, with the mean over a variant's completed runs; "
        "further repeats make these means more exact, and only further data sets make the comparison stronger. The "
        "tests take data sets for independent of each other: parts or versions of one are not."
    )
    few = [Text(note, "note") for note in _too_few(across)]
    return Section("What is compared", (what, *few, *(Text(_sentence(note), "note") for note in across.notes)))


def _sentence(note: str) -> str:
    return sentence(note)


def _too_few(across: AcrossDatasets) -> list[str]:
    """Return what so few data sets cannot say."""
    n, k, notes = len(across.blocks), len(across.variants), []
    if n < FEWEST_DATASETS:
        notes.append(
            f"{n} data sets: ranks describe these and say nothing of others. Wilcoxon's test of a pair is left out: at "
            f"this n it cannot reach a p below {2.0 ** (1 - n):g}."
        )
    if across.critical_difference > k - 1:
        notes.append(
            f"The critical difference, {across.critical_difference:.2f}, is more than any two mean ranks of {k} "
            f"variants can differ by, {k - 1}: it cannot tell any of them apart at this n."
        )
    if n <= ENOUGH_FOR_CHI_SQUARED[0] or k <= ENOUGH_FOR_CHI_SQUARED[1]:
        notes.append(
            "The p of Friedman's chi-squared is an approximation for more than 10 data sets and 5 variants; that of F "
            "(Iman and Davenport) is nearer."
        )
    return notes


def _scores(across: AcrossDatasets) -> Section:
    rows = [
        {
            "dataset": block.dataset,
            "job": block.job,
            "variant": name,
            "n": block.scores[name].n,
            "folds": block.scores[name].folds,
            "mean": block.scores[name].mean,
            "sd": block.scores[name].sd,
            "rank": float(rank),
        }
        for block, own in zip(across.blocks, across.ranks, strict=True)
        for name, rank in zip(across.variants, own, strict=True)
    ]
    unit = across.metric.unit
    shown = (
        DisplayColumn("data set", lambda row: str(row["dataset"])),
        DisplayColumn("variant", lambda row: str(row["variant"])),
        DisplayColumn("n", lambda row: count_label(row["n"], row["folds"]), "n"),
        DisplayColumn(f"mean ({unit})" if unit else "mean", lambda row: show(across.metric, row["mean"]), "mean"),
        DisplayColumn("SD", lambda row: show(across.metric, row["sd"]), "sd"),
        DisplayColumn("rank", lambda row: f"{row['rank']:g}", "rank"),
    )
    title = f"{axis_label(across.metric)} of every variant on every data set"
    return Section("Scores", (ReportTable("scores", title, _columns(rows), rows, shown),), how_to_read=READ_SCORES)


def _columns(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(rows[0])


def _ranks(across: AcrossDatasets) -> Section:
    elements: list[Element] = [_omnibus_text(across), _omnibus(across), _mean_ranks(across), _diagram(across)]
    return Section("Ranks", elements, how_to_read=READ_RANKS)


def _omnibus_text(across: AcrossDatasets) -> Text:
    """Say whether mean ranks differ; where all data sets agree F has no end, and all orders are counted instead."""
    if len(across.blocks) < FEWEST_DATASETS:
        return Text(f"Fewer than {FEWEST_DATASETS} data sets: no verdict on mean ranks.", "verdict")
    if across.secondary:
        return Text("A secondary comparison: no verdict on mean ranks.", "verdict")
    test = across.friedman.f
    assert test.p is not None, "at least two data sets and variants"
    is_resolved, looks = test.p < across.alpha, looks_text(across.looks)
    verdict = f"differ by more than chance{looks}" if is_resolved else "are not resolved from chance"
    by = f"Iman and Davenport's F = {test.statistic:.2f}" if test.statistic is not None else "of all orders"
    why = f"{test.why[0].upper()}{test.why[1:]}: mean ranks" if test.why else "Mean ranks"
    return Text(f"{why} {verdict} ({by}, p {_with_sign(test.p)}).", "verdict")


def _with_sign(p: float) -> str:
    cell = p_cell(p)
    return cell if cell.startswith("<") else f"= {cell}"


def _omnibus(across: AcrossDatasets) -> ReportTable:
    n, k = len(across.blocks), len(across.variants)
    rows = [
        _test("Friedman, chi-squared", across.friedman.chi_squared, k - 1, None),
        _test("Iman and Davenport, F", across.friedman.f, k - 1, (k - 1) * (n - 1)),
        _test(
            f"Nemenyi, critical difference at {across.alpha:g}", Outcome(across.critical_difference, None), None, None
        ),
    ]
    shown = (
        DisplayColumn("test", lambda row: str(row["test"])),
        DisplayColumn(
            "statistic", lambda row: "-" if row["statistic"] is None else f"{row['statistic']:.3f}", "statistic"
        ),
        DisplayColumn("degrees of freedom", _degrees),
        DisplayColumn("p", lambda row: p_or_why(row["p"], str(row["why"])), "p"),
    )
    return ReportTable("tests", f"Whether {k} variants rank alike over {n} data sets", _columns(rows), rows, shown)


def _test(name: str, outcome: Outcome, df: int | None, df_error: int | None) -> dict[str, Any]:
    row = {"test": name, "statistic": outcome.statistic, "df": df, "df_error": df_error, "p": outcome.p}
    return row | {"why": outcome.why}


def _degrees(row: Row) -> str:
    return ", ".join(str(row[name]) for name in ("df", "df_error") if row[name] is not None) or "-"


def _mean_ranks(across: AcrossDatasets) -> ReportTable:
    ranks = across.ranks
    order, groups = order_and_groups(across)
    rows = [
        {
            "variant": across.variants[index],
            "mean_rank": across.friedman.ranks[index],
            "best_rank": float(ranks[:, index].min()),
            "worst_rank": float(ranks[:, index].max()),
            "datasets_won": int((ranks[:, index] == ranks.min(axis=1)).sum()),
            "bars": " ".join(str(number + 1) for number, (low, high) in enumerate(groups) if low <= place <= high),
        }
        for place, index in enumerate(order)
    ]
    shown = (
        DisplayColumn("variant", lambda row: str(row["variant"])),
        DisplayColumn("mean rank", lambda row: f"{row['mean_rank']:.3f}", "mean_rank"),
        DisplayColumn("best", lambda row: f"{row['best_rank']:g}", "best_rank"),
        DisplayColumn("worst", lambda row: f"{row['worst_rank']:g}", "worst_rank"),
        DisplayColumn("data sets won or shared", lambda row: str(row["datasets_won"]), "datasets_won"),
        DisplayColumn("bars of the diagram", lambda row: row["bars"] or "-"),
    )
    return ReportTable("ranks", "mean ranks over data sets, 1 the best", _columns(rows), rows, shown)


def _diagram(across: AcrossDatasets) -> Chart:
    order, _ = order_and_groups(across)
    values = [(across.variants[index], across.friedman.ranks[index], across.critical_difference) for index in order]
    joined = "; ".join(f"{name} {rank:.2f}" for name, rank, _ in values)
    return Chart(
        "critical-difference",
        f"critical-difference diagram: mean ranks {joined}; critical difference {across.critical_difference:.2f}",
        lambda: critical_difference_plot(across),
        ("variant", "mean_rank", "critical_difference"),
        lambda: values,
    )


def _pairs(across: AcrossDatasets) -> Section:
    rows = [_pair(across, pair, outcome) for pair, outcome in across.pairs.items()]
    unit = across.metric.unit_of_difference
    shown = (
        DisplayColumn("variant", lambda row: str(row["variant"])),
        DisplayColumn("minus", lambda row: str(row["other"])),
        DisplayColumn("won, tied, lost", lambda row: f"{row['won']}, {row['tied']}, {row['lost']}", "won"),
        DisplayColumn(
            f"median difference ({unit})" if unit else "median difference",
            lambda row: show(across.metric, row["median_difference"], signed=True),
            "median_difference",
        ),
        DisplayColumn("ranks differ by", lambda row: f"{abs(row['rank_difference']):.3f}", "rank_difference"),
        DisplayColumn(
            "p (Wilcoxon, Holm)", lambda row: outcome_cell(Outcome(row["w"], row["p_holm"], row["why"])), "p_holm"
        ),
        DisplayColumn("verdict", _verdict_cell),
    )
    variants = "a variant" if across.dropped == 1 else f"{across.dropped} variants"
    dropped = f", with {variants} that the jobs no longer list" if across.dropped else ""
    family = f"{across.family} pair{'s' if across.family > 1 else ''}{dropped}"
    text = Text(
        f"A verdict needs p below {across.alpha:g} by Wilcoxon's signed-rank test over data sets, adjusted by Holm "
        f"over {family}. The bars of the diagram are of another test, Nemenyi's, whose answer for a pair depends on "
        "the other variants as well; the two may disagree."
    )
    return Section(
        "Pairs of variants",
        (ReportTable("pairs", "Pairs of variants over data sets", _columns(rows), rows, shown), text),
        how_to_read=READ_PAIRS,
    )


def _pair(across: AcrossDatasets, pair: tuple[int, int], outcome: Outcome) -> dict[str, Any]:
    first, other = pair
    d = across.better[:, first] - across.better[:, other]
    ranks = across.friedman.ranks
    return {
        "variant": across.variants[first],
        "other": across.variants[other],
        "won": int((d > 0).sum()),
        "tied": int((d == 0).sum()),
        "lost": int((d < 0).sum()),
        "median_difference": float(np.median(across.means[:, first] - across.means[:, other])),
        "rank_difference": ranks[first] - ranks[other],
        "beyond_critical_difference": abs(ranks[first] - ranks[other]) >= across.critical_difference,
        "w": outcome.statistic,
        "p_holm": None if across.secondary else outcome.p,
        "why": SECONDARY if across.secondary else outcome.why,
        "verdict": _verdict(across, outcome, d),
        "looks": across.looks,
    }


def _verdict_cell(row: Row) -> str:
    return f"{row['verdict']}{looks_text(row['looks']) if row['verdict'] in ('better', 'worse') else ''}"


def _verdict(across: AcrossDatasets, outcome: Outcome, differences: Reals) -> str:
    if outcome.p is None or across.secondary:
        return SECONDARY if across.secondary else outcome.why
    if outcome.p >= across.alpha:
        return "not resolved"
    from scipy.stats import rankdata

    d = differences[differences != 0]
    return "better" if rankdata(np.abs(d)) @ np.sign(d) > 0 else "worse"
