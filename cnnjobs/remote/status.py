"""The jobs of a cluster, and what its head says of their results."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from cnnjobs.files.uris import refuse_keys
from cnnjobs.remote.follow import place_of_results, store_of, submits, taken_apart
from cnnjobs.remote.remote_submit import ask_head, reach_named
from cnnjobs.report.render.text import table_text
from cnnjobs.run.documents.status import of_cluster
from cnnjobs.schema.json_text import utc
from cnnjobs.schema.output import Output
from cnnjobs.wording.terminal import echo, unstyled

if TYPE_CHECKING:
    from cnnjobs.remote.jobs_client import RemoteJob


def status_there(address: str | None, results: str | None, *, insecure: bool, output: Output | None = None) -> int:
    """Show the jobs of a cluster, and what the store of one of them holds; return the head's exit code.

    Args:
        address: of its dashboard.
        results: on its head; None for those of the newest job.
        insecure: whether it may be a cluster that asks for no token.
        output: where it is told to a program, and no person; None for nowhere.

    Raises:
        ClusterError: if it cannot be reached.
    """
    refuse_keys(results or "", "RESULTS")
    api = reach_named(address, insecure=insecure)
    url, jobs = api.cluster.url, submits(api)
    place = results if results is not None or not jobs else store_of(jobs[0].metadata)
    if output is not None:
        code, told = 0, None
        if place is not None:
            code, printed = ask_head(api, ["status", place, "--format", "json"], {})
            text, told = taken_apart(printed)
            echo(unstyled(text.rstrip("\n")), err=True)
        output.end_with(lambda: of_cluster(place, told, url, [_row(job) for job in jobs]))
        return code
    if place is None:
        echo(f"The cluster at {url} has no jobs of cnnjobs.")
        return 0
    when = [datetime.fromtimestamp(job.started).strftime("%Y-%m-%d %H:%M") if job.started else "-" for job in jobs]
    rows = [(j.metadata.get("job", ""), j.status.lower(), at, j.identity) for j, at in zip(jobs, when, strict=True)]
    echo(table_text(f"jobs on {url}", ("job", "status", "since", "identity"), rows), styled=True)
    code, printed = ask_head(api, ["status", place], {})
    echo(unstyled(printed.rstrip("\n")))
    if results is None:
        echo(f"results: {place_of_results(jobs[0].metadata)}")
    return code


def _row(job: "RemoteJob") -> dict[str, Any]:
    since = utc(job.started) if job.started else None
    about = {"job": job.metadata.get("job", ""), "status": job.status.lower(), "since": since}
    return about | {"identity": job.identity, "results": store_of(job.metadata)}
