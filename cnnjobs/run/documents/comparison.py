"""Comparisons as documents: of `cnnjobs aggregate --format json`, and at the end of `cnnjobs submit --format json`."""

from collections.abc import Iterator, Sequence
from typing import Any

from cnnjobs.comparison.across_datasets import AcrossDatasets
from cnnjobs.report.frames import RUN_COLUMNS
from cnnjobs.report.model import Document, Passage, ReportTable, Text
from cnnjobs.report.sections.summary_table import runs_rows
from cnnjobs.report.write import Written
from cnnjobs.run.aggregate import Aggregated, Overlaid, Shown, Together
from cnnjobs.run.documents.decision import rule_object
from cnnjobs.schema.output import document
from cnnjobs.spec.metrics import Metric

LISTS = {"verdict": "verdicts", "note": "notes"}
"""Kind of a text -> the list that it is in; others are in `texts`."""


def aggregate_document(aggregated: Aggregated, broken: Sequence[str]) -> dict[str, Any]:
    """Return the comparisons of all jobs.

    Args:
        aggregated: what was read and compared.
        broken: of each job that cannot be read, why.
    """
    fields = {
        "results": aggregated.results,
        "jobs": [comparison_object(one) for one in aggregated.shown],
        "across_datasets": None if aggregated.together is None else _together(aggregated.together),
        "overlay": None if aggregated.overlaid is None else _overlaid(aggregated.overlaid),
        "broken": broken,
    }
    return document("aggregate", fields)


def comparison_object(shown: Shown) -> dict[str, Any]:
    """Return the comparison of a job: all tables of its report, its sentences, and where the report lies."""
    table = shown.table
    about = {
        "job": table.job.name,
        "results": shown.results,
        "metric": _metric(table.metric),
        "reference": table.reference,
        "alpha": table.alpha,
        "margin": table.margin,
        "rule": None if table.ruling is None else rule_object(table.ruling),
        "runs": [dict(zip(RUN_COLUMNS, row, strict=True)) for row in runs_rows(table)],
    }
    places = {"report": None if shown.written is None else _report(shown.written), "damaged": shown.damaged}
    return about | _said(shown.document) | places


def _said(said: Document) -> dict[str, Any]:
    """Return the sentences and tables of a report."""
    lists: dict[str, list[Any]] = {name: [] for name in LISTS.values()}
    texts = []
    for section, text in _texts(said):
        if text.kind in LISTS:
            lists[LISTS[text.kind]].append(text.text)
        else:
            texts.append({"section": section, "text": text.text})
    for part in said.sections:
        passages = (element for element in part.all_elements() if isinstance(element, Passage) and not element.code)
        texts += [{"section": part.title, "text": passage.text} for passage in passages]
    return {**lists, "texts": texts, "tables": _tables(said.tables)}


def _texts(said: Document) -> Iterator[tuple[str, Text]]:
    for section in said.sections:
        yield from ((section.title, element) for element in section.all_elements() if isinstance(element, Text))


def _tables(tables: Sequence[ReportTable]) -> dict[str, Any]:
    """Return name -> table, with the columns and rows of its CSV file."""
    return {
        one.name: {
            "title": one.title,
            "columns": one.columns,
            "rows": [{column: row[column] for column in one.columns} for row in one.rows],
        }
        for one in tables
    }


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "column": metric.column,
        "words": metric.words,
        "higher_is_better": metric.higher_is_better,
        "shown_unit": metric.unit,
        "shown_factor": metric.factor,
    }


def _report(written: Written) -> dict[str, Any]:
    return {"page": written.page, "box_plot": written.box_plot}


def _together(together: Together) -> dict[str, Any]:
    fields: dict[str, Any] = {"why": together.across if isinstance(together.across, str) else ""}
    if together.document is None or not isinstance(together.across, AcrossDatasets):
        return fields | {
            "metric": None,
            "alpha": None,
            "verdicts": [],
            "notes": [],
            "texts": [],
            "tables": {},
            "report": None,
        }
    about = {"metric": _metric(together.across.metric), "alpha": together.across.alpha}
    report = None if together.written is None else _report(together.written)
    return fields | about | _said(together.document) | {"report": report}


def _overlaid(overlaid: Overlaid) -> dict[str, Any]:
    return {"figure": overlaid.figure, "damaged": overlaid.damaged}
