"""The report's first section: the comparison and its verdicts, in sentences."""

from collections.abc import Iterator, Sequence

from cnnjobs.comparison.collapsed import completion, completion_text
from cnnjobs.comparison.metric_format import show
from cnnjobs.comparison.pairwise import Comparison
from cnnjobs.comparison.planned import needs_of
from cnnjobs.comparison.selection import watching
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.report.cells import interval_cell, looks_text, p_cell
from cnnjobs.report.model import Element, Section, Text
from cnnjobs.report.sections.decisions import decided_sentences, decision_notes
from cnnjobs.report.sections.differences_table import direction, family_text, run_pairs, sides
from cnnjobs.report.sections.ranking import counted, is_ranked, ranking_table
from cnnjobs.report.sections.seed_audit import audits_text, source_rows, vary_text
from cnnjobs.report.sections.setup import question_of
from cnnjobs.report.sections.summary_table import why_no_interval
from cnnjobs.spec.metrics import Metric
from cnnjobs.store.stored_job import AuditMark, StoredJob
from cnnjobs.wording.labels import count_label
from cnnjobs.wording.levels import level_text
from cnnjobs.wording.sentences import sentence

HOW_TO_READ = (
    '"Better" and "worse" are said only of differences that chance alone would hardly make; "not resolved" means that'
    " these runs cannot tell, not that there is no difference."
)

RANKED = (
    "The rank is that of the mean alone. The verdict says whether a variant differs from the reference; "
    "neighbours in rank may well change places with other repeats."
)


def verdict_section(table: JobTable, others: Sequence[StoredJob] = ()) -> Section:
    """Return the question, the verdicts, and what a reader should know before trusting them.

    Args:
        table: the comparison.
        others: jobs of the same results folder, as their `job.json` keeps them; audits of this one are named.
    """
    question, audits = question_of(table.job), audits_text(table.job, others)
    asked = [Text(question)] if question and table.job.audit is None else []
    verdicts = [Text(said, "verdict") for said in sentences(table)]
    ranked = [ranking_table(table)] if is_ranked(table) and len(verdicts) == 1 else []
    about: list[Element] = [*ranked, *([audits] if audits else [])]
    said: tuple[Element, ...] = (*asked, *verdicts, *about, *(Text(note, "note") for note in notes(table)))
    return Section(
        "In short",
        said,
        how_to_read=RANKED if ranked else HOW_TO_READ if table.comparisons and not table.ended_by_rule else "",
    )


def sentences(table: JobTable) -> list[str]:
    """Return what the runs allow to be said: a sentence a comparison, or of the one variant there is, or of many."""
    if not any(row.values for row in table.rows):
        completed = any(row.not_finite for row in table.rows)
        return [f"No run has a finite {table.metric.words}." if completed else "No run has completed yet."]
    if table.job.audit is not None:
        return [_audited(table, table.job.audit)]
    if len(table.rows) == 1:
        return [_alone(table, table.rows[0])]
    if is_ranked(table):
        return [counted(table)]
    if table.ended_by_rule:
        return list(decided_sentences(table))
    verdicts = [_compared(table, name, comparison) for name, comparison in table.comparisons.items()]
    nobody = not table.secondary and all(one.no_verdict and not one.equal_bits for one in table.comparisons.values())
    return [*verdicts, "So no difference here can be told from chance yet."] if nobody else verdicts


def _audited(table: JobTable, audit: AuditMark) -> str:
    """Say how far runs differ with one source of chance at a time."""
    spread = []
    for row in source_rows(table):
        if row["sd"] is not None:
            interval = interval_cell(table.metric, row["sd_low"], row["sd_high"], none="all repeats identical")
            points = _with_unit(table.metric, row["sd"], difference=True)
            spread.append(f"{points} {interval} for {row['source']} ({row['repeats']} repeats)")
    if not spread:
        return "No source of chance has two repeats yet: no spread."
    name = f"{table.metric.words} of {audit.variant}"
    return f"SD of {name} over repeats, with its {table.level} interval: {', '.join(spread)}. The parts do not add up."


def _alone(table: JobTable, row: VariantRow) -> str:
    s = row.summary
    assert s is not None
    name, mean = table.metric.words, _with_unit(table.metric, s.mean)
    if s.low is None:
        why = why_no_interval(row)
        return f"{row.name} has a {'mean ' if s.n > 1 else ''}{name} of {mean} ({why}){_diverged(row)}."
    interval = interval_cell(table.metric, s.low, s.high)
    spread = _with_unit(table.metric, s.sd or 0.0, difference=True)
    over = f"{s.n} fold means of {len(row.values)} runs" if row.design.same_folds else f"{s.n} runs"
    said = f"{row.name} has a mean {name} of {mean}, {table.level} CI {interval}; SD over {over} {spread}"
    return f"{said}{_diverged(row)}."


def _diverged(row: VariantRow) -> str:
    """Say how many runs are left out because they diverged."""
    lost = f"{row.diverged} of {row.ended} runs of {row.name}"
    return f"; left out because they diverged: {lost}" if row.diverged else ""


def _compared(table: JobTable, name: str, comparison: Comparison) -> str:
    d, metric, against = comparison.difference, table.metric, table.reference
    if d.mean is None:
        return f"{name} cannot be compared with {against}: {d.t.why}."
    of = completion(*sides(table, name))
    lost = f"; {completion_text(name, against, of)}" if of.any else ""
    if comparison.equal_bits:
        return (
            f"{name} and {against} are equal to the bit in every pair{lost}: the settings in which they differ have no "
            "effect."
        )
    by, interval = _with_unit(metric, abs(d.mean), difference=True), _interval(metric, comparison)
    if d.sd == 0 and d.mean == 0:
        return f"{name} and {against} are equal in every pair{lost}."
    if d.t.p is None:
        return f"{name} is {by} {'below' if d.mean < 0 else 'above'} {against}: {d.t.why}{lost}."
    folds = d.n if table.design.same_folds else None
    pairs = count_label(f"{run_pairs(table, name)} pairs", folds) if d.n else "Welch, without pairs"
    mean = f"mean difference {_with_unit(metric, d.mean, difference=True, signed=True)}"
    if comparison.holm is None:
        return f"No verdict on {name} against {against} ({_why(table, comparison)}): {mean} ({interval}{pairs}){lost}."
    p = f"p {_p(comparison.holm)}{_family(table, comparison)}"
    outcome, when = direction(table, comparison), of.when(against)
    if comparison.resolved(table.alpha):
        than, looks = f"{against} {when}".strip(), looks_text(table.looked.times(name))
        return f"{name} is {outcome} than {than}, by {by} ({interval}{p}, {pairs}){looks}{lost}."
    return f"{name} against {against} is {outcome}: {mean} ({interval}{p}, {pairs}){lost}.{_within_margin(table, name)}"


def _interval(metric: Metric, comparison: Comparison) -> str:
    """Return the interval of a difference with its level, to be followed by more; pairs all alike have none."""
    d = comparison.difference
    if d.low is None:
        return "all pairs alike, " if d.sd == 0 else ""
    return f"{level_text(comparison.level)} CI {interval_cell(metric, d.low, d.high, signed=True)}, "


def _why(table: JobTable, comparison: Comparison) -> str:
    return f"secondary: {table.secondary}" if table.secondary else comparison.no_verdict


def _family(table: JobTable, comparison: Comparison) -> str:
    """Say over how many comparisons p is adjusted."""
    return f" by Holm over {family_text(table, comparison.family)}" if comparison.family > 1 else ""


def _within_margin(table: JobTable, name: str) -> str:
    """Say of an unresolved difference that it is within the margin, where two one-sided tests show it."""
    if table.margin is None or table.design.overlap:
        return ""
    need = needs_of(table, table.margin).get(name)
    if need is None or need.holm is None or need.holm >= table.alpha or not table.comparisons[name].difference.sd:
        return ""
    margin = _with_unit(table.metric, table.margin, difference=True, plain=True)
    by = f"two one-sided tests{_family(table, table.comparisons[name])}"
    return f" It is smaller than {margin} either way (p {_p(need.holm)}, {by})."


def _p(p: float) -> str:
    return p_cell(p) if p < 0.001 else f"= {p_cell(p)}"


def _with_unit(
    metric: Metric, value: float, *, difference: bool = False, signed: bool = False, plain: bool = False
) -> str:
    """Return a value with its unit: 98.60%, 0.30 points, 0.0121 nats.

    Args:
        metric: which.
        value: as stored.
        difference: whether it is one.
        signed: with its sign, even above 0.
        plain: with no more digits than it has, for what a person asked for.
    """
    number = f"{metric.factor * value:.4g}" if plain else show(metric, value, signed=signed)
    unit = metric.unit_of_difference if difference or metric.unit != "%" else metric.unit
    unit = unit.removesuffix("s") if number == "1" else unit
    return f"{number}%" if unit == "%" else f"{number} {unit}".strip()


def notes(table: JobTable) -> Iterator[str]:
    """Yield what a reader should know before trusting the numbers."""
    held = vary_text(table.job)
    if held is not None:
        yield held.text
    if table.job.protocol.validation == "test" and not table.job.protocol.folds:
        yield _test_as_validation(watching(table.job))
    yield from decision_notes(table)
    for note in (*(table.job.dataset.notes or ()), *table.notes):
        yield sentence(note)


def _test_as_validation(choosing: Sequence[str]) -> str:
    """Say what it means that the test set doubles as validation set."""
    if choosing:
        return (
            f"Callbacks of {', '.join(choosing)} decide by the test set, which doubles as validation set here: their "
            "figures flatter them, and are no estimate for new images."
        )
    return (
        "The validation curves of this job are those of the test set. Nothing was selected by them here, but do not "
        "choose epochs or settings by them and then quote the test accuracy."
    )
