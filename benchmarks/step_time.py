"""Seconds an epoch of this trainer and of Keras's `fit`, on two cores, alternating in one run.

    python benchmarks/step_time.py --photos FOLDER     # FOLDER: CIFAR-10 as train/CLASS/*.jpg, test/CLASS/*.jpg
    python benchmarks/step_time.py --only digits       # needs no photos

Each contender lives in a process of its own that waits while another trains an epoch:

    a   `fit` without a strategy, tuned: data cached as float32 in memory, prefetched, batches made by `tf.data`;
        the better of steps_per_execution=1 (a1) and of a whole epoch an execution (aN)
    b   `fit` under a MirroredStrategy of one replica, same data
    c   this trainer, one replica
    d   this trainer, two replicas (two logical devices on the same cores)
    e   c with flip, shift, rotation, zoom and shear
    f   e without shear and rotation: the tutorials' flip and shift

An epoch is one pass over the training rows and one over the validation rows (360 digits, 256 photos), as every
trial has it. In a turn a contender trains several epochs without a break, of which the first is not timed: what
pipelines have made ready while they waited does not count. Medians over rounds after one round of warming up;
ratios are medians of ratios within a round. Other settings of this trainer are contenders by name
(`--contenders c,MixUp,CutMix`; transforms of single images are called as their class, lower case for functions).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, replace
from typing import Any

EPOCHS = {"digits": 5, "vgg3": 2}
"""Epochs a turn; the first is not timed."""

CONTENDERS = ("a1", "aN", "b", "c", "d", "e", "f")
"""What takes part unless others are asked for."""


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


GOALS = {
    "digits": (("c", "a", 0.95), ("c", "b", 0.5), ("d", "c", 1.15)),
    "vgg3": (("c", "a", 1.0), ("d", "c", 1.15), ("e", "c", 1.25)),
}
SETTING = 1.25
"""Goal for a contender that is asked for by name, in epochs of `c`."""

BATCH = 64


def data_and_variant(task: str, photos: str | None) -> tuple[Any, Any]:
    """Return the data set and the variant of a task; 5,000 training photos for `vgg3`."""
    from cnnjobs import SGD, Adam, ImageFolder, Variant, vgg
    from cnnjobs.datasets import load_dataset
    from cnnjobs.spec import BuiltinDataset

    if task == "digits":
        data = load_dataset(BuiltinDataset("digits"), lambda *_: None)
        return data, Variant(model=vgg(blocks=2, filters=16, dense=64), optimizer=Adam(0.001), batch_size=BATCH)
    data = load_dataset(ImageFolder(photos, size=32), lambda *_: None).limited(5000)
    data = replace(data, x_test=data.x_test[:256], y_test=data.y_test[:256])
    return data, Variant(model=vgg(blocks=3), optimizer=SGD(0.001, momentum=0.9), batch_size=BATCH)


class Turns:
    """Waits for the referee before each turn, and tells it the seconds an epoch after each.

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


def run_fit(contender: str, data: Any, variant: Any, epochs: int, turns: Turns) -> None:
    """Train with `fit`, one epoch a turn."""
    import keras
    import numpy as np
    import tensorflow as tf

    from cnnjobs.models.networks import build_model

    strategy = tf.distribute.MirroredStrategy(["CPU:0"]) if contender == "b" else tf.distribute.get_strategy()
    x, y = data.x_train.astype(np.float32) / 255, data.y_train
    test = (tf.data.Dataset.from_tensor_slices((data.x_test.astype(np.float32) / 255, data.y_test)).batch(256)).cache()
    rows = len(y)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).cache().shuffle(rows).batch(BATCH).prefetch(tf.data.AUTOTUNE)
    steps = -(-rows // BATCH)
    settings = {name: value for name, value in asdict(variant.optimizer).items() if "decay" not in name}
    with strategy.scope():
        model = build_model(variant.network, data.image_shape, len(data.class_names))
        model.compile(
            getattr(keras.optimizers, type(variant.optimizer).__name__)(**settings),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            steps_per_execution=steps if contender == "aN" else 1,
        )

    class Ends(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            turns.epoch_begins()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            turns.epoch_ended()

    model.fit(batches, epochs=epochs, validation_data=test, verbose=0, callbacks=[Ends()])


def run_trainer(contender: str, data: Any, variant: Any, epochs: int, turns: Turns) -> None:
    """Train with this package's trainer, one epoch a turn."""
    from cnnjobs import Job
    from cnnjobs.messages import Progress
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
    worker = TrialWorker(data, cpus=2, gpus=0, replicas=replicas)
    done = 0
    turns.epoch_begins()
    for message in worker.run(make_plan(job, data.fingerprint).trials[0]):
        if isinstance(message, Progress) and message.epoch > done:
            done = message.epoch
            turns.epoch_ended()
            turns.epoch_begins()


def contend(contender: str, task: str, photos: str | None, turns: int) -> None:
    """Be one contender."""
    epochs = EPOCHS[task]
    data, variant = data_and_variant(task, photos)
    run = run_fit if contender in ("a1", "aN", "b") else run_trainer
    run(contender, data, variant, epochs * turns, Turns(epochs))


def race(task: str, photos: str | None, rounds: int, names: tuple[str, ...]) -> dict[str, list[float]]:
    """Let the contenders train epochs in turn; return seconds by contender, without the first round."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    processes = {}
    for name in names:
        words = [sys.executable, __file__, "--contender", name, "--only", task, "--rounds", str(rounds)]
        words += ["--photos", photos] if photos else []
        processes[name] = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + 1):
        order = names[number % len(names) :] + names[: number % len(names)]
        for name in order:
            took = turn(processes[name])
            if number:
                seconds[name].append(took)
                print(f"{task} round {number} {name} {took:.4f} s", file=sys.stderr, flush=True)
    for process in processes.values():
        process.stdin.close()
        process.wait()
    return seconds


def turn(process: "subprocess.Popen[str]") -> float:
    """Let one contender train one epoch."""
    assert process.stdin and process.stdout
    process.stdin.write("go\n")
    process.stdin.flush()
    for line in process.stdout:
        if line.startswith("TOOK"):
            return float(line.split()[1])
    raise RuntimeError(f"A contender ended early: {process.args}")


def report(task: str, seconds: dict[str, list[float]]) -> None:
    """Print medians and the ratios that the goals are about."""
    tuned = [name for name in ("a1", "aN") if name in seconds]
    best = min(tuned, key=lambda name: statistics.median(seconds[name]), default=None)
    seconds = seconds | ({"a": seconds[best]} if best else {})
    rounds = len(next(iter(seconds.values())))
    print(f"\n{task}: seconds an epoch, median of {rounds} (smallest to largest){f'; a is {best}' if best else ''}")
    for name, values in seconds.items():
        print(f"  {name:12} {statistics.median(values):8.4f}  ({min(values):.4f} to {max(values):.4f})")
    by_name = [(name, "c", SETTING) for name in seconds if name not in (*CONTENDERS, "a")]
    for one, other, goal in (*GOALS[task], *by_name):
        if one in seconds and other in seconds:
            ratio = statistics.median(x / y for x, y in zip(seconds[one], seconds[other], strict=True))
            print(f"  {one} / {other} = {ratio:.3f}   goal {goal}   {'reached' if ratio <= goal else 'NOT reached'}")
    print(json.dumps({"task": task, "seconds": seconds}))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", help="CIFAR-10 as an image folder with train/ and test/")
    parser.add_argument("--only", choices=["digits", "vgg3"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--contenders", default=",".join(CONTENDERS))
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.contender:
        contend(asked.contender, asked.only, asked.photos, asked.rounds + 1)
        return
    for task in [asked.only] if asked.only else ["digits", "vgg3"]:
        if task == "vgg3" and not asked.photos:
            parser.error("vgg3 needs --photos FOLDER")
        report(task, race(task, asked.photos, asked.rounds, tuple(asked.contenders.split(","))))


if __name__ == "__main__":
    main()
