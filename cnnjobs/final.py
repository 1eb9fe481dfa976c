"""The final model of a job: one variant, fitted on all training rows."""

from collections.abc import Callable
from dataclasses import dataclass

from cnnjobs.engine.protocol import Engine, MakeWorker, Slot, Work
from cnnjobs.errors import SpecError, TrialsFailed
from cnnjobs.messages import Failure, Message, Progress, Result, Started
from cnnjobs.plan import Trial, make_plan
from cnnjobs.preparation import Prepared, watches_validation
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.store import Store
from cnnjobs.submission import Watcher


@dataclass(frozen=True)
class FinalFit:
    """What is to be fitted.

    Args:
        prepared: job, data.
        trial: the variant and its seeds, on all training rows.
        notes: what a person should know of it.
    """

    prepared: Prepared
    trial: Trial
    notes: tuple[str, ...]

    def run(
        self,
        engine: Engine,
        make_worker: MakeWorker,
        slot: Slot,
        store: Store,
        checkpoints: Checkpoints,
        watcher: Watcher,
    ) -> Result:
        """Train; return the result, which carries the network.

        Args:
            engine: runs it.
            make_worker: makes workers that tell the network.
            slot: what it runs on.
            store: where the log of a failure goes.
            checkpoints: where it is kept while under way.
            watcher: is told.

        Raises:
            TrialsFailed: if it failed or diverged.
        """
        ends: list[Result | Failure] = []
        work = Work(
            trials=(self.trial,),
            dataset=self.prepared.dataset,
            make_worker=make_worker,
            slot=slot,
            at_once=1,
            checkpoints=checkpoints,
            modules=self.prepared.file.neighbours,
        )
        engine.run(work, _teller(watcher, ends))
        end = ends[-1]
        if isinstance(end, Failure):
            log = store.write_log(self.trial.trial_id, end.log)
            raise TrialsFailed(f"The fit failed: {end.error}. Its log: {log}")
        checkpoints.remove(self.trial.trial_id)
        if end.model is None:
            raise TrialsFailed(
                f"The fit diverged at epoch {end.final['epochs_done']}: its loss is not finite. No model."
            )
        return end


def final_fit(prepared: Prepared, variant: str | None, repeat: int) -> FinalFit:
    """Return the fit of one variant on all training rows, or all that its callbacks leave it.

    Args:
        prepared: job, data.
        variant: which one; None if the job has only one.
        repeat: whose seeds, counted from 1.

    Raises:
        SpecError: no such variant, or none named where there are several.
    """
    name = _chosen(prepared, variant)
    job, spec = prepared.job, prepared.job.variants[name]
    watching = watches_validation(spec)
    held_out = 1 / job.folds if job.folds else job.validation
    job = job.but(
        variants={name: spec}, folds=None, validation=held_out if watching else "test", repeats=repeat, keep=None
    )
    plan = make_plan(job, prepared.dataset.fingerprint, prepared.plan.protocol.limit_train)
    notes = list(prepared.dataset.notes)
    if watching and held_out == "test":
        notes.append(f"callbacks of {name!r} decide by the test set (validation='test'), which flatters its figures")
    elif watching:
        notes.append(f"callbacks of {name!r} decide by validation rows: {plan.protocol.describe()}")
    return FinalFit(prepared, plan.trials[-1], tuple(notes))


def _chosen(prepared: Prepared, variant: str | None) -> str:
    names = list(prepared.job.variants)
    if variant in names:
        return str(variant)
    if variant is None and len(names) == 1:
        return names[0]
    received = "none" if variant is None else repr(variant)
    raise SpecError(f"`--variant` must be one of {prepared.job.name}'s: {', '.join(names)}. Received: {received}.")


def _teller(watcher: Watcher, ends: list[Result | Failure]) -> Callable[[Trial, Message], None]:
    """Return what takes the messages: the watcher is told, the end is kept."""

    def tell(trial: Trial, message: Message) -> None:
        if isinstance(message, Started):
            watcher.started(trial)
        elif isinstance(message, Progress):
            watcher.progressed(trial, message)
        else:
            ends.append(message)

    return tell
