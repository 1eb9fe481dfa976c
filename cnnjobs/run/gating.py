"""The order of trials of a gate: repeat by repeat, of both sides, until there is an answer; then a fresh look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from cnnjobs.comparison.decisions import Endings, Ruling, Run
from cnnjobs.comparison.gating import ACCEPT, Judgement, Test, differences, judge
from cnnjobs.messages import Failure, Result, Status
from cnnjobs.planning.trials import Trial
from cnnjobs.run.launching import window
from cnnjobs.run.prepare import Prepared
from cnnjobs.store.decision_rule import DecisionRule
from cnnjobs.store.proposals import Ending
from cnnjobs.store.store import Store


def with_gate(prepared: Prepared, test: Test, confirm: int, known: Ending | None = None) -> Prepared:
    """Return the job whose trials a gate starts.

    Args:
        prepared: the job.
        test: the comparison.
        confirm: fresh repeats of a candidate that is accepted.
        known: what it came to earlier.
    """
    last = test.first + test.most_repeats
    asked = {test.question.reference: last, test.question.candidate: last + confirm}
    repeats = {name: asked.get(name, prepared.job.repeats_of(name)) for name in prepared.job.variants}

    def steer(whole: Prepared, store: Store) -> Gating:
        return Gating(whole, store, test, confirm, prepared, known)

    return replace(prepared.with_repeats(repeats), only=tuple(asked), steer=steer)


class Gating:
    """Says which trial starts next, as `Deciding` does for a whole job.

    Args:
        prepared: the job, with as many repeats as the gate may use.
        store: with the runs until now.
        test: the comparison.
        confirm: fresh repeats of a candidate that is accepted.
        asked: the job as it was asked for.
        known: what it came to earlier.

    Attributes:
        trials: those that may run.
        judgement: what is known now.
    """

    def __init__(
        self,
        prepared: Prepared,
        store: Store,
        test: Test,
        confirm: int,
        asked: Prepared,
        known: Ending | None = None,
    ) -> None:
        self._test, self._confirm, self._asked, self._store, self._known = test, confirm, asked, store, known
        self._endings = Endings.of_store(store, test.question.metric)
        self._endings.forget_failed()  # they are tried again
        self.judgement: Judgement = judge(test, self._endings, known)
        may_run = {*self._may_run()}
        self.trials = tuple(trial for trial in prepared.plan.trials if _run_of(trial) in may_run)
        self._places = {_run_of(trial): place for place, trial in enumerate(self.trials)}
        self._running: set[Run] = set()
        self._at_once = 1
        self._on_ruling: Callable[[Ruling], None] | None = None

    def begin(self, at_once: int, on_ruling: Callable[[Ruling], None]) -> None:
        """Be told on how many slots trials run, and whom to tell whenever more is known."""
        self._at_once, self._on_ruling = at_once, on_ruling

    @property
    def prepared(self) -> Prepared:
        """The job as it is kept: as it was asked for, with the repeats that it had before."""
        before, own = self._store.job, self._asked.plan.conditions
        if before is None:
            return self._asked
        known = {condition: before.repeats_of(name) for name, condition in before.conditions.items()}
        repeats = {name: known.get(own[name], self._asked.job.repeats_of(name)) for name in own}
        if repeats == {name: self._asked.job.repeats_of(name) for name in own}:
            return self._asked
        return self._asked.with_repeats(repeats)

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
            value = message.final.get(self._test.question.metric)
            self._endings.add(run, trial.trial_id, message.status, value)
        else:
            self._endings.add(run, trial.trial_id, Status.FAILED, None)
        self.judgement = judge(self._test, self._endings, self._known)
        if self._on_ruling is not None:
            self._on_ruling(self.ruling)

    @property
    def ruling(self) -> Ruling:
        """What is known now, as of a job of the two variants."""
        test, judgement = self._test, self.judgement
        asked = test.question
        rule = DecisionRule(
            alpha=test.alpha,
            margin=test.margin,
            most_repeats=test.most_repeats,
            metric=asked.metric,
            reference=asked.reference_id,
            variants={asked.candidate_id: asked.candidate},
        )
        waiting: Mapping[str, int] = {} if judgement.waiting is None else {asked.candidate: judgement.waiting + 1}
        return Ruling(
            rule=rule,
            reference=asked.reference,
            decisions={asked.candidate: judgement.decision},
            family=1,
            further={asked.candidate: judgement.further},
            waiting=waiting,
            diverged={asked.candidate: judgement.diverged},
            changed={},
            first=test.first,
        )

    def _may_run(self) -> Iterator[Run]:
        """Yield the runs that may still be of use, those that have ended left out."""
        asked, first = self._test.question, self._test.first
        wanted: list[Run] = []
        if self.judgement.goes_on:
            until = first + self._test.most_repeats
            wanted += [(side, repeat) for repeat in range(first, until) for side in _sides(self._test)]
            wanted += [(asked.candidate_id, repeat) for repeat in range(until, until + self._confirm)]
        else:
            wanted += self._fresh()
        return (run for run in wanted if run not in self._endings.ids)

    def _fresh(self) -> list[Run]:
        """Return the runs of an accepted candidate on seeds that did not decide."""
        if self.judgement.exit_code != ACCEPT:
            return []
        first = self._test.first + self.judgement.decision.repeats
        return [(self._test.question.candidate_id, repeat) for repeat in range(first, first + self._confirm)]

    def _following(self) -> Run | None:
        """Return the next run, the earliest repeat first, no further ahead of the look than keeps all slots busy."""
        runs: list[Run] = self._fresh()
        if self.judgement.goes_on:
            looked_at = len(differences(self._endings, self._test))
            ahead = window(_sides(self._test), looked_at, self._test.most_repeats, self._at_once)
            runs = [(side, self._test.first + repeat) for side, repeat in ahead]
        waiting = (run for run in runs if run in self._places and run not in self._running)
        return next((run for run in waiting if run not in self._endings.ids), None)


def _sides(test: Test) -> tuple[str, str]:
    return test.question.reference_id, test.question.candidate_id


def _run_of(trial: Trial) -> Run:
    return trial.condition_id, trial.repeat
