"""Watches whether the head of a cluster still answers, so that a person hears of it before Ray ends the process."""

import signal
import threading
from collections.abc import Callable
from types import TracebackType

from cnnjobs.engine.places import answers

EVERY_S = 3.0
"""Seconds between two looks."""

STUCK_S = 10.0
"""Ray may wait for a head that is gone in a call that nothing interrupts: after so long the main thread is stuck."""

MISSES = 5
"""After so many looks in a row without an answer the cluster is taken for gone."""


class Lifeline:
    """While open, looks whether host:port accepts connections; interrupts the main thread when it no longer does.

    Args:
        host: of the head.
        port: where its GCS listens.
        on_stuck: called, in another thread, when the main thread could not be interrupted.
        every_s: seconds between two looks.
        stuck_s: seconds that the main thread has to react.
        there: says whether something answers.
    """

    def __init__(
        self,
        host: str,
        port: int,
        on_stuck: Callable[[], None],
        *,
        every_s: float = EVERY_S,
        stuck_s: float = STUCK_S,
        there: Callable[[str, int], bool] = answers,
    ) -> None:
        self._host, self._port, self._on_stuck = host, port, on_stuck
        self._every_s, self._stuck_s, self._there = every_s, stuck_s, there
        self._over = threading.Event()
        self.lost = False

    def __enter__(self) -> "Lifeline":
        """Begin to look."""
        self._thread = threading.Thread(target=self._look, name="lifeline", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop looking."""
        self._over.set()

    def _look(self) -> None:
        misses = 0
        while not self._over.wait(self._every_s):
            misses = 0 if self._there(self._host, self._port) else misses + 1
            if misses == MISSES and not self._over.is_set():  # it may have ended while this looked
                self.lost = True
                interrupt_main_thread()
                if not self._over.wait(self._stuck_s):
                    self._on_stuck()
                return


def interrupt_main_thread() -> None:
    """Do as Ctrl-C does: a real signal also wakes a thread that sleeps or waits for a lock."""
    if callable(signal.getsignal(signal.SIGINT)):  # else, in the background of a shell say, it is ignored, or ends all
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
