"""Throws made-up job files, options, archives, pictures, folders, tables, models and results at the command line.

    python benchmarks/fuzz --cases 10000 --seed 1            # all kinds in turn
    python benchmarks/fuzz --only archives --cases 500
    python benchmarks/fuzz --only archives --case 17 --keep  # one case again, with what it said

A case is a function of seed, kind and number alone. Each runs in a process of its own, which may take 10 s of the
processor, 60 s of the clock and 4 GiB. It must end with exit code 0, 1 or 2, with a message where that is not 0, and
without a traceback, raw escapes or a flood of text; and no code may run that came from a file of data.
"""

import argparse
import collections
import itertools
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("PYTHONWARNINGS", "ignore")
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "tests")]

import archives  # noqa: E402
import bounded  # noqa: E402
import folders  # noqa: E402
import job_files  # noqa: E402
import models  # noqa: E402
import options  # noqa: E402
import pictures  # noqa: E402
import results  # noqa: E402
import tables  # noqa: E402

KINDS = {
    "jobs": job_files.make,
    "options": options.make,
    "archives": archives.make,
    "pictures": pictures.make,
    "folders": folders.make,
    "tables": tables.make,
    "models": models.make,
    "results": results.make,
}


def run_case(kind: str, number: int, seed: int, folder: Path) -> tuple[list[str], bounded.Ended]:
    """Make a case in a folder and run its command there; return the command and how it ended."""
    folder.mkdir(parents=True)
    made = KINDS[kind](random.Random(f"{seed}-{kind}-{number}"), folder)
    return made, bounded.run(made, folder)


def main() -> None:
    """Run the cases and list what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=700, help="how many, of all kinds together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=list(KINDS), action="append", help="only this kind")
    parser.add_argument("--case", type=int, help="only the case of this number")
    parser.add_argument("--first", type=int, default=0, help="number of the first case of each kind")
    parser.add_argument("--keep", action="store_true", help="leave the files of findings, and say what a case said")
    parser.add_argument("--said", action="store_true", help="what each case said, in a line")
    given = parser.parse_args()
    kinds = given.only or list(KINDS)
    drawn = ((number, kind) for number in itertools.count(given.first) for kind in kinds)
    cases = itertools.islice(drawn, given.cases) if given.case is None else [(given.case, kind) for kind in kinds]
    room = Path(tempfile.mkdtemp(prefix="cnnjobs-fuzz-"))
    began, codes, findings = time.monotonic(), collections.Counter[str](), 0
    slowest = (0.0, "")
    bounded.prepare(room)
    for number, kind in cases:
        folder = room / f"{kind}-{number}"
        start = time.monotonic()
        words, ended = run_case(kind, number, given.seed, folder)
        codes[f"{kind} {ended.code}"] += 1
        slowest = max(slowest, (time.monotonic() - start, f"{kind} {number}"))
        if given.case is not None:
            print(" ".join(words), ended.said, sep="\n")
        elif given.said:
            print(f"{kind} {number}: {ended.code} {' '.join(words)[:60]!r} {ended.said.strip()[-200:]!r}")
        if ended.finding:
            findings += 1
            print(f"{kind} {number}: {ended.finding}\n    {' '.join(words)[:300]}\n{ended.about(12)}", flush=True)
        if not (given.keep and ended.finding):
            shutil.rmtree(folder, ignore_errors=True)
    if not given.keep:
        shutil.rmtree(room, ignore_errors=True)
    ran = sum(codes.values())
    print(
        f"{ran} cases in {time.monotonic() - began:.0f} s, seed {given.seed}: {findings} findings; slowest: {slowest[1]}, {slowest[0]:.1f} s"
    )
    print("exit codes:", ", ".join(f"{name}: {count}" for name, count in sorted(codes.items())))
    sys.exit(1 if findings or not ran else 0)


if __name__ == "__main__":
    main()
