"""Jobs of a cluster elsewhere: follows one, ends one."""

from cnnjobs.errors import ClusterError
from cnnjobs.remote.follow import OF_RAY, follow, pick, place_of_results, said_in
from cnnjobs.remote.jobs_client import STOP_S
from cnnjobs.remote.remote_submit import reach_named
from cnnjobs.terminal import echo


def show_log(address: str | None, job: str | None, *, following: bool, insecure: bool) -> None:
    """Print what a job has printed.

    Args:
        address: of the cluster's dashboard.
        job: name or identity; None for the newest.
        following: until it has ended, not only what there is now.
        insecure: whether it may be a cluster that asks for no token.

    Raises:
        ClusterError: if the cluster cannot be reached, or has no such job.
    """
    api = reach_named(address, insecure=insecure)
    remote_job = pick(api, job)
    if following:
        follow(api, remote_job.identity, remote_job.metadata)
        return
    for line in api.log(remote_job.identity).splitlines():
        said = said_in(line)
        if said is not None and not OF_RAY.match(said):
            echo(said)


def stop_job(address: str | None, job: str | None, *, insecure: bool) -> None:
    """End a job; what is finished is kept.

    Args:
        address: of the cluster's dashboard.
        job: name or identity; None for the newest.
        insecure: whether it may be a cluster that asks for no token.

    Raises:
        ClusterError: if the cluster cannot be reached, has no such job, or that does not end.
    """
    api = reach_named(address, insecure=insecure)
    remote_job = pick(api, job)
    if remote_job.is_over:
        echo(f"{remote_job.identity} has ended already: {remote_job.status.lower()}.")
        return
    api.stop(remote_job.identity)
    ended = api.wait(remote_job.identity, STOP_S + 30)
    if not ended.is_over:
        raise ClusterError(f"{remote_job.identity} has not ended within {STOP_S + 30} s. `ray job stop` may tell why.")
    where = place_of_results(remote_job.metadata)
    echo(
        f"{remote_job.identity} was stopped. Finished trials are stored in {where}; the same submit goes on from there."
    )
