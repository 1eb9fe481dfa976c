"""`cnnjobs verify RESULTS`: is every stored file what was written."""

import click

from cnnjobs.cli.formats import end_with, format_option
from cnnjobs.cli.options import DEFAULT_RESULTS
from cnnjobs.wording.terminal import echo


@click.command(short_help="Check that no stored file is damaged.")
@click.argument("results", metavar="[RESULTS]", default=DEFAULT_RESULTS)
@click.option("--repair", is_flag=True, help="Move damaged files to damaged/; the next submit runs their trials again.")
@format_option()
def verify(results: str, *, repair: bool, form: str) -> None:
    """Compare every file in RESULTS, a job's folder or a folder of jobs, with the digest that was stored in it.

    The exit code is 0 if no file is damaged or missing, also after a repair, and 1 otherwise.
    """
    from cnnjobs.run.progress import Waiting
    from cnnjobs.run.verify import verify_results

    found = verify_results(results, repair=repair, on_progress=Waiting())
    if form == "json":
        from cnnjobs.run.documents.verify import verify_document

        end_with(verify_document(found))
    else:
        echo(found)
    if found.damage is not None:
        raise found.damage
