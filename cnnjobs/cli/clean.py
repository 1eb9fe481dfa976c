"""`cnnjobs clean RESULTS`: show what no job asks for any more, and remove it."""

import sys

import click

from cnnjobs.cli.formats import end_with, format_option
from cnnjobs.cli.options import DEFAULT_RESULTS
from cnnjobs.wording.sizes import data_size
from cnnjobs.wording.terminal import echo


@click.command(short_help="Show what no job asks for any more, and remove it.")
@click.argument("results", metavar="[RESULTS]", default=DEFAULT_RESULTS)
@click.option("--yes", is_flag=True, help="Remove it without a question.")
@click.option("--damaged", is_flag=True, help="Also what `verify --repair` has set aside in damaged/.")
@format_option()
def clean(results: str, *, yes: bool, damaged: bool, form: str) -> None:
    """Show what RESULTS, a job's folder or a folder of jobs, holds that no job asks for any more, and remove it.

    That is stale trials, those of variants, data or code that the job no longer has, with their epochs, predictions,
    logs and checkpoints. It asks before it removes anything; without a terminal it shows only, unless --yes is given.
    Decisions, looks and kept states stay, and comparisons go on counting variants that were dropped.
    """
    from cnnjobs.errors import UserError
    from cnnjobs.run.clean import clean_results, find_remains

    found = find_remains(results, damaged=damaged)
    if form == "text":
        echo(found.text(), styled=True)
    asks = form == "text" and sys.stdin.isatty() and sys.stdout.isatty()
    if not found.is_empty and (yes or (asks and click.confirm("Remove it?"))):
        found = clean_results(results, damaged=damaged)
        if form == "text":
            echo(f"removed: about {data_size(found.bytes)}")
    if form == "json":
        from cnnjobs.run.documents.clean import clean_document

        end_with(clean_document(found))
    if not (found.is_empty or found.removed or asks):
        raise UserError("Nothing was removed: use --yes, because there is no terminal to ask on.")
