"""Runs one command of the command line in a forked process with bounds, and judges how it ended."""

import gc
import json
import os
import re
import resource
import select
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

CPU_S = 10
WALL_S = 60
MOST_BYTES = 4 << 30
MOST_SAID = 20_000
"""Characters that a person may be expected to read past."""

CANARY = "code-that-came-with-data-ran"
"""A file of this name appears in the case's folder if something in its data is run."""

UNFORESEEN = "This was not foreseen: "

RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Args:
        code: its exit code; negative for a signal.
        said: all that it printed, and a traceback if there was one.
        finding: what is wrong; empty if nothing is.
    """

    code: int
    said: str
    finding: str

    def about(self, lines: int) -> str:
        """Return the last lines that it said."""
        return "\n".join(f"    | {line[:200]}" for line in self.said.splitlines()[-lines:])


def prepare(room: Path) -> None:
    """Import what commands need once, before processes are forked."""
    os.environ["CNNJOBS_CACHE"] = str(room / "cache")
    os.environ["HOME"] = str(room / "home")
    import matplotlib.pyplot  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import support.fakes

    import cnnjobs.cli
    import cnnjobs.report.build
    import cnnjobs.run.aggregate
    import cnnjobs.run.api
    import cnnjobs.run.evaluate
    import cnnjobs.run.fit
    import cnnjobs.run.plan
    import cnnjobs.run.predict
    import cnnjobs.run.show
    import cnnjobs.run.status
    import cnnjobs.run.verify  # noqa: F401
    from cnnjobs.cli import unexpected
    from cnnjobs.engine.inline import InlineEngine
    from cnnjobs.models.network_facts import NetworkFacts
    from cnnjobs.report.write import Written
    from cnnjobs.run import aggregate, backends

    backends.open_engine = lambda **_: InlineEngine()
    backends.open_worker = support.fakes.fake_worker
    backends.open_final_fit_worker = _no_fit
    backends.open_preview = _no_fit
    backends.look_at_networks = lambda requests, *_, **__: iter([NetworkFacts(5, "")] * len(requests))
    unexpected.describe = _unforeseen
    aggregate.write_document = lambda *_: Written("report", None, ())
    _warm(room / "warm")
    gc.collect()
    gc.freeze()  # else each process copies all pages that a collection touches


def _unforeseen(error: Exception) -> str:
    """Say what the command line would write into a log: errors that nobody foresaw are findings."""
    return UNFORESEEN + "".join(traceback.format_exception(error, limit=-6))


def _warm(folder: Path) -> None:
    """Run each command once, so that forked processes have imported what they need."""
    import numpy as np
    from archives import JOB
    from click.testing import CliRunner
    from models import ABOUT, archive
    from PIL import Image

    from cnnjobs.cli import main

    folder.mkdir()
    labels = np.arange(30) % 3
    np.savez(folder / "data.npz", x_train=np.zeros((30, 8, 8), np.uint8), y_train=labels)
    (folder / "job.py").write_bytes(JOB)
    (folder / "model.keras").write_bytes(archive(ABOUT))
    for number in range(4):
        for name in ("cat", "dog"):
            (folder / "pets" / name).mkdir(parents=True, exist_ok=True)
            Image.new("L", (8, 8), number).save(folder / "pets" / name / f"{number}.png")
    before = Path.cwd()
    os.chdir(folder)
    for words in (
        "plan job.py --no-sizes", "submit job.py", "status", "verify", "aggregate", "show data.npz", "show pets", "fit job.py",
        "predict model.keras pets", "evaluate model.keras --dataset digits", "logs x --address http://127.0.0.1:1", "plan none.py",
        "submit job.py --half-width 1 --most-repeats 3", "plan job.py --no-sizes --audit one",
        "plan --decide job.py --no-sizes", "submit --decide 0.5 job.py",
    ):  # fmt: skip
        CliRunner().invoke(main, words.split())
    os.chdir(before)


def _no_fit(*_: object, **__: object) -> object:
    from cnnjobs.errors import TrialsFailed

    raise TrialsFailed("Nothing is trained here.")


def run(words: list[str], folder: Path) -> Ended:
    """Run a command with the words of a command line in a folder."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(words, folder, writing)
    os.close(writing)
    content, status, hung = _until_over(pid, reading)
    os.close(reading)
    trace = folder.parent / f"{folder.name}.fault"
    where = trace.read_text(errors="replace") if trace.exists() else ""
    trace.unlink(missing_ok=True)
    if hung:
        return Ended(-1, where, f"did not end within {WALL_S} s")
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        why = f"took {CPU_S} s of the processor" if number == signal.SIGXCPU else f"ended by signal {number}"
        return Ended(-number, where, why)
    return _judged(json.loads(content), folder)


def _until_over(pid: int, reading: int) -> tuple[bytes, int, bool]:
    """Return what the process told, its status, and whether it had to be ended."""
    content, until, hung = b"", time.monotonic() + WALL_S, False
    while True:
        ready, _, _ = select.select([reading], [], [], 0.5)
        piece = os.read(reading, 1 << 16) if ready else None
        if piece:
            content += piece
        if piece == b"" or (time.monotonic() > until and not hung):
            hung = piece is None
            if hung:
                os.kill(pid, signal.SIGUSR1)  # writes where it is
                time.sleep(0.5)
                os.kill(pid, signal.SIGKILL)
            return content, os.waitpid(pid, 0)[1], hung


def _child(words: list[str], folder: Path, writing: int) -> None:
    """Run the command and tell how it ended; never returns."""
    import faulthandler

    from click.testing import CliRunner

    from cnnjobs.cli import main

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S + _cpu_s(), CPU_S + _cpu_s() + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES + (4 << 30), resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(null, standard)
    trace = os.open(folder.parent / f"{folder.name}.fault", os.O_RDWR | os.O_CREAT)
    for number, chain in ((signal.SIGXCPU, True), (signal.SIGUSR1, False)):
        faulthandler.register(number, trace, chain=chain)
    os.chdir(folder)
    told = {"code": 0, "said": "", "raised": ""}
    try:
        done = CliRunner().invoke(main, words, color=True)
        told["code"], told["said"] = done.exit_code, done.output
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            told["raised"] = "".join(traceback.format_exception(*done.exc_info, limit=-6))
    except BaseException:
        told["raised"] = traceback.format_exc(limit=-6)
    told["bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    for name in ("said", "raised"):
        told[name] = str(told[name])[: 4 * MOST_SAID]
    content = json.dumps(told).encode()
    while content:
        content = content[os.write(writing, content) :]
    os._exit(0)


def _cpu_s() -> int:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return int(used.ru_utime + used.ru_stime) + 1


def _judged(told: dict[str, object], folder: Path) -> Ended:
    code, said, raised = int(str(told["code"])), str(told["said"]), str(told["raised"])
    unstyled = re.sub(r"\x1b\[[0-9;]*m", "", said)
    if (folder / CANARY).exists() or list(folder.rglob(CANARY)):
        finding = "code of the data has run"
    elif raised:
        finding = f"traceback: {raised.strip().splitlines()[-1][:200]}"
    elif UNFORESEEN in said:
        finding = f"unforeseen: {unstyled.strip().splitlines()[-1][:200]}"
    elif code not in (0, 1, 2, 130):
        finding = f"exit code {code}"
    elif "Traceback (most recent" in said:
        finding = "prints a traceback"
    elif code and not unstyled.strip():
        finding = f"exit code {code} without a word"
    elif len(said) > MOST_SAID and not said.startswith("{"):  # a document is for programs
        finding = f"says {len(said)} characters"
    elif RAW.search(unstyled):
        finding = f"prints {RAW.search(unstyled)[0]!r} raw"
    elif int(str(told["bytes"])) > MOST_BYTES:
        finding = f"took {int(str(told['bytes'])) / 2**30:.1f} GiB"
    else:
        finding = ""
    return Ended(code, said + raised, finding)


if sys.platform == "win32":
    raise SystemExit("Processes are forked, which Windows cannot do.")
