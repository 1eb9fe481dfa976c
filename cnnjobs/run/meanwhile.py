"""What the submitting process does ahead while the last trials run, on a core that they leave idle."""

import contextlib
import threading
from collections.abc import Callable

from cnnjobs.messages import Failure, Result
from cnnjobs.planning.trials import Trial
from cnnjobs.process.machine import usable_cpus
from cnnjobs.run.meter import Meter


class Meanwhile:
    """Does something once, in a thread, as soon as the trials that are left need fewer cores than there are.

    Earlier it would take from the trials what it saves at the end. It is told what a `Watcher` is told of their ends.

    Args:
        task: does it, and may be cut short: what it raises is dropped.
        meter: has counted what is told.
        cpus: cores of a trial.
        cores: of this machine.
    """

    def __init__(self, task: Callable[[], None], meter: Meter, cpus: int, cores: int | None = None) -> None:
        self._task, self._meter, self._cpus = task, meter, cpus
        self._cores = usable_cpus() if cores is None else cores
        self._begun = False

    def finished(self, trial: Trial, result: Result) -> None:
        """Look whether there is an idle core."""
        self._look()

    def failed(self, trial: Trial, failure: Failure, log: str) -> None:
        """Look whether there is an idle core."""
        self._look()

    def nothing(self, *_: object) -> None:
        """Nothing follows."""

    started = progressed = noted = stalled = ruled = nothing

    def _look(self) -> None:
        left = self._meter.trials - self._meter.done - self._meter.failed
        if self._begun or left * self._cpus >= self._cores:
            return
        self._begun = True
        threading.Thread(target=self._run, name="meanwhile").start()

    def _run(self) -> None:
        with contextlib.suppress(Exception):
            self._task()
