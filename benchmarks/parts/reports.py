"""Reports of stored results: 1,000 trials with predictions, and as few as the quickstart's; tables beside DuckDB's."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.aggregate import compacted, make_store
from benchmarks.commands import Command, Ran
from benchmarks.part import SECONDS, Absent, Goal, Measurement, Part, Quantity, Settings
from benchmarks.race import Prepare, Read, race

TIMEOUT_S = 600.0

LARGE, ONE_CORE, ALL_FORMATS = "1,000 trials", "1,000 trials, one core", "1,000 trials, all formats"
SMALL, TABLES, DUCKDB = "quickstart's size", "1,000 trials, tables", "1,000 trials, DuckDB"

CONTENDERS = {
    LARGE: "`cnnjobs aggregate`, 83 figures as SVG",
    ALL_FORMATS: "`cnnjobs aggregate --formats png,pdf`",
    ONE_CORE: "`cnnjobs aggregate` that may use one core",
    SMALL: "`cnnjobs aggregate` of 9 trials of three variants, 360 examples each",
    TABLES: "tables alone, in Python",
    DUCKDB: "SQL over the same files: n, mean, SD of variants and paired differences",
}


def run(settings: Settings) -> Iterator[Measurement | Absent]:
    """Measure: three rounds over stores that are made up and written by the store's own code."""
    large, small = settings.folder / "large", settings.folder / "small"
    trials, epochs, examples, variants = (4, 3, 30, 2) if settings.toy else (1000, 100, 1000, 20)
    make_store(large, trials, epochs, examples, classes=10, variants=variants)
    compacted(large)
    make_store(small, *((4, 3, 30) if settings.toy else (9, 10, 360)), classes=10, variants=2 if settings.toy else 3)
    words = {
        LARGE: _aggregate(large),
        ALL_FORMATS: [*_aggregate(large), "--formats", "png,pdf"],
        ONE_CORE: ["taskset", "-c", str(min(os.sched_getaffinity(0))), *_aggregate(large)],
        SMALL: _aggregate(small),
        TABLES: _contender("tables", large, trials),
        DUCKDB: _contender("duckdb", large, trials),
    }
    chosen = settings.chosen(words)
    if ONE_CORE in chosen and shutil.which("taskset") is None:
        yield Absent(ONE_CORE, "there is no `taskset` here")
        chosen = tuple(name for name in chosen if name != ONE_CORE)
    contenders: dict[str, tuple[Prepare, Read]] = {
        name: (_Prepared(words[name], settings.folder), _read) for name in chosen
    }
    yield from race(contenders, settings.rounds or (1 if settings.toy else 3), TIMEOUT_S)


def _aggregate(store: Path) -> list[str]:
    return [sys.executable, "-m", "cnnjobs", "aggregate", str(store)]


def _contender(name: str, store: Path, trials: int) -> list[str]:
    script = str(Path(__file__).parents[1] / "aggregate.py")
    return [sys.executable, script, "--contender", name, "--folder", str(store), "--trials", str(trials)]


class _Prepared:
    """Makes the command of a run, which writes its report into a folder of its own."""

    def __init__(self, words: Sequence[str], folder: Path) -> None:
        self._words, self._folder = words, folder

    def __call__(self, name: str) -> Command:
        """Return the command."""
        report = self._folder / name.replace(",", "").replace("'", "")
        output = ["--output", str(report)] if "aggregate" in self._words else []
        return Command([*self._words, *output], report, suffix=".svg")


def _read(ran: Ran, command: Command) -> dict[str, object]:
    found: dict[str, object] = {"seconds": ran.exit_s, "cpu": ran.busy[-1][1]}
    if "--output" not in command.words:
        return found
    if not (command.results / "index.html").is_file():
        raise ValueError("There is no report.")
    return found | {"figures": float(ran.results)}


PART = Part(
    name="reports",
    title="Reports",
    about=(
        "The stores are made up and written by the store's own code. One has 1,000 trials of twenty variants with"
        " 100 epochs and 1,000 predictions of ten classes each, compacted; the other has the quickstart's size. "
        "The clock starts when the command is typed, with nothing in memory, and stops with the prompt, after "
        "tables, figures, web page and all files. CPU seconds are those of the whole machine during this time."
    ),
    contenders=CONTENDERS,
    measure=run,
    minutes=6,
    goals=(Goal(LARGE, 30), Goal(SMALL, 4)),
    quantities=(SECONDS, Quantity("cpu", "CPU seconds"), Quantity("figures", "figures", "{:.0f}")),
    reference=LARGE,
)
