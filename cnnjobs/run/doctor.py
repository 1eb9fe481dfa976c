"""Health checks of this machine, or of a cluster with this machine as a node."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cnnjobs.datasets import source_of
from cnnjobs.datasets.arrays import make_dataset
from cnnjobs.engine.base import Engine, Work
from cnnjobs.engine.capacity import Capacity, of_machine
from cnnjobs.engine.places import Joined, Place
from cnnjobs.engine.quiet import quietly
from cnnjobs.engine.resources import ResourceRequest, allocate
from cnnjobs.engine.token import token_file
from cnnjobs.errors import ClusterError, CnnjobsError, StoreError, UserError
from cnnjobs.messages import Failure, Message
from cnnjobs.planning.trials import make_plan
from cnnjobs.process.machine import this_machine
from cnnjobs.run import backends
from cnnjobs.run.calling_machine import calling_machine_versions
from cnnjobs.run.health_checks import Check, of_disk, of_node, of_trial, of_versions
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import read_job
from cnnjobs.run.surroundings import surroundings_notes
from cnnjobs.spec import Job, Variant, vgg
from cnnjobs.store.files import Files
from cnnjobs.versions import installed_versions

PICTURES = 32
"""Pictures that the trial of `doctor` trains on."""


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
        yield from (Check("settings", note) for note in surroundings_notes())
        yield from _of_nodes(_nodes_here())
        yield _trial_here()


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
        yield from _of_nodes(_examined(), insecure=insecure)
        yield _of_trial(backends.open_engine_on(session), session.capacity())
    finally:
        session.close()


def _trial_here() -> Check:
    """Run a trial as `submit` does: on a Ray that is started for it."""
    machine = this_machine()
    return _of_trial(backends.open_engine(cpus=machine.cpus, gpus=machine.gpus, verbose=False), of_machine(machine))


def _of_trial(engine: Engine, capacity: Capacity) -> Check:
    """Run one real trial, on made-up pictures, through all that a trial of `submit` goes through."""
    pixels = np.random.RandomState(0).randint(0, 256, (PICTURES, 8, 8, 1)).astype(np.uint8)
    labels = np.arange(PICTURES, dtype=np.int32) % 2
    data = make_dataset("made-up pictures", (pixels, labels), (pixels, labels), ("one", "other"))
    variant = Variant(model=vgg(blocks=1, filters=2, dense=4), epochs=1, batch_size=PICTURES // 2)
    job = Job(name="doctor", dataset="digits", repeats=1, variants={"small": variant})
    ends: list[Message] = []
    began = time.perf_counter()
    try:
        resources, _ = allocate(capacity, ResourceRequest(), trials=1, replicas=1, data_bytes=data.nbytes)
        work = Work(make_plan(job, data.fingerprint).trials, data, backends.open_worker, resources, at_once=1)
        with quietly():
            engine.run(work, lambda _, message: ends.append(message))
    except CnnjobsError as error:
        return of_trial(str(error), 0.0)
    end = ends[-1]
    return of_trial(end.error if isinstance(end, Failure) else "", time.perf_counter() - began)


def _examined() -> list[dict[str, Any]]:

    from cnnjobs.engine.ray.health_checks import check_nodes_health

    return check_nodes_health(backends.open_health_check())


def _of_nodes(nodes: list[dict[str, Any]], *, insecure: bool = False) -> Iterator[Check]:

    yield of_versions(installed_versions(), nodes, asking=calling_machine_versions())
    for node in nodes:
        yield from of_node(node, insecure=insecure)


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
