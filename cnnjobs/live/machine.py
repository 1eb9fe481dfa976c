"""How busy this machine is: cores, memory, GPUs; nothing of what it does not tell."""

import platform
import shutil
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnjobs.process.machine import free_bytes, usable_cpus

EVERY_S = 3.0
"""Seconds between two looks."""

ANSWERS_WITHIN_S = 20.0
"""NVIDIA's tool may wait for a GPU that has gone."""

QUERY = "--query-gpu=index,name,utilization.gpu,memory.used,memory.total"

STAT, MEMINFO = Path("/proc/stat"), Path("/proc/meminfo")


class MachineWatch:
    """Looks at the machine in a thread of its own, while somebody wants to know.

    Args:
        every_s: seconds between two looks.
    """

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._latest: Mapping[str, Any] = {}

    def now(self) -> Mapping[str, Any]:
        """Return the last that is known; the first time nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, name="machine", daemon=True)
            self._thread.start()
        return self._latest

    def close(self) -> None:
        """Look no more."""
        self._over.set()

    def _look(self) -> None:
        tool, before = shutil.which("nvidia-smi"), cpu_times()
        while not self._over.wait(self._every_s if before is None or self._latest else 1.0):
            times = cpu_times()
            self._latest = {
                "host": platform.node(),
                "cores": usable_cpus(),
                "busy": busy_share(before, times),
                **memory(),
                "gpus": [] if tool is None else parsed_gpus(_told_by(tool)),
            }
            before = times


def cpu_times() -> tuple[int, int] | None:
    """Return ticks of all cores since the machine began: (idle, in all); None where they are not told."""
    try:
        with open(STAT, encoding="ascii") as stream:
            ticks = [int(word) for word in stream.readline().split()[1:9]]
    except (OSError, ValueError):
        return None
    return (ticks[3] + ticks[4], sum(ticks)) if len(ticks) >= 5 else None


def busy_share(before: tuple[int, int] | None, now: tuple[int, int] | None) -> float | None:
    """Return the share of time that cores were at work between two counts, in [0, 1]; None if it is not known."""
    if before is None or now is None or now[1] <= before[1]:
        return None
    return round(1 - (now[0] - before[0]) / (now[1] - before[1]), 3)


def memory() -> dict[str, int]:
    """Return bytes that are used and there, of the machine or the container; nothing where they are not told."""
    try:
        lines = MEMINFO.read_text(encoding="ascii").splitlines()
        total = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemTotal:"))
    except (OSError, ValueError, StopIteration):
        return {}
    limit = _limit()
    total = min(total, limit) if limit else total
    return {"memory_used": max(0, total - free_bytes()), "memory_total": total}


def _limit() -> int | None:
    """Return the memory that the container has; None without a limit."""
    try:
        told = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(told) if told.isdigit() else None


def parsed_gpus(told: str) -> list[dict[str, Any]]:
    """Return GPUs, by what NVIDIA's tool says of them in CSV; what it does not know of one is None."""
    gpus = []
    for line in told.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 5:
            busy, used, total = (float(part) if part.replace(".", "", 1).isdigit() else None for part in parts[2:])
            share = None if busy is None else busy / 100
            gpus.append({"index": parts[0], "name": parts[1], "busy": share, "used": used, "total": total})
    return gpus


def _told_by(tool: str) -> str:
    words = [tool, QUERY, "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=ANSWERS_WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout
