"""The jobs of a cluster, and what its head says of their results."""

from datetime import datetime

from cnnjobs.files.uris import refuse_keys
from cnnjobs.remote.follow import place_of_results, store_of, submits
from cnnjobs.remote.remote_submit import ask_head, reach_named
from cnnjobs.report.render.text import table_text
from cnnjobs.wording.terminal import echo, unstyled


def status_there(address: str | None, results: str | None, *, insecure: bool) -> int:
    """Show the jobs of a cluster, and what the store of one of them holds; return the head's exit code.

    Args:
        address: of its dashboard.
        results: on its head; None for those of the newest job.
        insecure: whether it may be a cluster that asks for no token.

    Raises:
        ClusterError: if it cannot be reached.
    """
    refuse_keys(results or "", "RESULTS")
    api = reach_named(address, insecure=insecure)
    url, jobs = api.cluster.url, submits(api)
    if not jobs and results is None:
        echo(f"The cluster at {url} has no jobs of cnnjobs.")
        return 0
    when = [datetime.fromtimestamp(job.started).strftime("%Y-%m-%d %H:%M") if job.started else "-" for job in jobs]
    rows = [(j.metadata.get("job", ""), j.status.lower(), at, j.identity) for j, at in zip(jobs, when, strict=True)]
    echo(table_text(f"jobs on {url}", ("job", "status", "since", "identity"), rows), styled=True)
    place = results if results is not None else store_of(jobs[0].metadata)
    code, printed = ask_head(api, ["status", place], {})
    echo(unstyled(printed.rstrip("\n")))
    if results is None:
        echo(f"results: {place_of_results(jobs[0].metadata)}")
    return code
