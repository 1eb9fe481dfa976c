"""Files of the submitting side, for workers on other machines: reads and writes travel through Ray."""

from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from cnnjobs.store.checkpoints import Checkpoints, Folder


class _Keeper:
    """Reads and writes where the submitting process does, in a process beside it."""

    def call(self, files: Folder, method: str, *arguments: Any) -> Any:
        return getattr(files, method)(*arguments)


class FilesThroughRay:
    """What workers use of `Files`, done on the submitting side's machine.

    Args:
        keeper: handle of the actor there.
        files: the folder, as that machine names it.
    """

    def __init__(self, keeper: Any, files: Folder) -> None:
        self._keeper, self._files = keeper, files

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole.

        Raises:
            StoreError: as `Files.write` does.
        """
        self._call("write", name, content)

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, or None if there is none."""
        content: bytes | None = self._call("read", name)
        return content

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        self._call("remove", name)

    def names(self, suffix: str = "") -> list[str]:
        """Return the names of the files directly in the folder, sorted."""
        names: list[str] = self._call("names", suffix)
        return names

    def _call(self, method: str, *arguments: Any) -> Any:
        return ray.get(self._keeper.call.remote(self._files, method, *arguments))


def through_ray(checkpoints: Checkpoints) -> Checkpoints:
    """Return the same checkpoints for workers that cannot write where this process can."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor: Any = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Keeper)
    keeper = actor.options(scheduling_strategy=here).remote()
    return checkpoints.kept_in(lambda files: FilesThroughRay(keeper, files))
