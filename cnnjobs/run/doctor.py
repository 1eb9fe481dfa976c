"""Health checks of this machine, or of a cluster with this machine as a node."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cnnjobs.datasets import source_of
from cnnjobs.engine.places import Joined, Place
from cnnjobs.engine.quiet import quietly
from cnnjobs.engine.token import token_file
from cnnjobs.errors import ClusterError, StoreError, UserError
from cnnjobs.machine import this_machine
from cnnjobs.run import backends
from cnnjobs.run.calling_machine import calling_machine_versions
from cnnjobs.run.health_checks import Check, of_disk, of_node, of_versions
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import read_job
from cnnjobs.store.files import Files
from cnnjobs.versions import installed_versions


def checks(place: Place, job: str | None, results: str, *, insecure: bool) -> Iterator[Check]:
    """Yield the checks of a place, one after the other as they are made.

    Args:
        place: this machine, or a cluster that it is a node of.
        job: a job file whose data set should be there; None for none.
        results: where trials would be stored.
        insecure: whether it may be a cluster that asks for no token.
    """
    if job is not None:
        yield _of_data(job)
    yield from _of_store(results)
    if isinstance(place, Joined):
        yield from _of_cluster(place, insecure=insecure)
    else:
        yield from _of_nodes(_nodes_here())


def _nodes_here() -> list[dict[str, Any]]:

    machine = this_machine()
    with quietly():
        session = backends.open_local_ray(cpus=machine.cpus, gpus=machine.gpus)
        with session.opened(0):
            return _examined()


def _of_cluster(place: Any, *, insecure: bool) -> Iterator[Check]:

    try:
        session = backends.open_cluster(place, insecure=insecure, verbose=False)
    except ClusterError as error:
        yield Check("cluster", f"cannot be joined at {place.address}", str(error))
        return

    from cnnjobs.engine.ray.authentication import asks_for_token

    yield Check("cluster", f"joined at {place.address}")
    try:
        if asks_for_token(place.address):
            loose = token_file().is_file() and token_file().stat().st_mode & 0o077
            remedy = f"chmod 600 {token_file()}" if loose else ""
            said = "asked for by the cluster" + (", and others can read it here" if loose else "")
        else:
            remedy = "" if insecure else "Start Ray with RAY_AUTH_MODE=token (see cluster/README.md)."
            said = "none is asked for: whoever reaches the cluster can run code on it"
    except ClusterError as error:
        said, remedy = "unknown", str(error)
    yield Check("token", said, remedy)
    try:
        yield from _of_nodes(_examined())
    finally:
        session.close()


def _examined() -> list[dict[str, Any]]:

    from cnnjobs.engine.ray.health_checks import check_nodes_health

    return check_nodes_health(backends.open_health_check())


def _of_nodes(nodes: list[dict[str, Any]]) -> Iterator[Check]:

    yield of_versions(installed_versions(), nodes, asking=calling_machine_versions())
    for node in nodes:
        yield from of_node(node)


def _of_store(results: str) -> Iterator[Check]:

    try:
        files = Files(results)
        files.check_writable()
    except StoreError as error:
        yield Check("results", "cannot be written", str(error))
        return
    yield Check("results", f"{files.location} can be written")
    if files.is_local:
        place = Path(results).expanduser().absolute()
        there = next(path for path in (place, *place.parents) if path.exists())
        yield of_disk(str(results), shutil.disk_usage(there).free)


def _of_data(job: str) -> Check:

    try:
        source = source_of(read_job(job, Overrides()).dataset)
    except UserError as error:
        return Check("job", f"{job} is broken", str(error))
    said, remedy = source.lock()
    return Check("data set", f"{source.describe()} is {said}", remedy)
