"""Runs a command as a person does, on a terminal, from cold, and notes from outside when it says and writes what."""

import os
import pty
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CPU_EVERY_S = 0.2
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What colours a terminal and moves its cursor."""

GRACE_S = 10.0
"""For how long a command that took too long may clean up after SIGINT."""


@dataclass(frozen=True)
class Command:
    """A command to be timed.

    Args:
        words: of it.
        results: folder in which it writes one file per trial, all of which end with `suffix`.
        suffix: of these files.
        marks: name -> regular expression; when a line of the screen first has it is noted.
        environment: variables beside those of this process.
    """

    words: Sequence[str]
    results: Path
    suffix: str = ".json"
    marks: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ran:
    """What became of a command; seconds count from its start.

    Args:
        code: of its exit; None if it was ended because it took too long.
        exit_s: until it had ended.
        last_result_s: until the last file of results was written; None without any.
        results: number of files.
        marks: name -> seconds until a line of the screen had it.
        screen: the end of what it said.
        began: time of the clock at its start, in seconds of the epoch.
        busy: (time of the clock, seconds in which cores of the machine were at work since its start).
    """

    code: int | None
    exit_s: float
    last_result_s: float | None
    results: int
    marks: dict[str, float]
    screen: str
    began: float
    busy: list[tuple[float, float]]


def run(command: Command, timeout_s: float) -> Ran:
    """Run a command to its end, or for so long."""
    primary, secondary = pty.openpty()
    watch = _CpuWatch()
    began, clock = time.time(), time.perf_counter()
    process = subprocess.Popen(
        command.words,
        stdin=subprocess.DEVNULL,
        stdout=secondary,
        stderr=secondary,
        env=os.environ | command.environment,
        start_new_session=True,
    )
    os.close(secondary)
    screen = _Screen(command.marks, clock)
    timely = False
    try:
        timely = screen.follow(primary, process, clock + timeout_s)
    finally:  # nothing goes on after an interrupt, and disturbs what is measured next
        if not timely:
            _end(process)
    code = process.wait()
    exit_s = time.perf_counter() - clock
    os.close(primary)
    written = [path.stat().st_mtime for path in command.results.rglob(f"*{command.suffix}")]
    return Ran(
        code=code if timely else None,
        exit_s=exit_s,
        last_result_s=max(written) - began if written else None,
        results=len(written),
        marks=screen.found,
        screen=screen.end(),
        began=began,
        busy=watch.stop(),
    )


class _Screen:
    """Reads what a command says, and notes when a line first has what is looked for."""

    def __init__(self, marks: Mapping[str, str], clock: float) -> None:
        self._marks = {name: re.compile(pattern.encode()) for name, pattern in marks.items()}
        self._clock, self._said = clock, b""
        self.found: dict[str, float] = {}

    def follow(self, primary: int, process: "subprocess.Popen[bytes]", until: float) -> bool:
        """Read until the command has ended; return False if it has not by that time."""
        while time.perf_counter() < until:
            if not select.select([primary], [], [], 0.05)[0]:
                if process.poll() is not None:  # a process that it left behind may still have the terminal
                    return True
                continue
            try:
                said = os.read(primary, 65536)
            except OSError:  # the last process that had the terminal has closed it
                said = b""
            if not said:
                return _ended(process, until)
            self._note(said)
        return False

    def end(self) -> str:
        """Return the last lines."""
        return ESCAPES.sub("", self._said[-3000:].decode(errors="replace").replace("\r\n", "\n"))

    def _note(self, said: bytes) -> None:
        before = len(self._said)
        self._said += said
        for name, pattern in self._marks.items():
            if name not in self.found and pattern.search(self._said, max(0, before - 400)):
                self.found[name] = time.perf_counter() - self._clock


def _ended(process: "subprocess.Popen[bytes]", until: float) -> bool:
    try:
        process.wait(max(0.0, until - time.perf_counter()))
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a command and whatever it has started, also what made itself independent."""
    family = {process.pid, *_descendants(process.pid)}
    process.send_signal(signal.SIGINT)
    if _ended(process, time.perf_counter() + GRACE_S):
        family.discard(process.pid)
    for one in family | {child for parent in family for child in _descendants(parent)}:
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _descendants(pid: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (ValueError, OSError):
            continue
    found: set[int] = set()
    while news := {child for child, parent in parents.items() if parent in found | {pid}} - found:
        found |= news
    return found


class _CpuWatch:
    """Notes every so often for how long the cores of the machine have been at work, in all processes."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._noted: list[tuple[float, float]] = []
        self._first = cpu_seconds()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> list[tuple[float, float]]:
        """Return what was noted."""
        self._stopped.set()
        self._thread.join()
        return self._noted

    def _watch(self) -> None:
        while True:
            self._noted.append((time.time(), cpu_seconds() - self._first))
            if self._stopped.wait(CPU_EVERY_S):
                return


def cpu_seconds() -> float:
    """Return the seconds for which cores have been at work since the machine started, summed over cores."""
    words = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _waiting, irq, softirq, *_ = (int(word) for word in words)
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def busy_share(busy: list[tuple[float, float]], begin: float, end: float, cores: int) -> float | None:
    """Return the share of the cores at work between two times of the clock; None if nothing was noted there."""
    inside = [(when, worked) for when, worked in busy if begin <= when <= end]
    if len(inside) < 2:
        return None
    (first, before), (last, after) = inside[0], inside[-1]
    return (after - before) / (last - first) / cores
