"""Files of the submitting side, for workers on other machines: reads and writes travel through Ray."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from cnnjobs.store.checkpoints import Checkpoints, Folder
from cnnjobs.store.files import Files

ACCESS = ("AWS_", "GOOGLE_")
"""How variables begin that give access to object storage."""


class _Keeper:
    """Reads and writes where the submitting process does, in a process beside it that has the same access.

    Keys are arguments here, because variables of Ray's own that hold some are written into its logs.
    """

    def __init__(self, folders: bytes, access: Mapping[str, str]) -> None:
        os.environ.update(access)  # before: a folder in a bucket looks for a profile when it is unpickled
        self._folders: Sequence[Folder] = ray.cloudpickle.loads(folders)

    def call(self, place: int, method: str, *arguments: Any) -> Any:
        return getattr(self._folders[place], method)(*arguments)


class FilesThroughRay:
    """What workers use of `Files`, done on the submitting side's machine.

    Args:
        keeper: handle of the actor there.
        place: which of its folders.
    """

    def __init__(self, keeper: Any, place: int) -> None:
        self._keeper, self._place = keeper, place

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
        return ray.get(self._keeper.call.remote(self._place, method, *arguments))


def through_ray(checkpoints: Checkpoints) -> Checkpoints:
    """Return the same checkpoints for workers that cannot write where this process can."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    actor: Any = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Keeper)
    folders = checkpoints.folders
    is_local = all(isinstance(folder, Files) and folder.is_local for folder in folders)
    access = {} if is_local else {name: value for name, value in os.environ.items() if name.startswith(ACCESS)}
    keeper = actor.options(scheduling_strategy=here).remote(ray.cloudpickle.dumps(folders), access)
    return checkpoints.kept_in(lambda files: FilesThroughRay(keeper, folders.index(files)))
