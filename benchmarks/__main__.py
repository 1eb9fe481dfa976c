"""Measures this project and what a person would use instead, alternating, and writes the README's figures.

    python -m benchmarks                       # all parts, on an otherwise idle machine
    python -m benchmarks small --rounds 5
    python -m benchmarks large --photos FOLDER # CIFAR-10 as FOLDER/train/CLASS/*.jpg and FOLDER/test/...
    python -m benchmarks --toy --out /tmp/toy  # each at toy size: does it work?
    python -m benchmarks --render              # the README again, from the numbers kept

Of each part it writes numbers (`PART.json`), a chart (`PART.svg`) and a section of `README.md` between markers.
Exit code 1 if a contender failed; goals that are not reached are no failures.
"""

import argparse
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from benchmarks import chart, machine, parts, readme
from benchmarks.part import Part, Settings, Skipped
from benchmarks.photos import toy
from benchmarks.race import tell
from benchmarks.record import Record

HOME = Path(__file__).parent

QUIET_LOAD = 0.5
"""Load, over the last minute, above which a machine is not idle."""


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; return the exit code."""
    parser = _parser()
    asked = parser.parse_args(words)
    if unknown := set(asked.parts) - {*parts.NAMES}:
        parser.error(f"PART must be among {', '.join(parts.NAMES)}. Received: {', '.join(sorted(unknown))}.")
    out: Path = asked.out or (Path(tempfile.mkdtemp(prefix="benchmarks-")) if asked.toy else HOME)
    out.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in asked.parts or parts.NAMES:
        part = parts.load(name)
        record = _kept(part, out) if asked.render else _measure(part, asked, out)
        if record is None:
            continue
        write(part, record, out)
        for goal in part.goals:
            tell(f"{name}: {readme.goals_line(goal, record)}")
        failed = failed or bool(record.errors() or record.failure)
    tell(f"written: {out / 'README.md'}")
    return int(failed)


def write(part: Part, record: Record, out: Path) -> None:
    """Write the chart and the section of a part."""
    name = f"{part.name}.svg"
    drawn = part.chart and chart.draw(part, record, out / name)
    path = out / "README.md"
    section = readme.section(part, record, name if drawn else None)
    path.write_text(readme.replaced(readme.read(path, "Benchmarks"), part.name, section), encoding="utf-8")


def _measure(part: Part, asked: argparse.Namespace, out: Path) -> Record | None:
    if not asked.toy:
        tell(f"{part.name}: {part.title}; about {part.minutes:g} minutes on two cores")
    record = Record(part.name, machine.facts(asked.peers), toy=asked.toy)
    if record.machine["load_before"] > QUIET_LOAD and not asked.toy:
        tell(f"{part.name}: the machine is at work already (load {record.machine['load_before']}): figures are noisy")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        photos = asked.photos or (toy(Path(folder) / "photos") if asked.toy else None)
        settings = Settings(Path(folder), asked.rounds, asked.toy, photos, asked.peers, tuple(asked.contenders))
        try:
            for news in part.measure(settings):
                record.add(news)
                record.save(_file(part, out))
        except Skipped as why:
            tell(f"{part.name}: not measured: {why}")
        except Exception:  # what was measured is kept, and the other parts are measured
            record.failure = traceback.format_exc()
            tell(f"{part.name}: failed\n{record.failure}")
    if not record.rounds and not record.failure:
        return None
    record.machine |= machine.afterwards()
    record.save(_file(part, out))
    return record


def _kept(part: Part, out: Path) -> Record | None:
    path = _file(part, out)
    return Record.load(path) if path.exists() else None


def _file(part: Part, out: Path) -> Path:
    return out / f"{part.name}.json"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts.NAMES))
    parser.add_argument("--rounds", type=int, help="how often each contender runs")
    parser.add_argument("--toy", action="store_true", help="at toy size; never into the README here")
    parser.add_argument("--photos", type=Path, metavar="FOLDER", help="CIFAR-10 as train/CLASS/*.jpg and test/...")
    parser.add_argument("--peers", metavar="PYTHON", help="the Python of an environment that has the peers")
    parser.add_argument("--contenders", type=_names, default=(), metavar="A,B", help="only these")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where results go  [default: benchmarks/]")
    parser.add_argument("--render", action="store_true", help="measure nothing: write the README from the numbers")
    return parser


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # contenders are ended as well
    sys.exit(main())
