"""What a trial costs beside its training steps: the first of a variant in a worker, and later ones.

    python benchmarks/trial_overhead.py

Counted is everything from the moment a worker takes a trial up until it is stored: building and tracing the
network, the input pipeline, set-up of the evaluation, validation after every epoch, test, a checkpoint after every
epoch, commit. Subtracted are the training steps: epochs times the median epoch of the later trials. TensorFlow is
loaded before. Scanned digits, two variants x ten repeats, three epochs, one core.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

EPOCHS, REPEATS = 3, 10

JOB = f"""
from cnnjobs import Adam, Augment, Job, Variant, vgg
base = Variant(model=vgg(blocks=2, filters=16, dense=64), optimizer=Adam(0.001), epochs={EPOCHS}, batch_size=64)
job = Job(name="overhead", dataset="digits", repeats={REPEATS}, variants={{
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


def run_job(folder: Path) -> Stopwatch:
    """Run the job in this process, with a checkpoint after every epoch."""
    from cnnjobs.engine.base import TrialResources
    from cnnjobs.engine.inline import InlineEngine
    from cnnjobs.run.overrides import Overrides
    from cnnjobs.run.prepare import prepare, read_job, store_at
    from cnnjobs.run.submit import Submission, missing_trials
    from cnnjobs.store.checkpoints import Checkpoints
    from cnnjobs.training.trial import TrialWorker

    path = folder / "job.py"
    path.write_text(JOB)
    prepared = prepare(read_job(str(path), Overrides()), Overrides(), lambda *_: None)
    store = store_at(str(folder / "results"), prepared.job)
    missing, _ = missing_trials(prepared, store)
    checkpoints = Checkpoints(store.files.below("checkpoints"), every_s=0)
    submission = Submission(prepared, store, tuple(missing), TrialResources(1, 0, 1), 1, checkpoints)
    worker = TrialWorker(prepared.dataset, cpus=1, gpus=0, replicas=1, checkpoints=checkpoints)
    watch = Stopwatch()
    submission.run(InlineEngine(), lambda *_: worker, watch, watch)  # type: ignore[arg-type]
    return watch


def main() -> None:
    """Run and print the table."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as folder:
        watch = run_job(Path(folder))
    print("variant        trial   beside training steps   of that: set-up   validation   test")
    worst = 0.0
    for name in ("baseline", "augmentation"):
        own = [(seconds, result) for variant, seconds, result in watch.trials if variant == name]
        epoch = statistics.median(s for _, result in own[1:] for s in result.epochs["train_seconds"])
        for kind, chosen in (("first", own[:1]), ("later", own[1:])):
            beside = statistics.median(seconds - EPOCHS * epoch for seconds, _ in chosen)
            finals = [result.final for _, result in chosen]
            parts = [
                statistics.median(f[k] for f in finals) for k in ("setup_seconds", "validation_seconds", "test_seconds")
            ]
            print(f"{name:14} {kind:7} {beside:8.3f} s              " + "      ".join(f"{part:8.3f}" for part in parts))
            worst = max(worst, beside) if kind == "later" else worst
    print(f"later trials: {worst:.3f} s; goal 0.3 s; {'reached' if worst < 0.3 else 'NOT reached'}")


if __name__ == "__main__":
    main()
