"""Placement of trials, from options: available resources, resources of a trial, and the engine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from cnnjobs.engine.base import Engine, TrialResources
from cnnjobs.engine.capacity import Capacity, of_machine
from cnnjobs.engine.places import Here, Joined, Place, Remote, find_place
from cnnjobs.engine.resources import ResourceRequest, allocate
from cnnjobs.errors import ClusterError, CnnjobsError, ResourceError
from cnnjobs.process.machine import this_machine
from cnnjobs.run import backends
from cnnjobs.run.prepare import Prepared
from cnnjobs.wording.terminal import echo, note

if TYPE_CHECKING:
    from cnnjobs.engine.ray.session import JoinedRay


NODES_WITHIN_S = 30.0
"""A node that can hold a trial, and that no autoscaler adds, must be there within that: it may be starting."""


class Placement:
    """This machine, or a cluster that it is a node of, which is joined when something is to run.

    Args:
        place: where trials run; not a cluster that takes jobs over HTTP.
        request: what the user asked for to run on.
        insecure: whether it may be a cluster that asks for no token.
        verbose: whether to show logs.
        failure_code: exit code of the process, should it end because Ray is gone; None for that of the error.
    """

    def __init__(
        self,
        place: Place,
        request: ResourceRequest,
        *,
        insecure: bool = False,
        verbose: bool = False,
        failure_code: int | None = None,
    ) -> None:
        self._place, self._request, self._insecure, self._verbose = place, request, insecure, verbose
        self._failure_code = failure_code
        self._session: JoinedRay | None = None
        self._engine: Engine | None = None

    def __enter__(self) -> Placement:
        """Nothing is joined before it is needed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the cluster, and return when nothing runs any more that was started for trials."""
        if self._engine is not None:
            self._engine.close()
        if self._session is not None:
            self._session.close()

    def trial_resources(self, prepared: Prepared, trials: int) -> tuple[TrialResources, int]:
        """Return what a trial runs on, and how many run at once.

        Raises:
            ResourceError: if no machine has what a trial needs.
            ClusterError: if the cluster cannot be joined.
        """
        job, size = prepared.job, prepared.dataset.nbytes
        until, told = time.monotonic() + NODES_WITHIN_S, False
        while True:
            capacity = self._capacity()
            try:
                return allocate(capacity, self._request, trials=trials, replicas=job.replicas, data_bytes=size)
            except ResourceError:
                if self._session is None or capacity.kinds or time.monotonic() > until:
                    raise
            if not told:
                echo(f"waiting up to {NODES_WITHIN_S:g} s for a node that can hold a trial", err=True)
            told = True
            time.sleep(1)

    def engine(self, resources: TrialResources, at_once: int, tell: Callable[[CnnjobsError], None]) -> Engine:
        """Return what runs so many trials at once.

        Args:
            resources: what each runs on.
            at_once: how many.
            tell: says what is stored and how to go on, before the process ends because Ray is gone and the main
                thread waits for it where nothing interrupts it. It is called in another thread.
        """

        def on_stuck(error: CnnjobsError) -> None:
            _end(error, tell, self._failure_code)

        if self._session is not None:
            self._session.on_stuck = on_stuck
            return backends.open_engine_on(self._session)
        gpus = this_machine().gpus if resources.gpus else 0
        cpus = at_once * resources.cpus
        self._engine = backends.open_engine(
            cpus=cpus, gpus=gpus, verbose=self._verbose, at_once=at_once, on_stuck=on_stuck
        )
        return self._engine

    def _capacity(self) -> Capacity:
        if not isinstance(self._place, Joined):
            if self._engine is not None:
                self._engine.close()  # the memory of what it has started is free then
            return of_machine(this_machine())
        if self._session is None:
            self._session = _join(self._place, insecure=self._insecure, verbose=self._verbose)
        return self._session.capacity()


def near_place(address: str | None, what: str) -> Here | Joined:
    """Return where something runs that cannot be sent to a cluster over HTTP.

    Args:
        address: as `submit` takes it.
        what: is to run, for the message.

    Raises:
        ClusterError: if the address is that of a cluster's dashboard.
    """
    place = find_place(address)
    if isinstance(place, Remote):
        raise ClusterError(
            f"{what} runs on this machine or on a cluster that it is a node of. Received: {place.url}. Run it on the "
            "head of the cluster, or here with `address=local`."
        )
    return place


def _end(error: CnnjobsError, tell: Callable[[CnnjobsError], None], code: int | None = None) -> None:
    try:
        tell(error)
    finally:
        os._exit(error.exit_code if code is None else code)


def _join(place: Joined, *, insecure: bool, verbose: bool) -> JoinedRay:
    session = backends.open_cluster(place, insecure=insecure, verbose=verbose)
    capacity = session.capacity()
    nodes = capacity.nodes
    gpus = sum(node.gpus for node in nodes)
    echo(
        f"joined the cluster at {place.address}: {len(nodes)} node{'s' if len(nodes) > 1 else ''}, "
        f"{sum(node.cpus for node in nodes)} cores, {gpus} GPUs now",
        err=True,
    )
    if capacity.awaited:
        note(
            f"{capacity.awaited} of the cluster's machines have not joined yet. As many trials run at once as fit on "
            "the others; to use all, stop this, wait, and submit again"
        )
    if folder := session.open_folder():
        note(
            f"Ray keeps its files in {folder}, where other users of this machine can change them and run code as you; "
            "start Ray with RAY_TMPDIR (see cluster/README.md)"
        )
    return session
