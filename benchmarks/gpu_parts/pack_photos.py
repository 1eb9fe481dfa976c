"""Packs photos into one `.npz` file that fits a transfer: `python -m benchmarks.gpu_parts.pack_photos FOLDER FILE.npz`.

FOLDER has train/CLASS/* and test/CLASS/*, 32 x 32 pixels; 10,000 and 2,000 of them, drawn with seed 0, take 33 MB.
"""

import sys

import numpy as np

TRAIN, TEST = 10_000, 2_000


def pack(folder: str, file: str, train: int = TRAIN, test: int = TEST) -> None:
    """Write the file, of at most so many photos."""
    from cnnjobs import ImageFolder
    from cnnjobs.datasets import load_dataset

    data = load_dataset(ImageFolder(folder, size=32), lambda *_: None)
    random = np.random.default_rng(0)
    arrays = {}
    for part, most in (("train", train), ("test", test)):
        images, labels = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        rows = random.permutation(len(labels))[:most]  # of all classes, however few are taken later
        arrays |= {f"x_{part}": np.asarray(images[rows]), f"y_{part}": labels[rows]}
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


if __name__ == "__main__":
    pack(*sys.argv[1:3])
