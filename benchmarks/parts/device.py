"""What is sent to the device that trains: the whole data set once, the pictures of an epoch, or more than that?"""

import json
import sys
from collections.abc import Iterator
from functools import partial

from benchmarks.commands import Command, Ran
from benchmarks.device_data import WAYS
from benchmarks.part import Absent, Goal, Measurement, Part, Quantity, Settings
from benchmarks.race import race

CORES = "cores"
PARTS = ("training", "validation", "test")
ROWS, TOY_ROWS = 10_000, 200


def run(settings: Settings) -> Iterator[Measurement | Absent]:
    """Measure each way in a process of its own."""
    rows = TOY_ROWS if settings.toy else ROWS
    contenders = {name: (partial(_prepare, settings, name, rows), _read) for name in settings.chosen(PART.contenders)}
    yield from race(contenders, settings.rounds or (1 if settings.toy else 2), 300)


def _prepare(settings: Settings, way: str, rows: int, name: str) -> Command:
    folder = settings.folder / name
    folder.mkdir()
    return Command([sys.executable, "-m", "benchmarks.device_data", way, str(rows), str(folder)], folder)


def _read(ran: Ran, command: Command) -> dict[str, object]:
    found = json.loads((command.results / "found.json").read_text(encoding="utf-8"))
    return {f"{part}_mb": found[f"{part}_bytes"] / 1e6 for part in PARTS} | {
        f"{part}_seconds": found[f"{part}_seconds"] for part in PARTS
    }


PART = Part(
    name="device",
    title="Data on the device",
    about=(
        f"A trial on a GPU trains on 4/5 of {ROWS:,} pictures of 32 x 32 x 3, uint8, with flips, shifts and "
        "rotations, batch 128, validates on the others and tests on a fifth as many. The table shows the bytes "
        "that TensorFlow sends from the host to the device per epoch: each `_Send` of its graphs that runs, as "
        "seen by its profiler, times the size of the tensor. Without a GPU, a second logical CPU device takes its"
        " place. The graphs are divided in the same way, so the bytes are the same. The seconds are those of two "
        "cores; they only show that nothing became slower."
    ),
    contenders={**WAYS, CORES: "no GPU: a trial on cores"},
    measure=run,
    minutes=4,
    goals=(
        Goal("on the device", 0.1, ("as before",), "training_mb"),
        Goal("on the device", 0.1, ("as before",), "validation_mb"),
    ),
    quantities=(
        *(Quantity(f"{part}_mb", f"{part}, MB per epoch", "{:,.2f}") for part in PARTS),
        *(Quantity(f"{part}_seconds", f"{part}, s", "{:.2f}") for part in PARTS),
    ),
    reference="as before",
    chart=False,
)
