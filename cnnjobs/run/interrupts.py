"""Signals that stop a run as Ctrl-C does."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOPS = {signal.SIGTERM: "asked to by SIGTERM", signal.SIGHUP: "its terminal was closed"}
"""How they are told. `nohup` ignores the second: such a run goes on."""

_arrived: list[str] = []
"""What has arrived in this run: Ray raises a KeyboardInterrupt of its own in the place of the one that says so."""


@contextmanager
def signals_as_interrupts() -> Iterator[None]:
    """Treat them as Ctrl-C, if nobody else treats them and this is the main thread, which alone may."""
    main = threading.current_thread() is threading.main_thread()
    taken = [one for one in STOPS if main and signal.getsignal(one) is signal.SIG_DFL]

    def interrupt(number: int, frame: FrameType | None) -> None:
        _arrived.append(STOPS[signal.Signals(number)])
        raise KeyboardInterrupt

    _arrived.clear()
    for one in taken:
        signal.signal(one, interrupt)
    try:
        yield
    finally:
        for one in taken:
            signal.signal(one, signal.SIG_DFL)


def why_stopped() -> str:
    """Say that a run was stopped, and by what, if not by Ctrl-C."""
    return f"Stopped: {_arrived[-1]}" if _arrived else "Stopped"
