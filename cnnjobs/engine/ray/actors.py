"""Tells Tune of every lost worker in the words that it knows: any other error of Ray's would end the whole run."""

from typing import Any

import ray
from ray.air.execution._internal import RayActorManager
from ray.tune.execution import tune_controller


class ActorManager(RayActorManager):
    """Takes what Ray says instead of `RayActorError`, of a worker that its memory monitor ended for example, as that.

    Tune itself knows two kinds of errors and raises on the others (Ray 2.60).
    """

    def _actor_task_failed(self, tracked_actor_task: Any, exception: Exception) -> None:
        super()._actor_task_failed(tracked_actor_task, _as_known(exception))


def use_in_tune() -> None:
    """Make Tune use it; there is no argument for that."""
    tune_controller.RayActorManager = ActorManager


def _as_known(error: Exception) -> Exception:
    known: tuple[type[Exception], ...] = (ray.exceptions.RayActorError, ray.exceptions.RayTaskError)
    if isinstance(error, known):
        return error
    lost: Exception = ray.exceptions.RayActorError(error_msg=f"{type(error).__name__}: {error}")
    return lost
