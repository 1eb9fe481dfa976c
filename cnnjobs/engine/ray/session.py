"""A Ray to run on: one that is started on this machine and stopped in the end, or a cluster that is joined."""

import contextlib
import logging
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import ray

from cnnjobs.engine.base import TrialResources
from cnnjobs.engine.capacity import Capacity
from cnnjobs.engine.capture import Capture, take_printed
from cnnjobs.engine.environment import WORKERS, prepared_environment
from cnnjobs.engine.leaving import Leaving
from cnnjobs.engine.places import Joined, answers, is_loopback
from cnnjobs.engine.quiet import silent_loggers
from cnnjobs.engine.ray.authentication import REFUSED, asks_for_token, noticed
from cnnjobs.engine.ray.autoscaler import capacity_now
from cnnjobs.engine.ray.demand import Demand
from cnnjobs.engine.ray.import_path import own_import_path
from cnnjobs.engine.ray.own_node import only_what_runs_trials
from cnnjobs.engine.ray.own_processes import OwnProcesses
from cnnjobs.engine.token import MODE, cluster_token, own_token
from cnnjobs.engine.watch import Watch
from cnnjobs.errors import ClusterError, ClusterLost, CnnjobsError, ResourceError
from cnnjobs.process.numeric_environment import SET, while_pinned
from cnnjobs.process.private_folder import others_reach, private_folder, remove_private_folder
from cnnjobs.process.variables import variables

OWN_EVERY_S, OWN_LOOKS, OWN_STUCK_S = 0.5, 2, 5.0
"""Seconds between two looks at the processes of a Ray of this process's own, how many that find one gone mean that it
was ended, and how long the main thread has to leave it: Ray itself waits a minute for one, then prints C++."""

LOGGERS = ("ray", "ray.tune", "ray.train", "ray.data")
"""Those that Ray gives a level of their own."""

HEAD_EVERY_S, HEAD_LOOKS = 3.0, 5
"""Seconds between two looks at the head, and how many without an answer mean that it is gone."""

DEMAND_EVERY_S, DEMAND_LOOKS = 5.0, 5
"""The same for looks at what the autoscaler reports, and a demand that it has no node for."""

MAY_BE_NODE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Variable that says whether a machine may be a node among others."""


class Session(Protocol):
    """A Ray to run on."""

    @property
    def shares_disk(self) -> bool:
        """Whether every worker can write where this process can."""
        ...

    def opened(
        self, data_bytes: int, resources: TrialResources | None = None
    ) -> contextlib.AbstractContextManager[None]:
        """Return a context in which this process is connected.

        Args:
            data_bytes: size of the data set, which goes into the object store.
            resources: what each trial asks for; None if no trials are to run.
        """
        ...

    def close(self) -> None:
        """Return when this process is connected no longer, and nothing runs that was started for it."""
        ...


_STARTED = threading.Lock()
"""Held while a Ray of this process runs: there can be one."""

_LEAVING = Leaving()
"""How the Ray of this process is taken down."""


class LocalRay:
    """A Ray on this machine, on its loopback, without a dashboard, for this process alone.

    `on_stuck` is called, in another thread, when it was ended from outside and the main thread waits for it where
    nothing interrupts it: it is to end the process.

    Args:
        cpus: cores to give to it.
        gpus: GPUs to give to it.
        verbose: let Ray and the workers print.
        workers: processes that are started with it, before there is a trial for them.
        imports: modules that each worker imports when it starts.
    """

    shares_disk = True

    def __init__(
        self, *, cpus: int, gpus: int, verbose: bool = False, workers: int = 0, imports: Sequence[str] = ()
    ) -> None:
        self._cpus, self._gpus, self._verbose = cpus, gpus, verbose
        self._workers, self._imports = workers, imports
        self.on_stuck: Callable[[CnnjobsError], None] = _end_process

    @contextlib.contextmanager
    def opened(self, data_bytes: int, resources: TrialResources | None = None) -> Iterator[None]:
        """Start Ray; in the end nothing is to run any more, and `close` stops it. After an error it is down.

        Raises:
            ClusterError: if this process is connected to a Ray already, its own or that of another submit.
            ClusterLost: in the place of what went wrong, if one of Ray's processes was ended meanwhile.
        """
        _LEAVING.now()
        if ray.is_initialized() or not _STARTED.acquire(blocking=False):
            raise ClusterError(
                "A submit starts a Ray of its own, but this process is already connected to one, by `ray.init()` or by "
                "another submit that runs in it. Call `ray.shutdown()` before, or wait for the other submit."
            )
        with contextlib.ExitStack() as started:
            started.callback(_STARTED.release)
            started.enter_context(prepared_environment())
            started.enter_context(noticed(own_token()))
            started.enter_context(_silenced(self._verbose))
            started.callback(_clear)
            self._start(data_bytes)
            own = OwnProcesses()
            with self._watched(own):
                yield
            own.may_go = True
            left = started.pop_all()
        _LEAVING.later(lambda: _take_down(own, left))

    def close(self) -> None:
        """Stop Ray, if it was opened."""
        _LEAVING.now()

    def _start(self, data_bytes: int) -> None:
        with (
            while_pinned(),
            loopback_only(),
            only_what_runs_trials(forwards_logs=self._verbose, workers=self._workers),
            _own_signal_handlers(),
        ):
            ray.init(
                address="local",
                _temp_dir=str(private_folder() / "ray"),
                num_cpus=self._cpus,
                num_gpus=self._gpus,
                object_store_memory=2 * data_bytes + (512 << 20),
                include_dashboard=False,
                log_to_driver=self._verbose,
                logging_level=logging.INFO if self._verbose else logging.CRITICAL,
                job_config=own_import_path(),
                _system_config={"preload_python_modules": [*self._imports]},
            )

    @contextlib.contextmanager
    def _watched(self, own: OwnProcesses) -> Iterator[None]:
        """Watch that Ray's processes live; after an error until it is stopped, which may wait for them as well."""

        def on_stuck() -> None:
            own.kill()
            self.on_stuck(own.meaning)

        watch = Watch(own.have_died, OWN_LOOKS, on_stuck, every_s=OWN_EVERY_S, stuck_s=OWN_STUCK_S)
        with watch:
            try:
                yield
            except BaseException as error:
                own.stop()
                if watch.went_wrong and isinstance(error, Exception | KeyboardInterrupt):
                    raise own.meaning from error
                raise


def _take_down(own: OwnProcesses, left: contextlib.ExitStack) -> None:
    """Stop a Ray that has nothing to run any more, however that goes, and then leave what it ran in."""
    try:
        own.stop()
    except BaseException:
        own.kill()
        raise
    finally:
        left.close()


def _clear() -> None:
    """Leave nothing of a Ray of this process."""
    ray.shutdown()
    shutil.rmtree(private_folder() / "ray", ignore_errors=True)


class JoinedRay:
    """A running cluster that this machine is a node of; connected until `close`.

    `on_stuck` is called, in another thread, when the cluster is gone, or can never run a trial, and the main thread
    waits for it where nothing interrupts it: it is to end the process.

    Args:
        place: where its head is.
        insecure: whether it may be one that asks for no token.
        verbose: let Ray and the workers print.

    Raises:
        ClusterError: if it cannot be joined.
    """

    shares_disk = False

    def __init__(self, place: Joined, *, insecure: bool = False, verbose: bool = False) -> None:
        self._place, self._verbose = place, verbose
        self.on_stuck: Callable[[CnnjobsError], None] = _end_process
        with contextlib.ExitStack() as joined:
            joined.enter_context(prepared_environment(joining=True))
            joined.enter_context(noticed(cluster_token()))
            joined.enter_context(_silenced(verbose))
            with _own_signal_handlers():
                self._join()
            joined.callback(ray.shutdown)
            if not is_loopback(place.address.rpartition(":")[0]) and not insecure:
                self._refuse_open_one()
            self._joined = joined.pop_all()

    def capacity(self) -> Capacity:
        """Return the nodes that are there, and those that the autoscaler may add."""
        return capacity_now()

    @contextlib.contextmanager
    def opened(self, data_bytes: int, resources: TrialResources | None = None) -> Iterator[None]:
        """Watch that the cluster is there; a main thread that waits for it is interrupted when it is gone.

        Raises:
            ClusterLost: in the place of what went wrong then.
            ResourceError: if the autoscaler has no kind of node for a trial, which only it can tell.
        """
        host, _, port = self._place.address.rpartition(":")
        lost = ClusterLost(f"The cluster at {self._place.address} no longer answers.")
        watches: list[tuple[Watch, CnnjobsError]] = []

        def add(is_wrong: Callable[[], bool], looks: int, every_s: float, meaning: CnnjobsError) -> None:
            watches.append((Watch(is_wrong, looks, lambda: self.on_stuck(meaning), every_s=every_s), meaning))

        add(lambda: not answers(host, int(port)), HEAD_LOOKS, HEAD_EVERY_S, lost)
        if resources is not None and self.capacity().open_ended:
            never = ResourceError(
                f"The autoscaler of the cluster at {self._place.address} has no kind of node with "
                f"{resources.cpus} cores "
                f"and {resources.gpus:g} GPUs, which a trial asks for. `ray status` lists the nodes that it may add."
            )
            add(Demand(self._place.address, resources).has_no_node, DEMAND_LOOKS, DEMAND_EVERY_S, never)
        with contextlib.ExitStack() as stack:
            for watch, _ in watches:
                stack.enter_context(watch)
            try:
                yield
            except (Exception, KeyboardInterrupt) as error:
                for watch, meaning in watches:
                    if watch.went_wrong:
                        raise meaning from error
                raise

    def open_folder(self) -> Path | None:
        """Return where the cluster's files lie on this machine, if other users can change them there."""
        return open_folder()

    def close(self) -> None:
        """Leave the cluster."""
        self._joined.close()

    def _refuse_open_one(self) -> None:
        if not asks_for_token(self._place.address):
            raise ClusterError(
                f"The cluster at {self._place.address} asks for no token: whoever reaches it can run code on it. Start "
                f"it with {MODE}=token (see cluster/README.md), accept that with `insecure`, or run on this machine "
                "alone with `address=local`."
            )

    def _join(self) -> None:
        printed = private_folder() / "join.log"
        catching = contextlib.nullcontext() if self._verbose else Capture(printed)
        try:
            with catching:
                ray.init(
                    address=self._place.address,
                    log_to_driver=self._verbose,
                    logging_level=logging.INFO if self._verbose else logging.CRITICAL,
                    runtime_env={"env_vars": WORKERS | SET},
                    job_config=own_import_path(),
                )
        except Exception as error:
            raise _refusal(self._place.address, error, take_printed(printed)) from error
        finally:
            printed.unlink(missing_ok=True)


def _refusal(address: str, error: Exception, printed: str) -> ClusterError:
    text = str(error)
    if REFUSED in printed or isinstance(error, ray.exceptions.AuthenticationError):
        return ClusterError(
            f"The cluster at {address} refuses the token of this machine, or there is none. Copy the head's "
            "~/.ray/auth_token here (its owner alone may read it), or set RAY_AUTH_TOKEN_PATH to where it lies."
        )
    if "ersion mismatch" in text:
        mismatch = " ".join(text.split())
        return ClusterError(
            f"This machine and the cluster at {address} must have the same versions of Ray and Python. {mismatch} "
            "Use an environment with the cluster's versions, or submit from outside: `address=http://HOST:8265`."
        )
    first = text.strip().splitlines()[0] if text.strip() else type(error).__name__
    return ClusterError(
        f"The cluster at {address} cannot be joined: {first} Is this machine one of its nodes? `ray status` tells. "
        "From a machine outside: `address=http://HOST:8265`; to run on this machine alone: `address=local`."
    )


def open_folder() -> Path | None:
    """Return where the Ray that this process is connected to keeps its files here, if other users can change them."""
    folder = Path(ray._private.worker._global_node.get_session_dir_path())
    return folder if others_reach(folder) else None


def _end_process(error: CnnjobsError) -> None:
    """End a process whose main thread waits for the cluster in a call that nothing interrupts."""
    remove_private_folder()
    os._exit(error.exit_code)


def _print_nothing(data: object, ignore_prefix: bool = False) -> None:
    """In the place of what prints Ray's own words: what follows for a trial is told by this project."""


@contextlib.contextmanager
def loopback_only() -> Iterator[None]:
    """Make Ray, while it is started, take the loopback for this machine's address: it listens there alone then.

    On Linux it would listen on all interfaces, whatever address it is given, because this machine may be a node among
    others (Ray 2.60). Its processes read the variable, this one has read it when Ray was imported.
    """
    constants = ray._private.ray_constants
    of_import = constants.ENABLE_RAY_CLUSTER
    constants.ENABLE_RAY_CLUSTER = False
    try:
        with variables({MAY_BE_NODE: "0"}):
            yield
    finally:
        constants.ENABLE_RAY_CLUSTER = of_import


@contextlib.contextmanager
def _silenced(verbose: bool) -> Iterator[None]:
    """Have Ray say nothing meanwhile: it tells of lost workers and nodes, `log_to_driver` or not (Ray 2.60)."""
    if verbose:
        yield
        return
    worker = ray._private.worker
    of_ray = worker.print_to_stdstream
    worker.print_to_stdstream = _print_nothing
    try:
        with silent_loggers(LOGGERS):
            yield
    finally:
        worker.print_to_stdstream = of_ray


@contextlib.contextmanager
def _own_signal_handlers() -> Iterator[None]:
    """Put this process's handlers back in the end: `ray.init` replaces that of SIGTERM."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # Ray's processes inherit that: this one ends them in its own time
    try:
        yield
    finally:
        for number, handler in handlers.items():
            if handler is not None:
                signal.signal(number, handler)
