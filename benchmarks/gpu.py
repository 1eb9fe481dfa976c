"""Everything that only a GPU can show, in at most six minutes: a table, and all figures as JSON.

    python3 benchmarks/gpu.py --photos cifar.npz --out FOLDER     # .npz, or an image folder with train/ and test/
    python3 benchmarks/gpu.py --photos cifar.npz --only steps,bits --budget 200
    python3 benchmarks/gpu.py --pretend                           # at toy size on cores: a test of the script

First it is looked whether TensorFlow sees a GPU and computes on it; where it does not, the script says which library
is missing and ends. Then follow the sections that tell whether numbers are right, at the same time, and after them,
alone, those that tell how fast it is. Each runs in a process of its own with a limit; one that fails or takes too long
is recorded with its error and with what it had found until then, and the others go on. `gpu.json` and `gpu.md` in the
folder are written after each. Exit code 1 if a section failed.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.gpu_parts import card
from benchmarks.gpu_parts.__main__ import BEGIN
from benchmarks.gpu_parts.report import table
from benchmarks.gpu_parts.settings import FOUND, ROOT, Settings, environment

BUDGET_S = 360.0


@dataclass(frozen=True)
class Section:
    """A part of what is shown.

    Args:
        name: also that of its module.
        seconds: most that it takes of six minutes.
        alone: whether nothing else may run meanwhile, because it measures time.
    """

    name: str
    seconds: float
    alone: bool = False


SECTIONS = (
    Section("doctor", 70),
    Section("bits", 95),
    Section("growth", 70),
    Section("outgrown", 70),
    Section("operations", 90),
    Section("steps", 130, alone=True),
    Section("shares", 120, alone=True),
    Section("data", 45, alone=True),
    Section("fused", 60, alone=True),
)
"""In their order: those that are not alone run together, and the last have what time is left."""


class Record:
    """What was found, written whole after each change.

    Args:
        out: the folder.
        about: facts of this run.
    """

    def __init__(self, out: Path, about: dict[str, Any]) -> None:
        self._out, self.found, self._lock = out, {"about": about, "sections": {}}, threading.Lock()

    def add(self, section: str, **news: Any) -> None:
        """Take in what a section found, and write."""
        with self._lock:
            self.found["sections"].setdefault(section, {}).update(news)
            self.found["about"]["seconds"] = round(time.time() - self.found["about"]["began"], 1)
            for name, text in (("gpu.json", json.dumps(self.found, indent=1)), ("gpu.md", table(self.found))):
                new = self._out / f"{name}.new"
                new.write_text(text + "\n", encoding="utf-8")
                new.replace(self._out / name)

    @property
    def failed(self) -> list[str]:
        """The sections that went wrong."""
        return [name for name, found in self.found["sections"].items() if "error" in found]


def main() -> int:
    """Do what the command line asks for; return the exit code."""
    asked = _parser().parse_args()
    out = Path(asked.out or tempfile.mkdtemp(prefix="cnnjobs-gpu-")).resolve()
    out.mkdir(parents=True, exist_ok=True)
    began = time.time()
    photos = str(Path(asked.photos).resolve()) if asked.photos else ""
    settings = Settings(photos, str(out), began + asked.budget, asked.pretend)
    about = {"began": began, "budget": asked.budget, "pretend": asked.pretend, "photos": photos or "made up"}
    record = Record(out, about | {"card": card.facts()})
    if not asked.pretend:
        _run(["seen"], settings, record, 60)
        if not record.found["sections"]["seen"].get("gpus"):
            record.add("seen", error=f"TensorFlow sees no GPU: {_why_none()}")
            print(table(record.found))
            return 1
    chosen = [one for one in SECTIONS if not asked.only or one.name in asked.only.split(",")]
    _measure(chosen, settings, record, asked.budget / BUDGET_S)
    print(table(record.found))
    print(f"written: {out}/gpu.json, gpu.md")
    return int(bool(record.failed))


def _measure(chosen: list[Section], settings: Settings, record: Record, scale: float) -> None:
    """Run the sections that may run together, then the others one after the other."""
    together = [one for one in chosen if not one.alone]
    if settings.pretend:  # one process imports TensorFlow for all
        here = threading.Thread(target=_run, args=([*(one.name for one in together), "seen"], settings, record, 300))
        here.start()
        for one in chosen:
            if one.alone:
                _run([one.name], settings, record, 300)
        here.join()
        return
    if "shares" in [one.name for one in chosen]:
        threading.Thread(target=_grow_memory, daemon=True).start()
    threads = [
        threading.Thread(target=_run, args=([one.name], settings, record, scale * one.seconds)) for one in together
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in chosen:
        left = settings.until - time.time()
        if one.alone and left < 15:
            record.add(one.name, error="not run: no time was left")
        elif one.alone:
            _run([one.name], settings, record, min(left, scale * one.seconds))


def _run(names: list[str], settings: Settings, record: Record, limit_s: float) -> None:
    """Run sections in a process of their own, and take in what it tells until the limit."""
    until = min(time.time() + limit_s, max(settings.until, time.time() + 10))
    told = Settings(settings.photos, settings.out, until, settings.pretend)
    command = [sys.executable, "-m", "benchmarks.gpu_parts", told.text, *names]
    log = Path(settings.out) / f"{names[0]}.log"
    began, current = time.time(), names[0]
    options = {"stdout": subprocess.PIPE, "env": environment(), "start_new_session": True, "cwd": ROOT}
    with (
        open(log, "w", encoding="utf-8") as errors,
        subprocess.Popen(command, text=True, stderr=errors, **options) as one,
    ):
        late = threading.Timer(max(until - time.time(), 1), _end, [one])
        late.start()
        for line in one.stdout:
            if line.startswith(BEGIN):
                current = line.removeprefix(BEGIN).strip()
                print(f"{time.time() - record.found['about']['began']:5.0f} s  {current}", file=sys.stderr, flush=True)
            elif line.startswith(FOUND):
                record.add(current, **json.loads(line.removeprefix(FOUND)))
        code = one.wait()
        late.cancel()
    record.add(current, seconds=round(time.time() - began, 1))
    if "done" not in record.found["sections"][current] and "error" not in record.found["sections"][current]:
        why = (
            f"ended after {until - began:.0f} s, its limit"
            if code == -signal.SIGKILL
            else f"ended with exit code {code}"
        )
        record.add(current, error=f"{why}: {log.read_text(encoding='utf-8', errors='replace')[-1500:]}")


def _end(process: "subprocess.Popen[str]") -> None:
    """End a section with all that it started: those are of its session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _why_none() -> str:
    """Return what TensorFlow says when it looks for GPUs."""
    code = "import tensorflow as tf; print(tf.config.list_physical_devices('GPU'))"
    logs = {"TF_CPP_MIN_LOG_LEVEL": "0", "TF_CPP_MAX_VLOG_LEVEL": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | logs, check=False, timeout=120
    )
    words = ("dso_loader", "dlopen", "libcu", "cuda", "CUDA", "GPU", "rror")
    lines = [line for line in done.stderr.splitlines() if any(word in line for word in words)]
    variables = {name: os.environ.get(name) for name in ("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")}
    return "\n".join([*lines[:30], str(variables), f"nvidia-smi: {card.facts()}"])


def _grow_memory() -> None:
    """Touch memory in a process that then ends.

    That of some virtual machines grows when it is used, and `submit` starts only as many trials as fit what is there.
    """
    code = (
        "held = []\n"
        "for _ in range(24):\n"
        "    free = [int(l.split()[1]) for l in open('/proc/meminfo') if l.startswith('MemAvailable')][0] >> 20\n"
        "    if free > 40 and not held or free < 3: break\n"
        "    held.append(bytearray(b'x') * (1 << 30))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", help="CIFAR-10 as one .npz file, or as a folder with train/ and test/")
    parser.add_argument("--out", help="folder for gpu.json and gpu.md; by default a new one for temporary files")
    parser.add_argument("--budget", type=float, default=BUDGET_S, help="seconds in all  [default: 360]")
    parser.add_argument("--only", help="sections, separated by commas: " + ", ".join(one.name for one in SECTIONS))
    parser.add_argument("--pretend", action="store_true", help="at toy size on cores: a test of this script")
    return parser


if __name__ == "__main__":
    sys.exit(main())
