"""`cnnjobs examples`: the jobs that come with the package."""

import click

from cnnjobs.cli.formats import end_with, format_option
from cnnjobs.wording.terminal import echo


@click.command(short_help="List the jobs that come with cnnjobs.")
@format_option()
def examples(form: str) -> None:
    """List the jobs that come with cnnjobs: what each asks, how large it is, and on which data."""
    from cnnjobs.run.examples import examples_text, list_examples

    found = list_examples()
    if form == "json":
        from cnnjobs.run.documents.examples import examples_document

        end_with(examples_document(found))
    else:
        echo(examples_text(found), styled=True)
