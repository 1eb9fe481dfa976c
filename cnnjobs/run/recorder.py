"""Takes what trials say on the submitting side: commits each at its end."""

from __future__ import annotations

import contextlib
import subprocess
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnjobs.errors import StoreError
from cnnjobs.messages import Failure, Message, Note, Progress, Result, Stalled, Started, Status
from cnnjobs.planning.identity import to_json
from cnnjobs.planning.trials import Trial
from cnnjobs.run.kept_job import keep_job
from cnnjobs.run.prepare import Prepared
from cnnjobs.run.watcher import Watcher
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.compaction import Compactor
from cnnjobs.store.lock import Running, StoreLock
from cnnjobs.store.store import Store

if TYPE_CHECKING:
    from cnnjobs.comparison.decisions import Ruling
    from cnnjobs.run.failing_alike import UntilAllFailAlike
    from cnnjobs.run.steering import Steering


class Recorder:
    """Commits results, keeps the heartbeat, tells the watcher.

    Args:
        prepared: job, data, plan.
        store: where results end up.
        checkpoints: of trials under way; that of a trial that is stored is removed.
        steering: says which trial starts next; None where all are to run.
        lock: the claim on the store.
        watcher: is told.
        guard: ends it where all trials fail alike; None where that is not wanted.

    Attributes:
        failures: how many trials failed.
    """

    def __init__(
        self,
        prepared: Prepared,
        store: Store,
        checkpoints: Checkpoints,
        steering: Steering | None,
        lock: StoreLock,
        watcher: Watcher,
        guard: UntilAllFailAlike | None = None,
    ) -> None:
        self._prepared, self._store, self._checkpoints, self._steering = prepared, store, checkpoints, steering
        self._lock, self._watcher, self._guard = lock, watcher, guard
        self._commit, self._dirty = _commit_of(prepared.file.folder)
        self._compactor = Compactor(store)
        self._running: dict[str, Running] = {}
        self._began: dict[str, float] = {}
        self._told: set[str] = set()
        self._decided: set[str] = set()
        self.failures = 0

    def on_ruling(self, ruling: Ruling) -> None:
        """Keep what is decided, as soon as it is."""
        decided = {name for name in ruling.decisions if name not in ruling.open}
        if decided != self._decided and self._steering is not None:
            keep_job(self._store, self._steering.prepared)
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
            self._keep(trial, message)
            self._forget(trial)
            self._watcher.finished(trial, message)
            self._take_in(trial, message)
        else:
            log = self._keep_failure(trial, message)
            self._forget(trial)
            self.failures += 1
            self._watcher.failed(trial, message, log)
            self._take_in(trial, message)
        self._lock.update(self._running.values())

    def _forget(self, trial: Trial) -> None:
        """A trial has ended: of ten thousand nothing is kept."""
        self._running.pop(trial.trial_id, None)
        self._began.pop(trial.trial_id, None)

    def _take_in(self, trial: Trial, message: Result | Failure) -> None:
        """Tell the order how a trial ended."""
        if self._steering is not None:
            self._steering.ended(trial, message)
        said = "" if self._guard is None else self._guard.ended(trial, message)
        if said:
            self._watcher.noted(trial, Note(said, once=True))

    def _keep(self, trial: Trial, result: Result) -> None:
        final = dict(result.final)
        final["started_at"] = _milliseconds(final.get("started_at", time.time()))
        row = self._row(trial) | {"status": result.status} | final
        self._compactor.add(self._store.commit(row, result.epochs, result.predictions))
        with contextlib.suppress(StoreError):  # the trial is stored; the next submit removes what is left
            self._checkpoints.remove(trial.trial_id)

    def _keep_failure(self, trial: Trial, failure: Failure) -> str:
        log = self._store.write_log(trial.trial_id, failure.log)
        began = self._began.get(trial.trial_id, time.time())
        outcome = {"status": Status.FAILED, "error": failure.error, "log": log, "started_at": _milliseconds(began)}
        self._store.commit(self._row(trial) | outcome, {}, None)
        return log

    def _row(self, trial: Trial) -> dict[str, Any]:
        """Return the columns of `trials` that are known on this side."""
        data, spec, protocol = self._prepared.dataset, trial.spec, trial.protocol
        return {
            "trial_id": trial.trial_id,
            "condition_id": trial.condition_id,
            "job": self._prepared.job.name,
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
