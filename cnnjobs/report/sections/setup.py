"""The report's section on what was compared: the job's question, its data, runs and dates, and its variants."""

import ast
from collections.abc import Iterator
from datetime import datetime
from functools import partial

from cnnjobs.comparison.decided_words import margin_text
from cnnjobs.comparison.design import repeats_text
from cnnjobs.comparison.half_width import asked_for
from cnnjobs.comparison.settings import Setting, settings_of
from cnnjobs.comparison.table import JobTable
from cnnjobs.datasets.overview import groups_text, images_text
from cnnjobs.report.model import DisplayColumn, ReportTable, Row, Section
from cnnjobs.report.sections.seed_audit import varying_sources
from cnnjobs.store.stored_job import StoredJob
from cnnjobs.wording.labels import listed

TITLE = "Setup"

HOW_TO_READ = (
    "One row per variant, and one column per setting in which variants differ: these settings are what is compared. A "
    "dash means that the network or optimizer of the variant has no such setting."
)

LONGEST_QUESTION = 300
"""Characters; of a longer first paragraph only the first sentence is taken."""

COLOURS = {1: "greyscale", 3: "colour"}
"""Channels -> what pictures are called."""


def setup_section(table: JobTable) -> Section:
    """Return what was compared."""
    settings = settings_of(table.job)
    one = len(table.rows) == 1
    shown = settings if one else [setting for setting in settings if setting.differs]
    common = [] if one else [setting for setting in settings if not setting.differs]
    parts = [] if one else [variants_table(table, shown)]
    title = "Settings" if one else "The same in all variants"
    return Section(
        TITLE,
        [facts_table(table), *parts],
        [Section(title, [_common_table(settings if one else common)], folded=True)] if one or common else [],
        how_to_read="" if one else HOW_TO_READ,
    )


def question_of(job: StoredJob) -> str:
    """Return the question of a job: the first paragraph of its job file; empty if there is none.

    Args:
        job: as `job.json` keeps it.
    """
    try:
        said = ast.get_docstring(ast.parse(job.text or "")) or ""
    except (SyntaxError, ValueError):  # of another version of Python, or not a job file
        return ""
    paragraph = " ".join(said.partition("\n\n")[0].split())
    if len(paragraph) <= LONGEST_QUESTION:
        return paragraph
    return paragraph[: LONGEST_QUESTION - 1].rpartition(". ")[0] or f"{paragraph[: LONGEST_QUESTION - 1].rstrip()}…"


def facts_table(table: JobTable) -> ReportTable:
    """Return data, protocol, runs and dates."""
    rows = [{"what": what, "value": value} for what, value in _facts(table) if value]
    shown = (DisplayColumn("item", lambda row: str(row["what"])), DisplayColumn("value", lambda row: str(row["value"])))
    return ReportTable("setup", "Data, protocol and runs", ("what", "value"), rows, shown)


def _facts(table: JobTable) -> Iterator[tuple[str, str]]:
    job, data = table.job, table.job.dataset
    yield "data set", data.name
    images = images_text(training=data.train_rows, validation=data.validation_rows, test=data.test_rows)
    tested = None if data.test_groups is None else len(set(data.test_groups))
    grouped = groups_text(data.groups, tested, with_validation=data.validation_rows is not None)
    size = f" of {size}" if (size := size_text(job)) else ""
    yield "images", f"{images}{size}{grouped}"
    names = f": {listed(data.class_names)}" if data.class_names else ""
    largest = "" if data.largest_class is None else f"; the largest has {data.largest_class:.1%} of the test images"
    yield "classes", f"{data.classes}{names}{largest}"
    yield "validation", job.protocol_text
    varying = varying_sources(job)
    differing = f"they differ in {', '.join(varying)}" if varying else "nothing differs between them"
    yield "repeats", f"{repeats_text(job)}{rule_text(table)}; {differing}"
    period = period_text(table)
    yield "runs", f"{runs_text(table)}{'; ' if period else ''}{period}"
    against = f", with {table.reference}" if table.comparisons else ""
    yield "compared on", f"{table.metric.words}{against}"


def compared_text(table: JobTable) -> str:
    """Say in a sentence on which data, and how, variants were compared."""
    facts = dict(_facts(table))
    said = (facts["data set"], facts["images"], facts["validation"], facts["runs"])
    return f"{', '.join(said)}; compared on {facts['compared on']}."


def size_text(job: StoredJob) -> str:
    """Return the size of pictures: "32 x 32 pixels, colour"; empty if it is not kept."""
    if job.dataset.image_shape is None:
        return ""
    height, width, channels = job.dataset.image_shape
    return f"{height} x {width} pixels, {COLOURS.get(channels, f'{channels} channels')}"


def rule_text(table: JobTable) -> str:
    """Say by which rule repeats end, to follow their number; empty without one."""
    job = table.job
    if job.decide is not None:
        return f", until a verdict or at most {job.decide.most_repeats} ({margin_text(job.decide)})"
    if job.half_width is not None:
        return f", for a half width of {asked_for(job.half_width)}"
    return ""


def runs_text(table: JobTable) -> str:
    """Return how many runs there are of those the job asks for, and what became of the others."""
    completed = sum(len(row.values) + row.not_finite for row in table.rows)
    others = {of: sum(getattr(row, of) for row in table.rows) for of in ("diverged", "failed")}
    said = "".join(f", {count} {of}" for of, count in others.items() if count)
    return f"{completed:,} of {sum(row.expected for row in table.rows):,} completed{said}"


def period_text(table: JobTable) -> str:
    """Return when the runs were trained: "29 November 2026", "30 November to 1 December 2026"; empty if unknown."""
    if table.period is None:
        return ""
    first, last = (_day(moment) for moment in table.period)
    if first == last:
        return first
    same = [part for part in (-1, -2) if first.split()[part:] == last.split()[part:]]
    return f"{' '.join(first.split()[: min(same, default=3)])} to {last}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def variants_table(table: JobTable, differing: list[Setting]) -> ReportTable:
    """Return the settings in which variants differ, and their parameters, one row per variant.

    Args:
        table: the comparison.
        differing: these settings.
    """
    terms = _distinct([setting.term for setting in differing])
    several = len({table.job.repeats_of(row.name) for row in table.rows}) > 1
    rows = []
    for row in table.rows:
        values = {term: setting.values.get(row.name) for term, setting in zip(terms, differing, strict=True)}
        own = {"repeats": table.job.repeats_of(row.name)} if several else {}
        rows.append({"variant": row.name, **values, **own, "parameters": row.parameters})
    columns = [DisplayColumn("variant", lambda row: str(row["variant"]))]
    columns += [DisplayColumn(term, partial(_cell, term)) for term in terms]
    columns += [DisplayColumn("repeats", lambda row: str(row["repeats"]), "repeats")] if several else []
    columns += [DisplayColumn("parameters", _parameters, "parameters")]
    names = ("variant", *terms, *(("repeats",) if several else ()), "parameters")
    return ReportTable("settings", "Settings in which the variants differ", names, rows, columns)


def _distinct(terms: list[str]) -> list[str]:
    """Return the terms; one that stands twice, or is the name of another column, has a number behind it."""
    taken, found = {"variant", "repeats", "parameters"}, []
    for term in terms:
        free, number = term, 2
        while free in taken:
            free, number = f"{term} {number}", number + 1
        taken.add(free)
        found.append(free)
    return found


def _cell(term: str, row: Row) -> str:
    return "-" if row[term] is None else str(row[term])


def _parameters(row: Row) -> str:
    return "-" if row["parameters"] is None else f"{row['parameters']:,}"


def _common_table(settings: list[Setting]) -> ReportTable:
    rows = [{"setting": setting.term, "value": setting.common} for setting in settings]
    shown = (
        DisplayColumn("setting", lambda row: str(row["setting"])),
        DisplayColumn("value", lambda row: str(row["value"])),
    )
    return ReportTable("settings_in_common", "Settings of all variants", ("setting", "value"), rows, shown)
