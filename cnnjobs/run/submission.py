"""Runs the missing trials of a job and commits each at its end."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cnnjobs.engine.base import Engine, MakeWorker, TrialResources, Work
from cnnjobs.errors import StoreError
from cnnjobs.messages import FINISHED, Failure, Message, Note, Progress, Result, Stalled, Started, Status
from cnnjobs.models.weights import read_weights
from cnnjobs.planning.identity import to_json
from cnnjobs.planning.trials import Trial
from cnnjobs.run.prepare import Prepared
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.compaction import compact_if_possible
from cnnjobs.store.lock import Running, StoreLock
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import StoredJob
from cnnjobs.versions import DECISIVE

if TYPE_CHECKING:
    from cnnjobs.comparison.decisions import Ruling
    from cnnjobs.run.steering import Steering


class Watcher(Protocol):
    """Sees what happens to trials, to show it to a person."""

    def started(self, trial: Trial) -> None:
        """A worker has taken it up."""
        ...

    def progressed(self, trial: Trial, progress: Progress) -> None:
        """It is under way."""
        ...

    def noted(self, trial: Trial, note: Note) -> None:
        """There is something of it that a person should know."""
        ...

    def stalled(self, trial: Trial, stalled: Stalled) -> None:
        """It makes no progress."""
        ...

    def finished(self, trial: Trial, result: Result) -> None:
        """It completed or diverged, and is stored."""
        ...

    def failed(self, trial: Trial, failure: Failure, log: str) -> None:
        """It failed; `log` is where to read about it."""
        ...

    def ruled(self, ruling: Ruling) -> None:
        """The rule of the job has taken in a trial."""
        ...


@dataclass(frozen=True)
class State:
    """What a store holds of a plan.

    Args:
        finished: ids of trials of the plan that need not run.
        failed: ids of trials of the plan whose last try failed.
        stale: stored trials that are of settings the job no longer has, by the variant's name then.
        damaged: files that cannot be read; their trials count as missing.
        rates: condition -> mean seconds an epoch of its completed trials.
        versions: name of what can change the bits of a result -> its versions in the finished trials.
    """

    finished: frozenset[str]
    failed: frozenset[str]
    stale: dict[str, int]
    damaged: tuple[str, ...]
    rates: dict[str, float] = field(default_factory=dict)
    versions: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def mixed_with(self, here: Mapping[str, str]) -> list[str]:
        """Say which versions runs that are stored have and those to come have not.

        Args:
            here: name -> version of what those to come are trained with.
        """
        return [
            f"stored runs have {name} {', '.join(others)}, those to come have {here[name]}: a difference between the "
            "two may be that of the versions. To have all of one version, submit into an empty results folder"
            for name, stored in self.versions.items()
            if (others := [one for one in stored if one != here.get(name, one)])
        ]


def state_of(store: Store, trials: Collection[Trial], conditions: Collection[str]) -> State:
    """Compare what is stored with what is planned."""
    names = {f"{name}_version": name for name in DECISIVE}
    columns = ["trial_id", "condition_id", "variant", "status", "seconds", "epochs_done", *names]
    stored = store.read("trials", columns=columns)
    planned = {trial.trial_id for trial in trials}
    rows = stored.table.to_pylist()
    stale: dict[str, int] = {}
    for row in rows:
        if row["condition_id"] not in conditions:
            stale[row["variant"]] = stale.get(row["variant"], 0) + 1
    finished = [row for row in rows if row["trial_id"] in planned and row["status"] in FINISHED]
    return State(
        finished=frozenset(row["trial_id"] for row in finished),
        failed=frozenset(r["trial_id"] for r in rows if r["trial_id"] in planned and r["status"] == Status.FAILED),
        stale=stale,
        damaged=stored.damaged,
        rates=_rates(rows),
        versions={
            name: tuple(sorted({row[column] for row in finished if row[column]})) for column, name in names.items()
        },
    )


def _rates(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return condition -> mean seconds an epoch of its completed trials."""
    by_condition: dict[str, list[float]] = {}
    for row in rows:
        if row["status"] == Status.COMPLETED and row["seconds"] and row["epochs_done"]:
            by_condition.setdefault(row["condition_id"], []).append(row["seconds"] / row["epochs_done"])
    return {condition: sum(rates) / len(rates) for condition, rates in by_condition.items()}


def missing_trials(prepared: Prepared, store: Store) -> tuple[list[Trial], State]:
    """Return the trials that are to run, those that take longest first, and what the store holds."""
    state = state_of(store, prepared.plan.trials, set(prepared.plan.conditions.values()))
    missing = prepared.plan.missing(state.finished, prepared.only, state.rates)
    if prepared.steer is None:
        return missing, state
    may_run = {trial.trial_id for trial in prepared.steer(prepared, store).trials}
    return [trial for trial in missing if trial.trial_id in may_run], state


def kept_epochs(trial: Trial, kept: Mapping[str, Sequence[int]]) -> int:
    """Return after which epoch of the shorter trials whose final state is kept a trial may go on; 0 for none."""
    return max((epochs for epochs in kept.get(trial.length_free_id, ()) if epochs <= trial.spec.epochs), default=0)


def continuations(trials: Collection[Trial], kept: Mapping[str, Sequence[int]]) -> list[str]:
    """Say which trials go on from what shorter ones ended with, and which start over though there is such a state.

    Args:
        trials: those that are to run.
        kept: length-free id -> epochs of the trials whose final state is kept.
    """
    fitting = {trial.trial_id: kept_epochs(trial, kept) for trial in trials}
    shorter = [trial for trial in trials if fitting[trial.trial_id] > 0]
    notes = []
    going_on = [trial for trial in shorter if not trial.spec.follows_length]
    if going_on:
        after = " or ".join(str(number) for number in sorted({fitting[trial.trial_id] for trial in going_on}))
        notes.append(
            f"{len(going_on)} of the trials go on from kept states, after epoch {after}, where versions, device and "
            "cores are the same"
        )
    for name in dict.fromkeys(trial.variant for trial in shorter if trial.spec.follows_length):
        notes.append(
            f"{name!r} starts over: its learning rates, or a callback of yours, may depend on the number of epochs"
        )
    return notes


@dataclass(frozen=True)
class Submission:
    """A prepared job, its store, and what is to run.

    Args:
        prepared: job, data, plan.
        store: where trials end up.
        trials: those that are to run, in order.
        resources: what each runs on.
        at_once: how many run at the same time.
        checkpoints: where trials under way are kept.
        timeout_s: a trial that makes no progress for so long is ended, as failed; None for never.
        steering: says which trial starts next; None where all are to run.
    """

    prepared: Prepared
    store: Store
    trials: tuple[Trial, ...]
    resources: TrialResources
    at_once: int
    checkpoints: Checkpoints
    timeout_s: float | None = None
    steering: Steering | None = None

    def run(self, engine: Engine, make_worker: MakeWorker, watcher: Watcher, lock: StoreLock) -> int:
        """Run the trials; return how many failed.

        Args:
            engine: runs them.
            make_worker: makes what runs them in a worker process.
            watcher: is told.
            lock: the claim on the store.

        Raises:
            StoreError: if the store cannot be written.
        """
        keep_job(self.store, self._now())
        sweep(self.store, self.checkpoints)
        recorder = _Recorder(self, lock, watcher, _commit_of(self.prepared.file.folder))
        work = Work(
            trials=self.trials,
            dataset=self.prepared.dataset,
            make_worker=make_worker,
            resources=self.resources,
            at_once=self.at_once,
            checkpoints=self.checkpoints,
            modules=self.prepared.file.modules,
            user_modules=self.prepared.needs.modules,
            files=read_weights((trial.spec for trial in self.trials), self.prepared.dataset.image_shape),
            timeout_s=self.timeout_s,
            order=self.steering,
        )
        if self.steering is not None:
            self.steering.begin(self.at_once, recorder.on_ruling)
        engine.run(work, recorder.on_message)
        keep_job(self.store, self._now())
        compact_if_possible(self.store)
        return recorder.failures

    def _now(self) -> Prepared:
        """Return the job as it is to be kept: with what its rule has decided."""
        return self.prepared if self.steering is None else self.steering.prepared


def keep_job(store: Store, prepared: Prepared) -> None:
    """Keep the resolved job."""
    store.write_job(job_to_keep(store, prepared))


def as_decided(prepared: Prepared, store: Store) -> Prepared:
    """Return a job with what its rule decides from what is stored; one without a rule as it is."""
    return prepared if prepared.steer is None else prepared.steer(prepared, store).prepared


def job_to_keep(store: Store, prepared: Prepared) -> StoredJob:
    """Return the resolved job as the store is to keep it.

    A rule for a half width that runs of the same settings have followed stays with them: they were not chosen
    otherwise because the job is submitted once more without it. So does a rule by which repeats end.
    """
    job, before = prepared.as_stored(), store.job
    if before is None or not {*before.conditions.values()} & {*job.conditions.values()}:
        return job
    return replace(job, half_width=job.half_width or before.half_width, decide=job.decide or before.decide)


def sweep(store: Store, checkpoints: Checkpoints) -> None:
    """Remove what submits that were cut off left: files half written, checkpoints of trials that are stored."""
    store.remove_remains()
    with contextlib.suppress(StoreError):
        kept = checkpoints.trial_ids()
        if kept:
            stored = store.read("trials", columns=["trial_id", "status"]).table.to_pylist()
            for trial_id in kept & {row["trial_id"] for row in stored if row["status"] in FINISHED}:
                checkpoints.remove(trial_id)


class _Recorder:
    """Commits results, keeps the heartbeat, tells the watcher."""

    def __init__(
        self, submission: Submission, lock: StoreLock, watcher: Watcher, commit: tuple[str | None, bool | None]
    ) -> None:
        self._submission, self._lock, self._watcher = submission, lock, watcher
        self._commit, self._dirty = commit
        self._running: dict[str, Running] = {}
        self._began: dict[str, float] = {}
        self._told: set[str] = set()
        self._decided: set[str] = set()
        self.failures = 0

    def on_ruling(self, ruling: Ruling) -> None:
        """Keep what is decided, as soon as it is."""
        decided = {name for name in ruling.decisions if name not in ruling.open}
        if decided != self._decided and self._submission.steering is not None:
            keep_job(self._submission.store, self._submission.steering.prepared)
        self._decided = decided
        self._watcher.ruled(ruling)

    def on_message(self, trial: Trial, message: Message) -> None:
        """Take one message of a trial."""
        if isinstance(message, Started):
            self._began[trial.trial_id] = time.time()
            self._running[trial.trial_id] = _running(trial, "starting")
            self._watcher.started(trial)
        elif isinstance(message, Progress):
            self._running[trial.trial_id] = _running(trial, f"epoch {message.epoch} of {message.epochs}")
            self._watcher.progressed(trial, message)
        elif isinstance(message, Note):
            if not (message.once and message.text in self._told):
                self._watcher.noted(trial, message)
            self._told.add(message.text)
        elif isinstance(message, Stalled):
            before = self._running.get(trial.trial_id, _running(trial, "starting"))
            self._running[trial.trial_id] = replace(before, quiet_since=time.time() - message.seconds)
            self._watcher.stalled(trial, message)
        elif isinstance(message, Result):
            self._store(trial, message)
            self._running.pop(trial.trial_id, None)
            self._watcher.finished(trial, message)
            self._take_in(trial, message)
        else:
            log = self._store_failure(trial, message)
            self._running.pop(trial.trial_id, None)
            self.failures += 1
            self._watcher.failed(trial, message, log)
            self._take_in(trial, message)
        self._lock.update(self._running.values())

    def _take_in(self, trial: Trial, message: Result | Failure) -> None:
        """Tell the order how a trial ended."""
        if self._submission.steering is not None:
            self._submission.steering.ended(trial, message)

    def _store(self, trial: Trial, result: Result) -> None:
        final = dict(result.final)
        final["started_at"] = _milliseconds(final.get("started_at", time.time()))
        row = self._row(trial) | {"status": result.status} | final
        self._submission.store.commit(row, result.epochs, result.predictions)
        with contextlib.suppress(StoreError):  # the trial is stored; the next submit removes what is left
            self._submission.checkpoints.remove(trial.trial_id)

    def _store_failure(self, trial: Trial, failure: Failure) -> str:
        log = self._submission.store.write_log(trial.trial_id, failure.log)
        began = self._began.get(trial.trial_id, time.time())
        outcome = {"status": Status.FAILED, "error": failure.error, "log": log, "started_at": _milliseconds(began)}
        self._submission.store.commit(self._row(trial) | outcome, {}, None)
        return log

    def _row(self, trial: Trial) -> dict[str, Any]:
        """Return the columns of `trials` that are known on this side."""
        data, spec, protocol = self._submission.prepared.dataset, trial.spec, trial.protocol
        return {
            "trial_id": trial.trial_id,
            "condition_id": trial.condition_id,
            "job": self._submission.prepared.job.name,
            "variant": trial.variant,
            "repeat": trial.repeat,
            "fold": trial.fold,
            "dataset": data.name,
            "dataset_fingerprint": data.fingerprint,
            "classes": len(data.class_names),
            "validation": protocol.describe(),
            "folds": protocol.folds,
            "limit_train": protocol.limit_train,
            "epochs": spec.epochs,
            "batch_size": spec.batch_size,
            "settings": to_json(spec),
            **{f"seed_{source}": seed for source, seed in asdict(trial.seeds).items()},
            "finished_at": _milliseconds(time.time()),
            "commit": self._commit,
            "dirty": self._dirty,
        }


def _running(trial: Trial, doing: str) -> Running:
    return Running(trial.variant, trial.repeat, trial.fold if trial.protocol.folds else None, doing)


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)


def _commit_of(folder: Path) -> tuple[str | None, bool | None]:
    """Return the commit of the repository the job file lies in, and whether files of it were changed."""
    head = _git(folder, "rev-parse", "HEAD")
    if head is None:
        return None, None
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return head, None if changes is None else bool(changes)


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
