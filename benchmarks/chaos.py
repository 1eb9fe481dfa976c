"""Kills and damage, replayable from a seed: nothing that finished is lost, and no stored number is wrong.

    python benchmarks/chaos.py store --seed 1 --rounds 300     # kills while committing and compacting, damaged files
    python benchmarks/chaos.py job --seed 1 --kills 16         # a real job: workers, submits, the raylet, the GCS

What is killed and damaged, and after how many milliseconds, follows from the seed; the step that a kill meets does not,
because processes are not equally fast twice. A drill ends with an error at the first wrong row.
"""

import argparse
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

TRIALS = 24
"""Of the made-up store."""

JOB = """
from cnnjobs import Job, SGD, Variant, mlp, small_cnn

base = Variant(model=mlp(dense=(32,)), optimizer=SGD(0.05, momentum=0.9), epochs=60, batch_size=64)
variants = {"mlp": base, "cnn": base.but(model=small_cnn(filters=(4,), dense=8))}
job = Job(name="chaos", dataset="digits", repeats=10, variants=variants)
"""

TARGETS = ("worker", "worker", "submit", "raylet", "gcs_server")
"""What a kill meets, each as often as it is named."""


# --- the store -----------------------------------------------------------------------------------------------------


def run_of(number: int) -> tuple[dict[str, Any], dict[str, list[Any]], Any]:
    """Return row, epochs and predictions of a made-up trial: a pure function of its number."""
    from cnnjobs.messages import Predictions

    draw = np.random.default_rng(number)
    epochs = int(draw.integers(1, 40))
    probabilities = draw.dirichlet(np.ones(10), 200).astype(np.float32)
    row = {
        "trial_id": f"{number:020x}",
        "condition_id": f"c{number % 3}",
        "job": "chaos",
        "variant": f"v{number % 3}",
        "repeat": number // 3,
        "fold": 0,
        "status": "completed",
        "settings": '{"of": "nobody"}',
        "test_accuracy": float(draw.uniform()),
        "epochs_done": epochs,
        "test_rows": 200,
        "finished_at": number,
    }
    curves = {"epoch": list(range(1, epochs + 1)), "loss": draw.uniform(size=epochs).tolist()}
    return row, curves, Predictions(draw.integers(0, 10, 200).astype(np.int32), probabilities)


def write_job(folder: Path) -> None:
    """Keep the made-up job, so that the folder is a store."""
    from cnnjobs.spec import SOURCES
    from cnnjobs.store.files import Files
    from cnnjobs.store.store import Store
    from cnnjobs.store.stored_job import StoredDataset, StoredJob, StoredProtocol, StoredVariant

    variants = {f"v{i}": StoredVariant(condition_id=f"c{i}", settings={}) for i in range(3)}
    protocol = StoredProtocol(validation=0.2, folds=None, stratify=True, replicas=1)
    dataset = StoredDataset(name="made-up", train_rows=1000, test_rows=200, classes=10)
    about = {
        "name": "chaos",
        "repeats": TRIALS // 3,
        "vary": SOURCES,
        "reference": "v0",
        "protocol_text": "20% held out",
    }
    Store(Files(folder)).write_job(StoredJob(protocol=protocol, variants=variants, dataset=dataset, **about))


def commit_missing(folder: Path) -> None:
    """Commit what is missing, and compact it meanwhile, as a submit does; in files of few trials."""
    from cnnjobs.store.compaction import Compactor
    from cnnjobs.store.files import Files
    from cnnjobs.store.store import Store

    store = Store(Files(folder))
    compactor = Compactor(store, trials=4)
    there = set(store.read("trials", columns=["trial_id"]).table["trial_id"].to_pylist())
    for number in range(TRIALS):
        if f"{number:020x}" not in there:
            compactor.add(store.commit(*run_of(number)))


def compact_all(folder: Path) -> None:
    """Compact what is there, in files of few trials, so that there are many steps to be killed at."""
    from cnnjobs.store.compaction import compact
    from cnnjobs.store.files import Files
    from cnnjobs.store.store import Store

    compact(Store(Files(folder)), least=1, trials_a_file=5)


WORK: Mapping[str, Callable[[Path], None]] = {"commit": commit_missing, "compact": compact_all}


class Child:
    """A process that has imported everything and begins its work when told to.

    Args:
        work: of `WORK`.
        folder: of the store.
    """

    def __init__(self, work: str, folder: Path) -> None:
        words = [sys.executable, __file__, "child", work, str(folder)]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def killed_after(self, seconds: float | None) -> bool:
        """Let it begin, and kill it after so many seconds; say whether it was still at work. None: let it end."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdout.readline()
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
        code = self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        if code > 0:
            raise SystemExit("a child ended with an error of its own")
        return code < 0


def wrong_rows(folder: Path, *, damaged: bool) -> int:
    """Compare a store with what was committed; return how many trials are there.

    Args:
        folder: of the store.
        damaged: whether files may be: they are left out then.

    Raises:
        SystemExit: for a row that is not what was committed, and a damaged file where none may be.
    """
    from cnnjobs.store.files import Files
    from cnnjobs.store.schemas import TABLES
    from cnnjobs.store.store import Store

    store = Store(Files(folder))
    read = {name: store.read(name) for name in TABLES}
    if not damaged and any(one.damaged for one in read.values()):
        raise SystemExit(f"damaged though only processes were killed: {[one.damaged for one in read.values()]}")
    for name, one in read.items():
        for trial, rows in by_trial(one.table).items():
            if not rows.equals(committed(int(trial, 16), name)):
                raise SystemExit(f"{name}: rows of trial {trial} are not those that were committed")
    return read["trials"].table.num_rows


def by_trial(table: pa.Table) -> dict[str, pa.Table]:
    """Return trial -> its rows."""
    import pyarrow.compute as pc

    ids = table["trial_id"].unique().to_pylist()
    return {trial: table.filter(pc.equal(table["trial_id"], trial)).combine_chunks() for trial in ids}


def committed(number: int, name: str) -> pa.Table:
    """Return what the rows of a trial are to be: those that a store of it alone has."""
    from cnnjobs.store.files import Files
    from cnnjobs.store.store import Store

    if (number, name) not in _COMMITTED:
        with tempfile.TemporaryDirectory(dir=_SCRATCH) as folder:
            store = Store(Files(folder))
            store.commit(*run_of(number))
            for one in ("trials", "epochs", "predictions"):
                _COMMITTED[number, one] = store.read(one).table.combine_chunks()
    return _COMMITTED[number, name]


_SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where nothing has to outlive the power."""

_COMMITTED: dict[tuple[int, str], pa.Table] = {}


def kill_drill(folder: Path, draw: random.Random, rounds: int, longest_s: float = 0.4) -> Counter[str]:
    """Kill processes while they commit and compact; return how many were at work then.

    Args:
        folder: of the store.
        draw: decides when.
        rounds: how many processes.
        longest_s: after so many seconds at most.
    """
    write_job(folder)
    met: Counter[str] = Counter()
    before = 0
    nexts = [draw.choice(tuple(WORK)) for _ in range(rounds)]
    child = Child(nexts[0], folder)
    for number, work in enumerate(nexts):
        running = child
        if number + 1 < rounds:
            child = Child(nexts[number + 1], folder)  # imports meanwhile
        met[work] += running.killed_after(draw.uniform(0, longest_s))
        there = wrong_rows(folder, damaged=False)
        if there < before:
            raise SystemExit(f"{before - there} trials that were there are gone")
        before = there if there < TRIALS else _begin_again(folder)
    for work in WORK:
        Child(work, folder).killed_after(None)
    if wrong_rows(folder, damaged=False) != TRIALS:
        raise SystemExit("trials are missing at the end")
    return met


def _begin_again(folder: Path) -> int:
    """Remove the rows of a full store, so that there is something to commit; return how many are there now."""
    for path in sorted(folder.glob("*/*")):
        path.unlink()
    return 0


def damage_drill(folder: Path, draw: random.Random, rounds: int) -> Counter[str]:
    """Damage files; return how often each outcome was met: the file named, or the rows right all the same.

    Each time the store is repaired, the trials that are missing then are committed, and all is whole again.
    """
    import cnnjobs

    write_job(folder)
    commit_missing(folder)
    outcomes: Counter[str] = Counter()
    for number in range(rounds):
        if number == rounds // 2:
            compact_all(folder)
        files = sorted(path for path in folder.glob("*/*.parquet") if path.parent.name != "damaged")
        path = draw.choice([*files, folder / "job.json"])
        path.write_bytes(damaged_content(path.read_bytes(), draw, files))
        if path.name != "job.json":
            wrong_rows(folder, damaged=True)
        found = cnnjobs.verify(folder)
        named = path.name in str(found)
        outcomes["named" if named else "right"] += 1
        if found.whole == named:
            raise SystemExit(f"{path}: named {named}, all whole {found.whole}")
        cnnjobs.verify(folder, repair=True)
        write_job(folder)
        commit_missing(folder)
        if wrong_rows(folder, damaged=False) != TRIALS or not cnnjobs.verify(folder).whole:
            raise SystemExit(f"{path}: not whole after the repair and another run")
    return outcomes


def damaged_content(content: bytes, draw: random.Random, others: list[Path]) -> bytes:
    """Return a content with one bit flipped, cut short, with a block of zeros, or that of another file."""
    place, kind = draw.randrange(len(content)), draw.choice(("bit", "bit", "bit", "cut", "zeros", "other"))
    if kind == "bit":
        return content[:place] + bytes([content[place] ^ 1 << draw.randrange(8)]) + content[place + 1 :]
    if kind == "cut":
        return content[:place]
    if kind == "zeros":
        return content[:place] + bytes(min(512, len(content) - place)) + content[place + 512 :]
    return draw.choice(others).read_bytes()


# --- a job ---------------------------------------------------------------------------------------------------------


def submit(folder: Path, cpus: int) -> subprocess.Popen[bytes]:
    """Begin to submit the job, with a checkpoint after every epoch."""
    words = [
        sys.executable,
        "-m",
        "cnnjobs",
        "submit",
        "job.py",
        "--max-concurrent",
        str(cpus),
        "--checkpoint-every",
        "0",
    ]
    log = open(folder / "log.txt", "ab")  # noqa: SIM115 - of the child
    return subprocess.Popen([*words, "--address", "local"], cwd=folder, stdout=log, stderr=log, start_new_session=True)


def targets_of(process: subprocess.Popen[bytes], kind: str) -> list[Any]:
    """Return the processes of a kind that a submit has started."""
    import psutil

    try:
        children = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    if kind == "submit":
        return [psutil.Process(process.pid)]
    found = []
    for child in children:
        try:
            title = " ".join(child.cmdline())
        except psutil.Error:
            continue
        if (kind == "worker" and title.startswith("ray::") and "Trial" in title) or kind in Path(
            title.split(" ")[0]
        ).name:
            found.append(child)
    return found


def job_drill(folder: Path, draw: random.Random, kills: int, cpus: int) -> Counter[str]:
    """Kill processes of a job while it runs, submit it again until all is stored, and compare with a calm run.

    Args:
        folder: for both runs.
        draw: decides what is killed, and so many seconds after it was there.
        kills: how many; fewer if the job ends before.
        cpus: trials at once.
    """
    chaotic, calm = folder / "chaotic", folder / "calm"
    for place in (chaotic, calm):
        place.mkdir()
        (place / "job.py").write_text(JOB)
    plan = [(draw.choice(TARGETS), draw.uniform(0.5, 5)) for _ in range(kills)]
    met: Counter[str] = Counter()
    while True:
        process = submit(chaotic, cpus)
        started: dict[int, Any] = {}
        while process.poll() is None and plan:
            kind, wait_s = plan[0]
            if kill_one(process, kind, wait_s, draw, started):
                plan.pop(0)
                met[kind] += 1
                print(f"killed: {kind}", flush=True)
        code = process.wait()
        for one in started.values():
            if one.is_running():
                one.kill()  # what a killed submit left
        if code == 0:
            break
        print(f"submitted again after exit code {code}", flush=True)
    if submit(calm, cpus).wait() != 0:
        raise SystemExit("the calm run failed")
    compare(chaotic / "results" / "chaos", calm / "results" / "chaos")
    return met


def kill_one(process: Any, kind: str, wait_s: float, draw: random.Random, started: dict[int, Any]) -> bool:
    """Kill a process of a kind so long after there is one; say whether there was one then.

    Args:
        process: the submit.
        kind: of `TARGETS`.
        wait_s: seconds.
        draw: decides which of several.
        started: process number -> process that the submit has started; filled.
    """
    import psutil

    began: float | None = None
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            started |= {one.pid: one for one in psutil.Process(process.pid).children(recursive=True)}
        found = sorted(targets_of(process, kind), key=lambda one: int(one.pid))
        if found:
            began = began or time.monotonic()
            if time.monotonic() - began > wait_s:
                found[draw.randrange(len(found))].kill()
                return True
        time.sleep(0.1)
    return False


def compare(one: Path, other: Path) -> None:
    """Compare the results of two stores, bit by bit, but for when and where they were made.

    Raises:
        SystemExit: if they differ, or a trial is missing.
    """
    from cnnjobs.store.files import Files
    from cnnjobs.store.schemas import PROVENANCE_COLUMNS, TABLES
    from cnnjobs.store.store import Store

    for name, schema in TABLES.items():
        columns = [column for column in schema.names if column not in PROVENANCE_COLUMNS]
        first, second = (Store(Files(folder)).read(name, columns=columns) for folder in (one, other))
        if first.damaged or second.damaged or not first.table.equals(second.table):
            raise SystemExit(f"{name} differ, or are damaged: {first.damaged} {second.damaged}")
        print(f"{name}: {first.table.num_rows} rows, equal to the bit", flush=True)


def main() -> None:
    """Run the drill that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drill", choices=("store", "job", "child"))
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=100, help="processes that are killed, and files that are damaged")
    parser.add_argument("--kills", type=int, default=8, help="of the job")
    parser.add_argument("--cpus", type=int, default=2, help="trials at once")
    asked = parser.parse_args()
    if asked.drill == "child":
        work, folder = asked.words
        import cnnjobs.store.compaction  # noqa: F401 - before it says that it is ready

        print("ready", flush=True)
        sys.stdin.readline()
        WORK[work](Path(folder))
        return
    draw = random.Random(asked.seed)
    with tempfile.TemporaryDirectory(prefix="chaos-", dir=_SCRATCH if asked.drill == "store" else None) as top:
        if asked.drill == "job":
            print(dict(job_drill(Path(top), draw, asked.kills, asked.cpus)))
            return
        print("killed at work:", dict(kill_drill(Path(top, "kills"), draw, asked.rounds)), flush=True)
        print("damaged files:", dict(damage_drill(Path(top, "damages"), draw, asked.rounds)), flush=True)


if __name__ == "__main__":
    main()
