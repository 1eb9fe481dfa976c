"""A submit that repeats variants until each is decided: the rule it starts with, and which trial starts next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from cnnjobs.comparison.decisions import COLUMNS, Endings, Ruling, Run, ruling
from cnnjobs.run.kept_job import with_removed
from cnnjobs.run.launching import RunOrder, window
from cnnjobs.run.prepare import Prepared
from cnnjobs.store.decision_rule import DecisionRule
from cnnjobs.store.expectation import dropped_conditions
from cnnjobs.store.store import Store


def with_rule(prepared: Prepared, rule: DecisionRule) -> Prepared:
    """Return the job with its rule, and with as many repeats as that allows.

    Args:
        prepared: the job.
        rule: by which repeats end.
    """
    repeats = dict.fromkeys(prepared.job.variants, rule.most_repeats)
    return replace(prepared.with_repeats(repeats), decide=rule, steer=Deciding)


def stored_endings(prepared: Prepared, rule: DecisionRule, store: Store) -> tuple[Endings, tuple[str, ...]]:
    """Return how the stored runs ended, and which conditions of them the job does not list any more."""
    rows = store.read("trials", columns=[*COLUMNS, rule.metric]).table.to_pylist()
    return Endings.of_rows(rows, rule.metric), dropped_conditions(with_removed(prepared.as_stored(), store), rows)


class Deciding(RunOrder):
    """The order of trials by a rule: repeat by repeat, of all variants that are open, and of the reference.

    Args:
        prepared: the job, with a rule.
        store: with the runs until now.

    Attributes:
        trials: those that may run: of open variants, and of the reference.
        ruling: what the rule says now.
    """

    def __init__(self, prepared: Prepared, store: Store) -> None:
        if prepared.decide is None:
            raise ValueError("`prepared` must have a rule. Received: none.")
        self._prepared, self._rule = prepared, prepared.decide
        self._conditions = prepared.plan.conditions
        endings, self._dropped = stored_endings(prepared, self._rule, store)
        super().__init__(endings, self._rule.metric)
        self._paired: dict[str, int] = {}
        self.ruling = self._rule_now()
        wanted = {self._conditions[name] for name in self.ruling.open}
        wanted |= {self._rule.reference} if wanted else set()
        self._may_run(trial for trial in prepared.plan.trials if trial.condition_id in wanted)

    def begin(self, at_once: int, on_ruling: Callable[[Ruling], None]) -> None:
        """Be told on how many slots trials run, and whom to tell whenever more is known."""
        super().begin(at_once, on_ruling)
        on_ruling(self.ruling)

    @property
    def prepared(self) -> Prepared:
        """The job with the repeats that the rule asks for now, and what it has decided."""
        rule = self.ruling.kept(self._conditions, self._endings)
        return replace(self._prepared.with_repeats(self.ruling.repeats), decide=rule)

    def _judge(self) -> Ruling | None:
        if self._standing() == self._seen:
            return None  # no repeat is complete that was not, so nothing can be decided
        self.ruling = self._rule_now()
        return self.ruling

    def _rule_now(self) -> Ruling:
        found = ruling(self._rule, self._conditions, self._endings, self._dropped)
        self._open = {self._conditions[name] for name in found.open}
        self._seen = self._standing()
        return found

    def _standing(self) -> tuple[int | None, frozenset[str]]:
        """Return the repeats that all open variants have which do not wait for one that failed, and those that do."""
        reference = self._rule.reference
        for one in self._open:
            self._paired[one] = self._endings.paired(one, reference, self._paired.get(one, 0))
        waiting = frozenset(one for one in self._open if self._endings.waits(one, reference, self._paired[one]))
        return min((self._paired[one] for one in self._open - waiting), default=None), waiting

    def _runs(self) -> Iterable[Run]:
        """Return the runs of open variants and of the reference, repeat by repeat, in the order of the job."""
        looked_at, waiting = self._seen
        if looked_at is None:
            return ()
        going_on = [one for one in self._conditions.values() if one in self._open and one not in waiting]
        return window([self._rule.reference, *going_on], looked_at, self._rule.most_repeats, self._at_once)
