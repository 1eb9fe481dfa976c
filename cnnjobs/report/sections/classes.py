"""The report's section on classes: tables and figures of each variant's classification of the test set."""

from collections.abc import Mapping

from cnnjobs.comparison.predictions import Findings
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.figures.classes import counts_plot, roc_plot, shares_plot
from cnnjobs.report.model import Chart, Element, Section, Text
from cnnjobs.report.sections.class_tables import (
    CONFUSION_COLUMNS,
    ROC_COLUMNS,
    ClassTable,
    class_table,
    confusion_rows,
    confusion_table,
    roc_rows,
    runs_text,
    without_roc,
)
from cnnjobs.report.variant_styles import VariantStyle, variant_styles

TITLE = "Classes"

HOW_TO_READ = (
    "Look for classes with a low recall, and in the confusion matrix for what they are taken for. With few test "
    "images a class has an SD of several points by chance alone."
)


ABOUT = (
    "How the weights that come out of training classify the test images: means \u00b1 SD over the runs (ddof=1). "
    "Precision of a class that is never predicted, and recall of one without test images, are 0 and count in the "
    "averages (scikit-learn's zero_division=0). ROC AUC is of each class against the rest; its macro average is the "
    "mean over classes, its micro average pools all pairs of image and class. Figures: the confusion matrix in test "
    "images and in percent of the true class, and the ROC curves: averages with a band of one SD, and the classes with "
    "the least areas."
)


def classes_section(table: JobTable, findings: Findings, names: Mapping[str, str]) -> Section:
    """Return tables and figures of every variant that has predictions; of others it says that they have none.

    Args:
        table: the comparison.
        findings: what its stored predictions come to.
        names: variant -> plain name.
    """
    variants = [_variant(table, findings, row.name, names[row.name]) for row in table.rows]
    return Section(TITLE, [Text(ABOUT)], variants, how_to_read=HOW_TO_READ)


def _variant(table: JobTable, findings: Findings, variant: str, name: str) -> Section:
    tally, damaged = findings.variants[variant], findings.left_out[variant]
    if not tally.runs:
        return Section(
            variant, [Text("No run of this variant has predictions that can be used.")], (), damaged, variant=variant
        )
    classes = ClassTable(table.job.name, variant, table.job.dataset.names_of_classes, tally.figures.over_runs())
    completed = findings.completed[variant]
    over = runs_text(tally.runs) if tally.runs == completed else f"{tally.runs} of {runs_text(completed)}"
    return Section(
        variant,
        [
            Text(f"Over {over}" + (":" if tally.runs == completed else "; the others have no usable predictions:")),
            class_table(classes, f"classes-{name}"),
            *_absent(classes),
            *_confused(classes, f"confused-{name}"),
            *_charts(classes, name, variant_styles(table.job.variants)[variant]),
        ],
        (),
        damaged,
        variant=variant,
    )


def _absent(table: ClassTable) -> list[Element]:
    missing = without_roc(table)
    if not missing:
        return []
    return [
        Text(f"Without a ROC curve, as the test set has no image of the class or of no other: {', '.join(missing)}.")
    ]


def _confused(table: ClassTable, name: str) -> list[Element]:
    report_table = confusion_table(table, name)
    if not report_table.rows:
        return [Text("No test image was taken for another class.")]
    return [Text("Most often confused, means over the runs:"), report_table]


def _charts(table: ClassTable, name: str, style: VariantStyle) -> list[Chart]:
    def confusions() -> list[list[object]]:
        return confusion_rows(table)

    return [
        Chart(
            f"confusion-counts-{name}",
            f"Confusion matrix of {table.variant}, test images",
            lambda: counts_plot(table),
            CONFUSION_COLUMNS,
            confusions,
        ),
        Chart(
            f"confusion-shares-{name}",
            f"Confusion matrix of {table.variant}, percent of the true class",
            lambda: shares_plot(table),
            CONFUSION_COLUMNS,
            confusions,
        ),
        Chart(
            f"roc-{name}",
            f"ROC curves of {table.variant}",
            lambda: roc_plot(table, style),
            ROC_COLUMNS,
            lambda: roc_rows(table),
        ),
    ]
