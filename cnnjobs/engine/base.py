"""What an engine is: something that runs trials on workers and passes their messages on."""

import re
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets import Dataset
from cnnjobs.engine.order import AlikeTogether, Order
from cnnjobs.engine.stacks import where_raised
from cnnjobs.engine.worker_loss import LESS_MEMORY
from cnnjobs.messages import Failure, Message, Started
from cnnjobs.models.weights import keep_weights
from cnnjobs.planning.trials import Trial
from cnnjobs.planning.user_modules import UserModules
from cnnjobs.process.process_state import ProcessState
from cnnjobs.store.checkpoints import Checkpoints

OUT_OF_MEMORY = ("MemoryError", "_ArrayMemoryError", "ResourceExhaustedError")
"""Names of the errors of Python, NumPy and TensorFlow that say that there is no more memory."""


AROUND_IT = re.compile(r'Graph execution error:$|Detected at node |File "|\d+ root error\(s\) found\.$')
"""How lines begin that TensorFlow puts before what went wrong in a graph."""

BEFORE_IT = re.compile(r"^(\{\{.*?\}\} *|\(0\) +[A-Z_]+: +)+|( *\[Op:\w+\])( name:)?$")
"""What it puts before and behind that on its own line."""


@dataclass(frozen=True)
class TrialResources:
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
    def retire_reason(self) -> str | None:
        """Why this process should not run another trial; None if it may."""
        ...


MakeWorker = Callable[[Dataset, TrialResources, Checkpoints | None], Worker]
"""Makes a worker in the process that is to use it."""

OnMessage = Callable[[Trial, Message], None]
"""Called on the submitting side, in its main thread."""


@dataclass(frozen=True)
class Work:
    """Everything an engine needs to know.

    Args:
        trials: those that may run.
        dataset: shared by all of them.
        make_worker: makes a worker in its process.
        resources: what each trial runs on.
        at_once: how many trials run at the same time.
        checkpoints: where trials under way are kept; None for nowhere.
        modules: modules of the user's that functions in the trials refer to; worker processes cannot
            import them by name.
        user_modules: what these functions import when they are called.
        files: (bytes,) uint8 of each file of pretrained weights that the trials need, by name; arrays, because
            Ray shares those between processes without copies.
        timeout_s: a trial that makes no progress for so long is ended, as failed; None for never.
        order: which of the trials starts next; None for all of them, alike ones in one process.
    """

    trials: Sequence[Trial]
    dataset: Dataset
    make_worker: MakeWorker
    resources: TrialResources
    at_once: int
    checkpoints: Checkpoints | None = None
    modules: tuple[ModuleType, ...] = ()
    user_modules: UserModules = field(default_factory=UserModules)
    files: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    timeout_s: float | None = None
    order: Order | None = None

    def starts(self) -> Order:
        """Return what says which trial starts next."""
        return AlikeTogether(self.trials) if self.order is None else self.order

    @property
    def nbytes(self) -> int:
        """How much all workers share."""
        return self.dataset.nbytes + sum(content.nbytes for content in self.files.values())

    def new_worker(self) -> Worker:
        """Make a worker in this process, which has the files."""
        keep_weights(self.files)
        return self.make_worker(self.dataset, self.resources, self.checkpoints)


class Engine(Protocol):
    """Runs work; returns when every trial that was to start has ended, one way or another."""

    def run(self, work: Work, on_message: OnMessage) -> None:
        """Run the trials, each when it is its turn by the order.

        `on_message` gets, for each trial, one `Started`, any number of `Progress` and `Stalled`, and last one
        `Result` or `Failure`. A KeyboardInterrupt ends all workers and is passed on. What has run the trials may still
        be up after it has returned: `close` takes it down, when what is urgent is done.
        """
        ...

    def close(self) -> None:
        """Return when nothing runs any more that was started for the trials."""
        ...


class Attempt:
    """One try of a trial in this process, which is as it was before when it is over.

    Args:
        ready: returns the worker, and the trial that it runs.
        passes: what is passed on all the same: a person's Ctrl-C, where that reaches this process.
        before: what is told before the worker is ready, while its data come.
    """

    def __init__(
        self,
        ready: Callable[[], tuple[Worker, Trial]],
        passes: tuple[type[BaseException], ...] = (),
        before: Iterable[Message] = (),
    ) -> None:
        self._ready, self._passes, self._before = ready, passes, before
        self.spoilt: str | None = None
        """Why this process should not run another trial; None if it may. To be asked after the last message."""

    def messages(self) -> Generator[Message]:
        """Yield what the trial tells; whatever it raises becomes a `Failure`, so that the others go on."""
        yield Started()
        state = None
        try:
            yield from self._before
            worker, trial = self._ready()
            state = ProcessState.now()  # with what libraries have set that were imported for it
            yield from worker.run(trial)
        except GeneratorExit:
            raise
        except BaseException as error:
            if isinstance(error, self._passes):
                raise
            self.spoilt = "a trial failed in it"
            yield Failure(_in_one_line(error), traceback.format_exc())
        finally:
            left = state.restore() if state else []
            if left:
                self.spoilt = f"a trial changed what cannot be put back: {', '.join(left)}"


def _in_one_line(error: BaseException) -> str:
    """Say what a trial raised; of what is meant to end a process also where that is, which no library does."""
    said = f"{type(error).__name__}: {_telling_line(str(error))}".rstrip(": ")
    if not isinstance(error, Exception):
        return f"{said}, raised in {where_raised(error.__traceback__)}"
    if type(error).__name__ in OUT_OF_MEMORY:
        return f"{said.rstrip('.')}. {LESS_MEMORY}"
    return said


def _telling_line(text: str) -> str:
    """Return the first line that says what happened: TensorFlow puts before it where a graph was made."""
    lines = [re.sub(BEFORE_IT, "", line.strip()) for line in text.strip().splitlines()]
    return next((line for line in lines if line and not AROUND_IT.match(line)), lines[0] if lines else "")
