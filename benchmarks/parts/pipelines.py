"""CPU seconds per epoch of the input pipeline alone, for every setting that `step` knows of this trainer.

Seconds of all threads of the process, so that other work on the machine disturbs little: medians of five epochs of
5,000 photos, batch 64, in turn. Their ratio is that of an epoch of VGG-3 with the setting to one without: the
pipeline's seconds beyond those of plain photos, beside the seconds of a plain epoch of training.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Container, Iterator
from typing import Any

from benchmarks.part import Absent, Measurement, Part, Quantity, Settings, Skipped
from benchmarks.parts.step import BATCH, data_and_variant, settings_of_trainer
from benchmarks.race import apart

EPOCHS = 5
GOAL = 1.25
TOY = ("c", "e", "MixUp")
"""The settings measured at toy size; `c` is the plain one."""

TRAINING = "training"
"""The contender that is an epoch of training without augmentation."""


def seconds(act: Callable[[], Any]) -> float:
    """Return the CPU seconds that something takes."""
    began = time.process_time()
    act()
    return time.process_time() - began


def pipelines(data: Any, variant: Any, names: Container[str] | None) -> dict[str, list[float]]:
    """Return setting -> CPU seconds of each epoch of its pipeline, of all settings or of those named."""
    import numpy as np
    import tensorflow as tf

    from cnnjobs.planning.trials import seeds_of
    from cnnjobs.training.input_pipeline import Pipeline, fit_pixel_scaling, lay_out

    rows = np.arange(len(data.y_train))
    layout = lay_out(len(rows), BATCH, 1, data.image_shape)
    scaling = fit_pixel_scaling("unit", data.x_train, rows)
    images, labels = tf.constant(data.x_train), tf.constant(data.y_train)
    made: dict[str, tuple[Any, Callable[[], Any]]] = {}
    for name, settings in settings_of_trainer().items():
        if names is not None and name not in names:
            continue
        own = variant.but(**settings)
        pipeline = Pipeline(images, labels, layout, own.transforms, own.mixings)
        (blocks,) = pipeline.iterators(rows, np.ones(len(rows), np.float32), scaling, seeds_of(0, 0))
        made[name] = pipeline, lambda blocks=blocks: [next(blocks) for _ in range(layout.blocks)]
    for _, epoch in made.values():
        epoch()  # traces
    found: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(EPOCHS):
        for name, (_, epoch) in made.items():
            found[name].append(seconds(epoch))
    return found


def training(data: Any, variant: Any, cpus: int) -> list[float]:
    """Return CPU seconds of each epoch of training and validation, without augmentation and without the first one."""
    from cnnjobs import Job
    from cnnjobs.messages import Progress
    from cnnjobs.planning.trials import make_plan
    from cnnjobs.training.trial import TrialWorker

    job = Job(name="a", dataset="digits", repeats=1, validation="test", variants={"v": variant.but(epochs=1 + EPOCHS)})
    found, epochs, before = [], 0, time.process_time()
    for message in TrialWorker(data, cpus=cpus, gpus=0, replicas=1).run(make_plan(job, data.fingerprint).trials[0]):
        if isinstance(message, Progress) and message.epoch > epochs:
            epochs = message.epoch
            found.append(time.process_time() - before)
            before = time.process_time()
    return found[1:]


def found(photos: str, names: Container[str] | None = None, cpus: int = 2) -> dict[str, dict[str, float]]:
    """Return setting -> CPU seconds of an epoch of its pipeline, and the ratio of an epoch with it to a plain one."""
    data, variant = data_and_variant("vgg3", photos)
    epoch = statistics.median(training(data, variant, cpus))
    medians = {
        name: statistics.median(values) for name, values in pipelines(data, variant, names).items() if name != "d"
    }
    plain = medians["c"]
    ratios = {name: {"seconds": own, "ratio": 1 + (own - plain) / epoch} for name, own in medians.items()}
    return {TRAINING: {"seconds": epoch}, **ratios}


def run(settings: Settings) -> Iterator[Measurement | Absent]:
    """Measure in a process of its own, one round; at toy size only some settings."""
    if settings.photos is None:
        raise Skipped("it needs --photos FOLDER")
    for number in range(settings.rounds or 1):
        yield from apart(
            number, "benchmarks.parts.pipelines", [str(settings.photos), *(TOY if settings.toy else ())], [TRAINING]
        )


PART = Part(
    name="pipelines",
    title="What augmentation costs",
    about=(
        "The table shows CPU seconds of all threads, which other work on the machine disturbs little, for 5,000 "
        "of CIFAR-10's photos through the input pipeline, batch 64; medians of five epochs in turn. The ratio "
        f"compares an epoch of VGG-3 with the transform to a plain one; the goal for each is {GOAL}."
    ),
    contenders={TRAINING: "an epoch of VGG-3 without augmentation"},
    measure=run,
    minutes=4,
    quantities=(Quantity("seconds", "CPU seconds", "{:.2f}"), Quantity("ratio", "ratio", "{:.2f}")),
    chart=False,
)


if __name__ == "__main__":
    print(json.dumps(found(sys.argv[1], sys.argv[2:] or None)))
