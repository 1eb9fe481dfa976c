"""What a trial costs beside its training steps: the first of a variant in a worker, and later ones.

Counted is everything from the moment a worker takes a trial up until it is stored: building and tracing the
network, the input pipeline, set-up of the evaluation, validation after every epoch, test, a checkpoint after every
epoch, commit. Subtracted are the training steps: epochs times the median epoch of the later trials. TensorFlow is
loaded before. Scanned digits, two variants x ten repeats, three epochs, one core.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.part import Absent, Goal, Measurement, Part, Quantity, Settings
from benchmarks.race import apart

EPOCHS = 3

JOB = """
from cnnjobs import Adam, Augment, Job, Variant, vgg
base = Variant(model=vgg(blocks=2, filters=16, dense=64), optimizer=Adam(0.001), epochs={epochs}, batch_size=64)
job = Job(name="overhead", dataset="digits", repeats={repeats}, variants={{
    "baseline": base, "augmentation": base.but(augment=Augment(flip="horizontal", shift=0.1))}})
"""


class Stopwatch:
    """A watcher and store lock that notes when each trial was taken up and when it was stored."""

    def __init__(self) -> None:
        self.trials: list[tuple[str, float, Any]] = []

    def started(self, trial: Any) -> None:
        """A worker has taken it up."""
        self._began = time.perf_counter()

    def progressed(self, trial: Any, progress: Any) -> None:
        """Not of interest."""

    def finished(self, trial: Any, result: Any) -> None:
        """It is stored."""
        self.trials.append((trial.variant, time.perf_counter() - self._began, result))

    def failed(self, trial: Any, failure: Any, log: str) -> None:
        """Something is wrong with the benchmark."""
        raise RuntimeError(failure.log)

    def update(self, running: Any) -> None:
        """Not of interest."""


def run_job(folder: Path, repeats: int) -> Stopwatch:
    """Run the job in this process, with a checkpoint after every epoch."""
    from cnnjobs.engine.base import TrialResources
    from cnnjobs.engine.inline import InlineEngine
    from cnnjobs.run.missing import missing_trials
    from cnnjobs.run.overrides import Overrides
    from cnnjobs.run.prepare import prepare, read_job, store_at
    from cnnjobs.run.submission import Submission
    from cnnjobs.store.checkpoints import Checkpoints
    from cnnjobs.training.trial import TrialWorker

    path = folder / "job.py"
    path.write_text(JOB.format(epochs=EPOCHS, repeats=repeats))
    prepared = prepare(read_job(str(path), Overrides()), Overrides(), lambda *_: None)
    store = store_at(str(folder / "results"), prepared.job)
    missing, _ = missing_trials(prepared, store)
    checkpoints = Checkpoints(store.files.below("checkpoints"), every_s=0)
    submission = Submission(prepared, store, tuple(missing), TrialResources(1, 0, 1), 1, checkpoints)
    worker = TrialWorker(prepared.dataset, cpus=1, gpus=0, replicas=1, checkpoints=checkpoints)
    watch = Stopwatch()
    submission.run(InlineEngine(), lambda *_: worker, watch, watch)  # type: ignore[arg-type]
    return watch


def found(repeats: int) -> dict[str, dict[str, float]]:
    """Return "variant first or later" -> seconds beside the training steps, and of what."""
    with tempfile.TemporaryDirectory() as folder:
        watch = run_job(Path(folder), repeats)
    table = {}
    for name in ("baseline", "augmentation"):
        own = [(seconds, result) for variant, seconds, result in watch.trials if variant == name]
        epoch = statistics.median(s for _, result in own[1:] for s in result.epochs["train_seconds"])
        for kind, chosen in (("first", own[:1]), ("later", own[1:])):
            finals = [result.final for _, result in chosen]
            table[f"{name} {kind}"] = {
                "seconds": statistics.median(seconds - EPOCHS * epoch for seconds, _ in chosen),
                **{part: statistics.median(final[f"{part}_seconds"] for final in finals) for part in PARTS},
            }
    return table


PARTS = ("setup", "validation", "test")


def run(settings: Settings) -> Iterator[Measurement | Absent]:
    """Measure: three rounds of ten repeats, each in a new process; at toy size one of two."""
    repeats, rounds = (2, 1) if settings.toy else (10, 3)
    for number in range(settings.rounds or rounds):
        yield from apart(number, "benchmarks.parts.overhead", [str(repeats)], CONTENDERS)


CONTENDERS = {f"{name} {kind}": "" for name in ("baseline", "augmentation") for kind in ("first", "later")}

PART = Part(
    name="overhead",
    title="What a trial costs beside its training steps",
    about=(
        "The digits CNN is trained for three epochs, with a checkpoint after every epoch. The time comprises "
        "building, tracing, pipeline, three validations, test, checkpoints and commit; TensorFlow was loaded "
        "before. `first` is the first trial of a variant in a worker, `later` the median of the nine others."
    ),
    contenders=CONTENDERS,
    measure=run,
    minutes=3,
    goals=tuple(Goal(f"{name} later", 0.3) for name in ("baseline", "augmentation")),
    quantities=(
        Quantity("seconds", "seconds (min to max)", "{:.2f}", spread=True),
        *(Quantity(name, f"of that: {name}", "{:.3f}") for name in PARTS),
    ),
    chart=False,
)


if __name__ == "__main__":
    print(json.dumps(found(int(sys.argv[1]))))
