"""Milliseconds a step of a trial, of tuned `fit` and of `fit` under MirroredStrategy, alternating in one run."""

import contextlib
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from benchmarks.gpu_parts.card import Sampler, facts
from benchmarks.gpu_parts.epochs import HOST, TOLD, Contender
from benchmarks.gpu_parts.settings import BATCH, Settings, command_of, environment, networks, photos, tell

ROUNDS = 5
MEMORY_EACH_MIB = 5000
"""Of the GPU for each contender, generously: on a smaller one networks take turns."""


def contenders(network: str) -> list[Contender]:
    """Return those on a network, the most telling first."""
    settings: tuple[tuple[str, bool], ...] = (("float32", False), ("bfloat16", False), ("float32", True))
    made = [Contender(kind, network, *one) for one in settings for kind in ("trainer", "fit")]
    others = [Contender(kind, network) for kind in ("fit, MirroredStrategy", HOST, "fit, a step an execution")]
    augmented = [Contender(kind, network, augmented=True) for kind in ("trainer", HOST)]
    return [*made, *others, *(augmented if network == "VGG-3" else ())]


def measure(settings: Settings) -> None:
    """Race them: all networks at once where the GPU holds them."""
    names = list(networks(pretend=settings.pretend))
    if settings.pretend:
        groups = [[Contender(kind, names[0]) for kind in ("trainer", "fit")]]
    else:
        groups = [contenders(name) for name in names]
        if int(facts().get("memory.total", 0)) > MEMORY_EACH_MIB * sum(map(len, groups)):
            groups = [[one for group in groups for one in group]]
    data = photos(settings)
    rows = len(data.y_train) // BATCH * BATCH
    with Sampler() as sampler:
        for number, group in enumerate(groups):
            share = (settings.until - time.time()) / (len(groups) - number)
            _race(group, rows, settings, sampler, time.time() + share)


class _Process:
    """A contender's process, and what it told."""

    def __init__(self, contender: Contender, settings: Settings) -> None:
        self.contender, self.turns, self.error = contender, [], ""
        self.turns: list[dict[str, float]]
        self._log = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115  closed with the process
        self._process = subprocess.Popen(
            command_of("epochs", settings.text, json.dumps(asdict(contender))),
            env=environment() | contender.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def turn(self) -> None:
        """Let it train, and note what it tells."""
        assert self._process.stdin
        assert self._process.stdout
        if self.error:
            return
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write("go\n")
            self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith(TOLD):
                self.turns.append(json.loads(line.removeprefix(TOLD)))
                return
        self._log.seek(0)
        self.error = self._log.read()[-800:] or "it ended early"

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._log.close()


def _race(group: Sequence[Contender], rows: int, settings: Settings, sampler: Sampler, until: float) -> None:
    processes = [_Process(one, settings) for one in group]
    try:
        with ThreadPoolExecutor(len(processes)) as pool:
            list(pool.map(_Process.turn, processes))  # the first turn, in which all is traced, at the same time
        for one in processes:
            one.turns.clear()
        for number in range(1 if settings.pretend else ROUNDS):
            first = number % len(processes)
            for one in processes[first:] + processes[:first]:
                one.turn()
            _tell(processes, rows, sampler, settings)
            if time.time() + 1.1 * len(processes) * (1.5 if not settings.pretend else 0.2) > until:
                return
    finally:
        for one in processes:
            one.end()


_TOLD: dict[str, dict[str, Any]] = {}


def _tell(processes: Sequence[_Process], rows: int, sampler: Sampler, settings: Settings) -> None:
    steps_of = {name: -(-rows // variant.batch_size) for name, variant in networks(pretend=settings.pretend).items()}
    for one in processes:
        own = _TOLD.setdefault(one.contender.setting, {})
        if one.error or not one.turns:
            own[one.contender.kind] = {"error": one.error or "no turn"}
            continue
        seconds = [turn["seconds"] for turn in one.turns]
        median = statistics.median(seconds)
        busy = [sampler.between(turn["began"] + 0.3, turn["ended"]) for turn in one.turns]
        shares = [each["busy"] for each in busy if "busy" in each]
        own[one.contender.kind] = {
            "ms_a_step": round(1000 * median / steps_of[one.contender.network], 4),
            "images_a_second": round(rows / median),
            "epoch_seconds": seconds,
            "busy": round(statistics.fmean(shares), 1) if shares else None,
            "last_samples": busy[-1],
        }
    for own in _TOLD.values():
        trainer = own.get("trainer", {}).get("epoch_seconds")
        for kind, told in own.items():
            if trainer and kind != "trainer" and "epoch_seconds" in told:
                pairs = zip(trainer, told["epoch_seconds"], strict=False)
                told["trainer_takes"] = round(statistics.median(mine / theirs for mine, theirs in pairs), 3)
    tell(steps=_TOLD)
