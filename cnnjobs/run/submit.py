"""Submits a job: trains its missing trials, in one or two stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cnnjobs.engine.places import Here, Joined
from cnnjobs.engine.resources import ResourceRequest
from cnnjobs.errors import SpecError, TrialsFailed
from cnnjobs.run.audit import for_audit
from cnnjobs.run.calling_machine import shown_place
from cnnjobs.run.decided_job import decided_by
from cnnjobs.run.events import Events
from cnnjobs.run.missing import missing_trials
from cnnjobs.run.networks import check_networks, trains_on_cores
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.page import Page
from cnnjobs.run.placement import Placement
from cnnjobs.run.prepare import Prepared, ReadJob, prepare, read_job, store_at
from cnnjobs.run.progress import Waiting
from cnnjobs.run.runner import Runner
from cnnjobs.run.surroundings import surroundings_notes
from cnnjobs.run.tracking import Tracking
from cnnjobs.spec import Decide, Job
from cnnjobs.spec.checks import flag, gpu_count, number, whole
from cnnjobs.spec.decidable import AskedRule, asked_rule
from cnnjobs.spec.half_width import HalfWidth, half_width_of
from cnnjobs.spec.log import tracker_names
from cnnjobs.store.checkpoints import FOLDERS, Checkpoints
from cnnjobs.store.store import Store
from cnnjobs.trackers.kinds import check_trackers
from cnnjobs.wording.terminal import echo, note

if TYPE_CHECKING:
    from cnnjobs.planning.trials import Trial


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How trials run; none of it is part of their identities.

    Args:
        max_concurrent: at most so many trials at once.
        cpus_per_trial: cores a trial.
        gpus_per_trial: GPUs a trial, or a fraction of one; decides over the job.
        checkpoint_every: seconds between two checkpoints of a trial; 0 for every epoch, None for about 1% of the time.
        trial_timeout: seconds; a trial that makes no progress for so long is ended, as failed; None for never.
        insecure: accept a cluster that asks for no token.
        verbose: show the logs of Ray and of each trial.
        keep_going: run all trials, also where the first of all variants fail in the same way.
        log: experiment trackers that trials are sent to; None for the job's own.
        watch: serve a page that shows the trials while they run.
        events: what is told of it to a program.
    """

    max_concurrent: int | None = None
    cpus_per_trial: int | None = None
    gpus_per_trial: float | None = None
    checkpoint_every: float | None = None
    trial_timeout: float | None = None
    insecure: bool = False
    verbose: bool = False
    keep_going: bool = False
    log: str | Sequence[str] | None = None
    watch: bool = False
    events: Events = field(default_factory=Events)

    def __post_init__(self) -> None:
        for name in ("max_concurrent", "cpus_per_trial"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole(name, getattr(self, name), least=1))
        if self.gpus_per_trial is not None:
            object.__setattr__(self, "gpus_per_trial", gpu_count("gpus_per_trial", self.gpus_per_trial))
        if self.checkpoint_every is not None:
            seconds = number("checkpoint_every", self.checkpoint_every, "Seconds; 0 for every epoch.", least=0)
            object.__setattr__(self, "checkpoint_every", seconds)
        if self.trial_timeout is not None:
            seconds = number("trial_timeout", self.trial_timeout, "Seconds without progress, at least 1.", least=1)
            object.__setattr__(self, "trial_timeout", seconds)
        flag("insecure", self.insecure)
        flag("verbose", self.verbose)
        flag("watch", self.watch)
        flag("keep_going", self.keep_going)
        if self.log is not None:
            object.__setattr__(self, "log", tracker_names(self.log))

    def trackers(self, job: Job) -> tuple[str, ...]:
        """Return the trackers that trials of a job are sent to."""
        return tuple(job.log if self.log is None else self.log)

    def request(self, job: Job) -> ResourceRequest:
        """Return what a trial of a job is to run on."""
        return ResourceRequest(self.max_concurrent, self.cpus_per_trial, self.gpus_per_trial, job.gpus_per_trial)


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What more than its repeats a job is submitted for.

    Args:
        half_width: of a 95% interval of test accuracy, in percentage points; None for the job's repeats.
        most_repeats: repeats of a variant at most; None for 100 with a half width, else for those of the rule.
        audit: the variant whose sources of chance are to vary one at a time, instead; None for the job itself.
        decide: whether to repeat until each variant is decided, by the job's own rule or the default one; or
            percentage points within which one counts as equal.
    """

    half_width: float | None = None
    most_repeats: int | None = None
    audit: str | None = None
    decide: bool | float = False

    def __post_init__(self) -> None:
        if not isinstance(self.audit, str | None):
            raise SpecError(f"`audit` must be the name of a variant. Received: audit={self.audit!r}.")
        if isinstance(self.decide, Decide):
            raise SpecError(
                f"`decide` is True or a margin here. Use `Job(decide=...)` for a rule. Received: {self.decide!r}."
            )
        if not isinstance(self.decide, bool):
            hint = "They are percentage points of test accuracy, within which a variant counts as equal."
            object.__setattr__(self, "decide", number("decide", self.decide, hint, above=0, below=100))
        if self.most_repeats is not None:
            object.__setattr__(self, "most_repeats", whole("most_repeats", self.most_repeats, least=1))

    def rule(self, job: Job) -> HalfWidth | None:
        """Return the rule for a half width, if one is asked for.

        Raises:
            SpecError: if options do not go together, or the rule does not hold for the job.
        """
        if self.half_width is None:
            return None
        if self.audit is not None:
            raise SpecError("`half_width` and `audit` exclude each other. Submit the job twice, once with each.")
        return half_width_of(job, self.half_width, self.most_repeats)

    def decision(self, job: Job, overrides: Overrides) -> AskedRule | None:
        """Return the rule by which repeats end, if one is asked for, here or in the job.

        Raises:
            SpecError: if options do not go together, or the rule does not hold for the job.
        """
        if self.decide is not False:
            self._refuse_beside_decide(overrides)
        elif job.decide is None or self._instead_of_decide(overrides) is not None:
            if self.most_repeats is not None and self.half_width is None:
                raise SpecError(
                    "`most_repeats` goes with `decide` or `half_width=POINTS`. Received: "
                    f"most_repeats={self.most_repeats}. Use `repeats=N` to set the number of repeats."
                )
            return None
        return asked_rule(job, self.decide, self.most_repeats, overrides.only)

    def resting(self, job: Job, overrides: Overrides) -> list[str]:
        """Say that the rule of the job rests, if it does."""
        instead = self._instead_of_decide(overrides)
        if job.decide is None or self.decide is not False or instead is None:
            return []
        return [f"The job's own rule (`decide`) is not used in this submit, which asks for {instead}"]

    def _instead_of_decide(self, overrides: Overrides) -> str | None:
        """Return what is asked for that a rule of deciding does not go with."""
        if self.audit is not None:
            return "an audit"
        if self.half_width is not None:
            return "a half width"
        return None if overrides.repeats is None else f"{overrides.repeats} repeats"

    def _refuse_beside_decide(self, overrides: Overrides) -> None:
        for name in ("half_width", "audit"):
            if getattr(self, name) is not None:
                raise SpecError(f"`decide` and `{name}` exclude each other. Submit the job twice, once with each.")
        if overrides.repeats is not None:
            raise SpecError(
                "`decide` and `repeats` exclude each other: the rule says how many repeats each variant has. Received: "
                f"repeats={overrides.repeats}. Use `most_repeats=N` for the most of each."
            )


@dataclass(frozen=True)
class Submitted:
    """What came of it.

    Args:
        job: its name.
        store: where its trials are.
        tried: how many trials ran, however they ended.
        failures: how many of them failed.
        not_run: why others were not run, and how many; empty where all were.
    """

    job: str
    store: Store
    tried: int
    failures: int
    not_run: str = ""

    @property
    def failed(self) -> TrialsFailed | None:
        """The error that says which trials failed and where to read on; None if none did."""
        if not self.failures:
            return None
        logs = f"their logs: {shown_place(f'{self.store.files.location}/logs/')}"
        failed = f"{self.failures} of {self.tried} trials failed"
        if self.not_run:
            return TrialsFailed(
                f"{failed}, {self.not_run}; {logs}. Correct the cause and submit again: all of them then run. (With "
                "`keep_going` the other trials start all the same.)"
            )
        return TrialsFailed(f"{failed}; {logs}. The others are stored; submitting again tries the failed ones again.")


@contextmanager
def submit_job(
    job: str | Path | Job,
    results: str,
    overrides: Overrides,
    goal: Goal,
    options: RunOptions,
    place: Here | Joined,
    again: str,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[Submitted]:
    """Train what is missing.

    In the context it is stored, and what has run the trials is taken down after it.

    Args:
        job: a job, or the file that defines one.
        results: folder or URI of results.
        overrides: what changes of the job.
        goal: what it is submitted for.
        options: how trials run.
        place: where.
        again: says how to continue, should it be interrupted.
        meanwhile: what the context needs that can be done ahead: imports, say. It is done in a thread, if at all.

    Raises:
        UserError: for whatever is wrong before a trial starts.
        Interrupted: on Ctrl-C; what was finished is stored.
        ClusterLost: if the cluster is gone before the end.
    """
    read = read_job(job, overrides)
    plain, rule, asked = read.job, goal.rule(read.job), goal.decision(read.job, overrides)
    check_trackers(options.trackers(plain), results)
    resting, surroundings = goal.resting(plain, overrides), surroundings_notes()
    prepared = prepare(_audited(read, goal, overrides), overrides, Waiting())
    store = store_at(results, prepared.job)
    if rule is not None:
        prepared, rule = _first_stage(prepared, store, rule)
    prepared, _, about = decided_by(asked, prepared, store)
    for one in (*prepared.notes, *surroundings, *resting, *about):
        note(one)
    missing, state = missing_trials(prepared, store)
    sure, timeout_s = on_cores(place, prepared.job), options.trial_timeout
    check_networks(prepared, missing, state.finished, Waiting(), sure=sure, timeout_s=timeout_s)
    checkpoints = checkpoints_of(store, prepared.job, options)
    request = options.request(prepared.job)
    with (
        closing(Page()) as page,
        Placement(place, request, insecure=options.insecure, verbose=options.verbose) as placement,
    ):
        runner = Runner(
            store,
            checkpoints,
            placement,
            again=again,
            verbose=options.verbose,
            timeout_s=options.trial_timeout,
            events=options.events,
            meanwhile=meanwhile,
            tracking=tracking_of(options, prepared, store),
            page=page if options.watch else None,
            keep_going=options.keep_going,
        )
        runner.run(prepared, None if goal.audit is None else store_at(results, plain))
        if rule is not None and not runner.not_run:
            _run_second_stage(prepared, store, rule, runner)
        yield Submitted(prepared.job.name, store, runner.tried, runner.failures, runner.not_run)


def on_cores(place: Here | Joined, job: Job) -> bool:
    """Say whether it is certain that the trials of a job hold no GPU at a place."""
    return isinstance(place, Here) and trains_on_cores(job)


def tracking_of(options: RunOptions, prepared: Prepared, store: Store) -> Tracking:
    """Return the trackers that trials of a job are sent to."""
    return Tracking(options.trackers(prepared.job), prepared.job.name, store.files, prepared.plan.conditions)


def _audited(read: ReadJob, goal: Goal, overrides: Overrides) -> ReadJob:
    """Return the job, or that of the audit; what varies from repeat to repeat depends on its data set."""
    return read if goal.audit is None else for_audit(read.loaded(Waiting())[0], goal.audit, overrides.only)


def checkpoints_of(store: Store, job: Job, options: RunOptions) -> Checkpoints:
    """Return where trials under way are kept."""
    place, finals = (store.files.below(name) for name in FOLDERS)
    return Checkpoints(place, options.checkpoint_every, finals=finals, keeps_final=job.keep == "state")


def _first_stage(prepared: Prepared, store: Store, asked: HalfWidth) -> tuple[Prepared, HalfWidth]:
    """Return the job of the pilot, and the rule with the pilot that holds.

    Raises:
        SpecError: if that has more repeats than are allowed.
        StoreError: if `job.json` has no sound rule.
    """
    from cnnjobs.run.two_stage import first_stage, settled

    rule = settled(asked, prepared, store)
    if rule.pilot != asked.pilot:
        note(
            f"The pilot remains the first {rule.pilot} repeats, not {asked.pilot}, because runs beyond it are stored. "
            "With a pilot that is chosen afterwards, the interval would not cover at its level"
        )
    return first_stage(prepared, rule), rule


def _run_second_stage(prepared: Prepared, store: Store, rule: HalfWidth, runner: Runner) -> None:
    from cnnjobs.run.two_stage import second_stage

    stage = second_stage(prepared, store, rule)
    missing: list[Trial] = runner.missing(stage.prepared)
    _, at_once = runner.trial_resources(stage.prepared, max(len(missing), 1))
    for line in (*stage.announcement(), f"  {stage.estimate(missing, at_once)}"):
        echo(line, err=True)
    runner.run(stage.prepared)
