"""Repeats of a variant fused into one graph, against the same repeats as trials: what a step of a repeat takes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from benchmarks.part import ROOT, Absent, Goal, Measurement, Part, Quantity, Settings
from benchmarks.race import order, tell


class Contender(NamedTuple):
    """How repeats are trained.

    Args:
        what: that is, in Markdown.
        way: of `benchmarks.fused.graph.WAYS`, or "single".
        repeats: in a graph.
        tasks: which of `TASKS`; empty for all.
        cpus: threads of a process; there are as many processes as make two threads.
    """

    what: str
    way: str
    repeats: int
    tasks: tuple[str, ...] = ()
    cpus: int = 1


TASKS = {
    "digits32": "digits CNN, batch 32: ms",
    "digits64": "batch 64: ms",
    "small_cnn": "`small_cnn`: ms",
    "vgg3": "VGG-3: ms",
}
"""Quantity -> heading of its column."""

SLOW = ("digits64", "vgg3")
"""What ways that are known to be slow are measured with."""

CONTENDERS = {
    "single": Contender("trials as they are, two processes of one thread", "single", 1),
    "grouped x 2": Contender("2 repeats per process, grouped convolutions", "grouped", 2),
    "grouped x 4": Contender("4 repeats per process", "grouped", 4),
    "grouped x 8": Contender("8 repeats per process", "grouped", 8, ("digits32", "digits64", "small_cnn")),
    "unrolled x 4": Contender("4 repeats per process, all operations once per repeat", "unrolled", 4),
    "patches x 2": Contender("2, patches and products of batches of matrices", "patches", 2, SLOW),
    "shifts x 2": Contender("2, nine shifts and such products, with XLA", "shifts, XLA", 2, SLOW),
    "single, two threads": Contender("one process of two threads", "single", 1, cpus=2),
    "grouped x 4, two threads": Contender("4 repeats in one process of two threads", "grouped", 4, cpus=2),
}

PAYS = 1.5
"""Fused repeats are worth having where they are so many times as fast."""

ROUNDS = 3


class Processes:
    """Two processes of one thread and one of two, in which the contenders of a task live.

    Args:
        task: as for `benchmarks.fused.contenders.Contenders`.
        threads: the numbers of threads that are needed.
    """

    def __init__(self, task: str, threads: set[int]) -> None:
        words = [sys.executable, "-m", "benchmarks.fused.contenders", task]
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        self._of = {
            cpus: [
                subprocess.Popen(
                    [*words, str(cpus)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    env=environment,
                    cwd=ROOT,
                )
                for _ in range(2 // cpus)
            ]
            for cpus in sorted(threads)
        }

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: Any) -> None:
        for process in (one for some in self._of.values() for one in some):
            process.kill()
            process.wait()

    def milliseconds(self, contender: Contender) -> float:
        """Let its processes train at the same time; return milliseconds per step and repeat, of both cores together."""
        processes = self._of[contender.cpus]
        for process in processes:
            assert process.stdin
            process.stdin.write(json.dumps([contender.way, contender.repeats]) + "\n")
            process.stdin.flush()
        return 1 / sum(1 / self._answer(process) for process in processes)

    @staticmethod
    def _answer(process: "subprocess.Popen[str]") -> float:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("TOOK"):
                return float(line.split()[1])
        raise RuntimeError(f"A process of contenders ended early: {process.args}")


def run(settings: Settings) -> Iterator[Measurement | Absent]:
    """Measure task by task, each contender once a round after a first turn that is not counted."""
    names = ("single", "grouped x 2") if settings.toy else settings.chosen(CONTENDERS)
    rounds = settings.rounds or (1 if settings.toy else ROUNDS)
    found: dict[tuple[int, str], dict[str, float]] = {}
    for task in ["toy"] if settings.toy else TASKS:
        chosen = {name: CONTENDERS[name] for name in names if task in (CONTENDERS[name].tasks or (task,))}
        with Processes(task, {one.cpus for one in chosen.values()}) as processes:
            for one in chosen.values():
                processes.milliseconds(one)
            for number in range(rounds):
                for name in order(tuple(chosen), number):
                    took = processes.milliseconds(chosen[name])
                    tell(f"{task}: round {number + 1} of {rounds}: {name}: {took:.3f} ms")
                    mine = found.setdefault((number, name), {})
                    mine["digits32" if settings.toy else task] = took
                    yield Measurement(number, name, dict(mine))


PART = Part(
    name="fused",
    title="Fused repeats",
    about=(
        "The table shows the milliseconds of two cores that a step of one repeat takes. Trials of this package, "
        "two processes at a time, are compared with the same repeats in one graph, with the same seeds, batches "
        "and formulas (`benchmarks/fused/`). Only training is timed, without validation, start and end, on the "
        "scanned digits and on made-up pictures of 32 x 32, with batch 64 unless stated otherwise."
    ),
    contenders={name: one.what for name, one in CONTENDERS.items()},
    measure=run,
    minutes=6,
    goals=tuple(Goal("grouped x 4", round(1 / PAYS, 3), ("single",), quantity=task) for task in TASKS),
    quantities=tuple(Quantity(name, heading, "{:,.2f}", spread=True) for name, heading in TASKS.items()),
    chart=False,
)
