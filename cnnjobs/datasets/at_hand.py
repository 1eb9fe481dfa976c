"""Data sets that are at hand: loaded in seconds, without a network and without decoding pictures."""

from pathlib import Path

from cnnjobs.datasets import Dataset, load_dataset, needs_download
from cnnjobs.datasets.image_folder import is_decoded
from cnnjobs.spec import DatasetSpec, ImageFolder, Named, Npz, dataset_spec
from cnnjobs.spec.data import NAMED_DATASETS, dataset_from_json
from cnnjobs.store.stored_job import StoredDataset

MOST_BYTES = 1 << 30
"""A file larger than this takes too long to be read and hashed for a few of its pictures."""


def dataset_at_hand(about: StoredDataset) -> Dataset | str:
    """Return the data set that a job ran on, or a sentence that says why it is not at hand.

    It never raises: what the data set is wanted for does without it.

    Args:
        about: what `job.json` says of it; name, source and fingerprint are read. Relative paths are taken from the
            current folder.
    """
    try:
        spec = _spec(about)
        why = "the results do not say where the data set lies" if spec is None else _why_not(spec)
        if spec is None or why:
            return why
        found = load_dataset(spec, lambda *_: None)
    except Exception as error:  # damaged files raise many kinds, and pictures are no reason to fail
        return f"the data set cannot be loaded ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
    if found.fingerprint != about.fingerprint:
        return "the data set has changed since the runs"
    return found


def _spec(about: StoredDataset) -> DatasetSpec | None:
    """Return which data set it is; None where an older version has not said so, and the name is none of ours."""
    if about.source is not None:
        return dataset_spec(dataset_from_json(about.source), Path.cwd())
    return Named(about.name) if about.name in NAMED_DATASETS else None


def _why_not(spec: DatasetSpec) -> str:
    """Say why loading would take long; empty if it would not."""
    if isinstance(spec, ImageFolder):
        if not Path(spec.path).is_dir():
            return f"there is no folder {spec.path} here"
        return "" if is_decoded(spec) else "the decoded pictures are not in the cache of this machine"
    if isinstance(spec, Npz):
        if not Path(spec.path).is_file():
            return f"there is no file {spec.path} here"
        return "the file is too large to be read for this" if Path(spec.path).stat().st_size > MOST_BYTES else ""
    return f"{spec.name} has not been downloaded on this machine" if needs_download(spec) else ""
