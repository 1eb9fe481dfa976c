"""What makes two trials the same trial: canonical JSON of everything that decides it, hashed."""

import dataclasses
import functools
import hashlib
import json
import math
import numbers
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any

from cnnjobs.errors import SpecError
from cnnjobs.planning.user_code import is_installed
from cnnjobs.planning.user_source import source_of
from cnnjobs.planning.value_text import state_of
from cnnjobs.spec import DatasetSpec, FromFunction, Model, UserFunction, Variant, WeightsFile
from cnnjobs.spec.fields import is_neutral
from cnnjobs.spec.functions import with_functions
from cnnjobs.wording.sentences import cause

NUMERICS_VERSION = 3
"""Raised when a change of the training code changes results: all trials then run again."""


def canonical(value: Any) -> Any:
    """Return `value` as JSON types.

    Specs become objects with their `kind`, a constant of the class that no renaming changes, and all their fields,
    defaults included, but for `later_field`s that have their neutral value. A user's function, or dataclass, becomes
    the hash of what it and everything of the user's that it refers to are made of.

    Raises:
        SpecError: for a hyperparameter that has no JSON form.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _canonical_dataclass(value)
    if isinstance(value, Mapping):
        return _canonical_mapping(value)
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


def _canonical_dataclass(value: Any) -> dict[str, Any]:
    """Return a spec, or a dataclass of the user's."""
    if isinstance(value, UserFunction):
        function: Any = value.function
        known = {item.name for item in dataclasses.fields(UserFunction)}
        more = (item.name for item in dataclasses.fields(value) if item.name not in known)
        return {
            "kind": value.kind,
            "function": function.__name__,
            "source_sha256": value.source_sha256 or sha256_of_source(function),
            "options": canonical(value.options),
            **{name: canonical(getattr(value, name)) for name in more},
        }
    if isinstance(value, FromFunction):
        others = {name: canonical(getattr(value, name)) for name in ("test", "value_range", "dedupe", "source_sha256")}
        return {"kind": value.kind, "function": value.name, **others}
    if isinstance(value, WeightsFile):
        return {"kind": value.kind, "sha256": value.sha256 or _sha256_of_file(value.path)}
    if isinstance(value, Model):
        return {"kind": value.kind, "builder": value.builder, "options": canonical(value.decisive_options)}
    fields = [item for item in dataclasses.fields(value) if not is_neutral(item, getattr(value, item.name))]
    parts = {item.name: canonical(getattr(value, item.name)) for item in fields}
    if isinstance(value, DatasetSpec) or type(value).__module__.partition(".")[0] == "cnnjobs":
        return {"kind": getattr(value, "kind", ""), **parts}
    held = getattr(value, "__dict__", {}).keys() - {item.name for item in dataclasses.fields(value)}
    others = {name: canonical(part) for name, part in state_of(value).items() if name in held}
    own = {"kind": type(value).__qualname__, "source_sha256": sha256_of_source(type(value)), **parts}
    return own | ({"attributes": others} if others else {})


def _canonical_mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a mapping, whose keys need not be text."""
    if all(isinstance(key, str) for key in value):
        return {key: canonical(item) for key, item in value.items()}
    pairs = [[canonical(key), canonical(item)] for key, item in value.items()]  # 1 and "1" are two keys
    return {"kind": "dict", "items": sorted(pairs, key=json.dumps)}


def sha256_of_source(definition: Any) -> str:
    """Return the hash of what a function or a class is made of now."""
    return hashlib.sha256(source_of(definition).encode()).hexdigest()


def pinned(variant: Variant, sha256_of: Callable[[Any], str] = sha256_of_source) -> Variant:
    """Return the variant with the hashes of its weights file and of its functions in it.

    Neither is looked at again: a network that changes a global value when it is built stays what it was planned as.

    Args:
        variant: as the job has it.
        sha256_of: tells what a function is made of.

    Raises:
        SpecError: if the file cannot be read, or what a function is made of cannot be told.
    """

    def known(part: UserFunction) -> UserFunction:
        return part if part.source_sha256 else dataclasses.replace(part, source_sha256=sha256_of(part.function))

    variant = with_functions(variant, known)
    network = variant.network
    weights = network.options.get("weights") if isinstance(network, Model) else None
    if not isinstance(weights, WeightsFile) or weights.sha256 is not None:
        return variant
    hashed = dataclasses.replace(weights, sha256=_sha256_of_file(weights.path))
    return variant.but(model=dataclasses.replace(network, options={**network.options, "weights": hashed}))


def pinned_data(spec: DatasetSpec) -> DatasetSpec:
    """Return a data set with the hash of its function in it, if one makes it.

    Of a function of a library, its name; "" of one of which it cannot be told what it is made of: the content of its
    arrays counts in any case.

    Args:
        spec: as the job has it.
    """
    if (
        not isinstance(spec, FromFunction)
        or spec.source_sha256 is not None
        or not isinstance(spec.function, FunctionType)
    ):
        return spec
    if is_installed(spec.function):
        name = f"{spec.function.__module__}.{spec.function.__qualname__}"
        return dataclasses.replace(spec, source_sha256=hashlib.sha256(name.encode()).hexdigest())
    try:
        return dataclasses.replace(spec, source_sha256=sha256_of_source(spec.function))
    except SpecError:
        return dataclasses.replace(spec, source_sha256="")


def _sha256_of_file(path: str) -> str:
    """Return the hash of a file's content.

    Raises:
        SpecError: if it cannot be read.
    """
    try:
        stat = Path(path).stat()
        return _sha256_of_state(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        raise SpecError(f"The weights file {path} cannot be read: {cause(error)}.") from error


@functools.cache
def _sha256_of_state(path: str, size: int, mtime_ns: int) -> str:
    """Return the hash; the same file is read once per process."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(value: Any, length: int = 20) -> str:
    """Return the first `length` hex digits of the SHA-256 over the canonical JSON of `value`."""
    text = json.dumps(canonical(value), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def to_json(value: Any) -> str:
    """Return the canonical JSON of `value`, for people and for the store."""
    return json.dumps(canonical(value), allow_nan=False)
