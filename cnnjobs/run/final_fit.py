"""The final model of a job: one variant, fitted on all training rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cnnjobs.engine.base import Engine, MakeWorker, TrialResources, Work
from cnnjobs.errors import SpecError, TrialsFailed
from cnnjobs.messages import Failure, Message, Note, Progress, Result, Stalled, Started
from cnnjobs.models.weights import read_weights
from cnnjobs.planning.trials import Trial
from cnnjobs.run.prepare import Prepared, ReadJob, watches_validation
from cnnjobs.run.watcher import Watcher
from cnnjobs.spec import Job
from cnnjobs.spec.checks import whole
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.store import Store
from cnnjobs.wording.nearest import near_it
from cnnjobs.wording.sentences import clause


@dataclass(frozen=True)
class Trained:
    """A fitted network.

    Args:
        model: a `.keras` file.
        final: the trial's numbers; keys are columns of `trials`.
    """

    model: bytes
    final: Mapping[str, Any]


@dataclass(frozen=True)
class FinalFit:
    """One variant on all training rows, or on all that its callbacks leave it.

    Args:
        prepared: a job of that variant alone, from `for_fit`, with its data.
    """

    prepared: Prepared

    @property
    def trial(self) -> Trial:
        """What is trained: the repeat that was asked for."""
        return self.prepared.plan.trials[-1]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of it."""
        if self.trial.protocol.validation in (None, "test"):
            return self.prepared.notes
        rows = self.trial.protocol.describe()
        return (*self.prepared.notes, f"Callbacks of {self.trial.variant!r} decide by validation rows: {rows}")

    def run(
        self,
        engine: Engine,
        make_worker: MakeWorker,
        resources: TrialResources,
        store: Store,
        checkpoints: Checkpoints,
        watcher: Watcher,
        timeout_s: float | None = None,
    ) -> Trained:
        """Train; return the network and what is known of it.

        Args:
            engine: runs it.
            make_worker: makes workers that tell the network.
            resources: what it runs on.
            store: where the log of a failure goes.
            checkpoints: where it is kept while under way; they stay until `Checkpoints.clear`.
            watcher: is told.
            timeout_s: without progress for so long it is ended, as failed; None for never.

        Raises:
            TrialsFailed: if it failed or diverged.
        """
        ends: list[Result | Failure] = []
        work = Work(
            trials=(self.trial,),
            dataset=self.prepared.dataset,
            make_worker=make_worker,
            resources=resources,
            at_once=1,
            checkpoints=checkpoints,
            modules=self.prepared.file.modules,
            user_modules=self.prepared.needs.modules,
            files=read_weights([self.trial.spec], self.prepared.dataset.image_shape),
            timeout_s=timeout_s,
        )
        engine.run(work, _teller(watcher, ends))
        end = ends[-1]
        if isinstance(end, Failure):
            log = store.write_log(self.trial.trial_id, end.log)
            raise TrialsFailed(f"The fit failed: {clause(end.error)}. Its log: {log}")
        if end.model is None:
            raise TrialsFailed(f"The fit diverged at epoch {end.final['epochs_done']}: its loss is not finite.")
        return Trained(end.model, end.final)


@dataclass(frozen=True)
class FitOf:
    """What is fitted, and where it goes.

    Args:
        variant: which one; None if the job has only one.
        repeat: whose seeds, counted from 1.
        output: path or URI of the model file; None for one in the job's folder, named by variant and identity.
    """

    variant: str | None = None
    repeat: int = 1
    output: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "repeat", whole("repeat", self.repeat, least=1, most=10_000))


def for_fit(read: ReadJob, variant: str | None, repeat: int) -> ReadJob:
    """Return a job of one variant that trains on all training rows, or on all that its callbacks leave it.

    Args:
        read: the job.
        variant: which one; None if the job has only one.
        repeat: whose seeds, counted from 1.

    Raises:
        SpecError: no such variant, or none named where there are several.
    """
    name = _chosen(read.job, variant)
    spec = read.job.variants[name]
    held_out: float | str | None = None
    if watches_validation(spec):
        held_out = 1 / read.job.folds if read.job.folds else read.job.validation
    if held_out is None:
        spec = spec.but(watch=())  # there are no validation rows to watch
    only = {"variants": {name: spec}, "vary": read.job.vary_of(name), "repeats": repeat}
    job = read.job.but(**only, folds=None, validation=held_out, keep=None)
    return replace(read, job=job)


def _chosen(job: Job, variant: str | None) -> str:
    names = list(job.variants)
    if variant in names:
        return str(variant)
    if variant is None and len(names) == 1:
        return names[0]
    received = "none." if variant is None else f"{variant!r}.{near_it(variant, names)}"
    raise SpecError(f"`variant` must be one of {job.name}'s: {', '.join(names)}. Received: {received}")


def _teller(watcher: Watcher, ends: list[Result | Failure]) -> Callable[[Trial, Message], None]:
    """Return what takes the messages: the watcher is told, the end is kept."""

    def tell(trial: Trial, message: Message) -> None:
        if isinstance(message, Started):
            watcher.started(trial)
        elif isinstance(message, Progress):
            watcher.progressed(trial, message)
        elif isinstance(message, Note):
            watcher.noted(trial, message)
        elif isinstance(message, Stalled):
            watcher.stalled(trial, message)
        else:
            ends.append(message)

    return tell
