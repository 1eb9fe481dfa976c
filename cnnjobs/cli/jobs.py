"""`cnnjobs logs` and `cnnjobs stop`: jobs that run on a cluster elsewhere."""

import os
from typing import TYPE_CHECKING

import click

from cnnjobs.cli.options import cluster_options

if TYPE_CHECKING:
    from cnnjobs.remote.jobs_client import JobsApi


@click.command(short_help="Follow a job on a cluster.")
@click.argument("job", metavar="[JOB]", required=False)
@click.option("--follow/--no-follow", default=True, help="Until it has ended, or what there is now.  [default: follow]")
@cluster_options
def logs(job: str | None, *, follow: bool, address: str | None, insecure: bool) -> None:
    """Show what JOB, a name or an identity, has printed on a cluster; by default the newest job."""
    from cnnjobs.remote import follow as following

    api = reach_named(address, insecure=insecure)
    found = following.pick(api, job)
    if follow:
        following.follow(api, found.identity, found.metadata)
        return
    for line in api.log(found.identity).splitlines():
        said = following.said_in(line)
        if said is not None and not following.OF_RAY.match(said):
            click.echo(said)


@click.command(short_help="End a job on a cluster; finished trials are kept.")
@click.argument("job", metavar="[JOB]", required=False)
@cluster_options
def stop(job: str | None, *, address: str | None, insecure: bool) -> None:
    """End JOB, a name or an identity, on a cluster; by default the newest job. What is finished is kept."""
    from cnnjobs.errors import ClusterError
    from cnnjobs.remote import follow as following
    from cnnjobs.remote.jobs_client import STOP_S

    api = reach_named(address, insecure=insecure)
    found = following.pick(api, job)
    if found.is_over:
        click.echo(f"{found.identity} has ended already: {found.status.lower()}.")
        return
    api.stop(found.identity)
    ended = api.wait(found.identity, STOP_S + 30)
    if not ended.is_over:
        raise ClusterError(f"{found.identity} has not ended within {STOP_S + 30} s. `ray job stop` may tell why.")
    where = following.place_of_results(found.metadata)
    click.echo(
        f"{found.identity} was stopped. Finished trials are stored in {where}; the same submit goes on from there."
    )


def reach_named(address: str | None, *, insecure: bool) -> "JobsApi":
    """Return the jobs of the cluster that is named.

    Raises:
        ClusterError: if none is, or it cannot be reached.
    """
    from cnnjobs.engine.places import without_keys
    from cnnjobs.errors import ClusterError
    from cnnjobs.remote.remote_submit import over_http, reach

    url = over_http(address)
    if url is None:
        given = address or os.environ.get("RAY_ADDRESS") or "none"
        raise ClusterError(
            "`--address` must be the URL of a cluster's dashboard, such as http://127.0.0.1:8265; RAY_ADDRESS may name "
            f"it as well. Received: {without_keys(given)}."
        )
    return reach(url, insecure=insecure)
