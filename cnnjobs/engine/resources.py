"""How many trials run at once, and what each gets: a pure function of the machine and the wishes."""

import math
from dataclasses import dataclass

from cnnjobs.engine.protocol import Slot
from cnnjobs.errors import ResourceError
from cnnjobs.machine import RAY_BYTES, WORKER_BYTES, Machine

MOST_CPUS = 8
"""Cores that a trial with GPUs gets at most, unless told otherwise. Chosen, not measured."""


@dataclass(frozen=True)
class Wishes:
    """What the user asked for; None leaves the choice to `divide`.

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


def divide(machine: Machine, wishes: Wishes, *, trials: int, replicas: int, data_bytes: int) -> tuple[Slot, int]:
    """Return what a trial runs on, and how many run at once.

    By default one GPU a replica where there are GPUs, with its share of the cores, else one core a trial;
    as many at once as fit the cores or GPUs and the free memory.

    Args:
        machine: what there is.
        wishes: what the user asked for.
        trials: how many there are to run.
        replicas: devices that train together in a trial.
        data_bytes: size of the data set, which each worker holds once.

    Raises:
        ResourceError: if not even one trial fits the cores or GPUs.
    """
    gpus = wishes.gpus_per_trial
    if gpus is None:
        gpus = _default_gpus(machine.gpus, wishes.job_gpus, replicas)
    if not math.isfinite(gpus) or (gpus > 1 and gpus != int(gpus)):
        raise ResourceError(
            f"`--gpus-per-trial` must be a fraction of one GPU or a whole number of them. Received: {gpus:g}."
        )
    if gpus > machine.gpus:
        raise ResourceError(
            f"`--gpus-per-trial` must be at most {machine.gpus}, the GPUs of this machine. "
            f"Received: {gpus:g}. Use `--gpus-per-trial 0` to train on cores."
        )
    if replicas > 1 and 0 < gpus < replicas:
        raise ResourceError(
            f"A trial of {replicas} replicas must have {replicas} GPUs. Received: --gpus-per-trial {gpus:g}."
        )
    cpus = wishes.cpus_per_trial or _default_cpus(machine.cpus, machine.gpus, gpus)
    if cpus > machine.cpus:
        raise ResourceError(
            f"`--cpus-per-trial` must be at most {machine.cpus}, the cores of this machine. Received: {cpus}."
        )
    fitting = machine.cpus // cpus
    if gpus:
        fitting = min(fitting, _held_at_once(machine.gpus, gpus))
    free = machine.free_bytes - data_bytes - RAY_BYTES  # the copy that workers share, and Ray itself
    in_memory = max(1, free // (WORKER_BYTES + data_bytes))
    at_once = min(fitting, in_memory, trials, wishes.max_concurrent or trials)
    return Slot(cpus=cpus, gpus=gpus, replicas=replicas), max(1, at_once)


def _default_gpus(there: int, of_job: float | None, replicas: int) -> float:
    """Return the GPUs of a trial for which nothing was asked: the job's, one a replica, none where there are none."""
    if not there:
        return 0.0
    return float(replicas) if of_job is None else of_job


def _default_cpus(cpus: int, gpus_there: int, gpus: float) -> int:
    """Return the cores of a trial: its share where GPUs bound how many run at once, else one.

    Cores beyond one keep the input pipeline, which runs on them, from holding up a GPU.
    """
    if not gpus:
        return 1
    return max(1, min(MOST_CPUS, cpus // _held_at_once(gpus_there, gpus)))


def _held_at_once(there: int, gpus: float) -> int:
    """Return how many trials the GPUs hold at once; one with a fraction is never spread over two GPUs."""
    return there * int(1 / gpus + 1e-9) if gpus < 1 else int(there // gpus)
