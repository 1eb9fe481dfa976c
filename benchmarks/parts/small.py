"""Many small trials: 4 variants x 6 repeats of a small CNN on scanned digits, from cold to the last result."""

from collections.abc import Iterator
from typing import Any

from benchmarks.part import SECONDS, Absent, Goal, Measurement, Part, Quantity, Settings
from benchmarks.parts.trials import OURS, PEERS, measure
from benchmarks.peers.work import Work

JOB = """
from cnnjobs import Adam, Job, Variant, vgg

base = Variant(model=vgg(**{base}), optimizer=Adam(0.001), epochs={epochs}, batch_size=64)
variants = {{name: base.but(model=vgg(**options)) for name, options in {variants}.items()}}
job = Job(name="job", dataset="digits", repeats={repeats}, variants=variants)
"""

BASE = {"blocks": 2, "filters": 16, "dense": 64}

VARIANTS: dict[str, dict[str, Any]] = {
    "baseline": BASE,
    "dropout": {**BASE, "dropout": 0.2},
    "wide": {**BASE, "dense": 128},
    "decay": {**BASE, "weight_decay": 0.0001},
}


def run(settings: Settings) -> Iterator[Measurement | Absent]:
    """Measure: three rounds; at toy size one of two variants x two repeats of an epoch."""
    names, repeats, epochs, rounds = (2, 2, 1, 1) if settings.toy else (4, 6, 10, 3)
    variants = dict(list(VARIANTS.items())[:names])
    job = JOB.format(base=BASE, variants=variants, repeats=repeats, epochs=epochs)
    work = Work(variants, repeats, epochs, 64, "Adam", {"learning_rate": 0.001})
    yield from measure(work, job, settings, PEERS, settings.rounds or rounds)


PART = Part(
    name="small",
    title="Many small trials",
    about=(
        "Four variants with six repeats each of a small CNN (two blocks of 16 and 32 filters, a dense layer) are "
        "trained on scikit-learn's scanned digits: 1,150 for training, 288 for validation after each of 10 "
        "epochs, and 359 for a test at the end; Adam, batch 64. The clock starts when the command is typed, with "
        "nothing in memory. For the peers it stops with the file of their last trial, for `cnnjobs` with the "
        "prompt, after table, figures and report. Peers train with `fit`, one epoch per execution, from `tf.data`"
        ' in memory; where two processes work, each has one thread. "Cores busy" refers to the whole machine, '
        "from the first trial until one of the workers has nothing left to do. The test accuracies show that the "
        "work is the same."
    ),
    contenders={OURS: "`cnnjobs submit`, report included", **{name: peer.what for name, peer in PEERS.items()}},
    measure=run,
    minutes=19,
    goals=(
        Goal(OURS, 0.40, ("plain loop",)),
        Goal(OURS, 0.45, ("Tune class with reuse", "Tune functions with reuse")),
        Goal(OURS, 0.45, ("joblib",)),
        Goal(OURS, 0.18, ("Tune functions",)),
        Goal(OURS, 0.3, quantity="table"),
        Goal(OURS, 1.5, quantity="prompt"),
    ),
    quantities=(
        SECONDS,
        Quantity("first", "s to the first trial"),
        Quantity("last", "s to the last result"),
        Quantity("busy", "cores busy, %", "{:.0f}"),
        Quantity("table", "table, s after it", "{:.2f}"),
        Quantity("prompt", "prompt, s after it", "{:.2f}"),
        Quantity("accuracy", "test accuracy, % (min to max)", spread=True),
    ),
    reference=OURS,
)
