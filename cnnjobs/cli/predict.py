"""`cnnjobs predict MODEL IMAGE...`: label and probability of pictures."""

from collections.abc import Sequence

import click

from cnnjobs.cli.formats import end_with, format_option
from cnnjobs.cli.options import not_empty
from cnnjobs.wording.terminal import echo, note, write_data


@click.command(short_help="Predict the classes of pictures.")
@click.argument("model", metavar="MODEL")
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
@click.option(
    "--top-k",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Number of classes to name for each picture.",
)
@click.option(
    "--annotate",
    metavar="DIR",
    callback=not_empty,
    help="Write copies of the pictures there, with label, probability, and the true class if it is known.",
)
@format_option("csv")
def predict(model: str, images: Sequence[str], *, top_k: int, annotate: str | None, form: str) -> None:
    """Predict the class of each IMAGE with MODEL, a file of `cnnjobs fit`; a folder stands for the pictures in it.

    The true class is known if the name of the picture's folder, or the beginning of its file name, is a class. Pictures
    that cannot be read are named and left out, and the exit code is 1. IMAGE may be in object storage, as in
    s3://bucket/photos.
    """
    from cnnjobs.errors import PicturesFailed
    from cnnjobs.run.predict import annotate_all, predict_files

    answers = predict_files(model, images, top_k, annotate)
    for one in answers.notes:
        note(one)
    if form == "json":
        from cnnjobs.run.documents.predict import predict_document

        end_with(predict_document(answers, annotate))
    elif form == "text":
        echo(answers.formatted(form), styled=True)
    else:
        write_data(answers.formatted(form).encode("utf-8", "surrogateescape"))
    if annotate is not None:
        echo(f"annotated: {annotate_all(answers, annotate)} pictures in {annotate}", err=True)
    if answers.broken:
        raise PicturesFailed(answers.broken)
