"""`cnnjobs fetch`: bring the results of a job on a cluster home."""

import json
from typing import Any

import click

from cnnjobs.cli.options import cluster_options, results_option
from cnnjobs.wording.terminal import write_data


@click.command(short_help="Copy the results of a job from a cluster.")
@click.argument("job", metavar="[JOB]", required=False)
@results_option("Where they go.")
@cluster_options
def fetch(job: str | None, *, results: str, address: str | None, insecure: bool) -> None:
    """Copy the results of JOB from a cluster's head; by default those of the newest job.

    JOB is a name, an identity, or the folder of its results there, such as results/quickstart: a cluster that was
    restarted has forgotten its jobs, but not their results.

    Trials that are here already are not copied again. Reports are not copied: `cnnjobs aggregate` makes them here.
    """
    from cnnjobs.remote.fetch import fetch_results

    fetch_results(address, job, results, insecure=insecure)


@click.command(hidden=True)
@click.argument("store")
@click.argument("have", type=click.File("r"))
def send(store: str, have: Any) -> None:
    """Print what of STORE is not in HAVE, for `fetch`; runs on a cluster's head."""
    from cnnjobs.remote.fetch import send_results

    for line in send_results(store, json.load(have)):
        write_data(f"{line}\n")
