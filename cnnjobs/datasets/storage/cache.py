"""A folder of what takes long to make, each entry written whole or not at all, and of short texts."""

import contextlib
import math
import os
import platform
import re
import shutil
import stat
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from cnnjobs.files.digests import DamagedContent, with_digest, without_digest
from cnnjobs.process.machine import process_lives
from cnnjobs.process.private_folder import is_private

ABANDONED_S = 86_400.0
"""What a process on another machine has left half written and not touched for so long is removed."""

IMAGES = "images.bin"
"""Decoded images, one after the other without a header."""

REMAINS = (".*.part", *(f"{folder}/.*.part" for folder in ("remembered", "downloads/*", "trees", "copies")))
"""Where something half written may be, and what it is called."""


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


@contextlib.contextmanager
def new_entry(key: str) -> Iterator[Path]:
    """Give a folder that becomes the entry kept under `key` in the end, by one rename.

    One that a process leaves half written is never read; such remains are removed here, also from a cache that
    machines share. Where something is raised within, nothing is kept.

    Args:
        key: names the content, safe as a folder name.

    Raises:
        OSError: if it cannot be written (no space, read-only home).
    """
    remove_remains(cache_folder(), host=_host(), now=time.time())
    entry = entry_of(key)
    part = part_of(entry)
    part.mkdir(parents=True)
    try:
        yield part
        for file in part.iterdir():
            if file.name != IMAGES:  # which is gigabytes, and compared with its digests before it is next used
                with open(file, "rb") as stream:
                    os.fsync(stream.fileno())
        try:
            part.rename(entry)
        except OSError:
            if not is_cached(key):  # else another process was faster: its entry serves
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def entry_of(key: str) -> Path:
    """Return the folder that is kept under `key`, if it is."""
    return cache_folder() / key


def is_cached(key: str) -> bool:
    """Say whether a data set is kept under `key`."""
    return (entry_of(key) / "dataset.json").is_file()


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


def discard(entry: Path) -> None:
    """Remove what is kept under a key, by one rename first: nobody reads half of it."""
    part = part_of(entry)
    with contextlib.suppress(OSError):
        entry.rename(part)
        shutil.rmtree(part)


def part_of(entry: Path) -> Path:
    """Return the name of a file or folder of the cache while it is written or removed by this process."""
    return entry.with_name(f".{entry.name}.{_host()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.part")


def remove_remains(folder: Path, *, host: str, now: float) -> None:
    """Remove what was left half written: by processes of this machine that live no longer, by others long ago.

    Args:
        folder: the cache.
        host: this machine as the names of parts have it.
        now: seconds since 1970.
    """
    for part in [path for pattern in REMAINS for path in folder.glob(pattern)]:
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
