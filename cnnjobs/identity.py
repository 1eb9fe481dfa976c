"""What makes two trials the same trial: canonical JSON of everything that decides it, hashed."""

import dataclasses
import functools
import hashlib
import json
import math
import numbers
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnjobs.errors import SpecError
from cnnjobs.source import source_of
from cnnjobs.spec import Model, UserFunction, Variant, WeightsFile

NUMERICS_VERSION = 3
"""Raised when a change of the training code changes results: all trials then run again."""


def canonical(value: Any) -> Any:
    """Return `value` as JSON types, all defaults included.

    Specs become objects with their class name under "kind"; a user's function becomes the hash of its
    source text and of everything of the user's that it refers to.

    Raises:
        SpecError: for a hyperparameter that has no JSON form.
    """
    if isinstance(value, UserFunction):
        function: Any = value.function
        text = source_of(function)
        return {
            "kind": type(value).__name__,
            "function": function.__name__,
            "source_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "options": canonical(value.options),
        }
    if isinstance(value, WeightsFile):
        return {"kind": "WeightsFile", "sha256": value.sha256 or _sha256_of_file(value.path)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {item.name: canonical(getattr(value, item.name)) for item in dataclasses.fields(value)}
        return {"kind": type(value).__name__, **parts}
    if isinstance(value, Mapping):
        return {str(key): canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((canonical(item) for item in value), key=json.dumps)
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = value.item()  # a scalar of NumPy's
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real) and math.isfinite(value):
        return float(value)
    if isinstance(value, Path):
        return str(value)
    raise SpecError(
        f"A hyperparameter must be a finite number, text, None, or a list or dict of these, so that it can be stored. "
        f"Received: {value!r} of type {type(value).__name__}."
    )


def pinned(variant: Variant) -> Variant:
    """Return the variant with the hash of its weights file in it: the file is not looked at again.

    Raises:
        SpecError: if the file cannot be read.
    """
    network = variant.network
    weights = network.options.get("weights") if isinstance(network, Model) else None
    if not isinstance(weights, WeightsFile) or weights.sha256 is not None:
        return variant
    known = dataclasses.replace(weights, sha256=_sha256_of_file(weights.path))
    return variant.but(model=dataclasses.replace(network, options={**network.options, "weights": known}))


def _sha256_of_file(path: str) -> str:
    """Return the hash of a file's content.

    Raises:
        SpecError: if it cannot be read.
    """
    try:
        stat = Path(path).stat()
        return _sha256_of_state(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise SpecError(f"The weights file {path} cannot be read: {error.strerror}.") from error


@functools.cache
def _sha256_of_state(path: str, size: int, mtime_ns: int) -> str:
    """Return the hash; the same file is read once a process."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(value: Any, length: int = 20) -> str:
    """Return the first `length` hex digits of the SHA-256 over the canonical JSON of `value`."""
    text = json.dumps(canonical(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def to_json(value: Any) -> str:
    """Return the canonical JSON of `value`, for people and for the store."""
    return json.dumps(canonical(value), allow_nan=False)
