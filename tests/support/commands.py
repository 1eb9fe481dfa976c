"""Commands of the command line: as a person types them, or quicker, in this process, which has imported already."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from click.testing import CliRunner

from cnnjobs.cli import main
from cnnjobs.process.machine import child_processes

T = TypeVar("T")
COMMAND = (sys.executable, "-m", "cnnjobs")

INLINE = """
import cnnjobs.run.backends as backends
from cnnjobs.cli import main
from cnnjobs.engine.inline import InlineEngine

backends.open_engine = lambda **_: InlineEngine()
main(prog_name="cnnjobs")
"""
WITHOUT_RAY = (sys.executable, "-c", INLINE)
"""The same commands, whose trials run in the process of the command: Ray takes seconds to start."""

FAKES = """
import sys, time
sys.path[:0] = [{tests!r}]
import cnnjobs.run.backends as backends
from cnnjobs.cli import main
from cnnjobs.engine.inline import InlineEngine
from support.fakes import FakeWorker

class Worker(FakeWorker):
    def run(self, trial):
        time.sleep({seconds})
        yield from super().run(trial)

backends.open_engine = lambda **_: InlineEngine()
backends.open_worker = lambda dataset, resources, checkpoints: Worker(dataset, resources)
main(prog_name="cnnjobs")
"""


def with_fakes(seconds: float = 0.0) -> tuple[str, ...]:
    """Return the same commands with workers that take so long for a trial, and need neither TensorFlow nor Ray."""
    return (sys.executable, "-c", FAKES.format(tests=str(Path(__file__).parents[1]), seconds=seconds))


@dataclass(frozen=True)
class Done:
    """What a command came to, with the names that `subprocess` has for it."""

    returncode: int
    stdout: str
    stderr: str


class StartedProcess(subprocess.Popen):
    """A process that a test which fails does not wait for: `with` ends it then, and prints where it stood.

    Text is read from it, by default what it writes anywhere. An interpreter shows its stacks when it is aborted.
    """

    def __init__(self, command, *, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=None, **options):
        env = {**(os.environ if env is None else env), "PYTHONFAULTHANDLER": "1"}
        super().__init__(command, stdout=stdout, stderr=stderr, env=env, text=True, **options)

    def __exit__(self, kind, *rest):
        if kind is not None:
            self.abort()
        super().__exit__(kind, *rest)

    def ended(self, within_s: float) -> str:
        """Return the rest of what it writes, when it has ended."""
        rest = self._rest(within_s)
        if rest is None:
            raise AssertionError(f"{self.args} did not end within {within_s} s:\n{self.abort()}")
        return rest

    def abort(self) -> str:
        """End it; return the rest of what it has written, with its stacks."""
        if self.poll() is not None:
            return ""
        own = child_processes(self.pid)
        self.send_signal(signal.SIGABRT)
        told = self._rest(5)
        if told is None:  # it does not end, or processes that it has started hold the pipe
            for pid in (self.pid, *own):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            told = self._rest(5)
        print(told)
        return told or ""

    def _rest(self, within_s: float) -> str | None:
        """Return the rest of what it writes; None if it does not end. `communicate` leaves out what was read ahead."""
        told: list[str] = []
        reader = threading.Thread(target=lambda: told.append(self.stdout.read()), daemon=True)
        reader.start()
        reader.join(within_s)
        if reader.is_alive():
            return None
        self.stdout.close()
        self.wait(within_s)
        return "".join(told)


def typed(*words: str, cwd: Path, command: tuple[str, ...] = COMMAND) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, and see all that libraries print."""
    options = {"cwd": cwd, "env": of_a_person(), "timeout": 240}
    return subprocess.run([*command, *words], capture_output=True, text=True, check=False, **options)


def of_a_person() -> dict[str, str]:
    """Return the environment without what this process has set to be quiet itself."""
    return {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}


def busy(call: Callable[..., T], *words: Any, **options: Any) -> tuple[T, float]:
    """Return what a call returns, and the seconds that processes which it has started were at work, not waiting."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = call(*words, **options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def called(*words: str, cwd: Path) -> Done:
    """Run a command in this process, which saves the imports."""
    with contextlib.chdir(cwd):
        done = CliRunner().invoke(main, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)
