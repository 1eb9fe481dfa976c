"""What the sections are told, and how they tell what they found."""

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
"""The checkout."""

FOUND = "FOUND "
"""How lines of a section begin that tell something: JSON, which counts from then on, whatever becomes of the rest."""

BATCH = 128


@dataclass(frozen=True)
class Settings:
    """What a section is told.

    Args:
        photos: an `.npz` file with x_train, y_train, x_test, y_test, or an image folder.
        out: folder for results.
        until: time, as of `time.time()`, at which the section is ended.
        pretend: at toy size, without a GPU: a test of the script.
    """

    photos: str
    out: str
    until: float
    pretend: bool = False

    @classmethod
    def load(cls, text: str) -> "Settings":
        """Read what `text` wrote."""
        return cls(**json.loads(text))

    @property
    def text(self) -> str:
        """These as one word of a command line."""
        return json.dumps(asdict(self))

    @property
    def gpus(self) -> float:
        """GPUs that a process of a section holds."""
        return 0.0 if self.pretend else 1.0


def tell(**found: Any) -> None:
    """Tell what was found, by name: what is told later under the same name takes its place."""
    print(f"{FOUND}{json.dumps(found)}", flush=True)


def command_of(module: str, *words: str) -> list[str]:
    """Return the command of a module of this package."""
    return [sys.executable, "-m", f"benchmarks.gpu_parts.{module}", *words]


def environment() -> dict[str, str]:
    """Return that of a section's process: the checkout, and its tests' helpers, can be imported."""
    path = [str(ROOT), str(ROOT / "tests"), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"TF_CPP_MIN_LOG_LEVEL": "2"} | os.environ | {"PYTHONPATH": os.pathsep.join(path)}


def photos(settings: Settings, rows: int | None = None) -> Any:
    """Return the photos as a data set, of so many training photos or fewer; made-up ones where there are none."""
    import numpy as np

    from cnnjobs import ImageFolder
    from cnnjobs.datasets import load_dataset
    from cnnjobs.datasets.arrays import make_dataset
    from cnnjobs.spec import Npz

    if settings.photos:
        source = Npz(settings.photos) if settings.photos.endswith(".npz") else ImageFolder(settings.photos, size=32)
        data = load_dataset(source, lambda *_: None)
    else:
        random = np.random.default_rng(0)
        sides = (8, 8) if settings.pretend else (32, 32)
        pixels = [random.integers(0, 256, (n, *sides, 3), np.uint8) for n in (256, 64)]
        labels = [np.arange(len(one), dtype=np.int32) % 10 for one in pixels]
        names = tuple(f"class {number}" for number in range(10))
        data = make_dataset("made-up photos", *zip(pixels, labels, strict=True), names)
    return data if rows is None else data.limited(min(rows, len(data.y_train)))


def networks(*, pretend: bool) -> dict[str, Any]:
    """Return the variants that are timed, by name."""
    from cnnjobs import SGD, Variant, resnet, vgg

    base = Variant(model=vgg(blocks=3), optimizer=SGD(0.001, momentum=0.9), batch_size=BATCH)
    if pretend:
        return {"VGG-3": base.but(model=vgg(blocks=1, filters=4, dense=8), batch_size=64)}
    return {"VGG-3": base, "ResNet-20": base.but(model=resnet(depth=20))}


def worker_on(data: Any, settings: Settings, cpus: int = 4) -> Any:
    """Return a worker as trials have it, on the GPU."""
    from cnnjobs.training.trial import TrialWorker

    return TrialWorker(data, cpus=1 if settings.pretend else cpus, gpus=settings.gpus, replicas=1)
