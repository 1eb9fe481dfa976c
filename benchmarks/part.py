"""What a benchmark is: a part has contenders, measures them in rounds, and has goals; `parts/` holds one a module."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
"""The checkout."""


class Skipped(Exception):
    """A part cannot be measured here, and says why: it lacks `--photos`, for example."""


@dataclass(frozen=True)
class Settings:
    """What the command line asks of a part.

    Args:
        rounds: how often each contender runs; None for as often as the part finds right.
        toy: at toy size, in seconds: a test that it works. Its figures mean nothing.
        photos: CIFAR-10 as train/CLASS/*.jpg and test/CLASS/*.jpg, for the parts that need photos.
        peers: the Python of an environment with the packages of peers that this one lacks.
        contenders: only these; empty for all.
        folder: for files of the measurement, gone afterwards.
    """

    folder: Path
    rounds: int | None = None
    toy: bool = False
    photos: Path | None = None
    peers: str | None = None
    contenders: tuple[str, ...] = ()

    def chosen(self, names: Mapping[str, Any]) -> tuple[str, ...]:
        """Return which of a part's contenders run, in its order."""
        return tuple(name for name in names if not self.contenders or name in self.contenders)


class Measurement(NamedTuple):
    """What one contender came to in one round.

    Args:
        round: from 0.
        contender: its name.
        found: quantity -> number, or a list of numbers; or {"error": text} of one that failed.
    """

    round: int
    contender: str
    found: dict[str, Any]


class Absent(NamedTuple):
    """A contender that cannot run here.

    Args:
        contender: its name.
        why: "not installed", for example.
    """

    contender: str
    why: str


@dataclass(frozen=True)
class Quantity:
    """Something measured of each contender, a column of the table.

    Args:
        name: in `Measurement.found`.
        heading: of the column, with its unit.
        form: how a number is written.
        spread: the smallest and the largest beside the median.
    """

    name: str
    heading: str
    form: str = "{:,.1f}"
    spread: bool = False


SECONDS = Quantity("seconds", "seconds (min to max)", spread=True)


@dataclass(frozen=True)
class Goal:
    """A number to reach.

    Args:
        contender: whose.
        bound: its quantity is to be at most this.
        against: the bound is that of the ratio to this contender within a round; of several, to the one with the
            smallest median.
        quantity: of which.
        at_least: the bound is the least, not the most.
    """

    contender: str
    bound: float
    against: tuple[str, ...] = ()
    quantity: str = "seconds"
    at_least: bool = False


Measure = Callable[[Settings], Iterator[Measurement | Absent]]
"""Yields each measurement as soon as it is there, so that what was measured is kept whatever happens later."""


@dataclass(frozen=True)
class Part:
    """A benchmark: a section of the README.

    Args:
        name: on the command line, and of its files.
        title: heading of its section, which says the question.
        about: a paragraph of Markdown: what runs, and what the clock begins and ends with.
        contenders: name -> what it is, in Markdown.
        measure: does it.
        minutes: about how long that takes on two cores.
        goals: what is to be reached.
        quantities: columns of the table, the first of which is in the chart.
        reference: the contender whose ratio to each other one is a column, for the first quantity.
        chart: whether there is one.
        section: makes more Markdown of the record below the table; a `benchmarks.record.Record` is what it takes.
    """

    name: str
    title: str
    about: str
    contenders: Mapping[str, str]
    measure: Measure
    minutes: float
    goals: tuple[Goal, ...] = ()
    quantities: tuple[Quantity, ...] = (SECONDS,)
    reference: str | None = None
    chart: bool = True
    section: Callable[[Any], str] | None = field(default=None)
