"""Watches something in a thread while trials run, and interrupts the main thread when it has gone wrong."""

import signal
import threading
from collections.abc import Callable
from types import TracebackType

STUCK_S = 10.0
"""Ray may wait for a head that is gone in a call that nothing interrupts: after so long the main thread is stuck."""


class Watch:
    """While open, looks every so often; interrupts the main thread when so many looks in a row found it wrong.

    Args:
        is_wrong: looks.
        looks: how many in a row.
        on_stuck: called, in another thread, when the main thread could not be interrupted.
        every_s: seconds between two looks.
        stuck_s: seconds that the main thread has to react.
    """

    def __init__(
        self,
        is_wrong: Callable[[], bool],
        looks: int,
        on_stuck: Callable[[], None],
        *,
        every_s: float,
        stuck_s: float = STUCK_S,
    ) -> None:
        self._is_wrong, self._looks, self._on_stuck = is_wrong, looks, on_stuck
        self._every_s, self._stuck_s = every_s, stuck_s
        self._over = threading.Event()
        self.went_wrong = False

    def __enter__(self) -> "Watch":
        """Begin to look. What a job of Ray inherits, that nothing interrupts it, is undone."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop looking."""
        self._over.set()

    def _look(self) -> None:
        in_a_row = 0
        while not self._over.wait(self._every_s):
            in_a_row = in_a_row + 1 if self._is_wrong() else 0
            if in_a_row == self._looks and not self._over.is_set():  # it may have ended while this looked
                self.went_wrong = True
                _interrupt_main_thread()
                if not self._over.wait(self._stuck_s):
                    self._on_stuck()
                return


def _interrupt_main_thread() -> None:
    """Do as Ctrl-C does: a real signal also wakes a thread that sleeps or waits for a lock."""
    if callable(signal.getsignal(signal.SIGINT)):  # else, in the background of a shell say, it is ignored, or ends all
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
