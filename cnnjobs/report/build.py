"""The report of one job."""

from collections.abc import Mapping, Sequence
from typing import Any

from cnnjobs.comparison.predictions import read_predictions
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.file_names import plain_names
from cnnjobs.report.model import Document, Section, Text
from cnnjobs.report.sections.classes import classes_section
from cnnjobs.report.sections.comparison import differences_section, summary_section
from cnnjobs.report.sections.cost import cost_section
from cnnjobs.report.sections.curves import curves_section
from cnnjobs.report.sections.folds import fold_components_section
from cnnjobs.report.sections.half_width import half_width_section
from cnnjobs.report.sections.planning import planning_section
from cnnjobs.report.sections.predictions import predictions_section
from cnnjobs.report.sections.provenance import provenance_section
from cnnjobs.report.sections.seed_audit import sources_section
from cnnjobs.report.sections.verdicts import verdict_section
from cnnjobs.report.write import OnProgress
from cnnjobs.spec.metrics import CURVES
from cnnjobs.store.store import Store

WITHOUT_PREDICTIONS = Section(
    "Classes",
    (
        Text(
            "Confusion matrices, ROC curves, scores of each class, and what stored predictions say of chance: "
            "`cnnjobs aggregate`, with the folder of these results."
        ),
    ),
)
"""What a report says that leaves them out."""


def job_document(
    store: Store,
    table: JobTable,
    on_progress: OnProgress,
    curves: Sequence[str] = CURVES,
    *,
    with_predictions: bool = True,
    others: Sequence[Mapping[str, Any]] = (),
) -> Document:
    """Return the report of a job.

    Args:
        store: the job's.
        table: the comparison.
        on_progress: is told how far reading is.
        curves: metrics that the learning curves show.
        with_predictions: whether to read the stored predictions, which takes seconds a variant.
        others: jobs of the same results folder, as in their `job.json`.
    """
    names = plain_names(table.job["variants"])
    findings = read_predictions(store, table, on_progress) if with_predictions else None
    sections = [
        verdict_section(table, others),
        differences_section(table),
        summary_section(table),
        half_width_section(store, table),
        planning_section(table),
        sources_section(store, table),
        fold_components_section(table),
        predictions_section(table, findings) if findings else None,
        curves_section(store, table, names, curves, on_progress),
        classes_section(table, findings, names) if findings else WITHOUT_PREDICTIONS,
        cost_section(table),
        provenance_section(table),
    ]
    return Document(str(table.job["name"]), [section for section in sections if section is not None])
