"""The report's section on hardest examples: the test images most often misclassified, with available pictures."""

from cnnjobs.comparison.hardest import Hard, Hardest, hardest
from cnnjobs.comparison.predictions import Findings
from cnnjobs.comparison.table import JobTable
from cnnjobs.report.model import DisplayColumn, ReportTable, Row, Section, Text
from cnnjobs.report.sections.class_tables import runs_text
from cnnjobs.report.sections.hardest_pictures import pictures_of

TITLE = "Images most often wrong"

HOW_TO_READ = (
    "Images that nearly every run gets wrong in the same way often have a wrong label, or show two classes. Images "
    "wrong in a few runs only are near the boundary between classes."
)


ABOUT = (
    "The test images on which most runs, of all variants together, are wrong. Ties are in the order of the mean "
    "probability of the true class, the lowest first. Images are rows of the test set, from 0. One "
    "that nearly all runs take for the same other class may have a wrong label: look at it. Images chosen for being "
    "wrong say nothing of how a variant does on others."
)

COLUMNS = (
    *("example", "label", "label_name", "wrong", "runs"),
    *("taken_for", "taken_for_name", "taken_for_runs", "true_probability"),
)

SHOWN = (
    DisplayColumn("image", lambda row: str(row["example"]), "example"),
    DisplayColumn("true class", lambda row: str(row["label_name"])),
    DisplayColumn("wrong in", lambda row: f"{row['wrong']} of {runs_text(row['runs'])}", "wrong"),
    DisplayColumn("most often taken for", lambda row: f"{row['taken_for_name']} ({runs_text(row['taken_for_runs'])})"),
    DisplayColumn(
        "mean probability of the true class", lambda row: f"{row['true_probability']:.3f}", "true_probability"
    ),
)


def hardest_section(table: JobTable, findings: Findings) -> Section:
    """Return the hardest examples.

    Args:
        table: the comparison.
        findings: what its stored predictions come to; of at least one run.
    """
    worst, names = hardest(findings.variants), table.job.dataset.names_of_classes
    if not worst.first:
        return Section(TITLE, [Text("No run is wrong on any test image.")])
    rows = [_row(hard, worst.runs, names) for hard in worst.first]
    columns = (*COLUMNS, *(f"wrong: {name}" for name in findings.variants))
    report_table = ReportTable("hardest", "Test images on which most runs are wrong", columns, rows, SHOWN)
    return Section(
        TITLE,
        [Text(_overall(worst)), report_table, Text(ABOUT), pictures_of(table.job, worst, names)],
        how_to_read=HOW_TO_READ,
    )


def _overall(worst: Hardest) -> str:
    if worst.runs == 1:
        return f"The one run is wrong on {worst.always:,} of {worst.examples:,} test images."
    return (
        f"Of {worst.examples:,} test images, {worst.ever:,} are wrong in at least one of {worst.runs:,} runs, and "
        f"{worst.always:,} in all of them."
    )


def _row(hard: Hard, runs: int, names: tuple[str, ...]) -> Row:
    own = {f"wrong: {name}": wrong for name, wrong in hard.by_variant.items()}
    truth, taken = (hard.label, names[hard.label]), (hard.taken_for, names[hard.taken_for])
    values = (hard.example, *truth, hard.wrong, runs, *taken, hard.times, hard.probability)
    return dict(zip(COLUMNS, values, strict=True)) | own
