"""Gates whose trials have the results that a test gives them, on the command line and without TensorFlow and Ray."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result as ClickResult

from cnnjobs.cli import main
from cnnjobs.engine.base import Engine
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.messages import Result, Status
from cnnjobs.report.write import Written
from support.fakes import FakeWorker, write_job

VARIANTS = """"base": base, "wider": base.but(batch_size=5), "other": base.but(batch_size=6),"""

Outcomes = Callable[[str, int], float | None]
"""(variant, repeat from 0) -> test accuracy; None for a trial that diverges."""


def worker_of(outcomes: Outcomes, ran: list[tuple[str, int]]):
    """Return what makes workers whose trials end so; an error that `outcomes` raises is one of the trial."""

    class Worker(FakeWorker):
        def run(self, trial):
            ran.append((trial.variant, trial.repeat))
            value = outcomes(trial.variant, trial.repeat)
            for message in super().run(trial):
                if not isinstance(message, Result):
                    yield message
                elif value is None:
                    yield Result(Status.DIVERGED, {"epochs_done": 1, "seconds": 0.1}, message.epochs, None)
                else:
                    final = dict(message.final) | {"test_accuracy": value}
                    yield Result(Status.COMPLETED, final, message.epochs, message.predictions)

    return lambda dataset, resources, checkpoints: Worker(dataset, resources)


def points(of: dict[str, list[float | None]], reference: str = "base") -> Outcomes:
    """Return outcomes whose differences to the reference are these, in percentage points; 0 after the last."""

    def outcome(variant: str, repeat: int) -> float | None:
        given = of.get(variant, [])
        value = given[repeat] if repeat < len(given) else 0.0
        return None if value is None else 0.8 + value / 100

    return outcome


def gate_in(
    folder: Path,
    *words: str,
    outcomes: Outcomes,
    ran: list[tuple[str, int]] | None = None,
    engine: Engine | None = None,
    command: str = "gate",
    variants: str = VARIANTS,
    change: str = "repeats=5",
) -> ClickResult:
    """Ask a gate of a job file in a folder, as on the command line.

    Args:
        folder: of the job file and its results.
        *words: after the job file.
        outcomes: of the trials.
        ran: is told which trials ran.
        engine: runs them; None for the inline one.
        command: `gate`, or another that takes a job.
        variants: of the job file.
        change: in the place of its repeats.
    """
    path = write_job(folder, epochs=1, repeats=5, variants=variants)
    path.write_text(path.read_text().replace("repeats=5", change))
    worker = worker_of(outcomes, [] if ran is None else ran)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("cnnjobs.run.backends.open_engine", lambda **_: engine or InlineEngine())
        patch.setattr("cnnjobs.run.backends.open_worker", worker)
        patch.setattr("cnnjobs.run.aggregate.write_document", lambda *_: Written("report", None, ()))
        return CliRunner().invoke(main, [command, str(path), *words])
