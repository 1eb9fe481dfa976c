"""Parts of documents that several commands have."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from cnnjobs.store.stored_job import StoredDataset

_DATASET = ("name", "fingerprint", "train_rows", "validation_rows", "test_rows", "image_shape", "class_names", "groups")


def snake_case(name: str) -> str:
    """Return the name of a column as a key: "would run" as "would_run"."""
    return re.sub(r"\W+", "_", name).strip("_")


def keyed(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of a table with keys in snake_case."""
    return [{snake_case(name): value for name, value in row.items()} for row in rows]


def dataset_object(dataset: StoredDataset) -> dict[str, Any]:
    """Return what there is to say of a data set."""
    return {name: getattr(dataset, name) for name in _DATASET}
