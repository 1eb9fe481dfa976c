"""`cnnjobs fetch`: bring the results of a job on a cluster home."""

import json
from typing import TYPE_CHECKING, Any

import click

from cnnjobs.cli.options import cluster_options, results_option

if TYPE_CHECKING:
    from cnnjobs.remote.jobs_client import JobsApi
    from cnnjobs.store.files import Files

HAVE = "have.json"
"""Uploaded file that says what is here already."""


@click.command(short_help="Bring the results of a job on a cluster home.")
@click.argument("job", metavar="[JOB]", required=False)
@results_option("Where they go.")
@cluster_options
def fetch(job: str | None, *, results: str, address: str | None, insecure: bool) -> None:
    """Bring the results of JOB, a name or an identity, from a cluster's head; by default those of the newest job.

    What is here already does not travel again: trials that are finished here stay as they are. Reports are made here:
    `cnnjobs aggregate`.
    """
    from cnnjobs.cli.jobs import reach_named
    from cnnjobs.remote import follow
    from cnnjobs.store.files import Files
    from cnnjobs.store.lock import Presence

    api = reach_named(address, insecure=insecure)
    found = follow.pick(api, job)
    there, name = follow.store_of(found.metadata), found.metadata["job"]
    if "://" in there:
        click.echo(f"The results of {name} are in object storage: read {there} from here.")
        return
    home = Files(results).below(name)
    home.check_writable()
    with Presence(home):
        files, size = _bring(api, there, home)
    what = f"{files} file{'s' if files != 1 else ''}, {size / 1e6:.1f} MB" if files else "nothing new"
    click.echo(f"{name}: fetched {what} into {home.location}; `cnnjobs aggregate {home.location}` makes the report")


def _bring(api: "JobsApi", there: str, home: "Files") -> tuple[int, int]:
    """Bring what is not here yet, in as many jobs as it takes; return the number of files and their bytes."""
    from cnnjobs.errors import ClusterError
    from cnnjobs.remote import remote_submit
    from cnnjobs.remote.transfer import Incoming, digests, finished

    incoming, done = Incoming(home), finished(home)
    while True:
        have = json.dumps({"files": digests(home), "finished": done}).encode()
        words = ["send", there, f"{remote_submit.UPLOADED}{HAVE}"]
        code, printed = remote_submit.ask_head(api, words, {HAVE: have}, within_s=600)
        if code:
            why = printed.strip().splitlines() or ["it did not say why"]
            raise ClusterError(f"The head did not send {there}: {why[-1]}")
        more = incoming.take(printed.split("\n"))
        if not more:
            return incoming.files, incoming.nbytes
        click.echo(f"fetched {incoming.files} files, {incoming.nbytes / 1e6:.0f} MB; {more} to go", err=True)


@click.command(hidden=True)
@click.argument("store")
@click.argument("have", type=click.File("r"))
def send(store: str, have: Any) -> None:
    """Print what of STORE is not in HAVE, for `fetch`; runs on a cluster's head."""
    from cnnjobs.errors import StoreError
    from cnnjobs.remote.transfer import outgoing
    from cnnjobs.store.files import Files

    files = Files(store)
    if not files.exists():
        raise StoreError(f"There is no folder {files.location} on the head.")
    there = json.load(have)
    for line in outgoing(files, there["files"], there["finished"]):
        click.echo(line)
