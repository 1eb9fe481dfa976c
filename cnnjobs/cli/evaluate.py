"""`cnnjobs evaluate MODEL`: how well a saved model classifies a data set."""

import click

from cnnjobs.cli.formats import end_with, format_option
from cnnjobs.cli.options import not_empty
from cnnjobs.wording.terminal import echo, note, write_data


@click.command(short_help="Evaluate a saved model on a test set.")
@click.argument("model", metavar="MODEL")
@click.option(
    "--dataset",
    metavar="NAME|PATH",
    callback=not_empty,
    help="A name, an .npz file, a table or folder of pictures, Parquet files, TFRecords.  [default: the data set that "
    "it was trained on]",
)
@click.option(
    "--part",
    type=click.Choice(["test", "train", "all"]),
    default="test",
    show_default=True,
    help="The pictures to evaluate.",
)
@format_option("csv")
def evaluate(model: str, *, dataset: str | None, part: str, form: str) -> None:
    """Evaluate MODEL, a file of `cnnjobs fit`, on the test images of a data set.

    Of the data set that the model was trained on, these are its test set, or the pictures that were held out for
    testing. Of another data set they are its test set or, if it has none, all labelled pictures. The output says which.
    """
    from cnnjobs.run.evaluate import evaluate_model

    evaluation = evaluate_model(model, dataset, part)
    for one in evaluation.notes:
        note(one)
    if form == "json":
        from cnnjobs.run.documents.evaluate import evaluate_document

        end_with(evaluate_document(evaluation))
    elif form == "text":
        echo(evaluation.formatted(form), styled=True)
    else:
        write_data(evaluation.formatted(form))
