"""Writes the report of one job: Markdown, CSV, PNG and SVG under `report/`."""

from collections.abc import Sequence
from dataclasses import dataclass

from cnnjobs.analysis import cells, csv_tables, plots
from cnnjobs.analysis.markdown import markdown_table, picture, plain
from cnnjobs.analysis.measures import axis_label, show
from cnnjobs.analysis.report_classes import write_classes
from cnnjobs.analysis.report_curves import write_curves
from cnnjobs.analysis.report_part import Part, joined, plain_names, write_figure
from cnnjobs.analysis.report_predictions import write_predictions
from cnnjobs.analysis.tables import JobTable
from cnnjobs.spec.metrics import CURVES
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

OF_VARIANTS = ("curves-", "classes-", "confusion-", "rates-", "roc-")
"""How names of files begin that belong to one variant."""


WITHOUT_CLASSES = Part(
    ("Confusion matrices, ROC curves, scores of each class: `cnnjobs aggregate`, with the folder of these results.",),
    (),
    (),
)
"""What a report says that leaves them out."""


NOTHING = Part((), (), ())


@dataclass(frozen=True)
class Written:
    """Where a report lies.

    Args:
        report: the Markdown file.
        box_plot: the PNG of the box plot; None without a completed run.
        damaged: files of epochs or predictions that could not be read; their runs are missing in the figures.
    """

    report: str
    box_plot: str | None
    damaged: tuple[str, ...]


def write_report(
    store: Store, table: JobTable, curves: Sequence[str] = CURVES, *, with_classes: bool = True
) -> Written:
    """Write every table and figure of a job below the store's `report/`.

    Args:
        store: the job's.
        table: the comparison.
        curves: metrics that the learning curves show.
        with_classes: whether to show how each variant classifies, which takes seconds a variant.

    Raises:
        StoreError: if it cannot be written.
    """
    folder, names = store.files.below("report"), plain_names(table.job["variants"])
    part = joined(
        [
            write_comparison(folder, table),
            write_predictions(store, folder, table) if with_classes else NOTHING,
            write_curves(store, folder, table, names, curves),
            write_classes(store, folder, table, names) if with_classes else WITHOUT_CLASSES,
        ]
    )
    for file in folder.names():
        if file.startswith(OF_VARIANTS) and file not in part.files:
            folder.remove(file)  # of a variant that has another name now
    folder.write("report.md", report_text(table, part).encode())
    box = f"{folder.location}/box.png" if "box.png" in part.files else None
    return Written(f"{folder.location}/report.md", box, part.damaged)


def report_text(table: JobTable, part: Part) -> str:
    """Return the report in Markdown.

    Args:
        table: the comparison.
        part: what was written beside it.
    """
    files = ", ".join(file for file in part.files if not file.endswith(".png"))
    paragraphs = [
        f"# {plain(str(table.job['name']))}",
        *_about(table),
        *part.paragraphs,
        *_provenance(table),
        "## Files",
        f"Beside this file: {files}. The runs themselves: ../trials/\\*.parquet.",
    ]
    return "\n\n".join(paragraphs) + "\n"


def write_comparison(folder: Files, table: JobTable) -> Part:
    """Write the summary and the paired differences, as CSV and as figures where there are runs.

    Args:
        folder: of the report.
        table: the comparison.
    """
    csvs = {
        "summary.csv": csv_tables.summary_csv(table),
        "differences.csv": csv_tables.differences_csv(table),
        "runs.csv": csv_tables.runs_csv(table),
    }
    for file, text in csvs.items():
        folder.write(file, text.encode())
    paragraphs, files = _summary(table), list(csvs)
    if any(row.values for row in table.rows):
        files += write_figure(folder, "box", plots.box_plot(table))
        paragraphs.append(picture("box", f"{axis_label(table.metric)} of every run"))
    if len(table.rows) > 1:
        paragraphs += _differences(table)
    differences = plots.difference_plot(table)
    if differences is not None:
        files += write_figure(folder, "differences", differences)
        paragraphs.append(picture("differences", "paired differences"))
    return Part(tuple(paragraphs), tuple(files), ())


def _about(table: JobTable) -> list[str]:
    job = table.job
    repeats = f"{job['repeats']} repeat" + ("s" if job["repeats"] != 1 else "")
    lines = [
        f"Data set {plain(str(job['dataset']['name']))}: {job['dataset']['train_rows']:,} training and "
        f"{job['dataset']['test_rows']:,} test images of {job['dataset']['classes']} classes. {repeats}; "
        f"{job['protocol_text']}."
    ]
    if job["protocol"]["validation"] == "test" and not job["protocol"]["folds"]:
        lines.append(
            "**Note.** The validation curves of this job are those of the test set. Nothing was selected by them "
            "here, but do not choose epochs or settings by them and then quote the test accuracy."
        )
    if table.stale:
        lines.append(f"{table.stale} stored trials belong to settings that the job no longer has: left out.")
    lines += [f"**Note.** {plain(note[0].upper() + note[1:])}." for note in table.notes]
    return lines


def _summary(table: JobTable) -> list[str]:
    what = axis_label(table.metric)
    of = " of the runs that completed" if any(row.diverged for row in table.rows) else ""
    text = (
        f"{what[0].upper() + what[1:]} of the weights that come out of training{of}. SD: standard deviation over the "
        f"{'means of folds' if table.design.same_folds else 'runs'}, ddof=1; its interval is chi-squared. "
        f"{table.level} CI: t interval of the mean over {interval_over(table)}."
    )
    title = f"## {what.split(' (', maxsplit=1)[0].capitalize()}"
    return [title, markdown_table(*cells.full_summary_cells(table)), text, *_few_runs(table)]


def _few_runs(table: JobTable) -> list[str]:
    """Show every run of variants that have fewer than five: quartiles would say nothing."""
    few = [row for row in table.rows if 0 < len(row.values) < plots.LEAST_FOR_BOX]
    runs = "; ".join(
        f"{plain(row.name)}: {', '.join(show(table.metric, value) for value in row.values.values())}" for row in few
    )
    return [f"Fewer than {plots.LEAST_FOR_BOX} runs, all of them: {runs}."] if few else []


def interval_over(table: JobTable) -> str:
    """Say what an interval of the mean speaks of."""
    if table.job["protocol"]["folds"]:
        if table.design.same_folds:
            return (
                "these folds' means over repeats, corrected for the training rows they share (Nadeau and Bengio, 2003)"
            )
        return "new folds of these rows, corrected for the training rows that folds share (Nadeau and Bengio, 2003)"
    if table.metric.startswith("test_"):
        return "new repeats on these same test images"
    return "new repeats"


def _differences(table: JobTable) -> list[str]:
    return [
        f"## Paired differences to {plain(table.reference)}",
        markdown_table(*cells.full_difference_cells(table)),
        "Each repeat has the same seeds and rows in every variant, so runs are compared in pairs"
        + (", in percentage points. " if table.is_accuracy else ". ")
        + adjustment(table)
        + " d_z: mean over SD. p (t): paired t test. Sign flips: the exact test without normality. P(A > B): in what "
        f"share of pairs the variant is above {plain(table.reference)}; above 0.75 it is called meaningful "
        "(Bouthillier et al., arXiv 2103.03098).",
    ]


def adjustment(table: JobTable) -> str:
    """Say by what a verdict is reached."""
    family = max((one.family for one in table.comparisons.values()), default=0)
    if family < 2:
        return f"A verdict needs p below {table.alpha:g}."
    return f"A verdict needs p below {table.alpha:g} by Holm over {family} comparisons; intervals are not adjusted."


def _provenance(table: JobTable) -> list[str]:
    if not table.provenance:
        return []
    rows = [(name, ", ".join(values)) for name, values in table.provenance.items()]
    return ["## Made with", markdown_table(("what", "value"), rows).replace("---:", "---")]
