"""Few large trials: VGG-3 on 5,000 photos, 2 variants x 3 repeats, from cold to the last result; are cores idle?"""

from collections.abc import Iterator
from typing import Any

from benchmarks.part import SECONDS, Absent, Goal, Measurement, Part, Quantity, Settings, Skipped
from benchmarks.parts.trials import OURS, PEERS, measure
from benchmarks.peers.work import Work
from benchmarks.photos import pack

JOB = """
from cnnjobs import SGD, Job, Variant, vgg

base = Variant(model=vgg(**{base}), optimizer=SGD(0.001, momentum=0.9), epochs={epochs}, batch_size=64)
variants = {{name: base.but(model=vgg(**options)) for name, options in {variants}.items()}}
job = Job(name="job", dataset={archive!r}, repeats={repeats}, variants=variants)
"""

BASE = {"blocks": 3, "filters": 32, "dense": 128}

VARIANTS: dict[str, dict[str, Any]] = {"baseline": BASE, "dropout": {**BASE, "dropout": 0.2}}

BEST_PEERS = ("plain loop", "joblib", "Tune class with reuse", "Tune functions with reuse")
TRAIN, TEST = 5000, 1000


def run(settings: Settings) -> Iterator[Measurement | Absent]:
    """Measure: three rounds; at toy size one of an epoch of noise."""
    if settings.photos is None:
        raise Skipped("it needs --photos FOLDER")
    archive = settings.folder / "photos.npz"
    pack(settings.photos, TRAIN, TEST, archive)
    repeats, epochs, rounds = (2, 1, 1) if settings.toy else (3, 3, 3)
    job = JOB.format(base=BASE, variants=VARIANTS, archive=str(archive), repeats=repeats, epochs=epochs)
    options = {"learning_rate": 0.001, "momentum": 0.9}
    work = Work(VARIANTS, repeats, epochs, 64, "SGD", options, archive=str(archive))
    yield from measure(work, job, settings, {name: PEERS[name] for name in BEST_PEERS}, settings.rounds or rounds)


PART = Part(
    name="large",
    title="Few large trials",
    about=(
        "Two variants with three repeats each of VGG-3 (three blocks of 32, 64 and 128 filters) are trained on "
        "5,000 of CIFAR-10's photos: 4,000 for training and 1,000 for validation after each of 3 epochs; 1,000 "
        "others are for a test at the end; SGD with momentum, batch 64, two trials at a time with one thread each"
        ' (the plain loop: one at a time with all cores). The clock starts and stops as above, and "cores busy"'
        " is defined as above. All contenders read the same archive."
    ),
    contenders={OURS: "`cnnjobs submit`, report included", **{name: PEERS[name].what for name in BEST_PEERS}},
    measure=run,
    minutes=25,
    goals=(Goal(OURS, 1.05, BEST_PEERS), Goal(OURS, 95, quantity="busy", at_least=True)),
    quantities=(
        SECONDS,
        Quantity("first", "s to the first trial"),
        Quantity("last", "s to the last result"),
        Quantity("busy", "cores busy, %", "{:.0f}"),
        Quantity("accuracy", "test accuracy, % (min to max)", spread=True),
    ),
    reference=OURS,
)
