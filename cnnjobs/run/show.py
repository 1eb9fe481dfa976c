"""Shows a data set: sizes, classes and pictures, plain or augmented."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cnnjobs.datasets import Dataset, load_dataset
from cnnjobs.datasets.overview import class_cells, class_note, first_rows, part_cells
from cnnjobs.engine.quiet import quietly
from cnnjobs.errors import SpecError
from cnnjobs.planning.rows import plan_on, used_by
from cnnjobs.report.figures.pictures import picture_grid, versions_grid
from cnnjobs.report.figures.style import Figure, render
from cnnjobs.report.render.text import table_text
from cnnjobs.run.backends import open_preview
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import read_dataset, read_job
from cnnjobs.run.progress import Waiting
from cnnjobs.sentences import clause
from cnnjobs.spec import Job
from cnnjobs.store.files import Files, plain_name
from cnnjobs.terminal import visible

VERSIONS = 5
"""Augmented versions of each picture."""

KINDS = (".png", ".svg", ".pdf")
"""Endings of the file that pictures are drawn into."""


@dataclass(frozen=True)
class Pictures:
    """Which pictures, and where they are drawn.

    Args:
        count: how many.
        output: the file; None for one in the current folder that is named by the data set.
        image_size: side of encoded pictures, pixels.
        strict: a broken picture is an error.

    Raises:
        SpecError: if the file has another ending than those of `KINDS`.
    """

    count: int
    output: str | None
    image_size: int | None
    strict: bool

    def __post_init__(self) -> None:
        if self.output is not None and Path(self.output).suffix.lower() not in KINDS:
            raise SpecError(f"`output` must end in .png, .svg or .pdf. Received: {self.output!r}.")


def show_dataset(dataset: str | None, variant: str | None, pictures: Pictures) -> str:
    """Draw the first training pictures of a data set; return what there is to say of it.

    Args:
        dataset: a name or a path.
        variant: must be None: there is no job that it could be of.
        pictures: which, and where they are drawn.
    """
    spec = read_dataset(_named(dataset, variant), image_size=pictures.image_size, strict=pictures.strict)
    data = load_dataset(spec, Waiting())
    return _shown(data, _originals(data, pictures.count), pictures.output or f"{plain_name(data.name)}.png")


def show_variant(job: str | Path | Job, variant: str | None, dataset: str | None, pictures: Pictures) -> str:
    """Draw training pictures beside what a variant's augmentation makes of them; return what there is to say.

    Args:
        job: a job, or the file that defines one.
        variant: its name; None for the only one with augmentation.
        dataset: another data set.
        pictures: which, and where they are drawn.
    """
    overrides = Overrides(dataset=dataset, image_size=pictures.image_size, strict=pictures.strict)
    read = read_job(job, overrides)
    name = _augmented(read.job, variant)
    data = load_dataset(read.dataset, Waiting())
    output = pictures.output or f"{plain_name(data.name)}-{plain_name(name)}.png"
    return _shown(data, _versions(data, read.job, name, pictures.count), output)


def _shown(data: Dataset, figure: Figure, output: str) -> str:
    """Write the figure whole or not at all, and say what there is."""
    path = Path(output)
    content = render(figure, path.suffix.lower().removeprefix("."))
    Files(path.absolute().parent).write(path.name, content)
    tables = [
        table_text(data.name, *part_cells(data)),
        table_text("Images a class", *class_cells(data), class_note(data)),
    ]
    lines = [*(f"note: {clause(note)}" for note in (*data.handling, *data.notes)), f"pictures: {path}"]
    return "\n".join([*tables, *map(visible, lines)])


def _named(dataset: str | None, variant: str | None) -> str:
    """Return the data set that was named, without a job."""
    if variant is not None:
        raise SpecError(f"`variant` needs `job=JOB`, the job it is a variant of. Received: variant={variant!r}.")
    if dataset is None:
        raise SpecError(
            "`dataset` must be given: a name such as digits, an .npz file, a table or a folder of pictures. Received: "
            "none. Or use `job=JOB` for the data set of a job."
        )
    return dataset


def _augmented(job: Job, variant: str | None) -> str:
    """Return the variant whose augmentation is to be shown.

    Raises:
        SpecError: if the job has no such variant, it has no augmentation, or it is not clear which is meant.
    """
    names = [name for name, one in job.variants.items() if one.augment is not None]
    listed = ", ".join(names) or "none"
    if variant is None and len(names) == 1:
        return names[0]
    if variant is None:
        raise SpecError(
            f"`variant` must say which variant of {job.name} with augmentation to show: {listed}."
            if names
            else f"{job.name} has no variant with augmentation. Add `augment=Augment(...)` to one."
        )
    if variant not in job.variants:
        raise SpecError(
            f"`variant` must be a variant of {job.name} with augmentation: {listed}. Received: {variant!r}."
        )
    if variant not in names:
        raise SpecError(f"Variant {variant!r} of {job.name} has no augmentation. Those that have: {listed}.")
    return variant


def _originals(data: Dataset, count: int) -> Figure:
    """Draw the first training pictures."""
    rows = first_rows(data.y_train, count)
    title = f"{data.name}: {len(rows)} of {len(data.y_train):,} training pictures"
    return picture_grid(title, list(data.x_train[rows]), [data.class_names[label] for label in data.y_train[rows]])


def _versions(data: Dataset, job: Job, variant: str, count: int) -> Figure:
    """Draw training pictures, each beside what the first epochs of the first repeat make of it."""
    data = used_by(job, data)
    trial = next(one for one in plan_on(job, data).trials if one.variant == variant)
    with quietly():  # TensorFlow prints while it is imported and first used
        rows, versions = open_preview()(data, trial, count, VERSIONS)
    title = f"{data.name}: training pictures, and what {variant!r} makes of them in repeat 1"
    names = [data.class_names[label] for label in data.y_train[rows]]
    return versions_grid(title, data.x_train[rows], versions, names)
