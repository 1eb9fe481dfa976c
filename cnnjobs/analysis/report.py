"""The report of one job."""

from collections.abc import Mapping, Sequence
from typing import Any

from cnnjobs.analysis.document import Document, Section, Text
from cnnjobs.analysis.file_names import plain_names
from cnnjobs.analysis.predictions import read_predictions
from cnnjobs.analysis.report_classes import classes_section
from cnnjobs.analysis.report_comparison import differences_section, summary_section
from cnnjobs.analysis.report_cost import cost_section
from cnnjobs.analysis.report_curves import curves_section
from cnnjobs.analysis.report_folds import fold_components_section
from cnnjobs.analysis.report_half_width import half_width_section
from cnnjobs.analysis.report_planning import planning_section
from cnnjobs.analysis.report_predictions import predictions_section
from cnnjobs.analysis.report_provenance import provenance_section
from cnnjobs.analysis.report_sources import sources_section
from cnnjobs.analysis.report_verdicts import verdict_section
from cnnjobs.analysis.tables import JobTable
from cnnjobs.analysis.writing import OnProgress
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
