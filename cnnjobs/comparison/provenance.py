"""Provenance of runs: versions, devices and commits."""

from collections.abc import Mapping, Sequence
from typing import Any

VERSION_COLUMNS = (
    "cnnjobs_version",
    "tensorflow_version",
    "keras_version",
    "numpy_version",
    "python_version",
    "device",
    "cpus",
    "gpus",
    "replicas",
)
"""What should be the same in all trials of a comparison: each can change the bits of a result."""

ORIGINS = ("ray_version", "host", "commit", "dirty")
"""What is told beside them: it changes no bits, or is more than one where jobs are large."""


def provenance_of(trials: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return what runs were made with: version, device or commit -> its values, of which several are a mixture.

    Args:
        trials: rows of `trials`.
    """
    made_with = {}
    for column in (*VERSION_COLUMNS, *ORIGINS):
        values = sorted({str(trial[column]) for trial in trials if trial[column] is not None})
        if values:
            made_with[column.removesuffix("_version")] = tuple(values)
    return made_with


def mixed(provenance: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Warn of a comparison between runs of different versions or devices.

    Args:
        provenance: of all runs that are compared.
    """
    return [
        f"The runs were made with {len(values)} values of {name}: {', '.join(values)}. These may cause a difference"
        for column in VERSION_COLUMNS
        if len(values := provenance.get(name := column.removesuffix("_version"), ())) > 1
    ]
