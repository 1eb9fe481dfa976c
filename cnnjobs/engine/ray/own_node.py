"""The processes of a Ray that runs for one submit on one machine: state, scheduler and workers, nothing beside."""

import contextlib
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray._private import node, services

WITHOUT_AGENT = -1
"""What Ray's agents give as the port of a service that is not there."""

KNOWN = "2.60."
"""Versions of Ray whose node this is; another starts all that it starts by itself, which takes a second longer."""

SERVICES = (
    "DASHBOARD_AGENT_LISTEN_PORT_NAME",
    "METRICS_AGENT_PORT_NAME",
    "METRICS_EXPORT_PORT_NAME",
    "RUNTIME_ENV_AGENT_PORT_NAME",
)
"""What they serve: constants of `ray._raylet`."""

AGENTS = "_build_python_executable_command_memory_profileable"
"""Name of the function that says with what Python Ray's agents are started."""

PRESTARTED = "--num_prestart_python_workers="
"""Argument of Ray's scheduler: how many workers it starts at once. Ray's own number is that of the cores."""

STAND_IN = [sys.executable, "-I", "-S", str(Path(__file__).with_name("stand_in.py"))]
"""Command in the place of an agent: Ray ends its scheduler with its agents, so each must be a process."""


class OwnNode(node.Node):
    """A node without what serves people and clusters: dashboard, autoscaler, metrics, runtime environments.

    These are six processes of Python, each importing Ray, and Ray's start waits for four of them.

    Args:
        forwards_logs: whether what workers print comes to this process.
        workers: processes that are started before anything asks for one.
        options: as Ray has them.
    """

    def __init__(self, *, forwards_logs: bool, workers: int, **options: Any) -> None:
        self._forwards_logs, self._workers = forwards_logs, workers
        super().__init__(**options)

    def start_monitor(self) -> None:
        """Start no autoscaler."""

    def start_api_server(self, **_: Any) -> None:
        """Start no dashboard, nor what is left of one without pages."""
        self._webui_url = ""

    def start_log_monitor(self) -> None:
        """Start what forwards the logs of workers, if somebody reads them."""
        if self._forwards_logs:
            super().start_log_monitor()

    def start_raylet(self, *arguments: Any, **options: Any) -> None:
        """Start the scheduler, which waits until its agents have said where they are to be reached."""
        for service in SERVICES:
            ray._raylet.persist_port(self._session_dir, self._node_id, getattr(ray._raylet, service), WITHOUT_AGENT)
        start = services.start_ray_process

        def started(command: list[str], *others: Any, **named: Any) -> Any:
            own = [one for one in command if not one.startswith(PRESTARTED)]
            return start([*own, f"{PRESTARTED}{self._workers}"], *others, **named)

        with _replaced(services, AGENTS, lambda *_, **__: STAND_IN), _replaced(services, "start_ray_process", started):
            super().start_raylet(*arguments, **options)


@contextlib.contextmanager
def only_what_runs_trials(*, forwards_logs: bool, workers: int) -> Iterator[None]:
    """Have `ray.init` start such a node, if it is a Ray that is known.

    Args:
        forwards_logs: whether what workers print comes to this process.
        workers: processes that are started before anything asks for one.
    """
    if not ray.__version__.startswith(KNOWN):
        yield
        return
    with _replaced(node, "Node", partial(OwnNode, forwards_logs=forwards_logs, workers=workers)):
        yield


@contextlib.contextmanager
def _replaced(module: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)
