"""Data sets that are locally available: loaded in seconds, without a network and without decoding pictures."""

from pathlib import Path

from cnnjobs.datasets import Dataset, dataset_from_json, dataset_spec, source_of
from cnnjobs.spec import BuiltinDataset, DatasetSpec
from cnnjobs.spec.data import BUILTIN_DATASETS
from cnnjobs.store.stored_job import StoredDataset
from cnnjobs.wording.sentences import cause


def locally_available_dataset(about: StoredDataset) -> Dataset | str:
    """Return the data set that a job ran on, or a sentence that says why it is not available.

    It never raises: what the data set is wanted for does without it.

    Args:
        about: what `job.json` says of it; name, source and fingerprint are read. Relative paths are taken from the
            current folder.
    """
    try:
        spec = _spec(about)
        if spec is None:
            return "the results do not say where the data set lies"
        source = source_of(spec)
        if why := source.why_not_at_hand():
            return why
        dataset = source.load(lambda *_: None)
    except Exception as error:  # damaged files raise many kinds, and pictures are no reason to fail
        return f"the data set cannot be loaded ({cause(error)})"
    if dataset.fingerprint != about.fingerprint:
        return "the data set has changed since the runs"
    return dataset


def _spec(about: StoredDataset) -> DatasetSpec | None:
    """Return which data set it is; None where an older version has not said so, and the name is none of ours."""
    if about.source is not None:
        return dataset_spec(dataset_from_json(about.source), Path.cwd())
    return BuiltinDataset(about.name) if about.name in BUILTIN_DATASETS else None
