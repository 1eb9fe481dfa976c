"""Runs the missing trials of a prepared job, with progress."""

import contextlib
import time
from collections.abc import Callable

from cnnjobs.datasets.overview import images_text
from cnnjobs.engine.base import TrialResources
from cnnjobs.engine.order import AlikeTogether
from cnnjobs.errors import (
    CannotWrite,
    ClusterLost,
    CnnjobsError,
    Interrupted,
    NodeWithoutRoom,
    StoreError,
    WorkerDiffers,
)
from cnnjobs.planning.trials import Trial
from cnnjobs.run import backends
from cnnjobs.run.audit import take_over
from cnnjobs.run.calling_machine import shown_place
from cnnjobs.run.claim import claim
from cnnjobs.run.events import Events, TrialEvents, Watchers
from cnnjobs.run.failing_alike import UntilAllFailAlike
from cnnjobs.run.interrupts import why_stopped
from cnnjobs.run.kept_job import as_decided, job_to_keep, keep_job
from cnnjobs.run.live_record import live_recorder
from cnnjobs.run.meanwhile import Meanwhile
from cnnjobs.run.meter import Meter
from cnnjobs.run.missing import accuracies, continuations, kept_epochs, missing_trials
from cnnjobs.run.page import Page, PageOf
from cnnjobs.run.placement import Placement
from cnnjobs.run.prepare import Prepared, trained_rows
from cnnjobs.run.progress import Display, Waiting
from cnnjobs.run.submission import Submission, sweep
from cnnjobs.run.tracking import TrackedTrials, Tracking
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.compaction import compact_if_possible
from cnnjobs.store.lock import StoreLock
from cnnjobs.store.repair import set_damaged_trials_aside
from cnnjobs.store.store import Store
from cnnjobs.versions import installed_versions
from cnnjobs.wording.sentences import sentences
from cnnjobs.wording.terminal import echo, note


class Runner:
    """Runs trials into one store; a trial that fails is not tried twice by the same command.

    Args:
        store: the job's.
        checkpoints: where trials under way are kept.
        placement: what trials run on.
        again: says how to continue, should it be interrupted.
        verbose: whether to show logs.
        timeout_s: a trial that makes no progress for so long is ended, as failed; None for never.
        events: what is told of it to a program.
        meanwhile: done ahead, when a core is idle.
        tracking: experiment trackers that trials are sent to.
        page: opened when trials begin, to show them; None for no page.
        keep_going: run all trials, also where the first of all variants fail in the same way.
    """

    def __init__(
        self,
        store: Store,
        checkpoints: Checkpoints,
        placement: Placement,
        *,
        again: str,
        verbose: bool,
        timeout_s: float | None = None,
        events: Events | None = None,
        meanwhile: Callable[[], None] = lambda: None,
        tracking: Tracking | None = None,
        page: Page | None = None,
        keep_going: bool = False,
    ) -> None:
        self._page = page
        self._store, self._checkpoints, self._placement = store, checkpoints, placement
        self._again, self._verbose, self._timeout_s = again, verbose, timeout_s
        self._events, self._meanwhile = events or Events(), meanwhile
        self._tracking = tracking or Tracking()
        self._tried: set[str] = set()
        self._ended = 0
        self._damaged: set[str] = set()
        self._said_versions = False
        self._keep_going = keep_going
        self.failures = 0
        self.not_run = ""
        """Why trials were not run, and how many; empty where all were."""

    @property
    def tried(self) -> int:
        """How many trials were run, however they ended."""
        return self._ended

    def missing(self, prepared: Prepared) -> list[Trial]:
        """Return the trials that are to run; versions that mix, and files that cannot be read, are named once."""
        missing, state = missing_trials(prepared, self._store)
        if missing and not self._said_versions:
            self._said_versions = True
            for one in state.mixed_with(installed_versions()):
                note(one)
        for name in state.damaged:
            if name not in self._damaged:
                note(f"{name} cannot be read, so that its trials run again")
        self._damaged.update(state.damaged)
        return [trial for trial in missing if trial.trial_id not in self._tried]

    def trial_resources(self, prepared: Prepared, trials: int) -> tuple[TrialResources, int]:
        """Return what a trial runs on, and how many run at once."""
        return self._placement.trial_resources(prepared, trials)

    def run(self, prepared: Prepared, of_audited: Store | None = None) -> None:
        """Run what is missing; with nothing missing, keep the job as it is now.

        Args:
            prepared: the job.
            of_audited: for an audit, the store of the job itself, whose runs are taken over first.

        Raises:
            StoreError: if another submit is at work on the store; nothing is written then.
            Interrupted: on Ctrl-C, SIGTERM or SIGHUP; what was finished is stored.
        """
        if of_audited is not None:
            self._take_over(of_audited, prepared)
        missing = self.missing(prepared)
        for one in continuations(missing, self._checkpoints.kept_epochs()):
            note(one)
        if missing:
            self._run(prepared, missing)
            return
        try:
            with claim(self._store.files), self._tracking.at_work():
                self._clear()
                self._settle(prepared)
        except CannotWrite as error:
            if self._damaged or self._store.job != job_to_keep(self._store, as_decided(prepared, self._store)):
                raise
            note(sentences(error, "Nothing needs to be written"))

    def _clear(self) -> None:
        """Set damaged files aside in a store that this process has claimed, before their trials run again."""
        if self._damaged:
            for line in set_damaged_trials_aside(self._store, time.time()):
                note(line)

    def _settle(self, prepared: Prepared) -> None:
        """Leave a store, which this process has claimed, as a run of the job would that has nothing to run."""
        keep_job(self._store, as_decided(prepared, self._store))
        sweep(self._store, self._checkpoints)
        compact_if_possible(self._store, Waiting())

    def _take_over(self, source: Store, prepared: Prepared) -> None:
        with claim(self._store.files):
            taken = take_over(source, self._store, prepared)
        if taken:
            runs = f"{taken} run" + ("s" if taken > 1 else "")
            note(f"{runs} with all sources of chance taken over from {source.files.location}")

    def _run(self, prepared: Prepared, trials: list[Trial]) -> None:
        resources, at_once = self.trial_resources(prepared, len(trials))
        self._store.files.check_writable()
        meter = self._meter(prepared, trials, at_once)
        try:
            with claim(self._store.files) as lock, self._tracking.at_work():
                trials = self.missing(prepared)  # another submit may have finished some before the claim
                self._clear()
                meter = self._meter(prepared, trials, at_once)
                if not trials:
                    self._settle(prepared)
                    return
                echo(_announcement(prepared, trials, resources, at_once), err=True)
                self._begin(prepared, trials, resources, at_once)
                submission = self._submission(prepared, trials, resources, at_once)
                for line in _rule_lines(submission):
                    echo(line, err=True)
                if self._page is not None:
                    self._page.open(PageOf(self._store.files.address), lambda line: echo(line, err=True))
                self._store.forget_stop()
                try:
                    self._watch(submission, meter, lock)
                except (ClusterLost, KeyboardInterrupt) as error:
                    self._note_stop(_why(error), meter)
                    raise
        except (ClusterLost, WorkerDiffers, NodeWithoutRoom) as error:
            raise type(error)(sentences(error, self._kept(meter))) from error
        except KeyboardInterrupt as stopped:
            raise Interrupted(sentences(_why(stopped), self._kept(meter))) from None
        except StoreError as error:
            if meter.begun:
                raise StoreError(sentences(error, self._kept(meter))) from error
            raise
        self._tried.update(trial.trial_id for trial in trials)
        self._ended += meter.done + meter.failed

    def _submission(
        self, prepared: Prepared, trials: list[Trial], resources: TrialResources, at_once: int
    ) -> Submission:
        steering = None if prepared.steer is None else prepared.steer(prepared, self._store)
        may_run = tuple(trials if steering is None else steering.trials)
        order = AlikeTogether(may_run) if steering is None else steering
        return Submission(
            prepared,
            self._store,
            may_run,
            resources,
            at_once,
            self._checkpoints,
            self._timeout_s,
            steering,
            guard=None if self._keep_going else UntilAllFailAlike(order, may_run),
        )

    def _begin(self, prepared: Prepared, trials: list[Trial], resources: TrialResources, at_once: int) -> None:
        """Tell a program what runs now."""
        job, place = prepared.job.name, shown_place(self._store.files.location)
        self._events.summarise(job=job, results=place)
        devices = {"cpus_per_trial": resources.cpus, "gpus_per_trial": resources.gpus}
        asked = {"trials": len(trials), "trials_of_job": len(prepared.plan.trials), "at_once": at_once}
        self._events.emit("begin", job=job, results=place, dataset=prepared.dataset.name, **asked, **devices)

    def _watch(self, submission: Submission, meter: Meter, lock: StoreLock) -> None:
        """Run the trials, and show how far they are."""
        at_once = submission.at_once
        with (
            live_recorder(self._store.files, meter, at_once) as recorder,
            Display(meter, verbose=self._verbose) as display,
        ):

            def give_up(error: CnnjobsError) -> None:
                display.stop()
                echo(sentences(error, self._kept(meter)), err=True)
                self._note_stop(str(error), meter)
                lock.release()

            engine = self._placement.engine(submission.resources, at_once, give_up)
            ahead = Meanwhile(self._meanwhile, meter, submission.resources.cpus)
            shown = Watchers(display, TrialEvents(self._events, meter), recorder)
            watcher = Watchers(shown, TrackedTrials(self._tracking, shown.noted), ahead)
            self.failures += submission.run(engine, backends.open_worker, watcher, lock)
            self.not_run = "" if submission.guard is None else submission.guard.why

    def _meter(self, prepared: Prepared, trials: list[Trial], at_once: int) -> Meter:
        """Return what counts trials and images; epochs that kept states have done already are not to be done."""
        rows = trained_rows(prepared.plan, prepared.dataset)
        states = self._checkpoints.kept_epochs()

        def kept_images(trial: Trial) -> int:
            return 0 if trial.spec.follows_length else rows * kept_epochs(trial, states)

        before = accuracies(self._store, prepared.plan)
        return Meter(trials, lambda trial: rows * trial.spec.epochs, kept_images, at_once, before=before)

    def _note_stop(self, why: str, meter: Meter) -> None:
        """Keep what is said in the end where `status` shows it: the terminal may be the one that is gone."""
        self._events.emit("stop", text=sentences(why, self._kept(meter)))
        with contextlib.suppress(StoreError):
            self._store.note_stop(f"{time.strftime('%Y-%m-%d %H:%M:%S')}: {sentences(why, self._kept(meter))}")

    def _kept(self, meter: Meter) -> str:
        """Say what is stored, and how to go on."""
        return (
            f"{meter.done} of {meter.counted()} trials were finished and are stored in "
            f"{shown_place(self._store.files.location)}. "
            f"To continue, {self._again}"
        )


def _why(stopped: BaseException) -> str:
    """Say why a run was stopped: as the cluster's end says, or by whom."""
    return str(stopped) if isinstance(stopped, ClusterLost) else why_stopped()


def _rule_lines(submission: Submission) -> list[str]:
    """Say by which rule repeats end, and what it decided before."""
    if submission.steering is None or submission.prepared.decide is None:
        return []
    from cnnjobs.comparison.decided_words import start_lines

    return [f"  {line}" for line in start_lines(submission.steering.ruling)]


def _announcement(prepared: Prepared, trials: list[Trial], resources: "TrialResources", at_once: int) -> str:
    total = len(prepared.plan.trials)
    stored = f" ({total - len(trials)} of {total} not asked for or stored already)" if len(trials) < total else ""
    device = (
        f"{resources.gpus:g} GPU" if resources.gpus else f"{resources.cpus} core{'s' if resources.cpus > 1 else ''}"
    )
    rows = prepared.dataset.training_rows
    own = rows.own_validation_rows
    data = f"{prepared.dataset.name}, {images_text(training=len(rows) - (own or 0), validation=own)}"
    count = f"{len(trials)} trial" + ("s" if len(trials) != 1 else "")
    count = count if prepared.steer is None else f"at most {count}"
    return f"{prepared.job.name}: {count}{stored} on {data}; {at_once} at once, {device} each"
