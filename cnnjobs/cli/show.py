"""`cnnjobs show DATASET`: sizes, classes, pictures and copies of a data set, or what augmentation makes of them."""

import click

from cnnjobs.cli.formats import end_with, format_option
from cnnjobs.cli.options import decoding_options, not_empty
from cnnjobs.wording.terminal import echo


@click.command(short_help="Show a data set: sizes, classes, pictures, augmentation.")
@click.argument("dataset", metavar="[DATASET]", required=False, callback=not_empty)
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1, 100),
    default=9,
    show_default=True,
    help="Number of pictures to draw of each class; with --job, of all classes together.",
)
@click.option(
    "--output", metavar="FILE", callback=not_empty, help="A .png, .svg or .pdf file.  [default: named after DATASET]"
)
@decoding_options
@click.option(
    "--duplicates", is_flag=True, help="Also find pictures that look alike, and list all pairs in a CSV file."
)
@click.option("--job", metavar="JOB", help="Draw augmented versions beside the pictures, as this job would.")
@click.option(
    "--variant",
    metavar="VARIANT",
    help="The variant whose augmentation is drawn.  [default: the only one that has augmentation]",
)
@format_option()
def show(
    dataset: str | None,
    *,
    count: int,
    output: str | None,
    image_size: int | None,
    strict: bool,
    duplicates: bool,
    job: str | None,
    variant: str | None,
    form: str,
) -> None:
    """Show sizes and classes of DATASET, and draw pictures of each class, ignored files, and identical pictures.

    DATASET is anything that `dataset=` of a job takes: a name, an .npz file, a table or folder of pictures, Parquet
    files or TFRecords. With --job it is by default the data set of the job, and each picture is drawn beside its
    augmented versions in the first epochs of the first repeat.
    """
    from cnnjobs.run.show import Pictures, show_dataset, show_variant

    pictures = Pictures(count, output, image_size, strict, duplicates)
    shown = show_dataset(dataset, variant, pictures) if job is None else show_variant(job, variant, dataset, pictures)
    if form == "json":
        from cnnjobs.run.documents.show import show_document

        end_with(show_document(shown))
    else:
        echo(shown.text(), styled=True)
