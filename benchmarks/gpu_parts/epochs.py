"""Contenders that train epochs when they are told to, each in a process of its own: this trainer, and `fit`.

    python -m benchmarks.gpu_parts.epochs SETTINGS CONTENDER

A turn begins with a line on standard input. Its first epoch is not timed: what pipelines have made ready while they
waited does not count. Then epochs follow until `TURN_S` are over, and a line of JSON tells of them.
"""

import json
import sys
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.gpu_parts.settings import BATCH, Settings, networks, photos

TURN_S, TOY_TURN_S = 1.2, 0.2
"""NVIDIA's tool says how busy a GPU was over up to a second."""

TOLD = "TURN "

HOST = "trainer, data on the host"


@dataclass(frozen=True)
class Contender:
    """One of those that are compared.

    Args:
        kind: "trainer"; `HOST`, the same, whose images do not lie on the GPU; "fit", an epoch an execution; "fit, a
            step an execution"; "fit, MirroredStrategy".
        network: name of a variant of `networks`.
        precision: as of a variant.
        xla: whether the step is compiled.
        augmented: whether images are flipped and shifted.
    """

    kind: str
    network: str
    precision: str = "float32"
    xla: bool = False
    augmented: bool = False

    @property
    def setting(self) -> str:
        """What is compared with each other."""
        marks = (", XLA" if self.xla else "", ", augmented" if self.augmented else "")
        return f"{self.network}, {self.precision}{''.join(marks)}"

    @property
    def environment(self) -> dict[str, str]:
        """What its process has beside the others' environment."""
        return {"CNNJOBS_ON_GPU_MB": "0"} if self.kind == HOST else {}


class Turns:
    """Waits for the referee before each turn, and tells it of the epochs after each.

    Args:
        turn_s: seconds of a turn beside its first epoch.
    """

    def __init__(self, turn_s: float) -> None:
        self._turn_s, self._done = turn_s, -1

    def epoch_begins(self) -> None:
        """Wait, if a turn begins; start the clock at its second epoch."""
        if self._done < 0:
            if not sys.stdin.readline():
                sys.exit(0)
            self._done = 0
        if self._done == 1:
            self._began, self._at = time.perf_counter(), time.time()

    def epoch_ended(self) -> None:
        """Answer, if a turn has ended."""
        self._done += 1
        took = time.perf_counter() - self._began if self._done > 1 else 0.0
        if self._done > 1 and took >= self._turn_s:
            seconds = took / (self._done - 1)
            print(f"{TOLD}{json.dumps({'seconds': seconds, 'began': self._at, 'ended': time.time()})}", flush=True)
            self._done = -1


def contend(contender: Contender, settings: Settings) -> None:
    """Be one."""
    data = photos(settings)
    rows = len(data.y_train) // BATCH * BATCH  # all steps of one size: an expert would see to that for XLA
    data = photos(settings, rows)
    variant = networks(pretend=settings.pretend)[contender.network]
    turns = Turns(TOY_TURN_S if settings.pretend else TURN_S)
    run = run_trainer if contender.kind in ("trainer", HOST) else run_fit
    run(contender, data, variant, turns, settings)


def run_trainer(contender: Contender, data: Any, variant: Any, turns: Turns, settings: Settings) -> None:
    """Train with this package's trainer, without validation."""
    from benchmarks.gpu_parts.settings import worker_on
    from benchmarks.parts.step import run_epochs
    from cnnjobs import Augment, Job
    from cnnjobs.planning.trials import make_plan

    variant = variant.but(precision=contender.precision, xla=contender.xla, epochs=100_000)
    if contender.augmented:
        variant = variant.but(augment=Augment(flip="horizontal", shift=0.1))
    job = Job(name="a", dataset="digits", repeats=1, validation=None, variants={"v": variant})
    run_epochs(worker_on(data, settings), make_plan(job, data.fingerprint).trials[0], turns)


def run_fit(contender: Contender, data: Any, variant: Any, turns: Turns, settings: Settings) -> None:
    """Train with `fit` as an expert would: `benchmarks.parts.step`, without validation, on the GPU."""
    import keras
    import tensorflow as tf

    from benchmarks.parts import step

    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    policies = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
    keras.config.set_dtype_policy(policies[contender.precision])
    step.run_fit(
        {"fit": "aN", "fit, a step an execution": "a1", "fit, MirroredStrategy": "b"}[contender.kind],
        data,
        variant,
        100_000,
        turns,
        device="CPU:0" if settings.pretend else "GPU:0",
        validates=False,
        from_logits="resnet" in str(variant.network).lower(),
        jit_compile=contender.xla,
    )


if __name__ == "__main__":
    contend(Contender(**json.loads(sys.argv[2])), Settings.load(sys.argv[1]))
