"""A gate: trains what it takes to say whether a candidate is better than a reference, and keeps the ledger."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cnnjobs.comparison.decisions import Endings
from cnnjobs.comparison.gate_text import answer_text, confirmation_text
from cnnjobs.comparison.gating import ACCEPT, Judgement, Test, confirmation, judge, looks_of, usual_repeats
from cnnjobs.comparison.metric_format import metric_format
from cnnjobs.engine.places import Here, Joined
from cnnjobs.errors import NO_ANSWER, StoreError, TrialsFailed
from cnnjobs.run.calling_machine import shown_place
from cnnjobs.run.gate_prospect import announcement, warnings_of
from cnnjobs.run.gating import with_gate
from cnnjobs.run.missing import missing_trials
from cnnjobs.run.networks import check_networks
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.placement import Placement
from cnnjobs.run.prepare import Prepared, prepare, read_job, store_at
from cnnjobs.run.progress import Waiting
from cnnjobs.run.runner import Runner
from cnnjobs.run.submit import RunOptions, checkpoints_of, on_cores, tracking_of
from cnnjobs.run.surroundings import surroundings_notes
from cnnjobs.spec import Job
from cnnjobs.spec.gate import DEFAULT_CONFIRM, Gate
from cnnjobs.stats import ALPHA
from cnnjobs.stats.sequential import MOST_PAIRS
from cnnjobs.store.decision_rule import METRIC
from cnnjobs.store.ledger import Ledger
from cnnjobs.store.looks import FOLDER, write_look
from cnnjobs.store.proposals import Confirmation, Proposal, Question
from cnnjobs.store.store import Store
from cnnjobs.trackers.kinds import check_trackers
from cnnjobs.wording.terminal import echo, note


@dataclass(frozen=True, repr=False)
class GateAnswer:
    """The answer of a gate. `print` shows the output of `cnnjobs gate`.

    Args:
        judgement: the result of the analysis.
        confirmation: result of an accepted candidate on fresh repeats; None if it was not measured again.
        proposal: its current entry in the ledger; None without a ledger.
        ledger: path of the ledger; None without one.
        results: folder of the runs.
        tried: number of trials that ran for it.
        failures: number of these that failed.
    """

    judgement: Judgement
    confirmation: Confirmation | None
    proposal: Proposal | None
    ledger: Path | None
    results: str
    tried: int
    failures: int

    @property
    def verdict(self) -> str:
        """One word: better, not_worse, worse or equal; without an answer, undecided, given_up, no_pairs or open."""
        return self.judgement.answer

    @property
    def accepted(self) -> bool:
        """Whether the candidate is better or, if that was asked, not worse."""
        return self.judgement.exit_code == ACCEPT

    @property
    def exit_code(self) -> int:
        """0 for yes, 1 for no, 3 for undecided, 4 if there is no answer because trials failed."""
        return NO_ANSWER if self.judgement.waiting is not None else self.judgement.exit_code

    @property
    def failed(self) -> TrialsFailed | None:
        """The error that names the failed trials; None if there is an answer without them."""
        if self.judgement.waiting is None:
            return None
        return TrialsFailed(
            f"Repeat {self.judgement.waiting + 1} failed, and without it there is no answer; logs: "
            f"{shown_place(f'{self.results}/logs/')}. The same command tries it again."
        )

    def __str__(self) -> str:
        """Return the answer in sentences."""
        said = [answer_text(self.judgement)]
        if self.confirmation is not None:
            said.append(confirmation_text(self.judgement, self.confirmation))
        if self.verdict == "undecided" and self.judgement.test.most_repeats < MOST_PAIRS:
            said.append(f"`most_repeats={min(2 * self.judgement.test.most_repeats, MOST_PAIRS)}` goes on from here.")
        return "\n".join(said)

    __repr__ = __str__  # at the prompt it is read


@contextlib.contextmanager
def gate_job(
    job: str | Path | Job,
    results: str,
    overrides: Overrides,
    asked: Gate,
    ledger: str | Path | None,
    options: RunOptions,
    place: Here | Joined,
    again: str,
) -> Iterator[GateAnswer]:
    """Train what is missing until there is an answer.

    In the context there is one, and what has run the trials is taken down after it.

    Args:
        job: a job, or the file that defines one.
        results: folder or URI of results.
        overrides: what changes of the job.
        asked: of whom, and what.
        ledger: file of the ledger; None for none.
        options: how trials run.
        place: where.
        again: says how to continue, should it be interrupted.

    Raises:
        UserError: for whatever is wrong before a trial starts; nothing is written then, in the ledger either.
        Interrupted: on Ctrl-C; what was finished is stored, and the proposal is open.
        ClusterLost: if the cluster is gone before the end.
    """
    read = read_job(job, overrides)
    check_trackers(options.trackers(read.job), results)
    names = asked.of(read.job)
    book = None if ledger is None else Ledger(ledger)
    prepared = prepare(read, replace(overrides, only=names), Waiting())
    for one in (*prepared.notes, *surroundings_notes()):
        note(one)
    store = store_at(results, prepared.job)
    if book is not None:
        book.read()  # refused now, before networks are looked at
    _check_networks(prepared, store, options, place)
    question = _question(prepared, asked, names)
    proposal = None if book is None else book.propose(question)
    test = _test(question, asked, proposal)
    confirm = _confirm(asked, proposal)
    before = Endings.of_store(store, METRIC)
    for line in announcement(test, confirm, proposal, book, before):
        echo(line, err=True)
    for one in warnings_of(test, len(prepared.dataset.y_test), before):
        note(one)
    known = None if proposal is None else proposal.ending
    gated = with_gate(prepared, test, confirm, known)
    request = options.request(gated.job)
    with Placement(
        place, request, insecure=options.insecure, verbose=options.verbose, failure_code=NO_ANSWER
    ) as placement:
        checkpoints = checkpoints_of(store, gated.job, options)
        runner = Runner(
            store,
            checkpoints,
            placement,
            again=again,
            verbose=options.verbose,
            timeout_s=options.trial_timeout,
            tracking=tracking_of(options, prepared, store),
        )
        runner.run(gated)
        yield _answer(test, confirm, proposal, book, store, before, runner.failures)


def _check_networks(prepared: Prepared, store: Store, options: RunOptions, place: Here | Joined) -> None:
    """Refuse networks that cannot be trained, before a proposal is charged."""
    missing, state = missing_trials(prepared, store)
    sure = on_cores(place, prepared.job)
    check_networks(prepared, missing, state.finished, Waiting(), sure=sure, timeout_s=options.trial_timeout)


def _question(prepared: Prepared, asked: Gate, names: tuple[str, str]) -> Question:
    candidate, reference = names
    conditions = prepared.plan.conditions
    return Question(
        job=prepared.job.name,
        candidate=candidate,
        reference=reference,
        candidate_id=conditions[candidate],
        reference_id=conditions[reference],
        metric=METRIC,
        no_worse_by=_stored_margin(asked) if asked.no_worse else None,
    )


def _stored_margin(asked: Gate) -> float | None:
    return None if asked.margin is None else asked.margin / metric_format(METRIC).factor


def _test(question: Question, asked: Gate, proposal: Proposal | None) -> Test:
    alpha = ALPHA if proposal is None else proposal.alpha
    return Test(
        question=question,
        alpha=alpha,
        margin=None if asked.no_worse else _stored_margin(asked),
        most_repeats=asked.most_repeats or usual_repeats(alpha),
        first=0 if proposal is None else proposal.first,
    )


def _confirm(asked: Gate, proposal: Proposal | None) -> int:
    if asked.confirm is not None:
        return asked.confirm
    return 0 if proposal is None else DEFAULT_CONFIRM


def _answer(
    test: Test,
    confirm: int,
    proposal: Proposal | None,
    book: Ledger | None,
    store: Store,
    before: Endings,
    failures: int,
) -> GateAnswer:
    """Return the answer by what is stored, and write it into the ledger."""
    endings = Endings.of_store(store, METRIC)
    judgement = judge(test, endings, None if proposal is None else proposal.ending)
    _keep_looks(judgement, endings, store)
    fresh = None
    if confirm and judgement.exit_code == ACCEPT:
        fresh = confirmation(endings, test, judgement.decision.repeats, confirm)
    if book is not None and proposal is not None:
        proposal = _kept(book, proposal, judgement, fresh)
    return GateAnswer(
        judgement,
        fresh,
        proposal,
        None if book is None else book.path,
        store.files.location,
        len(endings.values.keys() - before.values.keys()) + failures,
        failures,
    )


def _keep_looks(judgement: Judgement, endings: Endings, store: Store) -> None:
    """Keep that the rule has looked after every pair: a report that knows of no rule says so beside its verdict."""
    job, asked = store.job, judgement.test.question
    if job is None or job.conditions[job.reference] != asked.reference_id:
        return
    with contextlib.suppress(StoreError):  # results that cannot be written may be read all the same
        known = set(store.files.below(FOLDER).names(".json"))
        for look in looks_of(judgement, endings):
            if look.name not in known:
                write_look(store.files, look)


def _kept(book: Ledger, proposal: Proposal, judgement: Judgement, fresh: Confirmation | None) -> Proposal:
    """Write the outcome, and return the proposal as it is kept then; a decision of earlier stands."""
    ending = judgement.ending()
    if judgement.kept:
        note(
            f"Proposal {proposal.number} was decided before, and that stands. The stored runs no longer say the same, "
            "because some are missing, damaged or replaced"
        )
    elif ending.pairs:
        book.end(proposal.number, ending)
    if fresh is not None and fresh.runs:
        book.confirm(proposal.number, fresh)
    return book.read().proposals[proposal.number - 1]
