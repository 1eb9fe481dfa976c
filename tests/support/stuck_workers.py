"""Workers whose trials do what code of a user's may do to its process: hang, end it, or crash it."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator

from cnnjobs.datasets import Dataset
from cnnjobs.engine.base import TrialResources
from cnnjobs.messages import Message
from cnnjobs.planning.trials import Trial
from cnnjobs.store.checkpoints import Checkpoints
from support import fakes


def sleeps() -> None:
    time.sleep(1000)


def loops() -> None:
    while True:
        pass


def keeps_the_lock() -> None:
    ctypes.PyDLL(None).sleep(1000)


def exits() -> None:
    sys.exit(3)


def leaves() -> None:
    os._exit(3)


def interrupts() -> None:
    raise KeyboardInterrupt


def crashes() -> None:
    ctypes.string_at(0)


def stops() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def is_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


DEEDS = {
    deed.__name__: deed
    for deed in (sleeps, loops, keeps_the_lock, exits, leaves, interrupts, crashes, stops, is_killed)
}


class StuckWorker(fakes.FakeWorker):
    """Does what a variant is named for; completes the others."""

    def run(self, trial: Trial) -> Iterator[Message]:
        DEEDS.get(trial.variant, bool)()
        yield from super().run(trial)


def stuck_worker(dataset: Dataset, resources: TrialResources, checkpoints: Checkpoints | None) -> StuckWorker:
    return StuckWorker(dataset, resources)
