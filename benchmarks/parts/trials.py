"""The same trials by this project and by each peer, from cold to the last result: what `small` and `large` share."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.commands import Command, Ran, busy_share
from benchmarks.part import ROOT, Absent, Measurement, Settings
from benchmarks.peers.work import Work
from benchmarks.race import Prepare, Read, race

OURS = "cnnjobs"

TIMEOUT_S = 900.0
"""For one run of a contender."""


class Peer(NamedTuple):
    """What a person would use instead.

    Args:
        what: it is, in Markdown.
        module: in `benchmarks.peers`.
        words: more of its command line.
        needs: the package that it cannot be without, where that is none of this project's own.
    """

    what: str
    module: str
    words: tuple[str, ...] = ()
    needs: str | None = None


PEERS = {
    "plain loop": Peer("`fit` in a loop, one process, all cores", "loop"),
    "plain loop with reuse": Peer("the same, each variant compiled once", "loop", ("reuse",)),
    "joblib": Peer("two processes (loky), one thread each", "joblib_processes", needs="joblib"),
    "Tune class with reuse": Peer("Ray Tune, class trainable, `reuse_actors=True`", "tune_class"),
    "Tune functions with reuse": Peer("Ray Tune, function, `reuse_actors=True`", "tune_functions", ("reuse",)),
    "Tune functions": Peer("Ray Tune, function, as documented", "tune_functions"),
    "ictonyx": Peer("`compare_models`, one process", "ictonyx_compare", needs="ictonyx"),
    "KerasTuner": Peer("`GridSearch`, `executions_per_trial`, one process", "keras_tuner_grid", needs="keras_tuner"),
    "Hydra": Peer("multirun, joblib launcher, two processes", "hydra_multirun", needs="hydra"),
}

SCREEN = {"table": r"95% CI of the mean"}
"""What the screen shows first of the table of a submit."""


def measure(
    work: Work, job: str, settings: Settings, peers: Mapping[str, Peer], rounds: int, timeout_s: float = TIMEOUT_S
) -> Iterator[Measurement | Absent]:
    """Let this project and the peers train the trials in turn.

    Args:
        work: of the peers.
        job: the same as a job file of this project.
        settings: of the command line.
        peers: by name.
        rounds: how often each of them does it.
        timeout_s: for one run of one.
    """
    file = settings.folder / "work.json"
    work.save(file)
    count = len(work.trials())
    contenders: dict[str, tuple[Prepare, Read]] = {}
    for name in settings.chosen({OURS: None, **peers}):
        if name == OURS:
            contenders[name] = (lambda run: _submit(settings.folder / run, job), lambda ran, at: _ours(ran, at, count))
            continue
        python = _python_for(peers[name], settings)
        if python is None:
            yield Absent(name, "not installed")
            continue
        contenders[name] = (
            lambda run, peer=peers[name], python=python: _peer(settings.folder / run, peer, python, file),  # type: ignore[misc]
            lambda ran, at: _theirs(ran, at, count),
        )
    yield from race(contenders, rounds, timeout_s)


def _submit(folder: Path, job: str) -> Command:
    folder.mkdir()
    (folder / "job.py").write_text(job, encoding="utf-8")
    words = [sys.executable, "-m", "cnnjobs", "submit", str(folder / "job.py"), "--results", str(folder / "results")]
    return Command([*words, "--address", "local"], folder / "results" / "job" / "trials", ".parquet", SCREEN)


def _peer(folder: Path, peer: Peer, python: str, file: Path) -> Command:
    (folder / "results").mkdir(parents=True)
    words = [python, "-m", f"benchmarks.peers.{peer.module}", str(file), str(folder / "results"), *peer.words]
    return Command(words, folder / "results", environment={"PYTHONPATH": str(ROOT)})


def _python_for(peer: Peer, settings: Settings) -> str | None:
    """Return the Python that has what a peer needs: this one, or that of `--peers`; None without."""
    if peer.needs is None or importlib.util.find_spec(peer.needs):
        return sys.executable
    look = [settings.peers or sys.executable, "-c", f"import {peer.needs}"]
    return look[0] if subprocess.run(look, capture_output=True, check=False).returncode == 0 else None


def _ours(ran: Ran, command: Command, count: int) -> dict[str, object]:
    """Return quantities of a submit: all of it counts, with the report and the prompt."""
    import cnnjobs

    _check(ran, count)
    rows = cnnjobs.load_results(command.results.parent).trials
    spans = [(a.timestamp(), b.timestamp()) for a, b in zip(rows["started_at"], rows["finished_at"], strict=True)]
    found = _quantities(ran, spans, [float(value) for value in rows["test_accuracy"]])
    last = ran.last_result_s or 0.0
    found |= {"seconds": ran.exit_s, "prompt": ran.exit_s - last}
    return found | ({"table": ran.marks["table"] - last} if "table" in ran.marks else {})


def _theirs(ran: Ran, command: Command, count: int) -> dict[str, object]:
    """Return quantities of a peer: the clock stops at its last result, whatever it does then."""
    _check(ran, count)
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(command.results.glob("*.json"))]
    return _quantities(ran, [(row["began"], row["ended"]) for row in rows], [row["test_accuracy"] for row in rows])


def _check(ran: Ran, count: int) -> None:
    if ran.results != count or ran.last_result_s is None:
        raise ValueError(f"it wrote {ran.results} results instead of {count}:")


Span = tuple[float, float]
"""Begin and end of a trial by the clock, in seconds of the epoch."""


def _quantities(ran: Ran, spans: list[Span], accuracies: list[float]) -> dict[str, Any]:
    begin, tail = min(begin for begin, _ in spans), tail_begins(spans)
    share = busy_share(ran.busy, begin, tail, len(os.sched_getaffinity(0)))
    return {
        "seconds": ran.last_result_s,
        "first": begin - ran.began,
        "last": ran.last_result_s,
        "exit": ran.exit_s,
        "accuracy": [100 * value for value in accuracies],
    } | ({"busy": 100 * share} if share is not None else {})


def tail_begins(spans: list[Span]) -> float:
    """Return when the first of as many workers as trials ran at once had no more to do."""
    at_once = max(sum(begin <= moment < end for begin, end in spans) for moment, _ in spans)
    return sorted(end for _, end in spans)[-at_once]
