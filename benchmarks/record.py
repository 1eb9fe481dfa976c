"""What was measured, kept as JSON beside the README: rounds of contenders of quantities, and on what machine."""

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.part import Absent, Goal, Measurement

ERROR = "error"


@dataclass
class Record:
    """The measurements of a part.

    Args:
        part: its name.
        machine: facts about it and what is installed, and its load before and after; see `benchmarks.machine`.
        toy: whether at toy size.
        rounds: of each, contender -> quantity -> number or list of numbers; or {"error": text}.
        absent: contender -> why it did not take part.
        failure: the traceback of what ended the measurement early, if anything did.
    """

    part: str
    machine: dict[str, Any] = field(default_factory=dict)
    toy: bool = False
    rounds: list[dict[str, dict[str, Any]]] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    failure: str = ""

    def add(self, news: Measurement | Absent) -> None:
        """Take in what was measured, or why it cannot be."""
        if isinstance(news, Absent):
            self.absent[news.contender] = news.why
            return
        while len(self.rounds) <= news.round:
            self.rounds.append({})
        self.rounds[news.round][news.contender] = news.found

    def save(self, path: Path) -> None:
        """Write it, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        new.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Record":
        """Read one."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def contenders(self) -> list[str]:
        """Return who took part, in the order of their first round."""
        return list(dict.fromkeys(name for one in self.rounds for name in one))

    def values(self, contender: str, quantity: str = "seconds") -> list[float]:
        """Return a quantity of a contender in each round that has it; of lists of numbers, all of them."""
        found = [one[contender][quantity] for one in self.rounds if quantity in one.get(contender, {})]
        return [number for each in found for number in (each if isinstance(each, list) else [each])]

    def median(self, contender: str, quantity: str = "seconds") -> float | None:
        """Return the median over rounds; None if there is none."""
        values = self.values(contender, quantity)
        return statistics.median(values) if values else None

    def ratio(self, one: str, other: str, quantity: str = "seconds") -> float | None:
        """Return the median over rounds of the ratio of two contenders within a round; None without such a round."""
        pairs = [
            (each[one].get(quantity), each[other].get(quantity)) for each in self.rounds if {one, other} <= {*each}
        ]
        ratios = [x / y for x, y in pairs if x is not None and y]
        return statistics.median(ratios) if ratios else None

    def errors(self) -> dict[str, str]:
        """Return contender -> what its last failure said, of those that failed in any round."""
        return {name: found[ERROR] for one in self.rounds for name, found in one.items() if ERROR in found}


@dataclass(frozen=True)
class Judged:
    """A goal, and what was found.

    Args:
        goal: it.
        against: the contender of the ratio, if it is one.
        found: None if it was not measured.
    """

    goal: Goal
    against: str | None
    found: float | None

    @property
    def reached(self) -> bool:
        """Whether what was found is within the bound."""
        if self.found is None:
            return False
        return self.found >= self.goal.bound if self.goal.at_least else self.found <= self.goal.bound


def judge(goal: Goal, record: Record) -> Judged:
    """Compare a record with a goal."""
    if not goal.against:
        return Judged(goal, None, record.median(goal.contender, goal.quantity))
    medians = {name: record.median(name, goal.quantity) for name in goal.against}
    best = min((name for name, value in medians.items() if value is not None), key=lambda n: medians[n], default=None)
    if best is None:
        return Judged(goal, None, None)
    return Judged(goal, best, record.ratio(goal.contender, best, goal.quantity))
