"""The report's classes: how each variant classifies the test set, as tables, figures and CSV."""

from collections.abc import Mapping

from cnnjobs.analysis.class_plots import counts_plot, rates_plot, roc_plot
from cnnjobs.analysis.class_tables import (
    ClassTable,
    class_cells,
    class_names,
    classes_csv,
    confusion_csv,
    most_confused,
    roc_csv,
    without_roc,
)
from cnnjobs.analysis.classification import over_runs
from cnnjobs.analysis.markdown import markdown_table, picture, plain
from cnnjobs.analysis.predictions import classify_runs
from cnnjobs.analysis.report_part import Part, joined, write_figure
from cnnjobs.analysis.tables import JobTable, VariantRow
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

ABOUT = (
    "How the weights that come out of training classify the test images: means \u00b1 SD over the runs (ddof=1). "
    "Precision of a class that is never predicted, and recall of one without test images, are 0 and count in the "
    "averages (scikit-learn's zero_division=0). ROC AUC is of each class against the rest; its macro average is the "
    "mean over classes, its micro average pools all pairs of image and class. Figures: the confusion matrix in test "
    "images and in percent of the true class, and the ROC curves, averages with a band of one SD."
)

FIGURES = {"confusion": counts_plot, "rates": rates_plot, "roc": roc_plot}
TABLES = {"classes": classes_csv, "confusion": confusion_csv, "roc": roc_csv}
PICTURES = {
    "confusion": "confusion matrix of {}, test images",
    "rates": "confusion matrix of {}, percent of the true class",
    "roc": "ROC curves of {}",
}


def write_classes(store: Store, folder: Files, table: JobTable, names: Mapping[str, str]) -> Part:
    """Write tables and figures of every variant that has predictions; of others the report says that they have none.

    Args:
        store: the job's.
        folder: of the report.
        table: the comparison, whose runs are classified.
        names: variant -> plain name.
    """
    parts = [_write_variant(store, folder, table.job, row, names[row.name]) for row in table.rows]
    return joined([Part(("## Classes", ABOUT), (), ()), *parts])


def _write_variant(store: Store, folder: Files, job: Mapping[str, object], row: VariantRow, name: str) -> Part:
    title, classes = f"### {plain(row.name)}", class_names(job)
    runs, damaged = classify_runs(store, row.trials, len(classes))
    if not runs:
        return Part((title, "No run of this variant has predictions that can be read."), (), damaged)
    table = ClassTable(str(job["name"]), row.name, classes, over_runs(runs))
    files = []
    for kind, draw in FIGURES.items():
        files += write_figure(folder, f"{kind}-{name}", draw(table))
    for kind, text in TABLES.items():
        files.append(f"{kind}-{name}.csv")
        folder.write(files[-1], text(table).encode())
    pictures = [picture(f"{kind}-{name}", what.format(row.name)) for kind, what in PICTURES.items()]
    return Part((title, *_scores(table), *_confusions(table), *pictures), tuple(files), damaged)


def _scores(table: ClassTable) -> list[str]:
    runs = "1 run" if table.runs.n == 1 else f"{table.runs.n} runs"
    paragraphs = [f"Over {runs}:", markdown_table(*class_cells(table))]
    missing = without_roc(table)
    if missing:
        names = ", ".join(plain(name) for name in missing)
        paragraphs.append(f"Without a ROC curve, as the test set has no image of the class or of no other: {names}.")
    return paragraphs


def _confusions(table: ClassTable) -> list[str]:
    confusions = most_confused(table)
    if not confusions:
        return ["No test image was taken for another class."]
    rows = [(one.label, one.predicted, f"{one.count:.1f}", f"{100 * one.rate:.1f}") for one in confusions]
    header = ("true class", "taken for", "test images", "% of the true class")
    return ["Most often confused, means over the runs:", markdown_table(header, rows)]
