"""The report of one job."""

from collections.abc import Iterable
from dataclasses import replace

from cnnjobs.comparison.predictions import read_predictions
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.drawing import OnProgress
from cnnjobs.report.file_names import plain_names
from cnnjobs.report.model import Document, Section, Text
from cnnjobs.report.options import ReportOptions
from cnnjobs.report.sections.augmented import augmented_section
from cnnjobs.report.sections.best import best_section
from cnnjobs.report.sections.classes import classes_section
from cnnjobs.report.sections.comparison import differences_section, summary_section
from cnnjobs.report.sections.cost import cost_section
from cnnjobs.report.sections.curves import curves_section
from cnnjobs.report.sections.decisions import decisions_section
from cnnjobs.report.sections.factors import factors_section
from cnnjobs.report.sections.folds import fold_components_section
from cnnjobs.report.sections.glossary import glossary_section
from cnnjobs.report.sections.half_width import half_width_section
from cnnjobs.report.sections.methods import methods_section
from cnnjobs.report.sections.pairs import pairs_section
from cnnjobs.report.sections.planning import planning_section
from cnnjobs.report.sections.predictions import predictions_section
from cnnjobs.report.sections.provenance import provenance_section
from cnnjobs.report.sections.seed_audit import sources_section
from cnnjobs.report.sections.setup import setup_section
from cnnjobs.report.sections.verdicts import verdict_section
from cnnjobs.report.variant_styles import variant_styles
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import StoredJob

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


def figures_expected(jobs: Iterable[StoredJob], options: ReportOptions) -> int:
    """Return about how many figures the reports of jobs have, before anything of them is read."""
    each = 4 if options.with_predictions else 1  # learning curves; two confusion matrices and ROC curves
    return sum(4 + each * len(job.variants) for job in jobs)


def job_document(store: Store, table: JobTable, on_progress: OnProgress, options: ReportOptions) -> Document:
    """Return the report of a job.

    Args:
        store: the job's.
        table: the comparison.
        on_progress: is told how far reading is.
        options: what to show.
    """
    names = plain_names(table.job.variants)
    findings = read_predictions(store, table, on_progress) if options.with_predictions else None
    sections = [
        verdict_section(table, options.others),
        setup_section(table),
        decisions_section(table) if table.ended_by_rule else differences_section(table),
        summary_section(table),
        _folded(pairs_section(table)),
        best_section(table) if options.best else None,
        factors_section(table),
        augmented_section(store, table),
        half_width_section(store, table),
        None if table.ended_by_rule else _folded(planning_section(table)),
        _folded(sources_section(store, table)),
        _folded(fold_components_section(table)),
        _folded(predictions_section(table, findings)) if findings else None,
        curves_section(store, table, names, options.curves, on_progress),
        _folded(classes_section(table, findings, names)) if findings else WITHOUT_PREDICTIONS,
        _folded(cost_section(table)),
        _folded(provenance_section(table)),
        _folded(methods_section(table)),
    ]
    shown = [section for section in sections if section is not None]
    glossary = glossary_section(shown)
    shown += [] if glossary is None else [replace(glossary, folded=True)]
    colors = {name: style.color for name, style in variant_styles(table.job.variants).items()}
    return Document(table.job.name, shown, colors)


def _folded(section: Section | None) -> Section | None:
    """Return a section whose heading is all that a page shows until it is asked for."""
    return None if section is None else replace(section, folded=True)
