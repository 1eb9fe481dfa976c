"""Cost of the runs so far, and expected cost of a further one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from cnnjobs.messages import FINISHED, Status

COLUMNS = ("status", "seconds", "gpu_seconds", "cpus", "batch_seconds", "batch_images")
"""What is read of each trial."""


@dataclass(frozen=True)
class Cost:
    """What the runs of one variant have cost.

    Args:
        runs: completed or diverged, whose time is known.
        seconds: mean wall-clock seconds of a completed run; None where none was timed.
        cpu_hours: of all timed runs together: seconds by cores; None where none has both.
        gpu_hours: of all timed runs together.
        cpu_hours_a_run: mean of a completed run.
        gpu_hours_a_run: as well.
        latency: mean over completed runs of the seconds in which an image is predicted, as one of a batch.
    """

    runs: int
    seconds: float | None
    cpu_hours: float | None
    gpu_hours: float | None
    cpu_hours_a_run: float | None
    gpu_hours_a_run: float | None
    latency: float | None


def cost_of(trials: Iterable[Mapping[str, Any]]) -> Cost:
    """Return what trials have cost.

    Args:
        trials: rows of `trials` with at least `COLUMNS`.
    """
    timed = [trial for trial in trials if trial["status"] in FINISHED and trial["seconds"] is not None]
    completed = [trial for trial in timed if trial["status"] == Status.COMPLETED]
    latencies = [trial["batch_seconds"] / trial["batch_images"] for trial in completed if _has_latency(trial)]
    return Cost(
        runs=len(timed),
        seconds=_mean([trial["seconds"] for trial in completed]),
        cpu_hours=_sum(_cpu_hours(timed)),
        gpu_hours=_sum(_gpu_hours(timed)),
        cpu_hours_a_run=_mean(_cpu_hours(completed)),
        gpu_hours_a_run=_mean(_gpu_hours(completed)),
        latency=_mean(latencies),
    )


def _cpu_hours(trials: Iterable[Mapping[str, Any]]) -> list[float]:
    return [trial["seconds"] * trial["cpus"] / 3600 for trial in trials if trial["cpus"]]


def _gpu_hours(trials: Iterable[Mapping[str, Any]]) -> list[float]:
    return [(trial["gpu_seconds"] or 0.0) / 3600 for trial in trials]


def _has_latency(trial: Mapping[str, Any]) -> bool:
    return trial["batch_seconds"] is not None and bool(trial["batch_images"])


def _mean(values: list[float]) -> float | None:
    return fmean(values) if values else None


def _sum(values: list[float]) -> float | None:
    return sum(values) if values else None
