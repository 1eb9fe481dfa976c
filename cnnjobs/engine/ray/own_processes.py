"""The processes of a Ray that this process has started: whether they live, and which were ended from outside."""

import ray

from cnnjobs.errors import ClusterLost

ESSENTIAL = ("gcs_server", "raylet")
"""Ray's processes without which nothing runs."""


class OwnProcesses:
    """Those of the Ray that this process is connected to and has started.

    `may_go` is set before Ray is stopped: what ends then was not ended from outside.
    """

    def __init__(self) -> None:
        self._node = ray._private.worker._global_node
        started = self._node.all_processes
        self._essential = [(name, one.process) for name in ESSENTIAL for one in started.get(name, ())]
        self.may_go = False

    def have_died(self) -> bool:
        """Say whether one is gone that should not be."""
        return not self.may_go and any(process.poll() is not None for _, process in self._essential)

    def kill(self) -> None:
        """End those that are left."""
        self._node.kill_all_processes(check_alive=False)

    @property
    def meaning(self) -> ClusterLost:
        """Say which it was."""
        gone = [f"its {name}, process {one.pid}" for name, one in self._essential if one.returncode is not None]
        return ClusterLost(
            f"Ray, which runs the trials on this machine, was ended from outside ({', '.join(gone) or 'a process'})."
        )
