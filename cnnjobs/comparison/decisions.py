"""What the rule of a job decides from its runs: the same from a store as while they come in, in whatever order."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cnnjobs.comparison.metric_format import metric_format
from cnnjobs.messages import FINISHED, Status
from cnnjobs.stats import sequential
from cnnjobs.stats.sequential import Decision, Kept, Rule, Verdict, decide
from cnnjobs.store.decision_rule import DecisionRule, StoredDecision
from cnnjobs.store.expectation import dropped_conditions
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import StoredJob

COLUMNS = ("trial_id", "condition_id", "repeat", "status", "dataset_fingerprint", "limit_train")
"""What is read of each trial, beside the metric of the rule."""

Run = tuple[str, int]
"""(condition id, repeat from 0)."""


@dataclass
class Endings:
    """How runs ended.

    Args:
        values: of those that ended; None of one that diverged, or has no finite value.
        ids: of their trials.
        failed: those whose last try failed.
    """

    values: dict[Run, float | None] = field(default_factory=dict)
    ids: dict[Run, str] = field(default_factory=dict)
    failed: set[Run] = field(default_factory=set)

    @classmethod
    def of_rows(cls, rows: Iterable[Mapping[str, Any]], metric: str) -> Endings:
        """Return those of rows of `trials`."""
        endings = cls()
        for row in rows:
            endings.add((row["condition_id"], row["repeat"]), row["trial_id"], row["status"], row.get(metric))
        return endings

    @classmethod
    def of_store(cls, store: Store, metric: str) -> Endings:
        """Return those of the stored runs.

        Args:
            store: of the job.
            metric: a column of `trials`.
        """
        return cls.of_rows(store.read("trials", columns=[*COLUMNS, metric]).table.to_pylist(), metric)

    def add(self, run: Run, trial_id: str, status: str, value: float | None) -> None:
        """Take in how a run ended."""
        self.ids[run] = trial_id
        if status not in FINISHED:
            self.failed.add(run)
            return
        self.failed.discard(run)
        finite = status == Status.COMPLETED and value is not None and math.isfinite(value)
        self.values[run] = value if finite else None

    def forget_failed(self) -> None:
        """Forget runs whose last try failed, as if they had not been tried."""
        for run in self.failed:
            self.ids.pop(run, None)
        self.failed.clear()

    def differences(self, condition: str, reference: str, first: int = 0) -> list[float | None]:
        """Return, repeat by repeat, a variant minus the reference, until the first that has not ended on both sides.

        Args:
            condition: id of the variant.
            reference: id of the reference.
            first: repeat that is compared first, from 0.
        """
        found: list[float | None] = []
        for repeat in range(first, self.paired(condition, reference, first)):
            own, other = self.values[condition, repeat], self.values[reference, repeat]
            found.append(None if own is None or other is None else own - other)
        return found

    def paired(self, condition: str, reference: str, known: int = 0) -> int:
        """Return how many of the first repeats have ended on both sides, counting on from those that are known to."""
        while (condition, known) in self.values and (reference, known) in self.values:
            known += 1
        return known

    def waits(self, condition: str, reference: str, repeat: int) -> bool:
        """Say whether a repeat failed on one side, so that a variant waits for it."""
        sides = ((condition, repeat), (reference, repeat))
        return any(side in self.failed and side not in self.values for side in sides)

    def diverged(self, condition: str, repeats: int, first: int = 0) -> int:
        """Return how many repeats of a variant, so many from the first on, have no value."""
        return sum(self.values.get((condition, repeat), 0.0) is None for repeat in range(first, first + repeats))

    def trial_ids(self, condition: str, reference: str, repeats: int) -> tuple[str, ...]:
        """Return the ids of the first repeats of a variant, and of the reference."""
        runs = [(one, repeat) for one in (condition, reference) for repeat in range(repeats)]
        return tuple(self.ids[run] for run in runs if run in self.ids)


@dataclass(frozen=True)
class Ruling:
    """What the rule says of each variant of a job.

    Args:
        rule: as it is kept.
        reference: name of the variant that the others are compared with.
        decisions: variant -> decision, in the order of the job.
        family: comparisons that Holm counts.
        further: variant -> differences of later repeats, which are not used.
        waiting: variant -> the repeat, from 1, that failed and is waited for.
        diverged: variant -> (its own, the reference's) repeats without a value, of those used.
        changed: variant -> what is stored now does not give the decision that was made, and why.
        suspended: of these, variants with runs missing -> repeats of the decision, which stands again once the same
            have run again.
        first: repeat, from 0, that the rule began with.
    """

    rule: DecisionRule
    reference: str
    decisions: Mapping[str, Decision]
    family: int
    further: Mapping[str, tuple[float, ...]]
    waiting: Mapping[str, int]
    diverged: Mapping[str, tuple[int, int]]
    changed: Mapping[str, str]
    suspended: Mapping[str, int] = field(default_factory=dict)
    first: int = 0

    @property
    def open(self) -> list[str]:
        """Variants that need more repeats."""
        return [name for name, one in self.decisions.items() if one.verdict is Verdict.OPEN]

    @property
    def looked_at(self) -> int:
        """Repeats that all variants have which are open and do not wait for one that failed; 0 where there is none."""
        return min((self.decisions[name].repeats for name in self.open if name not in self.waiting), default=0)

    @property
    def next_look(self) -> int:
        """Repeats after which the next decision may come."""
        return max(self.looked_at + 1, sequential.FIRST_LOOK)

    @property
    def repeats(self) -> dict[str, int]:
        """Variant -> its repeats by the rule: those used; of an open one, and so of the reference, all allowed."""
        own = {
            name: self.rule.most_repeats if one.verdict is Verdict.OPEN else one.repeats
            for name, one in self.decisions.items()
        }
        own |= self.suspended
        return {self.reference: max(own.values(), default=self.rule.most_repeats)} | own

    def kept(self, conditions: Mapping[str, str], endings: Endings) -> DecisionRule:
        """Return the rule with what is decided now; decisions of variants that the job does not list stay.

        Args:
            conditions: variant -> condition id.
            endings: that the decisions were made from.
        """
        decisions = dict(self.rule.decisions)
        for name, one in self.decisions.items():
            condition = conditions[name]
            if name in self.suspended:
                continue
            if not one.verdict.is_decided:
                decisions.pop(condition, None)
            elif condition not in decisions or name in self.changed:
                decisions[condition] = _as_stored(one, self.family, condition, self.rule.reference, endings)
        return self.rule.with_decisions(decisions)


def ruling(
    rule: DecisionRule, conditions: Mapping[str, str], endings: Endings, dropped: Collection[str] = ()
) -> Ruling:
    """Return what the rule says, as far as runs have ended.

    Args:
        rule: as it is kept.
        conditions: variant -> condition id, of the job's variants; the reference is among them.
        endings: how runs ended.
        dropped: conditions that have runs and are not the job's: Holm counts them.
    """
    compared = {name: one for name, one in conditions.items() if one != rule.reference}
    reference = next(name for name, one in conditions.items() if one == rule.reference)
    family = len({*compared.values(), *rule.variants, *dropped} - {rule.reference})
    sequences = {name: endings.differences(one, rule.reference) for name, one in compared.items()}
    kept, changed, lacking = _kept(rule, compared, sequences, endings)
    waiting = _waiting(compared, sequences, endings, rule)
    decisions = decide(sequences, rule_of(rule), family=family, kept=kept, waiting={*waiting, *lacking})
    decisions |= {name: _reopened(decisions[name], repeats) for name, repeats in lacking.items()}
    further = {
        name: tuple(v for v in sequences[name][one.repeats :] if v is not None) for name, one in decisions.items()
    }
    diverged = {
        name: (endings.diverged(compared[name], one.repeats), endings.diverged(rule.reference, one.repeats))
        for name, one in decisions.items()
    }
    return Ruling(rule, reference, decisions, family, further, waiting, diverged, changed, lacking)


def job_ruling(store: Store, job: StoredJob) -> Ruling | None:
    """Return what the rule of a stored job says; None where it has none, or its reference is another one now."""
    if job.decide is None:
        return None
    return ruling_of(job, store.read("trials", columns=[*COLUMNS, job.decide.metric]).table.to_pylist())


def ruling_of(job: StoredJob, trials: Sequence[Mapping[str, Any]]) -> Ruling | None:
    """Return what the rule of a stored job says of its trials, as `job_ruling` does.

    Args:
        job: as `job.json` keeps it.
        trials: all stored rows of `trials`, with `COLUMNS` and the metric of the rule.
    """
    rule = job.decide
    if rule is None or rule.reference not in job.conditions.values():
        return None
    return ruling(rule, job.conditions, Endings.of_rows(trials, rule.metric), dropped_conditions(job, trials))


def rule_of(rule: DecisionRule) -> Rule:
    """Return the rule as statistics take it."""
    return Rule(
        alpha=rule.alpha,
        margin=rule.margin,
        most_repeats=rule.most_repeats,
        higher_is_better=metric_format(rule.metric).higher_is_better,
    )


def _kept(
    rule: DecisionRule,
    conditions: Mapping[str, str],
    sequences: Mapping[str, Sequence[float | None]],
    endings: Endings,
) -> tuple[dict[str, Kept], dict[str, str], dict[str, int]]:
    """Return the decisions that stand, why others do not, and of those with missing runs the repeats they used."""
    kept, changed, lacking = {}, {}, {}
    for name, condition in conditions.items():
        before = rule.decisions.get(condition)
        if before is None:
            continue
        if len(sequences[name]) < before.repeats:
            lacking[name] = before.repeats
            changed[name] = _missing(before, endings)
        elif endings.trial_ids(condition, rule.reference, before.repeats) != before.trial_ids:
            changed[name] = "it was made from other runs"
        elif not _agrees(before, sequences[name], rule):
            changed[name] = "the runs that it was made from have other values now"
        else:
            kept[name] = Kept(verdict=Verdict(before.verdict), repeats=before.repeats, alpha=before.alpha)
    return kept, changed, lacking


def _missing(before: StoredDecision, endings: Endings) -> str:
    """Say which runs a decision lacks."""
    ended = {endings.ids.get(run) for run in endings.values}
    count = sum(one not in ended for one in before.trial_ids)
    return f"{count} of the {len(before.trial_ids)} runs that it was made from {'is' if count == 1 else 'are'} missing"


def _reopened(one: Decision, repeats: int) -> Decision:
    """Return a decision as open until its repeats are complete again."""
    return replace(one, verdict=Verdict.OPEN, left=repeats - one.repeats)


def _agrees(before: StoredDecision, differences: Sequence[float | None], rule: DecisionRule) -> bool:
    """Say whether the pairs give the statistic that the decision was made by."""
    values = [value for value in differences[: before.repeats] if value is not None]
    if len(values) != before.pairs or not values:
        return False
    looks = sequential.look_at(values, rule.margin)
    x = float((looks.x_equal if before.verdict == Verdict.EQUAL else looks.x)[-1])
    return math.isclose(x, before.x, rel_tol=1e-6, abs_tol=1e-300)


def _waiting(
    conditions: Mapping[str, str],
    sequences: Mapping[str, Sequence[float | None]],
    endings: Endings,
    rule: DecisionRule,
) -> dict[str, int]:
    """Return the variants whose next repeat failed, on either side, and which repeat that is."""
    found = {}
    for name, condition in conditions.items():
        following = len(sequences[name])
        if endings.waits(condition, rule.reference, following):
            found[name] = following + 1
    return found


def _as_stored(one: Decision, family: int, condition: str, reference: str, endings: Endings) -> StoredDecision:
    return StoredDecision(
        verdict=one.verdict.value,
        repeats=one.repeats,
        pairs=one.pairs,
        x=one.x_of_verdict,
        q=one.q_of_verdict,
        alpha=one.alpha,
        family=family,
        trial_ids=endings.trial_ids(condition, reference, one.repeats),
    )
