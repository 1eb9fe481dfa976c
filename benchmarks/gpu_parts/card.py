"""What NVIDIA's tool says of the card: facts, and what it does from moment to moment."""

import os
import shutil
import statistics
import subprocess
import threading
import time
from typing import Any, Self

FACTS = (
    "name,driver_version,memory.total,pci.bus_id,compute_cap,mig.mode.current,compute_mode,persistence_mode,"
    "clocks.max.sm,clocks.max.mem,power.limit,ecc.mode.current"
)
SAMPLED = {
    "utilization.gpu": "busy",
    "utilization.memory": "memory_busy",
    "memory.used": "memory_mib",
    "clocks.sm": "clock_mhz",
    "power.draw": "power_w",
    "temperature.gpu": "celsius",
}
EVERY_MS = 100

NO_TOOL = "no NVML: nvidia-smi is not there or does not answer"


def query(*words: str) -> list[list[str]]:
    """Return the rows of a query; none where the tool is missing or fails."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, *words, "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=15, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    lines = [] if done.returncode else done.stdout.splitlines()
    return [[cell.strip() for cell in line.split(",")] for line in lines if line.strip()]


def device() -> str:
    """Return which GPU is looked at: the first that this process may use."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0].strip() or "0"


def facts() -> dict[str, str]:
    """Return what the card is; what it cannot say is left out."""
    found = {}
    for name in FACTS.split(","):  # one by one: an old tool refuses a query with a name that it does not know
        rows = query(f"--query-gpu={name}", "-i", device())
        if rows and "N/A" not in rows[0][0]:
            found[name] = rows[0][0]
    return found or {"error": NO_TOOL}


def processes() -> dict[str, int]:
    """Return the MiB that each process has on the GPU, by its number as the driver knows it: in a container another."""
    rows = query("--query-compute-apps=pid,used_memory", "-i", device())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


class Sampler:
    """Looks at the card ten times a second, until closed; on a machine without the tool at nothing."""

    def __init__(self) -> None:
        self._samples: list[tuple[float, dict[str, float]]] = []
        self._process: Any = None
        if facts().get("error"):
            return
        command = ["nvidia-smi", f"--query-gpu={','.join(SAMPLED)}", "--format=csv,noheader,nounits"]
        self._process = subprocess.Popen(
            [*command, "-i", device(), "-lms", str(EVERY_MS)], stdout=subprocess.PIPE, text=True
        )
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        """Sample while within."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _read(self) -> None:
        for line in self._process.stdout:
            now, cells = time.time(), [cell.strip() for cell in line.split(",")]
            values = {}
            for name, cell in zip(SAMPLED.values(), cells, strict=False):
                try:
                    values[name] = float(cell)
                except ValueError:  # [N/A]
                    continue
            self._samples.append((now, values))

    def between(self, began: float, ended: float) -> dict[str, Any]:
        """Return the mean share of time that the GPU was busy, %, and the rest, between two times of `time.time()`."""
        chosen = [values for when, values in list(self._samples) if began <= when <= ended]
        if not chosen:
            return {"error": NO_TOOL if self._process is None else "no sample in that time"}
        found: dict[str, Any] = {"samples": len(chosen)}
        for name in SAMPLED.values():
            values = [one[name] for one in chosen if name in one]
            if values:
                found[name] = round(max(values) if name == "memory_mib" else statistics.fmean(values), 1)
        return found
