"""`cnnjobs status RESULTS`: done, running, failed, with reasons."""

import click

from cnnjobs.cli.formats import end_with, explained, format_option, output
from cnnjobs.cli.options import DEFAULT_RESULTS, cluster_options
from cnnjobs.wording.terminal import echo


@click.command(short_help="Show which trials are done, running or failed, and why.")
@click.argument("results", metavar="[RESULTS]", required=False)
@cluster_options
@format_option()
def status(results: str | None, address: str | None, insecure: bool, form: str) -> None:
    """Show which trials are done, running or failed in RESULTS, a job's folder or a folder of jobs.

    If --address is the URL of a cluster's dashboard, it shows the jobs of the cluster, and the results in RESULTS on
    its head; by default those of the newest job.
    """
    from cnnjobs.errors import StoreError
    from cnnjobs.remote.remote_submit import over_http
    from cnnjobs.remote.status import status_there
    from cnnjobs.run.status import status_of
    from cnnjobs.run.verify import refuse_damaged

    if address not in (None, "local") or (results is None and over_http(address) is not None):
        reader = output() if form == "json" else None
        code = status_there(address, results, insecure=insecure, output=reader)
        click.get_current_context().exit(code)
    listed = status_of(results or DEFAULT_RESULTS)
    if form == "json":
        from cnnjobs.run.documents.status import status_document

        end_with(status_document(results or DEFAULT_RESULTS, listed.jobs, explained(listed.broken)))
    for job in listed.jobs if form == "text" else ():
        echo(job.text(), styled=True)
    if listed.broken:
        raise StoreError("\n".join(map(str, listed.broken))) from listed.broken[0]
    refuse_damaged([file for job in listed.jobs for file in job.damaged])
