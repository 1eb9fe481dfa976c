"""The kinds of data sets: the one place that names them all."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cnnjobs.datasets.builtin.builtin import BuiltinSource
from cnnjobs.datasets.folders.image_folder import FolderSource
from cnnjobs.datasets.numpy_arrays.from_function import FunctionSource
from cnnjobs.datasets.numpy_arrays.npz import NpzSource
from cnnjobs.datasets.records.parquet_pictures import ParquetSource
from cnnjobs.datasets.records.tfrecord_pictures import TFRecordSource
from cnnjobs.datasets.source import Source
from cnnjobs.datasets.storage.places import located
from cnnjobs.datasets.tables.picture_table import TableSource
from cnnjobs.errors import SpecError
from cnnjobs.files.uris import is_uri
from cnnjobs.spec import FromFunction
from cnnjobs.spec.data import BuiltinDataset, DatasetSpec, PathSpec, check_path

KINDS: tuple[type[Source[Any]], ...] = (
    BuiltinSource,
    NpzSource,
    TableSource,
    ParquetSource,
    TFRecordSource,
    FolderSource,
    FunctionSource,
)
"""Every kind; a bare name or path is of the first that knows it."""


NOWHERE = Path("/dev/null")
"""Stands for object storage where a path is wanted: nothing lies below it."""


def source_of(spec: DatasetSpec) -> Source[Any]:
    """Return the data set that a job file names.

    Raises:
        SpecError: if it is of no kind in `KINDS`.
    """
    for kind in KINDS:
        if isinstance(spec, kind.spec_type):
            return kind(spec)
    names = ", ".join(kind.spec_type.__name__ for kind in KINDS)
    raise SpecError(f"`dataset` must be one of {names}. Received: {spec!r}. Add its kind to cnnjobs/datasets/kinds.py.")


def dataset_spec(value: str | Path | DatasetSpec | Callable[[], Any], base: Path) -> DatasetSpec:
    """Say what `value` means; relative paths are taken from the folder `base`.

    Raises:
        SpecError: if it is neither a known name nor a path.
    """
    if isinstance(value, DatasetSpec):
        relocated: DatasetSpec = source_of(value).relocated(base)
        return relocated
    if callable(value):
        return FromFunction(value)
    if not isinstance(value, str | Path):
        raise SpecError(
            "`dataset` must be a name, a path, a function that returns arrays, or a data set such as Npz(...). "
            f"Received: a {type(value).__name__}. Arrays become a data set by a function that returns them: "
            "(x_train, y_train), (x_test, y_test)."
        )
    check_path("dataset", value)
    place = located(value, base)
    path = NOWHERE / place.partition("://")[2].partition("?")[0] if is_uri(place) else Path(place)
    for kind in KINDS:
        meant = kind.meant_by(str(value), path)
        if meant is not None:
            return replace(meant, path=place) if isinstance(meant, PathSpec) else meant
    if path.is_file():
        *most, last = (kind.noun for kind in KINDS)
        raise SpecError(f"`dataset` must be {', '.join(most)} or {last}. Received: {str(value)!r}, a file.")
    return BuiltinDataset(str(value))  # which raises the error that lists the names


def dataset_from_json(document: Mapping[str, Any]) -> DatasetSpec:
    """Return the data set that `identity.canonical` has made an object of JSON of.

    Raises:
        KeyError: if it does not say which kind, or of none that is known.
        TypeError: if the kind has other options.
        SpecError: for options that make no sense.
    """
    kinds = {kind.spec_type.kind: kind for kind in KINDS}
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in document.items()}
    return kinds[str(options.pop("kind"))].from_json(options)
