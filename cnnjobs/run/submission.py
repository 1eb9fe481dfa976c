"""Runs the missing trials of a job and commits each at its end."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnjobs.engine.base import Engine, MakeWorker, TrialResources, Work
from cnnjobs.errors import StoreError
from cnnjobs.messages import FINISHED
from cnnjobs.models.weights import read_weights
from cnnjobs.planning.trials import Trial
from cnnjobs.run.kept_job import keep_job
from cnnjobs.run.prepare import Prepared
from cnnjobs.run.recorder import Recorder
from cnnjobs.run.watcher import Watcher
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.compaction import compact_if_possible
from cnnjobs.store.lock import StoreLock
from cnnjobs.store.store import Store

if TYPE_CHECKING:
    from cnnjobs.run.failing_alike import UntilAllFailAlike
    from cnnjobs.run.steering import Steering


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
        guard: the order of the trials, with an end where all fail alike; None for no such end.
    """

    prepared: Prepared
    store: Store
    trials: tuple[Trial, ...]
    resources: TrialResources
    at_once: int
    checkpoints: Checkpoints
    timeout_s: float | None = None
    steering: Steering | None = None
    guard: UntilAllFailAlike | None = None

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
        recorder = Recorder(self.prepared, self.store, self.checkpoints, self.steering, lock, watcher, self.guard)
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
            order=self.guard or self.steering,
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


def sweep(store: Store, checkpoints: Checkpoints) -> None:
    """Remove what submits that were cut off left: files half written, checkpoints of trials that are stored."""
    store.remove_remains()
    with contextlib.suppress(StoreError):
        kept = checkpoints.trial_ids()
        if kept:
            stored = store.read("trials", columns=["trial_id", "status"]).table.to_pylist()
            for trial_id in kept & {row["trial_id"] for row in stored if row["status"] in FINISHED}:
                checkpoints.remove(trial_id)
