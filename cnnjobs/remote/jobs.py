"""Jobs of a cluster elsewhere: follows one, ends one."""

from cnnjobs.errors import ClusterError, StillRunning
from cnnjobs.remote.follow import OF_RAY, follow, pass_on, pick, place_of_results, said_in, submits, taken_apart
from cnnjobs.remote.jobs_client import STOP_S, JobsApi, RemoteJob
from cnnjobs.remote.remote_submit import reach_named
from cnnjobs.schema.output import Output
from cnnjobs.wording.terminal import echo, note


def show_log(
    address: str | None, job: str | None, *, following: bool, insecure: bool, output: Output | None = None
) -> None:
    """Print what a job has printed.

    Args:
        address: of the cluster's dashboard.
        job: name or identity; None for the newest that runs, else the newest.
        following: until it has ended, not only what there is now.
        insecure: whether it may be a cluster that asks for no token.
        output: where its lines for programs go; None for nowhere.

    Raises:
        ClusterError: if the cluster cannot be reached, or has no such job.
    """
    api = reach_named(address, insecure=insecure)
    remote_job = _meant(api, job)
    if following:
        follow(api, remote_job.identity, remote_job.metadata, output)
        return
    for line in api.log(remote_job.identity).splitlines():
        data = taken_apart(line)[1]
        if data is not None:
            pass_on(data, output)
        said = said_in(line)
        if said is not None and not OF_RAY.match(said):
            echo(said)


def stop_job(address: str | None, job: str | None, *, insecure: bool) -> None:
    """End a job; what is finished is kept.

    Args:
        address: of the cluster's dashboard.
        job: name or identity; None for the newest that runs.
        insecure: whether it may be a cluster that asks for no token.

    Raises:
        ClusterError: if the cluster cannot be reached, has no such job, or that does not end.
        StillRunning: if another job of that name runs.
    """
    api = reach_named(address, insecure=insecure)
    remote_job = _meant(api, job)
    if remote_job.is_over:
        echo(f"{remote_job.identity} has ended already: {remote_job.status.lower()}.")
    else:
        _stop(api, remote_job)
    name = remote_job.metadata["job"]
    others = [one.identity for one in submits(api) if one.metadata["job"] == name and not one.is_over]
    if others:
        raise StillRunning(
            f"{name} still runs, as {', '.join(others)}. To end it:\n"
            + "\n".join(f"  cnnjobs stop {one} --address {api.cluster.url}" for one in others)
        )


def _meant(api: JobsApi, which: str | None) -> RemoteJob:
    """Return the job that is meant, one that runs before newer ones that have ended; say so."""
    meant, newest = pick(api, which, running=True), pick(api, which)
    if meant.identity != newest.identity:
        ended = f"{newest.identity} is newer and has ended ({newest.status.lower()})"
        note(f"This is {meant.identity}, which still runs; {ended}")
    return meant


def _stop(api: JobsApi, remote_job: RemoteJob) -> None:
    api.stop(remote_job.identity)
    ended = api.wait(remote_job.identity, STOP_S + 30)
    if not ended.is_over:
        raise ClusterError(f"{remote_job.identity} has not ended within {STOP_S + 30} s. `ray job stop` may tell why.")
    where = place_of_results(remote_job.metadata)
    echo(
        f"{remote_job.identity} was stopped. Finished trials are stored in {where}; the same submit goes on from there."
    )
