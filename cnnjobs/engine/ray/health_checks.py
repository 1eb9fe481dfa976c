"""Has every node of a Ray looked at, each in a process of its own there."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from cnnjobs.engine.capacity import node_of
from cnnjobs.engine.ray.session import open_folder

WITHIN_S = 180.0
"""Seconds that a node has: TensorFlow takes up to a quarter of a minute to import, on a busy machine more."""

CheckHealth = Callable[[int], Mapping[str, Any]]
"""From the number of GPUs that the process holds to what there is to say of the machine."""


def check_nodes_health(check_health: CheckHealth, within_s: float = WITHIN_S) -> list[dict[str, Any]]:
    """Return what `check_health` says on each living node, its resources, and how far its clock is off; or an error.

    Args:
        check_health: runs on each node; may import TensorFlow.
        within_s: seconds that all of them have.
    """
    free = ray._private.state.available_resources_per_node()
    asked = []
    for node in (node for node in ray.nodes() if node["Alive"]):
        there = node_of(node["Resources"])
        gpus = int(free.get(node["NodeID"], {}).get("GPU", 0))  # those that trials hold are not waited for
        place = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        task: Any = ray.remote(num_cpus=0, num_gpus=gpus, max_retries=0, max_calls=1)(_look)
        sent = time.time()
        about = {"address": node["NodeManagerAddress"], "ray_cpus": there.cpus, "ray_gpus": there.gpus, "gpus": gpus}
        asked.append((about, sent, task.options(scheduling_strategy=place).remote(check_health, gpus)))
    until = time.monotonic() + within_s
    return [about | _answer(result, sent, max(until - time.monotonic(), 1)) for about, sent, result in asked]


def _look(check_health: CheckHealth, gpus: int) -> dict[str, Any]:
    folder = open_folder()
    return {**check_health(gpus), "open_folder": None if folder is None else str(folder)}


def _answer(result: Any, sent: float, within_s: float) -> dict[str, Any]:
    try:
        answer = dict(ray.get(result, timeout=within_s))
    except ray.exceptions.GetTimeoutError:
        ray.cancel(result, force=True)
        return {"error": f"did not answer within {within_s:.0f} s"}
    except Exception as error:
        lines = [line for line in str(error).strip().splitlines() if line.strip()]
        return {"error": lines[-1].strip() if lines else type(error).__name__}
    clock = answer["clock"]  # told between the two moments, if both clocks agree
    return answer | {"skew_s": max(sent - clock, clock - time.time(), 0.0)}
