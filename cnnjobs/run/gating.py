"""The order of trials of a gate: repeat by repeat, of both sides, until there is an answer; then a fresh look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from cnnjobs.comparison.decisions import Endings, Ruling, Run
from cnnjobs.comparison.gating import ACCEPT, Judgement, Test, differences, judge
from cnnjobs.run.launching import RunOrder, run_of, window
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


class Gating(RunOrder):
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
        super().__init__(Endings.of_store(store, test.question.metric), test.question.metric)
        self.judgement: Judgement = judge(test, self._endings, known)
        useful = {*self._useful()}
        self._may_run(trial for trial in prepared.plan.trials if run_of(trial) in useful)

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

    def _useful(self) -> Iterator[Run]:
        """Yield the runs that may still be of use, whether or not they have ended."""
        asked, first = self._test.question, self._test.first
        if not self.judgement.goes_on:
            yield from self._fresh()
            return
        until = first + self._test.most_repeats
        yield from ((side, repeat) for repeat in range(first, until) for side in _sides(self._test))
        yield from ((asked.candidate_id, repeat) for repeat in range(until, until + self._confirm))

    def _fresh(self) -> list[Run]:
        """Return the runs of an accepted candidate on seeds that did not decide."""
        if self.judgement.exit_code != ACCEPT:
            return []
        first = self._test.first + self.judgement.decision.repeats
        return [(self._test.question.candidate_id, repeat) for repeat in range(first, first + self._confirm)]

    def _judge(self) -> Ruling:
        self.judgement = judge(self._test, self._endings, self._known)
        return self.ruling

    def _runs(self) -> Iterable[Run]:
        """Return the runs of both sides, repeat by repeat; after an answer for the candidate, its fresh ones."""
        if not self.judgement.goes_on:
            return self._fresh()
        looked_at = len(differences(self._endings, self._test))
        ahead = window(_sides(self._test), looked_at, self._test.most_repeats, self._at_once)
        return ((side, self._test.first + repeat) for side, repeat in ahead)


def _sides(test: Test) -> tuple[str, str]:
    return test.question.reference_id, test.question.candidate_id
