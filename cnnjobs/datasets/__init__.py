"""Data sets: loaded from wherever they are, checked, and split the same way every time."""

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.datasets.kinds import dataset_from_json, dataset_spec, source_of
from cnnjobs.datasets.source import OnProgress, Shape, Source
from cnnjobs.datasets.splits import check_folds, holdout, kfold
from cnnjobs.spec import DatasetSpec

__all__ = [
    "Dataset",
    "Source",
    "check_folds",
    "dataset_from_json",
    "dataset_spec",
    "holdout",
    "kfold",
    "load_dataset",
    "needs_download",
    "source_of",
]


def load_dataset(spec: DatasetSpec, on_progress: OnProgress) -> Dataset:
    """Return the data set that `spec` names.

    Args:
        spec: which one.
        on_progress: called with (what is going on, done, total) while it takes long.

    Raises:
        DatasetError: it is missing, empty or contradicts itself.
    """
    return source_of(spec).load(on_progress)


def needs_download(spec: DatasetSpec) -> tuple[Shape, int] | None:
    """Return (image shape, classes) of a data set that is not on this machine yet, else None."""
    return source_of(spec).to_be_downloaded()
