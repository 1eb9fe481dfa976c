"""`cnnjobs new NAME`: write a job file."""

import click

from cnnjobs.cli.formats import end_with, format_option
from cnnjobs.cli.options import not_empty
from cnnjobs.wording.terminal import echo


@click.command(short_help="Write a job file that runs as it stands.")
@click.argument("name", metavar="NAME", callback=not_empty)
@click.option("--from", "example", metavar="EXAMPLE", callback=not_empty, help="Copy a job of `cnnjobs examples`.")
@click.option(
    "--data",
    "dataset",
    metavar="NAME|PATH",
    callback=not_empty,
    help="A folder or table of pictures, an .npz file, Parquet files, TFRecords, or a name.  [default: digits]",
)
@click.option("--own-network", is_flag=True, help="With the network as a function in the file, to be changed.")
@format_option()
def new(name: str, *, example: str | None, dataset: str | None, own_network: bool, form: str) -> None:
    """Write NAME.py, a job file that runs as it stands.

    With --data it looks at the data to choose size of pictures, network, batch size and epochs; comments in the file
    say what to change, and why. Without, the data are the digits that come with scikit-learn. A file that is there is
    never written over.

    \b
    cnnjobs new study --data photos/              one sub-folder per class
    cnnjobs new study --data scans.npz --own-network
    cnnjobs new study --from small_cnn            a copy of a bundled job
    """  # noqa: D301 - click reads the backspace
    from cnnjobs.run.new_job import write_new_job

    written = write_new_job(name, example=example, dataset=dataset, own_network=own_network)
    if form == "json":
        from cnnjobs.run.documents.new import new_document

        end_with(new_document(written))
    else:
        echo(written.text())
