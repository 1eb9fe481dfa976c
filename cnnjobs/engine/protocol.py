"""What an engine is: something that runs trials on workers and passes their messages on."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol

from cnnjobs.datasets import Dataset
from cnnjobs.messages import Failure, Message, Started
from cnnjobs.plan import Trial
from cnnjobs.store.checkpoints import Checkpoints


@dataclass(frozen=True)
class Slot:
    """What one trial gets to run on.

    Args:
        cpus: cores.
        gpus: GPUs, or the fraction of one.
        replicas: devices that train together.
    """

    cpus: int
    gpus: float
    replicas: int


class Worker(Protocol):
    """Runs trials one after the other in one process."""

    def run(self, trial: Trial) -> Iterator[Message]:
        """Yield progress and, last, the result."""
        ...

    @property
    def worn(self) -> str | None:
        """Why this process should not run another trial; None if it may."""
        ...


MakeWorker = Callable[[Dataset, Slot, Checkpoints | None], Worker]
"""Makes a worker in the process that is to use it."""

OnMessage = Callable[[Trial, Message], None]
"""Called on the submitting side, in its main thread."""


@dataclass(frozen=True)
class Work:
    """Everything an engine needs to know.

    Args:
        trials: in the order in which they are to start.
        dataset: shared by all of them.
        make_worker: makes a worker in its process.
        slot: what each trial runs on.
        at_once: how many trials run at the same time.
        checkpoints: where trials under way are kept; None for nowhere.
        modules: modules of the user's that functions in the trials refer to; worker processes cannot
            import them by name.
    """

    trials: Sequence[Trial]
    dataset: Dataset
    make_worker: MakeWorker
    slot: Slot
    at_once: int
    checkpoints: Checkpoints | None = None
    modules: tuple[ModuleType, ...] = ()


class Engine(Protocol):
    """Runs work; returns when every trial has ended, one way or another."""

    def run(self, work: Work, on_message: OnMessage) -> None:
        """Run all trials.

        `on_message` gets, for each trial, one `Started`, any number of `Progress`, and last one
        `Result` or `Failure`. A KeyboardInterrupt ends all workers and is passed on.
        """
        ...


def attempt(make: Callable[[], Worker], trial: Trial) -> Iterator[Message]:
    """Run one trial; an exception becomes a `Failure`, so that the others go on."""
    yield Started()
    try:
        yield from make().run(trial)
    except Exception as error:
        text = str(error).strip()
        first = text.splitlines()[0] if text else ""
        yield Failure(f"{type(error).__name__}: {first}".rstrip(": "), traceback.format_exc())
