"""The embedded data set: 1,797 scanned digits that come inside the scikit-learn wheel."""

import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from cnnjobs.datasets.arrays import Dataset, hold_out_test, make_dataset
from cnnjobs.errors import DatasetError


def load_digits() -> Dataset:
    """Return 1,438 training and 359 test images, (8, 8, 1) uint8 in [0, 255], of the digits 0 to 9.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI (1998), CC BY 4.0,
    as shipped by `sklearn.datasets.load_digits`. Grey values 0..16 become 0..255. The file is read
    directly because importing scikit-learn takes a second or two, and `plan` should not.
    """
    with gzip.open(_file(), "rt", encoding="ascii") as stream:
        table = np.loadtxt(stream, delimiter=",", dtype=np.int32)
    images = np.round(table[:, :-1] * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    labels = table[:, -1].astype(np.int32)
    names = tuple(str(digit) for digit in range(10))
    train, test = hold_out_test(labels, 0.2, "digits", names)
    return make_dataset("digits", (images[train], labels[train]), (images[test], labels[test]), names)


def _file() -> Path:
    spec = find_spec("sklearn")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if file.is_file():
            return file
    raise DatasetError("The digits come inside scikit-learn, which is not installed. Run: pip install scikit-learn")
