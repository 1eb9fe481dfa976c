"""`cnnjobs show DATASET`: sizes, classes and pictures of a data set, or what augmentation makes of them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnnjobs.cli.options import decoding_options, not_empty

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cnnjobs.datasets import Dataset
    from cnnjobs.spec import Job

VERSIONS = 5
"""Augmented versions of each picture."""

KINDS = (".png", ".svg", ".pdf")


@click.command(short_help="Show a data set: sizes, classes, pictures, augmentation.")
@click.argument("dataset", metavar="[DATASET]", required=False, callback=not_empty)
@click.option("-n", "--count", type=click.IntRange(1, 100), default=9, show_default=True, help="Pictures to draw.")
@click.option("--output", metavar="FILE", callback=not_empty, help="A .png, .svg or .pdf.  [default: named by DATASET]")
@decoding_options
@click.option("--job", metavar="JOB", help="Draw augmented versions beside the pictures, as this job would.")
@click.option("--variant", metavar="VARIANT", help="Whose augmentation.  [default: the only one with augmentation]")
def show(
    dataset: str | None,
    *,
    count: int,
    output: str | None,
    image_size: int | None,
    strict: bool,
    job: str | None,
    variant: str | None,
) -> None:
    """Show sizes and classes of DATASET, and draw its first training pictures.

    DATASET is what a job's `dataset=` takes: a name, an .npz file or a folder of pictures. With
    --job it is the job's own unless given, and each picture is drawn beside what the first epochs of
    the first repeat make of it.
    """
    from cnnjobs.datasets import load_dataset
    from cnnjobs.run.prepare import Overrides, read_dataset, read_job
    from cnnjobs.run.progress import Waiting
    from cnnjobs.store.files import plain_name

    _check_output(output)
    if job is not None:
        read = read_job(job, Overrides(dataset=dataset, image_size=image_size, strict=strict))
        variant = _augmented(read.job, variant)
        data = load_dataset(read.dataset, Waiting())
        _describe(data)
        _write(
            _versions(data, read.job, variant, count), output or f"{plain_name(data.name)}-{plain_name(variant)}.png"
        )
        return
    data = load_dataset(read_dataset(_named(dataset, variant), image_size=image_size, strict=strict), Waiting())
    _describe(data)
    _write(_originals(data, count), output or f"{plain_name(data.name)}.png")


def _check_output(output: str | None) -> None:
    from cnnjobs.errors import SpecError

    if output is not None and Path(output).suffix.lower() not in KINDS:
        raise SpecError(f"`--output` must end in .png, .svg or .pdf. Received: {output!r}.")


def _named(dataset: str | None, variant: str | None) -> str:
    """Return the data set that was named, without a job."""
    from cnnjobs.errors import SpecError

    if variant is not None:
        raise SpecError(f"`--variant` needs `--job JOB`, the job it is a variant of. Received: --variant {variant!r}.")
    if dataset is None:
        raise SpecError(
            "`DATASET` must be given: a name such as digits, an .npz file or a folder of pictures. Received: none. "
            "Or use `--job JOB` for the data set of a job."
        )
    return dataset


def _augmented(job: "Job", variant: str | None) -> str:
    """Return the variant whose augmentation is to be shown.

    Raises:
        SpecError: if the job has no such variant, it has no augmentation, or it is not clear which is meant.
    """
    from cnnjobs.errors import SpecError

    names = [name for name, one in job.variants.items() if one.augment is not None]
    listed = ", ".join(names) or "none"
    if variant is None and len(names) == 1:
        return names[0]
    if variant is None:
        raise SpecError(
            f"`--variant` must say which variant of {job.name} with augmentation to show: {listed}."
            if names
            else f"{job.name} has no variant with augmentation. Add `augment=Augment(...)` to one."
        )
    if variant not in job.variants:
        raise SpecError(
            f"`--variant` must be a variant of {job.name} with augmentation: {listed}. Received: {variant!r}."
        )
    if variant not in names:
        raise SpecError(f"Variant {variant!r} of {job.name} has no augmentation. Those that have: {listed}.")
    return variant


def _describe(data: "Dataset") -> None:
    """Print the tables and notes."""
    from cnnjobs.cli.tables import show_table
    from cnnjobs.datasets.overview import class_cells, class_note, part_cells

    show_table(data.name, *part_cells(data))
    show_table("Images a class", *class_cells(data), class_note(data))
    for note in data.notes:
        click.echo(f"note: {note}")


def _originals(data: "Dataset", count: int) -> "Figure":
    """Draw the first training pictures."""
    from cnnjobs.datasets.overview import first_rows
    from cnnjobs.report.figures.pictures import picture_grid

    rows = first_rows(data.y_train, count)
    title = f"{data.name}: {len(rows)} of {len(data.y_train):,} training pictures"
    return picture_grid(title, list(data.x_train[rows]), [data.class_names[label] for label in data.y_train[rows]])


def _versions(data: "Dataset", job: "Job", variant: str, count: int) -> "Figure":
    """Draw training pictures, each beside what the first epochs of the first repeat make of it."""
    from cnnjobs.engine.quiet import quietly
    from cnnjobs.planning.trials import make_plan
    from cnnjobs.report.figures.pictures import versions_grid
    from cnnjobs.run.backends import open_preview

    trial = next(one for one in make_plan(job, data.fingerprint).trials if one.variant == variant)
    with quietly():  # TensorFlow prints while it is imported and first used
        rows, versions = open_preview()(data, trial, count, VERSIONS)
    title = f"{data.name}: training pictures, and what {variant!r} makes of them in repeat 1"
    names = [data.class_names[label] for label in data.y_train[rows]]
    return versions_grid(title, data.x_train[rows], versions, names)


def _write(figure: "Figure", output: str) -> None:
    """Write the figure whole or not at all, and say where."""
    from cnnjobs.report.figures.style import render
    from cnnjobs.store.files import Files

    path = Path(output)
    Files(path.absolute().parent).write(path.name, render(figure, path.suffix.lower().removeprefix(".")))
    click.echo(f"pictures: {path}")
