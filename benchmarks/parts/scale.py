"""Many trials of almost no work: what one costs, whether that grows with their number, and how long the ends take."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np

from benchmarks.part import Absent, Goal, Measurement, Part, Quantity, Settings
from benchmarks.record import Record

SUBMIT, AGAIN = "submit", "submit again"

COMMANDS = {
    AGAIN: ("submit", "job.py"),
    "status": ("status", "results/scale"),
    "plan": ("plan", "job.py"),
    "verify": ("verify", "results/scale"),
    "aggregate": ("aggregate", "results/scale", "--no-predictions"),
}
"""What is asked of the results then."""

TRIALS, TOY_TRIALS, VARIANTS, TENTHS = 10_000, 20, 10, 10

JOB = """
from cnnjobs import SGD, Job, Variant, cnn
base = Variant(model=cnn(blocks=((2,),), dense=()), optimizer=SGD(0.1), epochs=1, batch_size=32)
job = Job(name="scale", dataset="pictures.npz", repeats={repeats}, variants={{
    f"rate {{i}}": base.but(optimizer=SGD(0.01 * i)) for i in range(1, {variants} + 1)}})
"""


def run(settings: Settings) -> Iterator[Measurement | Absent]:
    """Measure: one round, of twenty trials at toy size."""
    trials = TOY_TRIALS if settings.toy else TRIALS
    for number in range(settings.rounds or 1):
        folder = settings.folder / str(number)
        folder.mkdir()
        make_job(folder, trials)
        yield Measurement(number, SUBMIT, submitted(folder, trials))
        for name in settings.chosen(COMMANDS):
            yield Measurement(number, name, timed(folder, COMMANDS[name]))


def make_job(folder: Path, trials: int) -> None:
    """Write the job file and its pictures."""
    random = np.random.default_rng(0)
    pictures = {"x_train": random.integers(0, 256, (40, 8, 8), np.uint8), "y_train": np.arange(40) % 2}
    pictures |= {"x_test": random.integers(0, 256, (16, 8, 8), np.uint8), "y_test": np.arange(16) % 2}
    np.savez(folder / "pictures.npz", **pictures)  # type: ignore[arg-type]
    (folder / "job.py").write_text(JOB.format(repeats=trials // VARIANTS, variants=VARIANTS))


def submitted(folder: Path, trials: int) -> dict[str, Any]:
    """Run the job; return what was seen of it from outside."""
    began = time.perf_counter()
    with _command(folder, ("submit", "job.py"), stderr=subprocess.PIPE) as process:
        assert process.stderr is not None and process.stdout is not None
        shown: list[float] = []
        reader = threading.Thread(target=_note_lines, args=(process.stdout, shown))
        reader.start()
        ends, memory, log = _follow(process.stderr, process.pid, trials)
        reader.join()
        code, peak = _waited(process)[:2]
    prompt = time.perf_counter()
    if code != 0 or len(ends) != trials:
        return {"error": f"ended with {code} after {len(ends)} of {trials} trials: {log}"}
    bounds = [round(trials * i / TENTHS) for i in range(TENTHS + 1)]
    times = [ends[0], *ends]
    tenths = [(times[last] - times[first]) * 1000 / (last - first) for first, last in pairwise(bounds)]
    sizes = [memory[last] for last in bounds[1:]]
    return {
        "seconds": prompt - began,
        "ms": (ends[-1] - ends[0]) * 1000 / (trials - 1),
        "tenths": tenths,
        "sizes": sizes,
        "mib": peak,
        "kib": (sizes[-1] - sizes[0]) * 1024 / (bounds[-1] - bounds[1]),
        "first": ends[0] - began,
        "table": shown[0] - ends[-1],
        "prompt": prompt - ends[-1],
    }


def timed(folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Return seconds until the first line and until the prompt, CPU seconds and MiB at most of a command."""
    began, shown = time.perf_counter(), list[float]()
    with _command(folder, words, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        _note_lines(process.stdout, shown)
        code, peak, cpu = _waited(process)
    if code != 0:
        return {"error": f"ended with {code}"}
    return {"seconds": time.perf_counter() - began, "answer": shown[0] - began, "cpu": cpu, "mib": peak}


@contextmanager
def _command(folder: Path, words: Sequence[str], **streams: Any) -> Iterator[subprocess.Popen[str]]:
    line = [sys.executable, "-m", "cnnjobs", *words]
    surroundings = os.environ | {"CNNJOBS_CACHE": str(folder / "cache")}
    with subprocess.Popen(line, cwd=folder, env=surroundings, text=True, stdout=subprocess.PIPE, **streams) as process:
        yield process


def _waited(process: subprocess.Popen[str]) -> tuple[int, float, float]:
    """Wait for a process; return its exit code, MiB at most, and CPU seconds."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def _note_lines(stream: IO[str], times: list[float]) -> None:
    """Note when each line came."""
    times.extend(time.perf_counter() for _ in stream)


def _follow(stream: IO[str], pid: int, trials: int) -> tuple[list[float], dict[int, float], str]:
    """Return when each trial ended, trials that have ended -> MiB of the process at tenths, and other lines."""
    ends: list[float] = []
    memory: dict[int, float] = {}
    others: list[str] = []
    looks = {round(trials * i / TENTHS) for i in range(1, TENTHS + 1)}
    for line in stream:
        if line.startswith("[") and "accuracy" in line:
            ends.append(time.perf_counter())
            if len(ends) in looks:
                memory[len(ends)] = _mib(pid)
        else:
            others.append(line)
    return ends, memory, "".join(others[-5:])


def _mib(pid: int) -> float:
    """Return the resident memory of a process, MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def tenths_table(record: Record) -> str:
    """Return what a trial costs in each tenth of the run, and how large the submitting process is after it."""
    found = next((one[SUBMIT] for one in record.rounds if "tenths" in one.get(SUBMIT, {})), None)
    if found is None:
        return ""
    heads = ["tenth", *map(str, range(1, TENTHS + 1))]
    rows = [["ms per trial", *(f"{ms:.0f}" for ms in found["tenths"])]]
    rows += [["submitting process, MiB", *(f"{mib:.0f}" for mib in found["sizes"])]]
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


PART = Part(
    name="scale",
    title="Ten thousand trials",
    about=(
        "Ten variants with 1,000 repeats each of the smallest network are trained for one epoch of one step on 56"
        " made-up pictures of 8 x 8. The remaining time is the cost of a trial in addition to its training, "
        "through the real engine, Ray Tune and TensorFlow, two at a time on one core each. Milliseconds per trial"
        " are the time between the lines of the first and of the last trial, divided by the number of trials. The"
        " seconds of table and prompt begin with the line of the last trial. Afterwards, commands are run on the "
        "stored results; the answer is their first line."
    ),
    contenders={
        SUBMIT: "`cnnjobs submit`",
        AGAIN: "the same once more, with nothing left to run",
        **{name: f"`cnnjobs {' '.join((words[0], *words[2:]))}`" for name, words in COMMANDS.items() if name != AGAIN},
    },
    measure=run,
    minutes=9,
    goals=(
        Goal(SUBMIT, 40, quantity="ms"),
        Goal(SUBMIT, 500, quantity="mib"),
        Goal(SUBMIT, 5, quantity="table"),
        Goal(AGAIN, 2, quantity="answer"),
    ),
    quantities=(
        Quantity("seconds", "seconds"),
        Quantity("answer", "s to the answer"),
        Quantity("cpu", "CPU seconds"),
        Quantity("mib", "MiB at most", "{:,.0f}"),
        Quantity("ms", "ms per trial"),
        Quantity("kib", "KiB per trial"),
        Quantity("first", "s to the first trial"),
        Quantity("table", "table, s after the last"),
        Quantity("prompt", "prompt, s after the last"),
    ),
    chart=False,
    section=tenths_table,
)
