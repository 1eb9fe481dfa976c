"""Seconds an epoch of this trainer and of Keras's `fit`, alternating, with everything warm.

Each contender lives in a process of its own that waits while another trains an epoch:

    a1, aN  `fit` without a strategy, tuned: data cached as float32 in memory, prefetched, batches made by `tf.data`;
            steps_per_execution=1, and a whole epoch an execution
    b       `fit` under a MirroredStrategy of one replica, same data
    c       this trainer, one replica
    d       this trainer, two replicas (two logical devices on the same cores)
    e       c with flip, shift, rotation, zoom and shear
    f       e without shear and rotation: the tutorials' flip and shift

An epoch is one pass over the training rows and one over the validation rows (360 digits, 256 photos), as every
trial has it. In a turn a contender trains several epochs without a break, of which the first is not timed: what
pipelines have made ready while they waited does not count. A first round warms up and is not kept. Other settings of
this trainer are contenders by name (`--contenders "vgg3 c,vgg3 MixUp"`; transforms of single images are called as
their class, lower case for functions).
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from benchmarks.part import ROOT, Absent, Goal, Measurement, Part, Quantity, Settings
from benchmarks.race import order, tell

EPOCHS = {"digits": 5, "vgg3": 2}
"""Epochs a turn; the first is not timed."""

CONTENDERS = {
    "a1": "`fit`, tuned, steps_per_execution=1",
    "aN": "`fit`, tuned, an epoch an execution",
    "b": "`fit` under MirroredStrategy, one replica",
    "c": "this trainer, one replica",
    "d": "this trainer, two replicas on the same cores",
    "e": "c with flip, shift, rotation, zoom, shear",
    "f": "c with flip and shift",
}
"""What takes part unless others are asked for."""

NAMES = {f"{task} {name}": what for task in EPOCHS for name, what in CONTENDERS.items()}


def gamma(images: Any, seeds: Any) -> Any:
    """Raise each image to a power of its own: a transform as a person writes it, one image at a time."""
    import tensorflow as tf

    def one(pair: Any) -> Any:
        image, seed = pair
        return image ** tf.random.stateless_uniform([], seed, 0.7, 1.3)

    return tf.map_fn(one, (images, seeds), fn_output_signature=tf.float32)


def settings_of_trainer() -> dict[str, dict[str, Any]]:
    """Return what each contender with this trainer changes of the task's variant; also those only asked for by name."""
    import cnnjobs as c

    optimizers = (c.RMSprop(), c.Adam(), c.Nadam(), c.AdamW(), c.Adamax(), c.Adagrad(), c.Lion(), c.Muon())
    jitter = c.ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1)
    geometry = (c.Flip(), c.PadCrop(4), c.RandomResizedCrop(), c.Cutout(16), c.RandomErasing())
    colours = (jitter, c.Grayscale(probability=0.2), c.GaussianBlur(), c.GaussianNoise())
    transforms = (*geometry, *colours, c.RandAugment(), c.TrivialAugment(), c.transform(gamma))
    return {
        "c": {},
        "d": {},
        "e": {"augment": c.Augment(flip="horizontal", shift=0.1, rotation=10, zoom=0.1, shear=10)},
        "f": {"augment": c.Augment(flip="horizontal", shift=0.1)},
        "MixUp": {"augment": c.MixUp(alpha=0.2)},
        "CutMix": {"augment": c.CutMix()},
        "smoothing": {"loss": c.CrossEntropy(label_smoothing=0.1)},
        "focal": {"loss": c.Focal()},
        **{type(one).__name__: {"optimizer": one} for one in optimizers},
        "decay": {"optimizer": c.SGD(0.001, momentum=0.9, weight_decay=0.01)},
        "clip_norm": {"clip_norm": 1.0},
        "clip_value": {"clip_value": 0.1},
        "ema": {"ema": 0.999},
        "accumulate": {"accumulate": 4},
        "recipe": {"optimizer": c.AdamW(), "clip_norm": 1.0, "ema": 0.999},
        **{getattr(one, "maker", "") or type(one).__name__: {"augment": one} for one in transforms},
    }


BATCH = 64


def data_and_variant(task: str, photos: str | None) -> tuple[Any, Any]:
    """Return the data set and the variant of a task; 5,000 training photos for `vgg3`."""
    from cnnjobs import SGD, Adam, ImageFolder, Variant, vgg
    from cnnjobs.datasets import load_dataset
    from cnnjobs.spec import BuiltinDataset

    if task == "digits":
        data = load_dataset(BuiltinDataset("digits"), lambda *_: None)
        return data, Variant(model=vgg(blocks=2, filters=16, dense=64), optimizer=Adam(0.001), batch_size=BATCH)
    data = load_dataset(ImageFolder(photos, size=32), lambda *_: None)
    data = data.limited(min(5000, len(data.y_train)))
    data = replace(data, x_test=data.x_test[:256], y_test=data.y_test[:256])
    return data, Variant(model=vgg(blocks=3), optimizer=SGD(0.001, momentum=0.9), batch_size=BATCH)


class Turns:
    """Waits for the referee before each turn, and tells it the seconds per epoch after each.

    Args:
        epochs: a turn; the first is not timed.
    """

    def __init__(self, epochs: int) -> None:
        self._epochs, self._done = epochs, 0

    def epoch_begins(self) -> None:
        """Wait, if a turn begins; start the clock at its second epoch."""
        if self._done % self._epochs == 0 and not sys.stdin.readline():
            sys.exit(0)
        if self._done % self._epochs == 1:
            self._began = time.perf_counter()

    def epoch_ended(self) -> None:
        """Answer, if a turn has ended."""
        self._done += 1
        if self._done % self._epochs == 0:
            print(f"TOOK {(time.perf_counter() - self._began) / (self._epochs - 1)}", flush=True)


def run_fit(
    contender: str,
    data: Any,
    variant: Any,
    epochs: int,
    turns: Any,
    *,
    device: str = "CPU:0",
    validates: bool = True,
    from_logits: bool = False,
    jit_compile: Any = "auto",
) -> None:
    """Train with `fit`, as it is told by turns: `Turns`, or others with `epoch_begins` and `epoch_ended`."""
    import keras
    import numpy as np
    import tensorflow as tf

    from cnnjobs.models.networks import build_model

    strategy = tf.distribute.MirroredStrategy([device]) if contender == "b" else tf.distribute.get_strategy()
    x, y = data.x_train.astype(np.float32) / 255, data.y_train
    test = (tf.data.Dataset.from_tensor_slices((data.x_test.astype(np.float32) / 255, data.y_test)).batch(256)).cache()
    rows = len(y)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).cache().shuffle(rows)
    batches = batches.batch(variant.batch_size).prefetch(tf.data.AUTOTUNE)
    steps = -(-rows // variant.batch_size)
    settings = {name: value for name, value in asdict(variant.optimizer).items() if "decay" not in name}
    with strategy.scope():
        model = build_model(variant.network, data.image_shape, len(data.class_names))
        model.compile(
            getattr(keras.optimizers, type(variant.optimizer).__name__)(**settings),
            keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits),
            metrics=["accuracy"],
            steps_per_execution=steps if contender == "aN" else 1,
            jit_compile=jit_compile,
        )

    class Ends(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            turns.epoch_begins()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            turns.epoch_ended()

    model.fit(batches, epochs=epochs, validation_data=test if validates else None, verbose=0, callbacks=[Ends()])


def run_trainer(contender: str, data: Any, variant: Any, epochs: int, turns: Turns, cpus: int) -> None:
    """Train with this package's trainer, one epoch a turn."""
    from cnnjobs import Job
    from cnnjobs.planning.trials import make_plan
    from cnnjobs.training.trial import TrialWorker

    variant = variant.but(**settings_of_trainer()[contender])
    replicas = 2 if contender == "d" else 1
    job = Job(
        name="a",
        dataset="digits",
        repeats=1,
        validation="test",
        replicas=replicas,
        variants={"v": variant.but(epochs=epochs)},
    )
    worker = TrialWorker(data, cpus=cpus, gpus=0, replicas=replicas)
    run_epochs(worker, make_plan(job, data.fingerprint).trials[0], turns)


def run_epochs(worker: Any, trial: Any, turns: Any) -> None:
    """Train a trial, and tell `turns` when each epoch begins and has ended."""
    from cnnjobs.messages import Progress

    done = 0
    turns.epoch_begins()
    for message in worker.run(trial):
        if isinstance(message, Progress) and message.epoch > done:
            done = message.epoch
            turns.epoch_ended()
            turns.epoch_begins()


def contend(contender: str, task: str, photos: str | None, turns: int, cpus: int = 2) -> None:
    """Be one contender."""
    epochs = EPOCHS[task]
    data, variant = data_and_variant(task, photos)
    if contender in ("a1", "aN", "b"):
        run_fit(contender, data, variant, epochs * turns, Turns(epochs))
    else:
        run_trainer(contender, data, variant, epochs * turns, Turns(epochs), cpus)


class Contender:
    """A process that trains epochs of a task when it is told to."""

    def __init__(self, name: str, settings: Settings, turns: int) -> None:
        task, _, setting = name.partition(" ")
        photos = str(settings.photos) if settings.photos else ""
        words = [sys.executable, "-m", "benchmarks.parts.step", setting, task, photos, str(turns)]
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._process = subprocess.Popen(words, text=True, env=environment, **pipes)  # type: ignore[call-overload]

    def turn(self) -> dict[str, Any]:
        """Let it train; return the seconds per epoch."""
        try:
            self._process.stdin.write("go\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return {"error": "it ended early"}
        for line in self._process.stdout:
            if line.startswith("TOOK"):
                return {"seconds": float(line.split()[1])}
        return {"error": "it ended early"}

    def end(self) -> None:
        """Let it end."""
        self._process.stdin.close()
        self._process.wait()


def run(settings: Settings) -> Iterator[Measurement | Absent]:
    """Measure: seven rounds a task; at toy size one of three contenders."""
    names = settings.contenders or (("digits aN", "digits c", "vgg3 c") if settings.toy else tuple(NAMES))
    rounds = settings.rounds or (1 if settings.toy else 7)
    for task in EPOCHS:
        own = tuple(name for name in names if name.startswith(f"{task} "))
        if task == "vgg3" and settings.photos is None:
            yield from (Absent(name, "needs `--photos`") for name in own)
            continue
        yield from race(own, settings, rounds)


def race(names: tuple[str, ...], settings: Settings, rounds: int) -> Iterator[Measurement]:
    """Let the contenders of a task train epochs in turn, the first round not counted."""
    contenders = {name: Contender(name, settings, rounds + 1) for name in names}
    for number in range(rounds + 1):
        for name in order(names, number):
            found = contenders[name].turn()
            if number:
                tell(f"round {number} of {rounds}: {name}: {found}")
                yield Measurement(number - 1, name, found)
    for contender in contenders.values():
        contender.end()


PART = Part(
    name="step",
    title="Seconds an epoch, validation included",
    about=(
        "Everything is warm: each contender lives in a process that waits while another trains some epochs, the "
        "first of which is not timed. `digits` is a CNN of two blocks of 16 and 32 filters with 1,437 training "
        "images, batch 64, Adam. `vgg3` is VGG-3 on 5,000 of CIFAR-10's photos, batch 64, SGD with momentum."
    ),
    contenders=NAMES,
    measure=run,
    minutes=15,
    goals=(
        Goal("digits c", 0.95, ("digits a1", "digits aN")),
        Goal("digits c", 0.5, ("digits b",)),
        Goal("digits d", 1.15, ("digits c",)),
        Goal("vgg3 c", 1.0, ("vgg3 a1", "vgg3 aN")),
        Goal("vgg3 d", 1.15, ("vgg3 c",)),
        Goal("vgg3 e", 1.25, ("vgg3 c",)),
    ),
    quantities=(Quantity("seconds", "seconds per epoch (min to max)", "{:.3f}", spread=True),),
    chart=False,
)


if __name__ == "__main__":
    contend(sys.argv[1], sys.argv[2], sys.argv[3] or None, int(sys.argv[4]))
