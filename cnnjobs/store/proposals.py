"""Proposals of a ledger: what each asks, its level, what it came to; and that each follows from those before."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from cnnjobs.stats.online_fdr import lord_level
from cnnjobs.store.json_fields import Fields

ACCEPTED = ("better", "not_worse")
"""Decisions for a candidate."""

FINAL = (*ACCEPTED, "worse", "equal")
"""Decisions that no further repeats change."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a proposal is: a candidate against a reference.

    Args:
        job: name of the job.
        candidate: name of the variant that is proposed.
        reference: name of the variant that it is compared with.
        candidate_id: condition id of the candidate.
        reference_id: condition id of the reference.
        metric: a column of `trials`.
        no_worse_by: by how much the candidate may be worse, as the metric is stored, above 0; None where it is to be
            better.
    """

    job: str
    candidate: str
    reference: str
    candidate_id: str
    reference_id: str
    metric: str
    no_worse_by: float | None = None

    @property
    def identity(self) -> tuple[Any, ...]:
        """What makes two proposals one: conditions, metric and hypothesis, whatever the names."""
        return self.candidate_id, self.reference_id, self.metric, self.no_worse_by


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What a test of a proposal came to.

    Args:
        decision: "better", "not_worse", "worse", "equal", or why there is none.
        p: sequential p, two-sided, against the proposal's level.
        pairs: with a value on both sides.
        repeats: used, of each side.
        mean: of the pairs, as the metric is stored; None without one. Of what was accepted it is biased: it decided.
        low: end of the interval at one minus the proposal's level; None without one.
        high: other end.
    """

    decision: str
    p: float
    pairs: int
    repeats: int
    mean: float | None
    low: float | None
    high: float | None

    @property
    def accepted(self) -> bool:
        """Whether the candidate passed."""
        return self.decision in ACCEPTED

    @property
    def final(self) -> bool:
        """Whether further repeats change nothing."""
        return self.decision in FINAL


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """An accepted candidate, measured again on seeds that did not decide.

    Args:
        repeats: (first, last) of them, counted from 0.
        runs: with a value.
        mean: of them, as the metric is stored; None without one.
        sd: of them, ddof=1; None below two.
        low: end of the 95% interval of the mean; None below two.
        high: other end.
    """

    repeats: tuple[int, int]
    runs: int
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A proposal in the ledger.

    Args:
        number: counted from 1.
        time: when it was made, ISO 8601 in UTC.
        question: what it asks.
        alpha: level at which it is tested.
        first: the first repeat that is compared, from 0: after those by which one of its sides was accepted.
        ending: what the test came to; None while it has none.
        confirmation: the candidate measured again; None if it was not.
    """

    number: int
    time: str
    question: Question
    alpha: float
    first: int
    ending: Ending | None = None
    confirmation: Confirmation | None = None


@dataclass
class Record:
    """All that a ledger says.

    Args:
        proposals: in their order.
        accepted: for each acceptance, in the order in which they came, the number of the last proposal by then.
        digest: of the last line; empty for an empty file.
    """

    proposals: list[Proposal] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)
    digest: str = ""

    @property
    def next_level(self) -> float:
        """The level of the next proposal."""
        return lord_level(len(self.proposals) + 1, self.accepted)

    def find(self, question: Question) -> Proposal | None:
        """Return the proposal that asks the same, under whatever names."""
        return next((one for one in self.proposals if one.question.identity == question.identity), None)

    def first_repeat(self, question: Question) -> int:
        """Return the first repeat that decided about neither side when it was accepted."""
        used = [
            one.first + one.ending.repeats
            for one in self.proposals
            if one.ending is not None
            and one.ending.accepted
            and one.question.candidate_id in (question.candidate_id, question.reference_id)
        ]
        return max(used, default=0)

    def take(self, event: Fields) -> None:
        """Take in the next event.

        Raises:
            UnsoundError: if it does not follow from those before.
        """
        kind = event.get("event", str)
        take = {"proposal": self._take_proposal, "ending": self._take_ending, "confirmation": self._take_confirmation}
        if kind not in take:
            raise event.unsound("event", f"one of {', '.join(take)}")
        take[kind](event)

    def _take_proposal(self, event: Fields) -> None:
        number, alpha = event.get("number", int), _real(event, "alpha")
        if number != len(self.proposals) + 1:
            raise event.unsound("number", f"{len(self.proposals) + 1}, the one that follows")
        if not math.isclose(alpha, self.next_level, rel_tol=1e-9):
            raise event.unsound("alpha", f"{self.next_level:.9g}, which follows from the proposals before")
        question = _question(event)
        if self.find(question) is not None:
            raise event.unsound("candidate_id", "that of a new proposal: the same one is in the ledger already")
        made, first = event.get("time", str), event.get("first", int)
        self.proposals.append(Proposal(number=number, time=made, question=question, alpha=alpha, first=first))

    def _take_ending(self, event: Fields) -> None:
        before = self._numbered(event)
        ending = Ending(
            decision=event.get("decision", str),
            p=_real(event, "p"),
            pairs=event.get("pairs", int),
            repeats=event.get("repeats", int),
            **{name: _optional_real(event, name) for name in ("mean", "low", "high")},
        )
        if before.ending is not None and before.ending.final:
            raise event.unsound("number", "that of a proposal that is not decided yet")
        if ending.accepted and ending.p > before.alpha * (1 + 1e-9):
            raise event.unsound("p", f"at most {before.alpha:.9g}, the level of the proposal, where it was accepted")
        self.proposals[before.number - 1] = replace(before, ending=ending)
        if ending.accepted:
            self.accepted.append(len(self.proposals))

    def _take_confirmation(self, event: Fields) -> None:
        before = self._numbered(event)
        if before.ending is None or not before.ending.accepted:
            raise event.unsound("number", "that of a proposal that was accepted")
        first, last = event.get("repeats", list)
        confirmation = Confirmation(
            repeats=(first, last),
            runs=event.get("runs", int),
            **{name: _optional_real(event, name) for name in ("mean", "sd", "low", "high")},
        )
        self.proposals[before.number - 1] = replace(before, confirmation=confirmation)

    def _numbered(self, event: Fields) -> Proposal:
        number = event.get("number", int)
        if not 1 <= number <= len(self.proposals):
            raise event.unsound("number", "that of a proposal before it")
        return self.proposals[number - 1]


def _question(event: Fields) -> Question:
    texts = ("job", "candidate", "reference", "candidate_id", "reference_id", "metric")
    own = {name: event.words(name) for name in texts}
    return Question(**own, no_worse_by=_optional_real(event, "no_worse_by"))


def _real(fields: Fields, name: str) -> float:
    """Return a finite number.

    Raises:
        UnsoundError: if it is none.
    """
    value = fields.any(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise fields.unsound(name, "a finite number")
    return float(value)


def _optional_real(fields: Fields, name: str) -> float | None:
    """Return a finite number, or None where it is missing or null."""
    return None if fields.values.get(name) is None else _real(fields, name)
