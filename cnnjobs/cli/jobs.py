"""`cnnjobs logs` and `cnnjobs stop`: jobs that run on a cluster elsewhere."""

import click

from cnnjobs.cli.formats import format_option, output
from cnnjobs.cli.options import cluster_options


@click.command(short_help="Show the output of a job on a cluster.")
@click.argument("job", metavar="[JOB]", required=False)
@click.option(
    "--follow/--no-follow",
    default=True,
    help="Wait until the job has ended, or show only the output so far.  [default: follow]",
)
@cluster_options
@format_option()
def logs(job: str | None, *, follow: bool, address: str | None, insecure: bool, form: str) -> None:
    """Show the output of JOB, a name or an identity, on a cluster.

    By default it is the newest job. Of several jobs with the same name, one that still runs is preferred. With --format
    json it shows the events of a job that was submitted with --format json, from the first.
    """
    from cnnjobs.remote.jobs import show_log

    reader = output() if form == "json" else None
    show_log(address, job, following=follow, insecure=insecure, output=reader)


@click.command(short_help="End a job on a cluster; finished trials are kept.")
@click.argument("job", metavar="[JOB]", required=False)
@cluster_options
def stop(job: str | None, *, address: str | None, insecure: bool) -> None:
    """End JOB, a name or an identity, on a cluster; by default the newest job that runs. Finished trials are kept.

    The exit code is 1 if another job of that name still runs.
    """
    from cnnjobs.remote.jobs import stop_job

    stop_job(address, job, insecure=insecure)
