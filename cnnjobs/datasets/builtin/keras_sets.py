"""The data sets of `keras.datasets`, through Keras's own download cache."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import cnnjobs
from cnnjobs.datasets.arrays import Dataset, content_hash, make_dataset
from cnnjobs.datasets.storage.cached_dataset import cached
from cnnjobs.errors import DatasetError
from cnnjobs.process.keras_home import keras_home
from cnnjobs.process.numeric_environment import pinned
from cnnjobs.process.private_folder import private_folder
from cnnjobs.wording.sentences import clause

READER = Path(cnnjobs.__file__).parent / "training" / "keras_datasets.py"
"""Run as a program: the one place that imports Keras for data, in a process of its own."""

_MNIST = tuple(str(digit) for digit in range(10))
_FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_CIFAR100 = (
    "apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle", "bowl", "boy",
    "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle", "chair", "chimpanzee", "clock",
    "cloud", "cockroach", "couch", "crab", "crocodile", "cup", "dinosaur", "dolphin", "elephant", "flatfish",
    "forest", "fox", "girl", "hamster", "house", "kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion",
    "lizard", "lobster", "man", "maple_tree", "motorcycle", "mountain", "mouse", "mushroom", "oak_tree", "orange",
    "orchid", "otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy", "porcupine",
    "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal", "shark", "shrew", "skunk",
    "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar", "sunflower", "sweet_pepper", "table", "tank",
    "telephone", "television", "tiger", "tractor", "train", "trout", "tulip", "turtle", "wardrobe", "whale",
    "willow_tree", "wolf", "woman", "worm",
)  # fmt: skip


@dataclass(frozen=True)
class KerasSet:
    """What there is to know of a data set before it is here.

    Args:
        shape: (height, width, channels) of its images, uint8 in [0, 255].
        class_names: in the order of the labels.
        files: path below Keras's `datasets/` folder -> checksum, where one is published.
        origin: where the first file comes from.
    """

    shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    files: dict[str, str]
    origin: str


_STORAGE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_TORONTO = "https://www.cs.toronto.edu/~kriz/"

# Licences, as published: MNIST CC BY-SA 3.0; Fashion-MNIST MIT; CIFAR none stated, cite Krizhevsky (2009).
KERAS_SETS = {
    "mnist": KerasSet(
        (28, 28, 1),
        _MNIST,
        {"mnist.npz": "sha256 731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"},
        _STORAGE + "mnist.npz",
    ),
    "fashion_mnist": KerasSet(
        (28, 28, 1),
        _FASHION,
        {
            "fashion-mnist/train-labels-idx1-ubyte.gz": "md5 25c81989df183df01b3e8a0aad5dffbe",
            "fashion-mnist/train-images-idx3-ubyte.gz": "md5 8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "fashion-mnist/t10k-images-idx3-ubyte.gz": "md5 bef4ecab320f06d8554ea6380940ec79",
            "fashion-mnist/t10k-labels-idx1-ubyte.gz": "md5 bb300cfdad3c16e7a12a480ee83cd310",
        },
        _STORAGE + "train-images-idx3-ubyte.gz",
    ),
    "cifar10": KerasSet(
        (32, 32, 3),
        _CIFAR10,
        {
            "cifar-10-batches-py-target_archive": "sha256 "
            "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
        },
        _TORONTO + "cifar-10-python.tar.gz",
    ),
    "cifar100": KerasSet(
        (32, 32, 3),
        _CIFAR100,
        {"cifar-100-python-target_archive": "sha256 85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"},
        _TORONTO + "cifar-100-python.tar.gz",
    ),
}


def keras_folder() -> Path:
    """Return where Keras keeps downloaded data sets."""
    return keras_home() / "datasets"


def is_here(name: str) -> bool:
    """Say whether Keras has the files already, so that loading needs no network."""
    return all((keras_folder() / file).is_file() for file in KERAS_SETS[name].files)


def load_keras_set(name: str, on_progress: Callable[[str, int, int], None]) -> Dataset:
    """Return the data set, downloaded by Keras if it has to be, decoded once and kept in the cache.

    Raises:
        DatasetError: neither a file nor a network; says which file goes where, and its checksum.
    """
    files = [keras_folder() / file for file in KERAS_SETS[name].files]
    if not is_here(name):
        on_progress(f"downloading {name} to {keras_folder()}", 0, 0)
        return _read_through_keras(name)  # kept in the cache from the next time on, when its files have a date
    stats = [file.stat() for file in files]
    key = content_hash(
        tuple(f"{file}{stat.st_size}{stat.st_mtime_ns}" for file, stat in zip(files, stats, strict=True))
    )
    return cached(f"keras-{name}-{key}", name, lambda: _read_through_keras(name))


def _read_through_keras(name: str) -> Dataset:
    """Let a process of its own import Keras, load the data set and write it as arrays."""
    with tempfile.TemporaryDirectory(prefix="download-", dir=private_folder()) as folder:
        command = [sys.executable, "-P", str(READER), name, folder]  # -P: nothing of the current folder is imported
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env=pinned(os.environ),
        )
        if done.returncode != 0:
            raise DatasetError(_explain(name, done.stderr))
        arrays = {file.stem: np.load(file, allow_pickle=False) for file in Path(folder).glob("*.npy")}
    keras_set = KERAS_SETS[name]

    train, test = (
        (arrays[f"x_{part}"].reshape(-1, *keras_set.shape), arrays[f"y_{part}"].reshape(-1).astype(np.int32))
        for part in ("train", "test")
    )
    return make_dataset(name, train, test, keras_set.class_names)


def _explain(name: str, stderr: str) -> str:
    keras_set = KERAS_SETS[name]
    places = "; ".join(f"{keras_folder() / file} ({checksum})" for file, checksum in keras_set.files.items())
    source = keras_set.origin if len(keras_set.files) == 1 else keras_set.origin.rsplit("/", 1)[0] + "/"
    noun = "this file" if len(keras_set.files) == 1 else "these files"
    reason = next((line for line in reversed(stderr.splitlines()) if line.strip()), "no reason given")
    return (
        f"The data set {name!r} is not on this machine and could not be downloaded ({clause(reason)}). On a machine "
        f"with network, get {source} and put {noun} here: {places}. Or try another data set: `dataset=digits` needs "
        "no download, `dataset=PATH` takes an .npz file, a table or a folder of pictures."
    )
