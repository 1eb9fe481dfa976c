"""The report's comparison: the differences to the reference, and the runs of each variant."""

from cnnjobs.comparison.metric_format import axis_label, capital, difference_label, show
from cnnjobs.comparison.selection import weights
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.model import Chart, Element, ReportTable, Section, Text
from cnnjobs.report.sections.decisions import IN_SHORT, comparison_note, comparison_table
from cnnjobs.report.sections.differences_table import differences_table, family_text
from cnnjobs.report.sections.ranking import ranking_table
from cnnjobs.report.sections.summary_table import cut_off, runs_rows, summary_note, summary_table
from cnnjobs.spec.metrics import OF_TEST_ROWS
from cnnjobs.stats.pairs import MEANINGFUL
from cnnjobs.stats.summary import FEWEST_FOR_QUARTILES, fewest_for_median
from cnnjobs.wording.sentences import sentence, sentences

ADJUSTED = (
    "Intervals have a level of {level}; the interval of a resolved difference has the level at which Holm's procedure "
    "resolved it"
)
"""Of which level intervals of a family are."""

READ_DIFFERENCES = (
    "An interval that leaves out 0 speaks for a difference, and the verdict says whether it is resolved when all "
    'comparisons are counted. "Not resolved" does not mean equal: the runs are too few, or the difference is too '
    "small, to tell."
)

READ_SUMMARY = (
    "Dots are single runs. A box, from five runs on, holds the middle half of them, with a line at the median. "
    "Variants whose runs overlap may differ all the same, because runs of the same repeat are compared in pairs."
)

RUNS_COLUMNS = ("variant", "repeat", "fold", "value")


def differences_section(table: JobTable) -> Section | None:
    """Return the paired differences; None where there is nothing to compare."""
    if not table.comparisons:
        return None
    from cnnjobs.report.figures import comparison

    elements: list[Element] = []
    if comparison.drawn_differences(table):
        title = f"{capital(difference_label(table.metric, table.reference))}: means and intervals"
        rows = comparison.difference_rows(table)
        elements.append(
            Chart(
                "differences",
                title,
                lambda: comparison.difference_plot(table),
                comparison.DIFFERENCE_PLOT_COLUMNS,
                lambda: rows,
            )
        )
    text = (
        "Each repeat has the same seeds and rows in every variant, so runs are compared in pairs"
        + (", in percentage points. " if table.in_percent else ". ")
        + adjustment(table)
        + f" d_z: mean over SD. p and p (t): {_t_test(table)}. Sign flips: the exact test without normality. P(A > B): "
        f"the share of pairs in which the variant is above {table.reference}. It is significant if its interval lies "
        f"above 0.5, and meaningful if the interval also reaches {MEANINGFUL:g} (Bouthillier et al., arXiv "
        f"2103.03098); likewise for {table.reference}. Of several variants only resolved ones are called so"
        + ("." if table.higher_is_better else "; here less is better, so that low shares speak for the variant.")
    )
    return Section(
        f"Paired differences to {table.reference}",
        (*elements, differences_table(table), *_cannot(table), Text(text)),
        how_to_read=READ_DIFFERENCES,
    )


def _cannot(table: JobTable) -> list[Text]:
    """Say what tests of differences cannot do, and of which variants."""
    affected: dict[str, list[str]] = {}
    for name, compared in table.comparisons.items():
        above = compared.superiority.interval.why if compared.superiority else ""
        if compared.sign_flip.why:
            affected.setdefault(f"Sign flips: {compared.sign_flip.why}", []).append(name)
        if above:
            affected.setdefault(f"P(A > B) without an interval: {above}", []).append(name)
    everyone = list(table.comparisons)
    said = [why if names == everyone else f"{why} ({', '.join(names)})" for why, names in affected.items()]
    return [Text(sentence(sentences(*said)))] if said else []


def _t_test(table: JobTable) -> str:
    corrected = "paired t test, corrected for training rows that runs share (Nadeau and Bengio, 2003)"
    return corrected if table.design.overlap else "paired t test"


def shown_differences(table: JobTable) -> tuple[ReportTable, str]:
    """Return the differences as the terminal and notebooks show them, and what stands below.

    Args:
        table: the comparison of a job with several variants.
    """
    if table.ended_by_rule:
        return comparison_table(table), comparison_note(table)
    return differences_table(table), f"{pairing(table)} {adjustment(table)}"


def shown_ranking(table: JobTable) -> tuple[ReportTable, str]:
    """Return the ranking as the terminal and notebooks show it in place of two tables, and what stands below.

    Args:
        table: the comparison of a job with many variants.
    """
    below = IN_SHORT if table.ended_by_rule else f"{pairing(table)} {adjustment(table)}"
    return ranking_table(table), f"{sentence(summary_note(table))} {below}"


def pairing(table: JobTable) -> str:
    """Say in a few words how runs are compared."""
    corrected = ", corrected for training rows that runs share" if table.design.overlap else ""
    welch = any(not one.difference.n and one.difference.mean is not None for one in table.comparisons.values())
    unpaired = " (without pairs, Welch's test compares them)" if welch else ""
    return f"Runs are paired by repeat and fold{unpaired}, with t intervals{corrected}."


def adjustment(table: JobTable) -> str:
    """Say by what a verdict is reached."""
    if table.secondary:
        return "This is a secondary comparison, without verdicts; its intervals are not adjusted."
    family = max((one.family for one in table.comparisons.values()), default=0)
    holm = f" after Holm's adjustment for {family_text(table, family)}" if family > 1 else ""
    verdict = f"A verdict needs five pairs and p below {table.alpha:g}{holm}"
    return f"{verdict}. {ADJUSTED.format(level=table.level)}." if family > 1 else f"{verdict}."


def summary_section(table: JobTable) -> Section:
    """Return the runs of each variant: box plot and summary."""
    from cnnjobs.report.figures import comparison

    what = axis_label(table.metric)
    elements: list[Element] = []
    if any(row.values for row in table.rows):
        title = f"{capital(what)} of every run"
        elements.append(Chart("box", title, lambda: comparison.box_plot(table), RUNS_COLUMNS, lambda: runs_rows(table)))
    elements += [summary_table(table), Text(_about(table, what)), *_few_runs(table)]
    return Section(what.split(" (", maxsplit=1)[0].capitalize(), elements, how_to_read=READ_SUMMARY)


def _about(table: JobTable, what: str) -> str:
    of = ", of the runs that completed" if any(row.diverged for row in table.rows) else ""
    folds = any(row.design.same_folds for row in table.rows)
    over = "means of folds; median, quartiles, min and max are of all runs" if folds else "runs"
    ends = "no interval, as runs share training rows" if table.design.overlap else "its interval is chi-squared"
    shared = table.design.overlap
    median = (
        ""
        if shared
        else (
            " The interval of the median lies between two of the runs, whatever their distribution is. Its level, in "
            f"brackets, is not below the one asked for, which takes {fewest_for_median(table.design.confidence)} runs."
        )
    )
    return (
        f"{capital(what)} of {weights(table.job)}{of}. SD: standard deviation with ddof=1 over the {over}; {ends}. "
        f"{table.level} CI: t interval of the mean over {interval_over(table)}.{_ends(table)}{median}{_stopped(table)}"
    )


def _ends(table: JobTable) -> str:
    """Say where intervals are cut off, if any is."""
    said = cut_off(table)
    return f" {capital(sentence(said))}" if said else ""


def _stopped(table: JobTable) -> str:
    """Say what intervals of each variant are worth where its repeats ended by a rule, and of which runs they are."""
    if not table.ended_by_rule:
        return ""
    return (
        " These numbers are of all runs, also those that no decision used. How many there are depended on differences; "
        "simulated, the interval of a mean of one variant at the stop still covers it in 94 to 96% of jobs. Do not "
        "compare variants by these intervals."
    )


def interval_over(table: JobTable) -> str:
    """Say what an interval of the mean speaks of."""
    uneven = ", at the mean ratio of validation to training rows" if table.job.protocol.groups else ""
    if table.job.protocol.folds:
        if table.design.same_folds:
            return (
                "these folds' means over repeats, corrected for the training rows they share (Nadeau and Bengio, "
                f"2003){uneven}"
            )
        shared = "corrected for the training rows that folds share (Nadeau and Bengio, 2003)"
        return f"new folds of these rows, {shared}{uneven}"
    if table.metric.part in OF_TEST_ROWS:
        return "new repeats on these same test images"
    if table.design.overlap:
        shared = "corrected for the training rows that repeats share (Nadeau, Bengio, 2003)"
        return f"new hold-outs of these rows, {shared}{uneven}"
    return "new repeats on these same validation images"


def _few_runs(table: JobTable) -> list[Text]:
    """Show every run of variants that have fewer than five: quartiles would say nothing."""
    few = [row for row in table.rows if 0 < len(row.values) < FEWEST_FOR_QUARTILES]
    runs = "; ".join(
        f"{row.name}: {', '.join(show(table.metric, value) for value in row.values.values())}" for row in few
    )
    return [Text(f"Fewer than {FEWEST_FOR_QUARTILES} runs, all of them: {runs}.")] if few else []
