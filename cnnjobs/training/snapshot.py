"""A trial between two epochs as bytes, and back: arrays and JSON in one `.npz`, nothing pickled."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
"""Raised when the layout changes."""


class DamagedSnapshot(Exception):
    """The bytes are cut short, altered, or no snapshot."""


@dataclass(frozen=True)
class Snapshot:
    """All that decides how a trial goes on after an epoch; seeds and settings come from the trial itself.

    Args:
        variables: of network, seed generators and optimizer, in their order.
        callbacks: what each callback remembers.
        columns: of `epochs`, one value for each epoch that is done.
        stopped: whether a callback has ended the trial.
        inherited: epochs that another trial has trained.
        seconds: that the trial has taken so far, without those.
        made_by: versions and devices; another make would go on with other bits.
    """

    variables: tuple[NDArray[Any], ...]
    callbacks: list[dict[str, Any]]
    columns: dict[str, list[Any]]
    stopped: bool
    inherited: int
    seconds: float
    made_by: Mapping[str, Any]


def pack(snapshot: Snapshot) -> bytes:
    """Return the snapshot as the bytes of an `.npz` file; each entry carries a checksum."""
    arrays = {f"variable_{index}": array for index, array in enumerate(snapshot.variables)}
    header = {
        "format": FORMAT,
        "variables": len(snapshot.variables),
        "callbacks": _without_arrays(snapshot.callbacks, arrays),
        "columns": snapshot.columns,
        "stopped": snapshot.stopped,
        "inherited": snapshot.inherited,
        "seconds": snapshot.seconds,
        "made_by": dict(snapshot.made_by),
    }
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    sink = io.BytesIO()
    np.savez(sink, allow_pickle=False, **arrays)
    return sink.getvalue()


def unpack(content: bytes) -> Snapshot:
    """Return the snapshot in `content`.

    Raises:
        DamagedSnapshot: if it is not whole, or of another layout.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            header = json.loads(arrays["header"].tobytes())
            if header["format"] != FORMAT:
                raise DamagedSnapshot(f"layout {header['format']}, this version reads {FORMAT}")
            return Snapshot(
                variables=tuple(arrays[f"variable_{index}"] for index in range(header["variables"])),
                callbacks=_with_arrays(header["callbacks"], arrays),
                columns=header["columns"],
                stopped=header["stopped"],
                inherited=header["inherited"],
                seconds=header["seconds"],
                made_by=header["made_by"],
            )
    except DamagedSnapshot:
        raise
    except Exception as error:  # whatever it is: the one before is tried
        raise DamagedSnapshot(f"{type(error).__name__}: {error}") from error


def _without_arrays(value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """Return `value` as JSON types; arrays and NumPy's scalars move into `arrays`."""
    if isinstance(value, np.ndarray | np.generic):
        name = f"callback_{len(arrays)}"
        arrays[name] = np.asarray(value)
        return {"array": name, "scalar": isinstance(value, np.generic)}
    if isinstance(value, dict):
        return {"pairs": [[_without_arrays(part, arrays) for part in pair] for pair in value.items()]}
    if isinstance(value, list | tuple):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_without_arrays(item, arrays) for item in value]}
    return value


def _with_arrays(value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if not isinstance(value, dict):
        return value
    if "array" in value:
        array = arrays[value["array"]]
        return array[()] if value["scalar"] else array
    if "pairs" in value:
        return {_with_arrays(key, arrays): _with_arrays(item, arrays) for key, item in value["pairs"]}
    (kind, items), *_ = value.items()
    restored = [_with_arrays(item, arrays) for item in items]
    return tuple(restored) if kind == "tuple" else restored
