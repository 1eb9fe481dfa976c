"""Pictures that are larger than the memory: what workers take, how long they wait, how fast pictures are decoded.

    python benchmarks/larger_than_memory.py PHOTOS [--pictures 40000] [--side 224] [--folder DIR]

PHOTOS is a folder of `train/CLASS/*.jpg` with small photos, such as CIFAR-10's, from which mosaics are made: JPEG of
quality 97 without subsampling, 64 of them for testing. They are decoded into the cache of a temporary folder, and
trained on by two workers of `cnnjobs.submit`, ResNet-20, batches of 8, some steps. Printed are: pictures decoded a
second, beside what Pillow alone does on the same cores before and after; of each worker the largest proportional set
size (PSS) and its parts, from /proc/PID/smaps_rollup; the share of the time that training waits for pictures, measured
in a process with one core; and whether a trial on few of the pictures has the same bits in memory, from the disk, and
decoded as needed. The folder is removed at the end.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

TESTED = 64
BATCH = 8
SAMPLE = 2000
"""Pictures that Pillow alone decodes, before and after."""

NETWORK = '''
def resnet20(input_shape, classes):
    """Return ResNet-20 of He et al. (2015), section 4.2, on pictures of any size."""
    import keras
    from keras import layers

    def normed(x, filters, stride, active=True):
        x = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        return layers.ReLU()(x) if active else x

    inputs = keras.Input(input_shape)
    x = normed(inputs, 16, 1)
    for stage, filters in enumerate((16, 32, 64)):
        for block in range(3):
            stride = 2 if stage and not block else 1
            y = normed(normed(x, filters, stride), filters, 1, active=False)
            x = x if stride == 1 else layers.Conv2D(filters, 1, stride)(x)
            x = layers.ReLU()(layers.add([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))
'''

JOB = (
    NETWORK
    + """
from cnnjobs import SGD, Job, Variant, ImageFolder, custom

variant = Variant(model=custom(resnet20), optimizer=SGD(0.01, momentum=0.9), epochs=1, batch_size={batch})
job = Job(name="large", dataset=ImageFolder({folder!r}), repeats=2, validation=None, variants={{"resnet": variant}})
"""
)


def mosaics(photos: Path, folder: Path, count: int, side: int) -> None:
    """Write pictures of several photos of one class each: train/CLASS/*.jpg, and `TESTED` of them in test/."""
    import numpy as np
    from PIL import Image

    classes = sorted(path.name for path in (photos / "train").iterdir())
    random = np.random.default_rng(0)
    for label, name in enumerate(classes):
        files = sorted((photos / "train" / name).iterdir())
        small = np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files])
        tiles = -(-side // small.shape[1])
        numbers = range(label, count, len(classes))
        chosen = random.integers(len(small), size=(len(numbers), tiles, tiles))

        def write(
            place: int, name: str = name, small: Any = small, chosen: Any = chosen, numbers: Any = numbers
        ) -> None:
            rows = [np.concatenate(list(small[row]), axis=1) for row in chosen[place]]
            part = "test" if numbers[place] < TESTED else "train"
            path = folder / part / name / f"{numbers[place]:06}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.concatenate(rows)[:side, :side]).save(path, quality=97, subsampling=0)

        with ThreadPoolExecutor() as pool:
            list(pool.map(write, range(len(numbers))))


class Rate:
    """Pictures a second, and seconds of the cores a picture, which other programs on the machine change less."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def over(self, count: int) -> tuple[float, float]:
        """Return both, of so many pictures since then."""
        return count / (time.perf_counter() - self._wall), (time.process_time() - self._cpu) / count


def pillow_rate(folder: Path) -> tuple[float, float]:
    """Decode some of the pictures with Pillow alone, on all cores."""
    import numpy as np
    from PIL import Image

    files = sorted(folder.rglob("*.jpg"))
    files = files[:: max(1, len(files) // SAMPLE)]

    def decode(path: Path) -> int:
        with Image.open(path) as image:
            return int(np.asarray(image.convert("RGB"))[0, 0, 0])

    rate = Rate()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(decode, files, chunksize=32))
    return rate.over(len(files))


def decoding_rate(folder: Path) -> tuple[float, float]:
    """Decode all pictures into the cache: written, hashed and compared with each other."""
    from cnnjobs import ImageFolder
    from cnnjobs.datasets import load_dataset
    from cnnjobs.datasets.images import StoredImages

    rates: list[Rate] = []

    def told(what: str, done: int, total: int) -> None:
        if what == "decoding pictures" and not rates:
            rates.append(Rate())

    began = time.perf_counter()
    data = load_dataset(ImageFolder(str(folder)), told)
    rate = rates[0].over(len(data.x_train) + len(data.x_test))
    assert isinstance(data.x_train, StoredImages)
    print(f"{data.handling[0]}\nloaded in {time.perf_counter() - began:.1f} s")
    return rate


class Watch:
    """Looks at the memory of Ray's workers every half second."""

    def __init__(self) -> None:
        self.largest: dict[int, dict[str, int]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        own = os.getpid()
        while not self._over.wait(0.5):
            for entry in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError, ValueError, IndexError):
                    command = (entry / "cmdline").read_text(errors="replace")
                    if "ray::ResourceTrainable" not in command or not _descends(int(entry.name), own):
                        continue
                    lines = (entry / "smaps_rollup").read_text().splitlines()[1:]
                    found = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
                    if found["Pss"] > self.largest.get(int(entry.name), {"Pss": 0})["Pss"]:
                        self.largest[int(entry.name)] = found


def _descends(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return False


def train(folder: Path, job: Path, steps: int) -> None:
    """Train with two workers, and print what memory they take."""
    import cnnjobs

    with Watch() as watch:
        began = time.perf_counter()
        cnnjobs.submit(str(job), results=str(folder / "results"), limit_train=steps * BATCH)
        seconds = time.perf_counter() - began
    print(f"two workers, {steps} steps of {BATCH} each, in {seconds:.0f} s")
    for pid, found in watch.largest.items():
        parts = ", ".join(f"{part} {found[part] / 2**30:.2f}" for part in ("Pss_Anon", "Pss_File", "Pss_Shmem"))
        print(f"worker {pid}: PSS {found['Pss'] / 2**30:.2f} GiB ({parts})")


WAITING = """
import json, sys, time
from pathlib import Path
import numpy as np
import tensorflow as tf
from cnnjobs.datasets import load_dataset, source_of
from cnnjobs.planning.job_file import load_job
from cnnjobs.planning.trials import make_plan
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job
from cnnjobs.spec.metrics import FOLLOWED
from cnnjobs.training.input_pipeline import fit_pixel_scaling, lay_out, Pipeline
from cnnjobs.training.trial import TrialWorker

steps, batch = int(sys.argv[2]), int(sys.argv[3])
prepared = prepare(read_job(sys.argv[1], Overrides()), Overrides(), lambda *_: None)
data, trial = prepared.dataset, prepared.plan.trials[0]
worker = TrialWorker(data, cpus=1, gpus=0, replicas=1)
graph = worker._ready_train_graph(trial)
rows = np.arange(len(data.y_train))
layout = lay_out(len(rows), batch, 1, data.image_shape)
pipeline = Pipeline(worker._train_images, worker._train_labels, layout, trial.spec.transforms, trial.spec.mixings)
scaling = fit_pixel_scaling(trial.spec.scaling, data.x_train, rows)
(iterator,) = pipeline.iterators(rows, np.ones(len(rows), np.float32), scaling, trial.seeds)
waited = worked = 0.0
for step in range(steps + 2):
    began = time.perf_counter()
    block = next(iterator)
    got = time.perf_counter()
    ready = iter(tf.data.Dataset.from_tensors(block))
    start = tf.zeros([len(FOLLOWED)], tf.float64)
    sums = graph.train(0, (ready,), tf.constant(1), tf.zeros(1), tf.constant(0), start)
    sums.numpy()
    if step >= 2:  # the first are traced and fill the buffer
        waited, worked = waited + got - began, worked + time.perf_counter() - got
print(json.dumps({"waited": waited, "worked": worked}))
"""

BITS = """
import json, os, sys
import numpy as np
from cnnjobs import ImageFolder, Job, SGD, Variant
from cnnjobs.datasets import load_dataset
from cnnjobs.planning.trials import make_plan
from cnnjobs.training.trial import TrialWorker
sys.path.insert(0, sys.argv[1])
from network import resnet20
from cnnjobs import custom

found = {}
for way, decode in (("in memory", None), ("from the disk", None), ("as needed", "as needed")):
    os.environ["CNNJOBS_IN_MEMORY_MB"] = "4000" if way == "in memory" else "0"
    os.environ["CNNJOBS_CACHE"] = f"{sys.argv[1]}/cache {way}"
    data = load_dataset(ImageFolder(sys.argv[2], decode=decode), lambda *_: None)
    variant = Variant(model=custom(resnet20), optimizer=SGD(0.01), epochs=1, batch_size=16)
    job = Job(name="few", dataset=ImageFolder(sys.argv[2]), repeats=1, validation=0.25, variants={"resnet": variant})
    trial = make_plan(job, data.fingerprint).trials[0]
    *_, result = TrialWorker(data, cpus=1, gpus=0, replicas=1).run(trial)
    found[way] = (type(data.x_train).__name__, trial.trial_id, result.predictions.probabilities.tobytes().hex(),
                  repr(result.epochs["loss"]), repr(result.epochs["val_loss"]))
images, ids, *numbers = ([one[place] for one in found.values()] for place in range(5))
print(json.dumps({"images": images, "id": ids[0], "equal": all(len(set(one)) == 1 for one in (ids, *numbers))}))
"""


def in_process(code: str, *arguments: str) -> Any:
    """Run code in a new interpreter on one core; return what its last line of JSON says."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run all, and remove the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--pictures", type=int, default=40_000)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument(
        "--steps", type=int, default=10, help="training steps of each worker, and of the one that is timed"
    )
    parser.add_argument("--folder", type=Path, help="where the pictures and the cache go for the time being")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="larger-", dir=options.folder))
    os.environ.setdefault("CNNJOBS_IN_MEMORY_MB", "537")
    os.environ["CNNJOBS_CACHE"] = str(folder / "cache")
    try:
        run(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(options: argparse.Namespace, folder: Path) -> None:
    """Make the pictures, and measure."""
    began = time.perf_counter()
    pictures = folder / "pictures"
    mosaics(options.photos, pictures, options.pictures, options.side)
    size = sum(path.stat().st_size for path in pictures.rglob("*.jpg"))
    print(f"{options.pictures:,} JPEG, {size / 1e9:.2f} GB, made in {time.perf_counter() - began:.0f} s")
    before, ahead, after = pillow_rate(pictures), decoding_rate(pictures), pillow_rate(pictures)
    for what, (a_second, seconds) in {"Pillow": before, "decoding ahead": ahead, "Pillow again": after}.items():
        print(f"{what}: {a_second:.0f} pictures a second, {1000 * seconds:.2f} ms of a core each", flush=True)
    by_time, by_work = 2 * ahead[0] / (before[0] + after[0]), (before[1] + after[1]) / (2 * ahead[1])
    print(f"decoding ahead, of Pillow alone: {by_time:.2f} by the clock, {by_work:.2f} by the work of the cores")
    job = folder / "job.py"
    job.write_text(JOB.format(batch=BATCH, folder=str(pictures)))
    train(folder, job, options.steps)
    found = in_process(WAITING, str(job), str(options.steps), str(BATCH))
    share = found["waited"] / (found["waited"] + found["worked"])
    print(f"waiting for pictures {found['waited']:.3f} s of {found['waited'] + found['worked']:.1f} s: {share:.2%}")
    few = folder / "few"
    for part in ("train", "test"):
        for path in sorted((pictures / part).rglob("*.jpg")):
            if int(path.stem) < 200:
                (few / part / path.parent.name).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, few / part / path.parent.name)
    (folder / "network.py").write_text(NETWORK)
    print(in_process(BITS, str(folder), str(few)))


if __name__ == "__main__":
    main()
