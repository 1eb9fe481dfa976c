"""What a function of the user's may change of the process it runs in, and how that is put back for the next trial."""

import contextlib
import gc
import locale
import os
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

LIMITS = {name: getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
"""Limits that the system sets a process."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGHUP, signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2)


NEAR_S = 0.5
"""A timer that is off by less was not changed."""


@dataclass(frozen=True)
class ProcessState:
    """The state of this process at one time.

    Args:
        values: what -> its value; the names are those of `_PARTS`.
    """

    values: Mapping[str, Any]

    @classmethod
    def now(cls) -> "ProcessState":
        """Return how it is now."""
        return cls({name: _read(get) for name, (get, _) in _PARTS.items()})

    def restore(self) -> list[str]:
        """Put back what has changed since; return what of it could not be put back."""
        left = []
        for name, (get, put) in _PARTS.items():
            was = self.values[name]
            if _read(get) == was:
                continue
            with contextlib.suppress(Exception):  # a lowered hard limit, a removed folder: asked below
                put(was)
            if _read(get) != was:
                left.append(name)
        return left


_UNKNOWN = object()
"""What cannot be read: the name of a working folder that was removed, for one."""


def _read(get: Callable[[], Any]) -> Any:
    try:
        return get()
    except OSError:
        return _UNKNOWN


def _limits() -> dict[str, tuple[int, int]]:
    return {name: resource.getrlimit(number) for name, number in LIMITS.items()}


def _set_limits(limits: Mapping[str, tuple[int, int]]) -> None:
    for name, both in limits.items():
        if resource.getrlimit(LIMITS[name]) != both:
            resource.setrlimit(LIMITS[name], both)


def _signals() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in SIGNALS}


def _set_signals(handlers: Mapping[int, Any]) -> None:
    for number, handler in handlers.items():
        if handler is not None:  # else it is not of Python's, and cannot be put back
            signal.signal(number, handler)


def _set_variables(wanted: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(wanted):
        del os.environ[name]
    os.environ.update(wanted)
    if hasattr(time, "tzset"):
        time.tzset()


def _set_filters(wanted: list[Any]) -> None:
    warnings.resetwarnings()  # which also forgets what was shown by the filters before
    warnings.filters[:] = wanted  # type: ignore[index]


def _set_trace(functions: tuple[Any, Any]) -> None:
    sys.settrace(functions[0])
    sys.setprofile(functions[1])


def _set_collection(how: tuple[bool, tuple[int, int, int]]) -> None:
    (gc.enable if how[0] else gc.disable)()
    gc.set_threshold(*how[1])


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@dataclass(frozen=True, eq=False)
class _Timer:
    """When SIGALRM comes, of which the system tells how long it still takes: that is another number every time.

    Args:
        due: by the clock `time.monotonic`; None for never.
        every_s: seconds after which it comes again, and again; 0 for once.
    """

    due: float | None
    every_s: float

    @classmethod
    def now(cls) -> "_Timer":
        left, every_s = signal.getitimer(signal.ITIMER_REAL)
        return cls(time.monotonic() + left if left else None, every_s)

    def left(self) -> float:
        """Return the seconds until it is due; 0 for never, as the system has it."""
        if self.due is None:
            return 0.0
        left = self.due - time.monotonic()
        if self.every_s:
            return left % self.every_s or self.every_s
        return max(left, 0.0)  # what came meanwhile does not come again

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Timer):
            return NotImplemented
        mine, others = self.left(), other.left()
        return self.every_s == other.every_s and bool(mine) == bool(others) and self._is_near(mine - others)

    __hash__ = None  # type: ignore[assignment]

    def _is_near(self, apart: float) -> bool:
        """Say whether two times are the same: a busy machine takes some time between its two looks at the clocks."""
        if self.every_s:
            apart = min(apart % self.every_s, -apart % self.every_s)
        return abs(apart) < NEAR_S


def _set_timer(timer: _Timer) -> None:
    signal.setitimer(signal.ITIMER_REAL, timer.left(), timer.every_s)


def _hooks() -> tuple[Any, ...]:
    return (sys.stdout, sys.stderr, sys.stdin, sys.excepthook, sys.displayhook, threading.excepthook)


def _set_hooks(hooks: tuple[Any, ...]) -> None:
    sys.stdout, sys.stderr, sys.stdin, sys.excepthook, sys.displayhook, threading.excepthook = hooks


_PARTS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "limits": (_limits, _set_limits),
    "recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "current folder": (os.getcwd, os.chdir),
    "environment variables": (lambda: dict(os.environ), _set_variables),
    "rights of new files": (_umask, os.umask),
    "temporary folder": (lambda: tempfile.tempdir, lambda value: setattr(tempfile, "tempdir", value)),
    "import path": (lambda: list(sys.path), lambda value: sys.path.__setitem__(slice(None), value)),
    "streams and hooks": (_hooks, _set_hooks),
    "filters of warnings": (lambda: list(warnings.filters), _set_filters),
    "signal handlers": (_signals, _set_signals),
    "timer": (_Timer.now, _set_timer),
    "locale": (lambda: locale.setlocale(locale.LC_ALL), lambda value: locale.setlocale(locale.LC_ALL, value)),
    "errors of NumPy": (np.geterr, lambda value: np.seterr(**value)),
    "garbage collection": (lambda: (gc.isenabled(), gc.get_threshold()), _set_collection),
    "tracing": (lambda: (sys.gettrace(), sys.getprofile()), _set_trace),
    "time that sockets wait": (socket.getdefaulttimeout, socket.setdefaulttimeout),
    "cores": (lambda: os.sched_getaffinity(0), lambda value: os.sched_setaffinity(0, value)),
    "interval between threads": (sys.getswitchinterval, sys.setswitchinterval),
}
"""What is put back, in this order: how it is read, and how it is set."""

if not hasattr(os, "sched_getaffinity"):
    del _PARTS["cores"]
