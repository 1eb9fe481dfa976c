"""What a trial tells the submitting side while it runs, and when it ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Status(StrEnum):
    """How a trial ended; in tables its text."""

    COMPLETED = "completed"
    """All its epochs, or those its callbacks gave it, are done."""

    DIVERGED = "diverged"
    """Its loss stopped being finite."""

    FAILED = "failed"
    """It ended with an error."""


FINISHED = (Status.COMPLETED, Status.DIVERGED)
"""Ends that are results: such trials do not run again. Failed ones do."""


@dataclass(frozen=True)
class Started:
    """A worker has taken the trial up."""


@dataclass(frozen=True)
class Note:
    """Something of a trial that a person should know, and that does not end it.

    Args:
        text: one line.
        once: it is of the machine and not of the trial, and told once for all trials.
    """

    text: str
    once: bool = False


@dataclass(frozen=True)
class Progress:
    """A trial is under way.

    Args:
        epoch: epochs finished.
        epochs: epochs in all.
        images: training images seen since the last message.
        metrics: of the epoch that has just ended, by columns of `epochs` (`CURVE_COLUMNS`); None within an epoch.
    """

    epoch: int
    epochs: int
    images: int
    metrics: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Stalled:
    """A trial makes no progress for longer than its pace explains; told by its engine, once a silence.

    Args:
        seconds: since it last made any.
        timeout_s: it is ended after so many; None for never.
    """

    seconds: float
    timeout_s: float | None = None


@dataclass(frozen=True)
class Predictions:
    """What the trained network says about the test set.

    Args:
        labels: (n_test,) int32, the truth.
        probabilities: (n_test, classes) float32, rows sum to 1.
    """

    labels: NDArray[np.int32]
    probabilities: NDArray[np.float32]


@dataclass(frozen=True)
class Result:
    """A trial ended by itself.

    Args:
        status: one of `FINISHED`.
        final: the trial's numbers: metrics, sizes, seconds, versions; keys are columns of `trials`.
        epochs: column -> one value an epoch; keys are columns of `epochs`.
        predictions: None for a trial that diverged.
        log: what it printed.
        model: the trained network as a `.keras` file, from workers that are made to tell it.
    """

    status: Status
    final: Mapping[str, Any]
    epochs: Mapping[str, list[Any]]
    predictions: Predictions | None
    log: str = ""
    model: bytes | None = None


@dataclass(frozen=True)
class Failure:
    """A trial ended with an error.

    Args:
        error: one line.
        log: what it printed, and the traceback.
    """

    error: str
    log: str


Message = Started | Note | Progress | Stalled | Result | Failure
