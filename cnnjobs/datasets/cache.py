"""Decoded data sets on disk: written whole or not at all, read back as memory maps."""

import contextlib
import json
import math
import os
import platform
import re
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.machine import process_lives

ABANDONED_S = 86_400.0
"""What a process on another machine has left half written and not touched for so long is removed."""

ARRAYS = ("x_train", "y_train", "x_test", "y_test")


def cache_folder() -> Path:
    """Return where decoded data sets are kept: $CNNJOBS_CACHE, or cnnjobs in the user's cache folder."""
    chosen = os.environ.get("CNNJOBS_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cnnjobs"


def cached(key: str, name: str, build: Callable[[], Dataset]) -> Dataset:
    """Return the data set kept under `key`, or build it and keep it.

    The entry is a folder that appears by one rename, so one that a dead process left half written
    is never read; such remains are removed here, also from a cache that machines share. If the cache cannot
    be written (no space, read-only home) the data set is used from memory and a note says so.

    Args:
        key: names the content, safe as a folder name.
        name: what the data set is called in tables.
        build: makes it.
    """
    entry = cache_folder() / key
    if is_cached(key):
        return _read(entry, name)
    remove_remains(cache_folder(), host=_host(), now=time.time())
    dataset = build()
    try:
        _write(entry, dataset)
    except OSError as error:
        note = f"the decoded images could not be kept in {entry.parent} ({error.strerror}): they are decoded each time"
        return _with_note(dataset, note)
    return _read(entry, name)


def is_cached(key: str) -> bool:
    """Say whether a data set is kept under `key`."""
    return (cache_folder() / key / "dataset.json").is_file()


def recalled(key: str | None) -> str | None:
    """Return the text kept under `key`; None if there is none."""
    if key is not None:
        with contextlib.suppress(OSError):
            return _remembered_file(key).read_text(encoding="ascii")
    return None


def remembered(key: str | None, compute: Callable[[], str]) -> str:
    """Return the text kept under `key`, or compute it and keep it; None is never kept."""
    text = recalled(key)
    if text is not None:
        return text
    text = compute()
    if key is None:
        return text
    file = _remembered_file(key)
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{key}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
        part.write_text(text, encoding="ascii")
        part.replace(file)
    return text


def _remembered_file(key: str) -> Path:
    return cache_folder() / "remembered" / key


def _read(entry: Path, name: str) -> Dataset:
    about: dict[str, Any] = json.loads((entry / "dataset.json").read_text(encoding="utf-8"))
    arrays = {part: np.load(entry / f"{part}.npy", mmap_mode="r", allow_pickle=False) for part in ARRAYS}
    return Dataset(
        name=name,
        **arrays,
        class_names=tuple(about["class_names"]),
        fingerprint=about["fingerprint"],
        notes=tuple(about["notes"]),
    )


def _write(entry: Path, dataset: Dataset) -> None:
    part = entry.with_name(f".{entry.name}.{_host()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
    part.mkdir(parents=True)
    try:
        for array in ARRAYS:
            np.save(part / f"{array}.npy", getattr(dataset, array), allow_pickle=False)
        about = {
            "class_names": list(dataset.class_names),
            "fingerprint": dataset.fingerprint,
            "notes": list(dataset.notes),
        }
        (part / "dataset.json").write_text(json.dumps(about), encoding="utf-8")
        for file in part.iterdir():
            with open(file, "rb") as stream:
                os.fsync(stream.fileno())
        part.rename(entry)
    except OSError:
        if not (entry / "dataset.json").is_file():  # else another process was faster: its entry serves
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def remove_remains(folder: Path, *, host: str, now: float) -> None:
    """Remove what was left half written: by processes of this machine that live no longer, by others long ago.

    Args:
        folder: the cache.
        host: this machine as the names of parts have it.
        now: seconds since 1970.
    """
    for part in folder.glob(".*.part"):
        owner, _, pid = part.name.rsplit(".", 2)[-2].rpartition("-")[0].rpartition("-")
        dead = not process_lives(int(pid)) if owner == host and pid.isdigit() else now - _touched(part) > ABANDONED_S
        if dead:
            shutil.rmtree(part, ignore_errors=True)


def _touched(part: Path) -> float:
    """Return when something in a folder was last written, seconds since 1970; infinite where it is just going."""
    with contextlib.suppress(OSError):
        return max(path.stat().st_mtime for path in (part, *part.iterdir()))
    return math.inf


def _host() -> str:
    """Return the name of this machine, without what separates it from the rest in the name of a part."""
    return re.sub(r"[^A-Za-z0-9]+", "_", platform.node())


def _with_note(dataset: Dataset, note: str) -> Dataset:
    parts = {field: getattr(dataset, field) for field in (*ARRAYS, "name", "class_names", "fingerprint")}
    return Dataset(**parts, notes=(*dataset.notes, note))
