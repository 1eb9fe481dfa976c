"""The report of a job whose repeats ended by a rule: what it decided, and nothing that does not hold for such runs."""

from collections.abc import Iterator
from typing import Any

from cnnjobs.comparison.decided_looks import allowing_for_stop
from cnnjobs.comparison.decided_words import margin_text, verdict_text
from cnnjobs.comparison.decisions import Ruling
from cnnjobs.comparison.metric_format import capital, difference_label, metric_format, show
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.cells import interval_cell, p_cell
from cnnjobs.report.model import DisplayColumn, Element, ReportTable, Row, Section, Text
from cnnjobs.report.sections.decision_charts import decision_charts
from cnnjobs.report.sections.differences_table import differences_table
from cnnjobs.spec.metrics import Metric
from cnnjobs.stats.sequential import Decision, Verdict
from cnnjobs.wording.levels import level_text
from cnnjobs.wording.sentences import clause, sentence, sentences

DECISION_COLUMNS = (
    *("variant", "reference", "decision", "pairs", "repeats", "mean", "sd", "low", "high", "level"),
    *("sequential_p", "sequential_p_equal", "mean_allowing_for_stop", "margin", "less_than_margin", "most_repeats"),
    *("alpha", "family", "further_pairs", "further", "diverged", "reference_diverged", "waiting", "changed"),
)
"""One row per variant: it minus the reference, over the pairs that the rule used. `low` to `high` is the interval that
holds at every look together, at `level`; `further` has later pairs, which are not used; `waiting` the repeat, from 1,
that failed and is waited for; `changed` why what is stored does not give the decision that was made."""

IN_SHORT = "The interval and p hold however often one looks."
"""Stands below the table where the section is not read."""

HOW_TO_READ = (
    "A variant stops as soon as its interval leaves out 0, or lies within the margin. One that is open or given up is "
    "undecided. The interval and the sequential p allow for having looked after every repeat."
)


NOT_GIVEN = (
    "The usual p, effect size and 95% interval of a difference do not hold for runs that ended because of their "
    "results, and are not given, whatever the metric."
)

ESTIMATES = "Estimates of the difference, without a test or an interval: "


def decisions_section(table: JobTable) -> Section | None:
    """Return what the rule of a job decided; None where there is nothing to compare.

    Args:
        table: the comparison of a job with a rule.
    """
    if not table.comparisons:
        return None
    title = f"Decisions against {table.reference}"
    if table.ruling is None:
        said = sentence(f"{ESTIMATES}{why_no_ruling(table)}")
        return Section(title, (_estimates(table), Text(said), Text(NOT_GIVEN)))
    elements: list[Element] = [*decision_charts(table), decisions_table(table, table.ruling)]
    return Section(title, (*elements, Text(_about(table.ruling)), Text(NOT_GIVEN)), how_to_read=HOW_TO_READ)


def decided_sentences(table: JobTable) -> Iterator[str]:
    """Yield what the rule says of each variant; without its word, by how much they differ.

    Args:
        table: the comparison of a job with a rule.
    """
    if table.ruling is None:
        yield from _estimated(table)
        return
    for name, comparison in table.comparisons.items():
        if comparison.equal_bits:
            yield (
                f"{name} and {table.reference} are equal to the bit in every pair: the settings in which they differ "
                "have no effect."
            )
        yield _decided(table.ruling, name)


def decision_notes(table: JobTable) -> Iterator[str]:
    """Yield what a reader should know before trusting what the rule decided.

    Args:
        table: the comparison of a job with a rule.
    """
    if table.ruling is None:
        return
    for name, why in table.ruling.changed.items():
        before = table.ruling.rule.decisions[table.job.conditions[name]]
        yield sentence(
            f"What stands here of {name} is from the runs that are stored now. Earlier it was decided that it is "
            f"{before.verdict}, after repeat {before.repeats}; that decision does not stand: {clause(why)}"
        )


def comparison_table(table: JobTable) -> ReportTable:
    """Return the differences of a job with a rule in brief: its decisions, or estimates where it says nothing.

    Args:
        table: the comparison.
    """
    return _estimates(table) if table.ruling is None else decisions_table(table, table.ruling)


def comparison_note(table: JobTable) -> str:
    """Return what stands below that table."""
    return IN_SHORT if table.ruling is not None else sentence(f"{ESTIMATES}{why_no_ruling(table)}")


def why_no_ruling(table: JobTable) -> str:
    """Say why the rule of a job says nothing of a comparison."""
    rule = table.job.decide
    assert rule is not None, "of a job with a rule"
    conditions = {condition: name for name, condition in table.job.conditions.items()}
    if rule.reference not in conditions:
        return (
            "the reference was changed after the rule had begun, which decided nothing about what the job lists now; "
            "`cnnjobs submit --decide` begins anew"
        )
    own = metric_format(rule.metric)
    if own.column != table.metric.column:
        return f"secondary, no verdict, as repeats ended by a rule that looks at {own.words}"
    return f"secondary, no verdict, as repeats ended by a rule that compares with {conditions[rule.reference]}"


def decisions_table(table: JobTable, ruling: Ruling) -> ReportTable:
    """Return what the rule decided.

    Args:
        table: the comparison by the rule's metric, with its reference.
        ruling: what the rule says.
    """
    rows = [decision_row(ruling, name) for name in ruling.decisions]
    title = capital(difference_label(table.metric, table.reference))
    return ReportTable("decisions", title, DECISION_COLUMNS, rows, list(_shown(table.metric, ruling)))


def decision_row(ruling: Ruling, variant: str) -> Row:
    """Return the values of a variant, by `DECISION_COLUMNS`.

    Args:
        ruling: what the rule says.
        variant: name.
    """
    one, further = ruling.decisions[variant], ruling.further[variant]
    own, other = ruling.diverged[variant]
    values: tuple[Any, ...] = (
        *(variant, ruling.reference, one.verdict.value, one.pairs, one.repeats, one.mean, one.sd),
        *(one.interval.low, one.interval.high, 1 - one.alpha, one.q, one.q_equal, allowing_for_stop(ruling, variant)),
        *(ruling.rule.margin, _is_less_than_margin(one, ruling.rule.margin), ruling.rule.most_repeats),
        *(ruling.rule.alpha, ruling.family, len(further), " ".join(f"{value:.9g}" for value in further), own, other),
        *(ruling.waiting.get(variant), ruling.changed.get(variant, "")),
    )
    return dict(zip(DECISION_COLUMNS, values, strict=True))


def _shown(metric: Metric, ruling: Ruling) -> Iterator[DisplayColumn]:
    levels = {level_text(1 - one.alpha) for one in ruling.decisions.values()}

    def interval(row: Row) -> str:
        ends = interval_cell(metric, row["low"], row["high"], signed=True)
        return ends if len(levels) == 1 or row["low"] is None else f"{ends} at {level_text(row['level'])}"

    yield DisplayColumn(f"minus {ruling.reference}", lambda row: str(row["variant"]))
    yield DisplayColumn("decision", lambda row: _word(ruling, row))
    yield DisplayColumn("pairs", lambda row: str(row["pairs"]), "pairs")
    yield DisplayColumn("mean difference", lambda row: show(metric, row["mean"], signed=True), "mean")
    yield DisplayColumn(f"{min(levels)} interval" if len(levels) == 1 else "interval", interval, "low")
    yield DisplayColumn("sequential p", lambda row: p_cell(_deciding_p(row)), "sequential_p")
    yield DisplayColumn(
        "allowing for the stop",
        lambda row: show(metric, row["mean_allowing_for_stop"], signed=True),
        "mean_allowing_for_stop",
        compact=False,
    )
    yield DisplayColumn("SD", lambda row: show(metric, row["sd"]), "sd", compact=False)
    yield DisplayColumn(
        "further pairs, not used",
        lambda row: ", ".join(show(metric, float(one), signed=True) for one in row["further"].split()) or "-",
        "further_pairs",
        compact=False,
    )


def _word(ruling: Ruling, row: Row) -> str:
    """Return what became of a variant in a word or two."""
    if row["waiting"] is not None:
        return f"waits for repeat {row['waiting']}, which failed"
    said = {
        Verdict.EQUAL: f"equal within {margin_text(ruling.rule)}",
        Verdict.GIVEN_UP: "given up",
        Verdict.NO_PAIRS: "undecided: no pairs",
        Verdict.OPEN: "open",
    }.get(Verdict(row["decision"]), str(row["decision"]))
    return f"{said}, by less than {margin_text(ruling.rule)}" if row["less_than_margin"] else said


def _deciding_p(row: Row) -> float:
    """Return the sequential p of the decision."""
    return float(row["sequential_p_equal"] if row["decision"] == Verdict.EQUAL else row["sequential_p"])


def _is_less_than_margin(one: Decision, margin: float | None) -> bool:
    """Say whether a variant is better or worse by an amount that is below the margin for certain."""
    if margin is None or one.verdict not in (Verdict.BETTER, Verdict.WORSE) or one.interval.low is None:
        return False
    return max(abs(one.interval.low), abs(one.interval.high or 0.0)) < margin


def _decided(ruling: Ruling, name: str) -> str:
    """Say what the rule decided of a variant."""
    one, metric, further = ruling.decisions[name], metric_format(ruling.rule.metric), ruling.further[name]
    said = sentence(verdict_text(ruling, name, allowing_for_stop(ruling, name)))
    less = ""
    if _is_less_than_margin(one, ruling.rule.margin):
        less = f"It differs by less than {margin_text(ruling.rule)}, the margin."
    later = ""
    if further:
        count = f"{len(further)} further pair{'s' if len(further) > 1 else ''}, not used"
        count += " yet" if one.verdict is Verdict.OPEN else ""
        later = f"{count}: {', '.join(show(metric, value, signed=True) for value in further)}."
    return sentences(said, less, later)


def _estimated(table: JobTable) -> Iterator[str]:
    """Say by how much variants differ where the rule says nothing of it."""
    why = why_no_ruling(table)
    for name, comparison in table.comparisons.items():
        d = comparison.difference
        if d.mean is None:
            yield f"{name} cannot be compared with {table.reference}: {d.t.why}."
        else:
            unit = table.metric.unit_of_difference
            mean = f"{show(table.metric, d.mean, signed=True)} {unit}".rstrip()
            over = f"over {d.n} pair{'s' if d.n != 1 else ''}" if d.n else "of means, without pairs"
            yield sentence(f"{name} minus {table.reference}: {mean} {over}; {why}")


def _estimates(table: JobTable) -> ReportTable:
    """Return the differences as estimates: the columns of tests and intervals are empty."""
    full, metric = differences_table(table), table.metric
    shown = (
        DisplayColumn(f"minus {table.reference}", lambda row: str(row["variant"])),
        DisplayColumn("pairs", lambda row: str(row["pairs"]), "pairs"),
        DisplayColumn(
            "mean difference",
            lambda row: str(row["why"]) if row["mean"] is None else show(metric, row["mean"], signed=True),
            "mean",
        ),
        DisplayColumn("SD", lambda row: show(metric, row["sd"]), "sd"),
    )
    return ReportTable(full.name, full.title, full.columns, full.rows, shown)


def _about(ruling: Ruling) -> str:
    rule = ruling.rule
    margin = "" if rule.margin is None else f", and equal once it lies within {margin_text(ruling.rule)} of 0"
    equal = "" if rule.margin is None else ', and false "equal" in as many'
    p_of_equal = (
        ' The p of an "equal" is that of a difference as large as the margin; of all others, that of none.'
        if any(one.verdict is Verdict.EQUAL for one in ruling.decisions.values())
        else ""
    )
    holm = (
        f" Holm's adjustment over {ruling.family} comparisons is taken at every repeat; intervals have the level at "
        "which it decided."
        if ruling.family > 1
        else ""
    )
    return (
        f"The rule looks after every repeat from the fifth pair on, at most {rule.most_repeats} repeats. A variant is "
        f"better or worse once the interval leaves out 0{margin}; then its repeats end, and later pairs are not used. "
        'The interval holds at all looks together, and so does the sequential p: false "better" or "worse" come in at '
        f"most {100 * rule.alpha:g}% of jobs{equal}, over all variants and looks, for differences that are normally "
        f"distributed.{p_of_equal}{holm} "
        "A stop at a convincing look flatters a difference: the mean allowing for the stop is of pairs like "
        "these in any order that would not have stopped earlier (Rao and Blackwell)."
    )
