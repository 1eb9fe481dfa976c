"""Decoded data sets on disk: written whole or not at all, compared with their digests, read as memory maps."""

import contextlib
import hashlib
import json
import logging
import math
import os
import platform
import re
import shutil
import stat
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.digests import DamagedContent, document_digest, with_digest, without_digest
from cnnjobs.machine import process_lives
from cnnjobs.private_folder import is_private
from cnnjobs.sentences import cause

_log = logging.getLogger(__name__)

ABANDONED_S = 86_400.0
"""What a process on another machine has left half written and not touched for so long is removed."""

ARRAYS = ("x_train", "y_train", "x_test", "y_test", "rows_train", "rows_test")
"""Arrays of a data set; the last two may be none."""


def cache_folder() -> Path:
    """Return where decoded data sets are kept: $CNNJOBS_CACHE, or cnnjobs in the user's cache folder.

    In a folder that every user of the machine can write to it is one of this user's alone: what others put there under
    the right name would be trained on.
    """
    chosen = os.environ.get("CNNJOBS_CACHE")
    if chosen and not _is_open(Path(chosen)):
        return Path(chosen)
    if chosen:
        own = Path(chosen, f"user-{os.geteuid()}")
        with contextlib.suppress(OSError):
            own.mkdir(mode=0o700)
        if is_private(own):
            return own
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cnnjobs"


def _is_open(folder: Path) -> bool:
    """Say whether every user can write to a folder. A group that shares one knows each other."""
    try:
        return bool(folder.stat().st_mode & stat.S_IWOTH)
    except OSError:
        return False


def cached(key: str, name: str, build: Callable[[], Dataset]) -> Dataset:
    """Return the data set kept under `key`, or build it and keep it.

    The entry is a folder that appears by one rename, so one that a dead process left half written
    is never read; such remains are removed here, also from a cache that machines share. An entry that is not what
    was written (cut short, altered) is built anew. If the cache cannot be written (no space, read-only home) the data
    set is used from memory and a note says so.

    Args:
        key: names the content, safe as a folder name.
        name: what the data set is called in tables.
        build: makes it.
    """
    entry = cache_folder() / key
    if is_cached(key):
        try:
            return _read(entry, name)
        except DamagedContent as error:
            _log.warning("what is kept in %s is damaged (%s): it is made anew", entry, error)
            _discard(entry)
    remove_remains(cache_folder(), host=_host(), now=time.time())
    dataset = build()
    try:
        _write(entry, dataset)
    except OSError as error:
        note = f"the decoded images could not be kept in {entry.parent} ({cause(error)}): they are decoded each time"
        return replace(dataset, notes=(*dataset.notes, note))
    return _read(entry, name)


def is_cached(key: str) -> bool:
    """Say whether a data set is kept under `key`."""
    return (cache_folder() / key / "dataset.json").is_file()


def recalled(key: str | None) -> str | None:
    """Return the text kept under `key`; None if there is none."""
    if key is not None:
        with contextlib.suppress(OSError, DamagedContent):
            return without_digest(_remembered_file(key).read_bytes(), key).decode()
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
        part = part_of(file)
        part.write_bytes(with_digest(text.encode(), key))
        part.replace(file)
    return text


def _remembered_file(key: str) -> Path:
    return cache_folder() / "remembered" / key


def _read(entry: Path, name: str) -> Dataset:
    """Return the data set in a folder.

    Raises:
        DamagedContent: if it is not what was written there.
    """
    try:
        about: dict[str, Any] = json.loads((entry / "dataset.json").read_text(encoding="utf-8"))
        if about.pop("digest") != document_digest(about):
            raise DamagedContent("dataset.json is not what its digest is of")
        for part, digest in about["arrays"].items():
            if _file_digest(entry / f"{part}.npy") != digest:
                raise DamagedContent(f"{part}.npy is not what its digest is of")
        arrays = {part: np.load(entry / f"{part}.npy", mmap_mode="r", allow_pickle=False) for part in about["arrays"]}
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise DamagedContent(f"{type(error).__name__}: {error}") from error
    return Dataset(
        name=name,
        **arrays,
        class_names=tuple(about["class_names"]),
        fingerprint=about["fingerprint"],
        notes=tuple(about["notes"]),
        value_range=None if about["value_range"] is None else tuple(about["value_range"]),
    )


def _file_digest(path: Path) -> str:
    """Return the SHA-256 of a file: two gigabytes a second on recent processors."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _discard(entry: Path) -> None:
    """Remove what is kept under a key, by one rename first: nobody reads half of it."""
    part = part_of(entry)
    with contextlib.suppress(OSError):
        entry.rename(part)
        shutil.rmtree(part)


def part_of(entry: Path) -> Path:
    """Return the name of a file or folder of the cache while it is written or removed by this process."""
    return entry.with_name(f".{entry.name}.{_host()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.part")


def _write(entry: Path, dataset: Dataset) -> None:
    part = part_of(entry)
    part.mkdir(parents=True)
    try:
        arrays = [array for array in ARRAYS if getattr(dataset, array) is not None]
        for array in arrays:
            np.save(part / f"{array}.npy", getattr(dataset, array), allow_pickle=False)
        about = {
            "class_names": list(dataset.class_names),
            "fingerprint": dataset.fingerprint,
            "notes": list(dataset.notes),
            "value_range": dataset.value_range,
            "arrays": {array: _file_digest(part / f"{array}.npy") for array in arrays},
        }
        text = json.dumps(about | {"digest": document_digest(about)})
        (part / "dataset.json").write_text(text, encoding="utf-8")
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
    for part in (*folder.glob(".*.part"), *folder.glob("remembered/.*.part"), *folder.glob("downloads/*/.*.part")):
        owner, _, pid = part.name.rsplit(".", 2)[-2].rpartition("-")[0].rpartition("-")
        dead = not process_lives(int(pid)) if owner == host and pid.isdigit() else now - _touched(part) > ABANDONED_S
        if dead and part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        elif dead:
            part.unlink(missing_ok=True)


def _touched(part: Path) -> float:
    """Return when a file, or something in a folder, was last written, seconds since 1970; infinite if it just goes."""
    with contextlib.suppress(OSError):
        return max(path.stat().st_mtime for path in (part, *part.glob("*")))
    return math.inf


def _host() -> str:
    """Return the name of this machine, without what separates it from the rest in the name of a part."""
    return re.sub(r"[^A-Za-z0-9]+", "_", platform.node())
