"""CPU seconds an epoch of the input pipeline alone, for every setting that `step_time.py` knows of this trainer.

    python benchmarks/pipelines.py FOLDER     # CIFAR-10 as FOLDER/train/CLASS/*.jpg, FOLDER/test/CLASS/*.jpg

Seconds of all threads of the process, so that other work on the machine disturbs little: medians of five epochs of
5,000 photos, batch 64, in turn. Their ratio is that of an epoch of VGG-3 with the setting to one without: the
pipeline's seconds beyond those of plain photos, beside the seconds of a plain epoch of training.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from step_time import BATCH, data_and_variant, settings_of_trainer

EPOCHS = 5


def seconds(act: Callable[[], Any]) -> float:
    """Return the CPU seconds that something takes."""
    began = time.process_time()
    act()
    return time.process_time() - began


def pipelines(data: Any, variant: Any) -> dict[str, list[float]]:
    """Return setting -> CPU seconds of each epoch of its pipeline."""
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


def training(data: Any, variant: Any) -> list[float]:
    """Return CPU seconds of each epoch of training and validation, without augmentation and without the first one."""
    from cnnjobs import Job
    from cnnjobs.messages import Progress
    from cnnjobs.planning.trials import make_plan
    from cnnjobs.training.trial import TrialWorker

    job = Job(name="a", dataset="digits", repeats=1, validation="test", variants={"v": variant.but(epochs=1 + EPOCHS)})
    found, epochs, before = [], 0, time.process_time()
    for message in TrialWorker(data, cpus=2, gpus=0, replicas=1).run(make_plan(job, data.fingerprint).trials[0]):
        if isinstance(message, Progress) and message.epoch > epochs:
            epochs = message.epoch
            found.append(time.process_time() - before)
            before = time.process_time()
    return found[1:]


def main() -> None:
    """Measure, and print a line a setting."""
    data, variant = data_and_variant("vgg3", sys.argv[1])
    epoch = statistics.median(training(data, variant))
    found = {name: statistics.median(values) for name, values in pipelines(data, variant).items() if name != "d"}
    print(f"{'training':18} {epoch:6.2f} s")
    for name, own in found.items():
        print(f"{name:18} {own:6.2f} s   {1 + (own - found['c']) / epoch:.3f}")


if __name__ == "__main__":
    main()
