"""Few large trials: VGG-3 on 5,000 photos, 2 variants x 3 repeats, from cold to the last result; are cores idle?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.part import SECONDS, Absent, Goal, Measurement, Part, Quantity, Settings, Skipped
from benchmarks.parts.trials import OURS, PEERS, measure
from benchmarks.peers.work import Work

JOB = """
from cnnjobs import SGD, Job, Variant, vgg

base = Variant(model=vgg(blocks=3), optimizer=SGD(0.001, momentum=0.9), epochs={epochs}, batch_size=64)
job = Job(name="job", dataset={archive!r}, repeats={repeats}, variants={{
    "baseline": base, "dropout": base.but(model=vgg(blocks=3, dropout=0.2))}})
"""

BEST_PEERS = ("plain loop", "joblib", "Tune class, reuse", "Tune functions, reuse")
TRAIN, TEST = 5000, 1000


def work(repeats: int, epochs: int, archive: Path) -> Work:
    """Return what `JOB` says, for the peers."""
    base = {"blocks": 3, "filters": 32, "dense": 128}
    variants = {"baseline": base, "dropout": {**base, "dropout": 0.2}}
    options = {"learning_rate": 0.001, "momentum": 0.9}
    return Work(variants, repeats, epochs, 64, "SGD", options, archive=str(archive))


def pack(photos: Path, train: int, test: int, archive: Path) -> None:
    """Write the first photos of every class into an archive that all contenders read."""
    import numpy as np

    arrays: dict[str, Any] = {}
    for purpose, count in (("train", train), ("test", test)):
        arrays[f"x_{purpose}"], arrays[f"y_{purpose}"] = _photos(photos / purpose, count)
    np.savez(archive, **arrays)


def _photos(folder: Path, count: int) -> tuple[Any, Any]:
    import numpy as np
    from PIL import Image

    if not folder.is_dir():
        raise Skipped(f"--photos must have train/CLASS/*.jpg and test/CLASS/*.jpg; {folder} is no folder")
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    files = [(file, label) for label, one in enumerate(classes) for file in sorted(one.iterdir())[: count // 10]]
    images = [np.asarray(Image.open(file).convert("RGB")) for file, _ in files]
    return np.stack(images), np.array([label for _, label in files], np.int32)


def noise(train: int, test: int, archive: Path) -> None:
    """Write noise in place of photos, for the toy."""
    import numpy as np

    draws = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for purpose, count in (("train", train), ("test", test)):
        arrays[f"x_{purpose}"] = draws.integers(0, 256, (count, 32, 32, 3), np.uint8)
        arrays[f"y_{purpose}"] = np.arange(count, dtype=np.int32) % 10
    np.savez(archive, **arrays)


def run(settings: Settings) -> Iterator[Measurement | Absent]:
    """Measure: three rounds; of one repeat, one epoch and noise at toy size."""
    archive = settings.folder / "photos.npz"
    if settings.toy:
        noise(100, 50, archive)
    elif settings.photos is None:
        raise Skipped("it needs --photos FOLDER")
    else:
        pack(settings.photos, TRAIN, TEST, archive)
    repeats, epochs = (1, 1) if settings.toy else (3, 3)
    job = JOB.format(repeats=repeats, epochs=epochs, archive=str(archive))
    rounds = settings.rounds or (1 if settings.toy else 3)
    peers = {name: PEERS[name] for name in BEST_PEERS}
    yield from measure(work(repeats, epochs, archive), job, settings, peers, rounds)


PART = Part(
    name="large",
    title="Few large trials",
    about=(
        "2 variants x 3 repeats of VGG-3 (three blocks, 32, 64 and 128 filters) on 5,000 of CIFAR-10's photos, "
        "4,000 of which train and 1,000 validate after each of 3 epochs; 1,000 others test at the end; SGD with "
        "momentum, batch 64, two trials at a time with one thread each (the plain loop: one at a time with all cores). "
        "The clock begins and ends as above; all read the same archive. Cores busy: those of the whole machine, from "
        "the first trial until one of the workers has no more to do."
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
