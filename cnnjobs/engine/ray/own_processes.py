"""The processes of a Ray that this process has started: whether they live, and which were ended from outside."""

import contextlib
import os
import signal
from collections.abc import Iterable

import ray

from cnnjobs.errors import ClusterLost
from cnnjobs.process.machine import child_processes

ESSENTIAL = ("gcs_server", "raylet")
"""Ray's processes without which nothing runs."""

HELPERS = ("monitor", "dashboard", "log_monitor")
"""Those that a Ray without trials does not need. Ray ends one after the other, and waits a second for the first."""


class OwnProcesses:
    """Those of the Ray that this process is connected to and has started.

    `may_go` is set when nothing is to run any more: what ends then was not ended from outside.
    """

    def __init__(self) -> None:
        self._node = ray._private.worker._global_node
        started = self._node.all_processes
        self._essential = [(name, one.process) for name in ESSENTIAL for one in started.get(name, ())]
        self._helpers = [one.process for name in HELPERS for one in started.get(name, ())]
        self._gone: list[str] = []
        self.may_go = False

    def have_died(self) -> bool:
        """Say whether one is gone that should not be."""
        if not self.may_go and not self._gone:
            self._gone = [f"its {name}, process {one.pid}" for name, one in self._essential if one.poll() is not None]
        return bool(self._gone) and not self.may_go

    def stop(self) -> None:
        """Leave Ray, and end them: in 0.3 s, of which it takes most to leave."""
        self.may_go = True
        started = self._started()
        for one in self._helpers:
            one.kill()
        ray.shutdown()  # has the raylet end its workers
        if any(one.poll() for _, one in self._essential):  # it could not: it was ended itself, or waited for the other
            _kill(started)

    def kill(self) -> None:
        """End those that are left, and what they have started: Ray's agents would live on for a minute."""
        started = self._started()
        self._node.kill_all_processes(check_alive=False)
        _kill(started)

    def _started(self) -> list[int]:
        """Return the processes that they have started."""
        return [child for _, one in self._essential for child in child_processes(one.pid)]

    @property
    def meaning(self) -> ClusterLost:
        """Say which it was."""
        which = f" ({', '.join(self._gone)})" if self._gone else ""
        return ClusterLost(f"Ray, which runs the trials on this machine, was ended from outside{which}.")


def _kill(processes: Iterable[int]) -> None:
    for one in processes:
        with contextlib.suppress(OSError):
            os.kill(one, signal.SIGKILL)
