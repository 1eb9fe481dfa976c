"""Data sets: loaded from wherever they are, checked, and split the same way every time."""

from collections.abc import Callable

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.datasets.digits import load_digits
from cnnjobs.datasets.image_folder import load_image_folder
from cnnjobs.datasets.keras_sets import KERAS_SETS, is_here, load_keras_set
from cnnjobs.datasets.npz import load_npz
from cnnjobs.datasets.splits import check_folds, holdout, kfold
from cnnjobs.spec import DatasetSpec, ImageFolder, Named, Npz

__all__ = ["Dataset", "check_folds", "holdout", "kfold", "load_dataset", "needs_download"]


def load_dataset(spec: DatasetSpec, on_progress: Callable[[str, int, int], None]) -> Dataset:
    """Return the data set that `spec` names.

    Args:
        spec: which one.
        on_progress: called with (what is going on, done, total) while it takes long.

    Raises:
        DatasetError: it is missing, empty or contradicts itself.
    """
    if isinstance(spec, ImageFolder):
        return load_image_folder(spec, on_progress)
    if isinstance(spec, Npz):
        return load_npz(spec)
    if spec.name == "digits":
        return load_digits()
    return load_keras_set(spec.name, on_progress)


def needs_download(spec: DatasetSpec) -> tuple[tuple[int, int, int], int] | None:
    """Return (image shape, classes) of a data set that is not on this machine yet, else None."""
    if isinstance(spec, Named) and spec.name in KERAS_SETS and not is_here(spec.name):
        known = KERAS_SETS[spec.name]
        return known.shape, len(known.class_names)
    return None
