"""A submit that repeats variants until each is decided: the rule it starts with, and which trial starts next."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from cnnjobs.comparison.decisions import COLUMNS, Endings, Ruling, Run, ruling
from cnnjobs.messages import Failure, Result, Status
from cnnjobs.planning.trials import Trial
from cnnjobs.run.prepare import Prepared
from cnnjobs.spec.metrics import HEADLINE, TEST, column_of
from cnnjobs.stats.sequential import FIRST_LOOK
from cnnjobs.store.decision_rule import DecisionRule
from cnnjobs.store.expectation import dropped_conditions
from cnnjobs.store.store import Store

METRIC = column_of(TEST, HEADLINE)
"""The metric that decides."""


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
    return Endings.of_rows(rows, rule.metric), dropped_conditions(prepared.as_stored(), rows)


class Deciding:
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
        self._endings, self._dropped = stored_endings(prepared, self._rule, store)
        self._endings.forget_failed()  # they are tried again
        self.ruling = self._rule_now()
        self.trials = tuple(trial for trial in prepared.plan.trials if self._may_run(trial))
        self._places = {_run_of(trial): place for place, trial in enumerate(self.trials)}
        self._running: set[Run] = set()
        self._at_once = 1
        self._on_ruling: Callable[[Ruling], None] | None = None

    def begin(self, at_once: int, on_ruling: Callable[[Ruling], None]) -> None:
        """Be told on how many slots trials run, and whom to tell whenever more is known."""
        self._at_once, self._on_ruling = at_once, on_ruling

    @property
    def prepared(self) -> Prepared:
        """The job with the repeats that the rule asks for now, and what it has decided."""
        rule = self.ruling.kept(self._conditions, self._endings)
        return replace(self._prepared.with_repeats(self.ruling.repeats), decide=rule)

    @property
    def over(self) -> bool:
        """Whether no trial will start any more."""
        return not self._running and self._following() is None

    def next(self) -> int | None:
        """Return the place of the trial that starts now; None if none may yet."""
        run = self._following()
        if run is None:
            return None
        self._running.add(run)
        return self._places[run]

    def ended(self, trial: Trial, message: Result | Failure) -> None:
        """Take in how a trial ended, after it was stored."""
        run = _run_of(trial)
        self._running.discard(run)
        if isinstance(message, Result):
            self._endings.add(run, trial.trial_id, message.status, message.final.get(self._rule.metric))
        else:
            self._endings.add(run, trial.trial_id, Status.FAILED, None)
        self.ruling = self._rule_now()
        if self._on_ruling is not None:
            self._on_ruling(self.ruling)

    def _rule_now(self) -> Ruling:
        return ruling(self._rule, self._conditions, self._endings, self._dropped)

    def _may_run(self, trial: Trial) -> bool:
        wanted = trial.variant in self.ruling.open or (
            bool(self.ruling.open) and trial.condition_id == self._rule.reference
        )
        return wanted and _run_of(trial) not in self._endings.ids

    def _following(self) -> Run | None:
        """Return the next run, the earliest repeat first, no further ahead of the look than keeps all slots busy."""
        reference = self._rule.reference
        going_on = [self._conditions[name] for name in self.ruling.open if name not in self.ruling.waiting]
        if not going_on:
            return None
        looked_at = min(len(self._endings.differences(condition, reference)) for condition in going_on)
        ahead = math.ceil(self._at_once / (len(going_on) + 1))
        until = min(max(looked_at + ahead, FIRST_LOOK), self._rule.most_repeats)
        runs = ((condition, repeat) for repeat in range(until) for condition in (reference, *going_on))
        waiting = (run for run in runs if run in self._places and run not in self._running)
        return next((run for run in waiting if run not in self._endings.ids), None)


def _run_of(trial: Trial) -> Run:
    return trial.condition_id, trial.repeat
