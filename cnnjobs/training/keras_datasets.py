"""Run as a program: loads one data set of `keras.datasets` and writes its arrays into a folder."""

import importlib
import os
import sys
from pathlib import Path

import numpy as np


def main(name: str, folder: str) -> None:
    """Write x_train, y_train, x_test, y_test of the data set as `.npy` files."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    module = importlib.import_module(f"keras.datasets.{name}")
    (x_train, y_train), (x_test, y_test) = module.load_data()
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    for key, array in arrays.items():
        np.save(Path(folder) / f"{key}.npy", array, allow_pickle=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
