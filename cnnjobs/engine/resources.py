"""How many trials run at once, and what each gets: a pure function of what there is and of the request."""

import math
from dataclasses import dataclass

from cnnjobs.engine.base import TrialResources
from cnnjobs.engine.capacity import Capacity, Node
from cnnjobs.errors import ResourceError
from cnnjobs.process.machine import RAY_BYTES, WORKER_BYTES

WAITED_FOR = 16
"""So many trials ask an autoscaler for nodes where it does not say how many it may add."""

MOST_CPUS = 8
"""Cores that a trial with GPUs gets at most, unless told otherwise. Chosen, not measured."""


@dataclass(frozen=True)
class ResourceRequest:
    """What the user asked for; None leaves the choice to `allocate`.

    Args:
        max_concurrent: most trials at once.
        cpus_per_trial: cores a trial.
        gpus_per_trial: GPUs a trial, or a fraction of one.
        job_gpus: the same as the job has it, which holds where there are GPUs.
    """

    max_concurrent: int | None = None
    cpus_per_trial: int | None = None
    gpus_per_trial: float | None = None
    job_gpus: float | None = None


def allocate(
    capacity: Capacity, request: ResourceRequest, *, trials: int, replicas: int, data_bytes: int
) -> tuple[TrialResources, int]:
    """Return what a trial runs on, and how many run at once.

    By default one GPU a replica where there are GPUs, with its share of the cores, else one core a trial;
    as many at once as fit the cores or GPUs and the free memory, on nodes that are there and that may be added.

    Args:
        capacity: what there is.
        request: what the user asked for.
        trials: how many there are to run.
        replicas: devices that train together in a trial.
        data_bytes: size of the data set, which each worker holds once.

    Raises:
        ResourceError: if no node has the cores and GPUs of even one trial, or nothing tells whether there will be GPUs.
    """
    gpus = request.gpus_per_trial
    if gpus is None:
        gpus = _default_gpus(capacity, request.job_gpus, replicas)
    _check_gpus(gpus, replicas)
    resources = TrialResources(
        cpus=request.cpus_per_trial or _default_cpus(capacity, gpus), gpus=gpus, replicas=replicas
    )
    _check(capacity, resources)
    fitting = _most_at_once(capacity, resources, data_bytes)
    if capacity.open_ended:
        fitting = max(fitting, WAITED_FOR)
    return resources, max(1, min(fitting, trials, request.max_concurrent or trials))


def trials_on(node: Node, resources: TrialResources, data_bytes: int = 0) -> int:
    """Return how many trials a node can run at once; a trial is never spread over two nodes, nor a fraction over GPUs.

    Args:
        node: the node.
        resources: what a trial gets.
        data_bytes: size of the data set, if memory counts.
    """
    fitting = node.cpus // resources.cpus
    if resources.gpus:
        fitting = min(fitting, _held_at_once(node.gpus, resources.gpus))
    if node.free_bytes is not None and fitting:
        free = node.free_bytes - data_bytes - RAY_BYTES  # the copy that workers share, and Ray itself
        fitting = min(fitting, max(1, free // (WORKER_BYTES + data_bytes)))  # one is always tried
    return fitting


def _most_at_once(capacity: Capacity, resources: TrialResources, data_bytes: int) -> int:
    there = sum(trials_on(node, resources, data_bytes) for node in capacity.nodes)
    kinds = [trials_on(node, resources, data_bytes) for node, count in capacity.kinds for _ in range(count)]
    added = sorted(kinds, reverse=True)
    return there + sum(added[: capacity.most_added])


def _check_gpus(gpus: float, replicas: int) -> None:
    if not math.isfinite(gpus) or (gpus > 1 and gpus != int(gpus)):
        raise ResourceError(
            f"`gpus_per_trial` must be a fraction of one GPU or a whole number of them. Received: {gpus:g}."
        )
    if replicas > 1 and 0 < gpus < replicas:
        raise ResourceError(
            f"A trial of {replicas} replicas must have {replicas} GPUs. Received: gpus_per_trial={gpus:g}."
        )


def _check(capacity: Capacity, resources: TrialResources) -> None:
    """Refuse a trial that no node can hold."""
    if capacity.open_ended or any(trials_on(node, resources) for node in capacity.shapes):
        return
    if not any(node.cpus for node in capacity.shapes):
        raise ResourceError(
            f"The cluster has no node that runs trials: {len(capacity.nodes)} without cores, and no autoscaler that "
            "adds others. Start nodes with `ray start --address=HEAD:6379`, or look at `ray status`."
        )
    most_gpus = max((node.gpus for node in capacity.shapes), default=0)
    most_cpus = max((node.cpus for node in capacity.shapes), default=0)
    if resources.gpus > most_gpus:
        raise ResourceError(
            f"`gpus_per_trial` must be at most {most_gpus}, the GPUs of {capacity.where}. "
            f"Received: {resources.gpus:g}. Use `gpus_per_trial=0` to train on cores."
        )
    if resources.cpus > most_cpus:
        raise ResourceError(
            f"`cpus_per_trial` must be at most {most_cpus}, the cores of {capacity.where}. Received: {resources.cpus}."
        )
    raise ResourceError(
        f"No node of the cluster has {resources.cpus} cores and {resources.gpus:g} GPUs together, which a trial "
        "asks for. There "
        f"are nodes of {', '.join(sorted({f'{node.cpus} cores and {node.gpus} GPUs' for node in capacity.shapes}))}."
    )


def _default_gpus(capacity: Capacity, of_job: float | None, replicas: int) -> float:
    """Return the GPUs of a trial for which nothing was asked: the job's, one per replica, none where there are none."""
    unknown = capacity.open_ended and not any(node.cpus for node in capacity.nodes)
    if unknown and of_job is None:
        raise ResourceError(
            "No node that runs trials is there yet, and the autoscaler does not say whether those that it adds have "
            "GPUs. Use `gpus_per_trial=1` for a GPU each (and `cpus_per_trial` for its cores), or "
            "`gpus_per_trial=0` to train on cores."
        )
    if not unknown and not any(node.gpus for node in capacity.shapes):
        return 0.0
    return float(replicas) if of_job is None else of_job


def _default_cpus(capacity: Capacity, gpus: float) -> int:
    """Return the cores of a trial: its share where GPUs bound how many run at once, else one.

    Cores beyond one keep the input pipeline, which runs on them, from holding up a GPU. Of nodes that differ the
    smallest share counts, so that every node takes trials.
    """
    if not gpus:
        return 1
    held = [(node.cpus, _held_at_once(node.gpus, gpus)) for node in capacity.shapes]
    shares = [cpus // count for cpus, count in held if count]
    return max(1, min([MOST_CPUS, *shares])) if shares else 1


def _held_at_once(there: int, gpus: float) -> int:
    """Return how many trials the GPUs hold at once; one with a fraction is never spread over two GPUs."""
    return there * int(1 / gpus + 1e-9) if gpus < 1 else int(there // gpus)
