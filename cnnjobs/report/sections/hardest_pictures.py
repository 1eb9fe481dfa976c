"""Pictures of test examples, if the data set is locally available."""

from collections.abc import Sequence

from cnnjobs.comparison.hardest import Hard, Hardest
from cnnjobs.datasets import Dataset
from cnnjobs.datasets.locally_available import locally_available_dataset
from cnnjobs.report.figures.pictures import picture_grid
from cnnjobs.report.figures.style import Figure
from cnnjobs.report.model import Chart, Text
from cnnjobs.store.stored_job import StoredJob

COLUMNS_OF_PICTURES = 4
"""Pictures a row."""

COLUMNS = ("example", "label", "label_name", "taken_for", "taken_for_name", "taken_for_runs", "runs")


def pictures_of(job: StoredJob, worst: Hardest, names: Sequence[str]) -> Chart | Text:
    """Return the pictures of examples, each under its class and what it is taken for; or why there are none.

    Args:
        job: as `job.json` keeps it.
        worst: the examples, at least one of them.
        names: of the classes.
    """
    data = locally_available_dataset(job.dataset)
    if isinstance(data, Dataset) and any(_label(data, hard) != hard.label for hard in worst.first):
        data = "its test images are others than those of the predictions"
    if isinstance(data, str):
        return Text(f"Their pictures are not shown: {data}.")
    rows = [
        (hard.example, *_class(hard.label, names), *_class(hard.taken_for, names), hard.times, worst.runs)
        for hard in worst.first
    ]
    pictures = [data.x_test[hard.example] for hard in worst.first]

    def draw() -> Figure:
        titles = [f"true: {label}\nnot {taken} ({times}/{runs})" for _, _, label, _, taken, times, runs in rows]
        title = "Most often wrong: the true class, and what most of the wrong runs take it for"
        return picture_grid(title, pictures, titles, min(COLUMNS_OF_PICTURES, len(rows)))

    return Chart(
        "hardest_pictures", "Pictures of the test images on which most runs are wrong", draw, COLUMNS, lambda: rows
    )


def _class(label: int, names: Sequence[str]) -> tuple[int, str]:
    return label, names[label]


def _label(data: Dataset, hard: Hard) -> int | None:
    return int(data.y_test[hard.example]) if hard.example < len(data.y_test) else None
