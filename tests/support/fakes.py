"""Workers that need no TensorFlow: what they tell is a function of the trial's seeds alone."""

import contextlib
import io
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from click.testing import Result as ClickResult

from cnnjobs.cli import main
from cnnjobs.comparison.decisions import Ruling
from cnnjobs.datasets import Dataset
from cnnjobs.datasets.arrays import make_dataset
from cnnjobs.engine.base import Engine, MakeWorker, OnMessage, TrialResources, Work
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.engine.places import Here
from cnnjobs.errors import CnnjobsError, Interrupted
from cnnjobs.messages import Failure, Message, Note, Predictions, Progress, Result, Stalled, Status
from cnnjobs.planning.trials import Trial
from cnnjobs.report.write import Written
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.submit import Goal, RunOptions, submit_job
from cnnjobs.store.checkpoints import Checkpoints


def tiny_dataset(classes: int = 3, per_class: int = 10, size: int = 8, seed: int = 0) -> Dataset:
    """Random pictures that are quickly made."""
    random = np.random.RandomState(seed)
    labels = np.repeat(np.arange(classes, dtype=np.int32), per_class)
    images = random.randint(0, 256, (len(labels), size, size, 1)).astype(np.uint8)
    names = tuple(f"class{label}" for label in range(classes))
    return make_dataset("tiny", (images, labels), (images[::2], labels[::2]), names)


@dataclass
class FakeWorker:
    """Completes every trial; variants with telling names behave otherwise."""

    dataset: Dataset
    resources: TrialResources
    seen: list[str] = field(default_factory=list)
    retire_reason: str | None = None

    def run(self, trial: Trial) -> Iterator[Message]:
        self.seen.append(trial.label())
        self.retire_reason = "of fake leather" if trial.variant == "wears" else None
        if trial.variant == "raises":
            print("about to raise")
            raise RuntimeError("no such layer\nand more")
        if trial.variant == "dies":
            print("last words", flush=True)
            os._exit(7)
        epochs = {name: [] for name in ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")}
        for epoch in range(trial.spec.epochs):
            values = np.random.RandomState(trial.seeds.init % 2**31 + epoch).uniform(size=4)
            for name, value in zip(epochs, [epoch + 1, *values], strict=True):
                epochs[name].append(value)
            told = {name: column[-1] for name, column in epochs.items() if name != "epoch"}
            yield Progress(epoch + 1, trial.spec.epochs, len(self.dataset.y_train), told)
        labels = self.dataset.y_test
        random = np.random.RandomState(trial.seeds.order)
        probabilities = random.dirichlet(np.ones(len(self.dataset.class_names)), len(labels)).astype(np.float32)
        accuracy = float((probabilities.argmax(axis=1) == labels).mean())
        final = {"test_accuracy": accuracy, "test_loss": 1.0, "val_accuracy": 0.5, "val_loss": 1.0, "seconds": 0.1}
        if trial.variant == "diverges":
            yield Result(Status.DIVERGED, {"epochs_done": 1, "seconds": 0.1}, epochs, None)
            return
        log = f"pid {os.getpid()}"
        yield Result(Status.COMPLETED, final, epochs, Predictions(labels, probabilities), log)


def fake_worker(dataset: Dataset, resources: TrialResources, checkpoints: Checkpoints | None) -> FakeWorker:
    return FakeWorker(dataset, resources)


class Clock:
    """Tells the time that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Notes:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def started(self, trial: Trial) -> None:
        self.lines.append(f"started {trial.label()}")

    def progressed(self, trial: Trial, progress: Progress) -> None:
        pass

    def noted(self, trial: Trial, note: Note) -> None:
        self.lines.append(f"{trial.label()}: {note.text}")

    def stalled(self, trial: Trial, stalled: Stalled) -> None:
        self.lines.append(f"stalled {trial.label()}")

    def finished(self, trial: Trial, result: Result) -> None:
        self.lines.append(f"{result.status} {trial.label()}")

    def failed(self, trial: Trial, failure: Failure, log: str) -> None:
        self.lines.append(f"failed {trial.label()}: {failure.error}")

    def ruled(self, ruling: Ruling) -> None:
        pass


JOB = """
from cnnjobs import Augment, Job, SGD, Variant, vgg

base = Variant(model=vgg(blocks=1, filters=2, dense=4), optimizer=SGD(0.01), epochs={epochs}, batch_size=4)

job = Job(name="tiny", dataset={dataset!r}, repeats={repeats}, variants={{
    {variants}
}})
"""

VARIANTS = """"one": base, "two": base.but(batch_size=5),"""


def write_job(
    folder: Path, *, dataset: str = "digits", repeats: int = 2, epochs: int = 2, variants: str = VARIANTS
) -> Path:
    """Write a small job file and return its path."""
    path = folder / "job.py"
    path.write_text(JOB.format(dataset=dataset, repeats=repeats, epochs=epochs, variants=variants))
    return path


class StopAfter(InlineEngine):
    """Ctrl-C arrives when so many trials have ended."""

    def __init__(self, ends: int) -> None:
        self.ends = ends

    def run(self, work: Work, on_message: OnMessage) -> None:
        def count(trial: Trial, message: Message) -> None:
            on_message(trial, message)
            self.ends -= isinstance(message, Result | Failure)
            if not self.ends:
                raise KeyboardInterrupt

        super().run(work, count)


def submit_in(
    folder: Path,
    *words: str,
    engine: Engine | None = None,
    worker: MakeWorker = fake_worker,
    change: Callable[[str], str] = str,
    **job: Any,
) -> ClickResult:
    """Submit a job file in a folder as on the command line, with an engine and workers that need no others.

    The report is not written, which takes seconds.
    """
    path = write_job(folder, **({"epochs": 1, "repeats": 5} | job))
    path.write_text(change(path.read_text()))
    before = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("cnnjobs.run.aggregate.write_document", lambda *_: Written("report", None, ()))
        patch.setattr("cnnjobs.run.backends.open_engine", lambda **_: engine or InlineEngine())
        patch.setattr("cnnjobs.run.backends.open_worker", worker)
        try:
            return CliRunner().invoke(main, ["submit", str(path), *words])
        finally:
            signal.signal(signal.SIGTERM, before)


@dataclass(frozen=True)
class Ran:
    """What a submit below the command line came to.

    Args:
        tried: how many trials ran.
        failures: how many of them failed.
        error: what was raised; None if nothing was.
        stderr: what it said meanwhile.
    """

    tried: int
    failures: int
    error: BaseException | None
    stderr: str


def run_in(
    folder: Path,
    *,
    engine: Engine | None = None,
    worker: MakeWorker = fake_worker,
    results: str = "results",
    goal: Goal = Goal(),  # noqa: B008 - frozen
    only: tuple[str, ...] = (),
    **job: Any,
) -> Ran:
    """Submit a job file in a folder as the library does, with an engine and workers that need no others."""
    path = write_job(folder, **({"epochs": 1, "repeats": 5} | job))
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(said):
        patch.chdir(folder)
        patch.setattr("cnnjobs.run.backends.open_engine", lambda **_: engine or InlineEngine())
        patch.setattr("cnnjobs.run.backends.open_worker", worker)
        try:
            asked, again = Overrides(only=only), "run the same command again"
            with submit_job(path, results, asked, goal, RunOptions(), Here(), again) as done:
                return Ran(done.tried, done.failures, None, said.getvalue())
        except (CnnjobsError, Interrupted) as error:
            return Ran(0, 0, error, said.getvalue())
