"""Runs a function of this package on many arguments in processes of their own, whose end is not this one's."""

import contextlib
import os
import pickle
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from cnnjobs.engine.pickling import Packed
from cnnjobs.process.numeric_environment import pinned

ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",  # GPUs are for trials
}
"""What the process has, beside the variables that computing processes have."""


SLOW_S = 60.0
"""Seconds between two reports of what takes long."""


START_S = 60.0
"""Seconds that a process may take to import libraries, beside a timeout."""


def untold(seconds: float) -> None:
    """Tell nobody that there is no result yet."""


@dataclass(frozen=True)
class Lost:
    """An argument for which there is no result.

    Args:
        why: in words.
    """

    why: str


def run_apart(
    function: Callable[[Any], Any],
    arguments: Sequence[Packed],
    on_slow: Callable[[int, float], None],
    *,
    slow_s: float = SLOW_S,
    timeout_s: float | None = None,
) -> Iterator[Any]:
    """Yield the result of each argument, or `Lost`; a process that ends is replaced for the arguments that are left.

    Args:
        function: of a module of this package.
        arguments: each from `packed`.
        on_slow: is told, now and then, which argument (from 0) has no result yet, and for how many seconds.
        slow_s: seconds between two of those.
        timeout_s: seconds after which a process without a result is ended; None for never.
    """
    child: Child | None = None
    try:
        for place, argument in enumerate(arguments):
            child = child or Child(function)
            result = child.result_of(argument, partial(on_slow, place), slow_s, timeout_s)
            if child.over:
                child = None
            yield result
    finally:
        if child is not None:
            child.end()


class Child:
    """A process that takes one argument after the other; it imports what the function needs at once.

    Args:
        function: of a module of this package.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        package = str(Path(__file__).resolve().parents[2])
        code = f"import sys; sys.path.insert(0, {package!r}); from cnnjobs.engine.child_process import serve; serve()"
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=pinned(os.environ) | ENVIRONMENT,
        )
        self._requests, self._results = _open(self._process.stdin), _open(self._process.stdout)
        self._is_new = True
        self.over = False
        with contextlib.suppress(OSError):  # it has ended, as its first result will say
            self._requests.write(pickle.dumps(function))
            self._requests.flush()

    def result_of(
        self,
        argument: Packed,
        on_slow: Callable[[float], None] = untold,
        slow_s: float = SLOW_S,
        timeout_s: float | None = None,
    ) -> Any:
        """Return what the function returns, or `Lost`.

        Args:
            argument: from `packed`.
            on_slow: is told, now and then, for how many seconds there is no result yet.
            slow_s: seconds between two of those.
            timeout_s: seconds after which the process is ended; None for never.
        """
        if timeout_s is not None and self._is_new:
            timeout_s += START_S
        try:
            self._requests.write(pickle.dumps(argument))
            self._requests.flush()
            self._is_new = False
            if not self._answers(on_slow, slow_s, timeout_s):
                self.kill()
                self.end()
                return Lost(f"it was not done after {timeout_s:g} s")
            return pickle.load(self._results)
        except (EOFError, OSError, pickle.UnpicklingError):
            self.end()
            return Lost(_ending(self._process.returncode))

    def _answers(self, on_slow: Callable[[float], None], slow_s: float, timeout_s: float | None) -> bool:
        """Wait for a result, or for the end of the process; say whether it came in time."""
        began = time.monotonic()
        while True:
            waited = time.monotonic() - began
            left = slow_s if timeout_s is None else min(slow_s, timeout_s - waited)
            if left <= 0:
                return False
            if select.select([self._results], [], [], left)[0]:
                return True
            if timeout_s is None or time.monotonic() - began < timeout_s:
                on_slow(time.monotonic() - began)

    def kill(self) -> None:
        """End the process at once; who waits for a result, in another thread, gets `Lost`."""
        self._process.kill()

    def end(self) -> None:
        """End the process, if it has not ended, and close what leads to it."""
        self.over = True
        with contextlib.suppress(OSError):
            self._requests.close()
        self._results.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _ending(code: int) -> str:
    """Say how a process ended."""
    if code >= 0:
        return f"it ended its process, with exit code {code}"
    hint = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"its process was ended by {signal.Signals(-code).name}{hint}"


def serve() -> None:
    """Answer in the process: results go to what was standard output, where nothing else is printed."""
    requests, results = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nothing, number)
    try:
        function = pickle.load(requests)
        while True:
            argument: Packed = pickle.load(requests)
            try:
                result = function(argument.unpacked())
            except (Exception, SystemExit) as error:
                result = Lost(f"{type(error).__name__}: {error}")
            pickle.dump(result, results)
            results.flush()
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        os._exit(0)
