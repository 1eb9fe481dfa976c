"""Files of a store, on a local disk or behind a URI: written whole or not at all."""

import contextlib
import errno
import os
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from cnnjobs.errors import CannotWrite, StoreError
from cnnjobs.files.digests import DamagedContent
from cnnjobs.files.object_storage import BUCKETS, FAILURES, explain, of_storage, open_remote, put
from cnnjobs.files.regular_files import refuse_special
from cnnjobs.files.uris import without_keys
from cnnjobs.parallel import each
from cnnjobs.process.machine import process_lives
from cnnjobs.wording.sentences import cause, sentence

_HALF_WRITTEN = re.compile(r"^\..*\.(\d+)-[0-9a-f]{8}\.part$")
"""The name of a file that is being written, with the process that writes it."""

AT_ONCE = 16
"""Requests to object storage that are under way at a time."""


class LostContent(StoreError, DamagedContent):
    """The disk says that it has lost a part of a file: the file is damaged, others may be whole."""


class Files:
    """A folder, local or remote, whose files appear whole or not at all.

    Args:
        location: a path, or a URI that `pyarrow.fs` knows (`s3://bucket/folder`, `gs://...`).

    Raises:
        StoreError: for a URI that is not understood, or a path that is not UTF-8.
    """

    def __init__(self, location: str | Path) -> None:
        given = str(location)
        if not given.strip() or re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/(?!/)", given):
            raise StoreError(f"`results` must be a path or a URI such as s3://bucket/folder. Received: {given!r}.")
        self.location, self._query = given, ""
        if "://" in given:
            self.location, mark, settings = without_keys(given).partition("?")
            self._query = mark + settings
            self._system, self._root = open_remote(given)
        else:
            try:
                self._root = str(Path(given).expanduser().absolute())
            except RuntimeError as error:
                raise StoreError(f"`results` must be a path or a URI. Received: {given!r} ({cause(error)}).") from error
            if not _is_utf8(self._root):
                raise StoreError(f"A folder for results must have a path of UTF-8 letters. Received: {self._root!r}.")
            self._system = fs.LocalFileSystem()
        self.is_local = isinstance(self._system, fs.LocalFileSystem)

    @property
    def path(self) -> Path | None:
        """The folder on a local disk; None behind a URI."""
        return Path(self._root) if self.is_local else None

    @property
    def address(self) -> str:
        """What a person types to name the folder again: the location with its settings, but without keys."""
        return f"{self.location}{self._query}"

    @property
    def at_once(self) -> int:
        """How many files are best read or written at a time."""
        return 1 if self.is_local else AT_ONCE

    @property
    def name(self) -> str:
        """The folder's own name, without those above it."""
        return str(self._root).rpartition("/")[2]

    def below(self, *parts: str) -> "Files":
        """Return the sub-folder."""
        child = object.__new__(Files)
        child.location = "/".join([self.location.rstrip("/"), *parts])
        child._root = "/".join([self._root, *parts])
        child._system, child._query, child.is_local = self._system, self._query, self.is_local
        return child

    def write(self, name: str, content: bytes, patience_s: float = 0.0) -> None:
        """Write a file whole: locally temporary name, fsync and replace; remotely one put.

        Args:
            name: of the file.
            content: of the file.
            patience_s: for how long to try again while object storage cannot be reached or is overloaded.

        Raises:
            StoreError: no space, no permission, not a folder.
        """
        path = f"{self._root}/{name}"
        try:
            if self.is_local:
                _replace(Path(path), content)
            else:
                put(self._system, path, content, patience_s, time.sleep)
        except FAILURES as error:
            raise CannotWrite(f"Cannot write {self.location}/{name}: {_reason(error)}.") from error

    def write_all(self, contents: Mapping[str, bytes]) -> None:
        """Write several files, `name` or `folder/name`, each whole; in no order.

        Raises:
            StoreError: no space, no permission, not a folder.
        """
        for _ in each(lambda name: self.write(name, contents[name]), contents, self.at_once):
            pass

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, or None if there is none.

        Raises:
            StoreError: if it cannot be read; LostContent if that is the disk's fault.
        """
        try:
            self._refuse_special(name)
            with self._system.open_input_stream(f"{self._root}/{name}") as stream:
                content: bytes = stream.read()
                return content
        except (FileNotFoundError, NotADirectoryError):
            return None
        except FAILURES as error:
            kind = LostContent if isinstance(error, OSError) and error.errno == errno.EIO else StoreError
            raise kind(f"Cannot read {self.location}/{name}: {_reason(error)}.") from error

    def open(self, name: str) -> pa.NativeFile | None:
        """Return a file of which parts can be read, or None if there is none."""
        try:
            self._refuse_special(name)
            return self._system.open_input_file(f"{self._root}/{name}")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except FAILURES as error:
            raise StoreError(f"Cannot read {self.location}/{name}: {_reason(error)}.") from error

    def _refuse_special(self, name: str) -> None:
        """Raise an OSError for what would be read for ever."""
        if self.is_local:
            refuse_special(f"{self._root}/{name}")

    def refuse_outage(self, error: Exception) -> None:
        """Raise a StoreError if an error while a file was read is the storage's, not that of a damaged file."""
        if of_storage(error):
            raise StoreError(f"Cannot read {self.location}: {_reason(error)}.") from error

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        with contextlib.suppress(*FAILURES):
            self._system.delete_file(f"{self._root}/{name}")

    def move(self, name: str, folder: "Files") -> None:
        """Move a file into another folder, where it keeps its name.

        Raises:
            StoreError: if it cannot be moved.
        """
        try:
            if self.is_local:
                Path(folder._root).mkdir(parents=True, exist_ok=True)
            self._system.move(f"{self._root}/{name}", f"{folder._root}/{name}")
        except FAILURES as error:
            raise StoreError(f"Cannot move {self.location}/{name} to {folder.location}: {_reason(error)}.") from error

    def remove_all(self, names: Iterable[str]) -> None:
        """Remove files that are there."""
        for _ in each(self.remove, names, self.at_once):
            pass

    def names(self, suffix: str = "") -> list[str]:
        """Return the names of the files directly in the folder, sorted."""
        if self.is_local:
            return sorted(name for name in self._local_names() if name.endswith(suffix))
        return sorted(
            info.base_name
            for info in self._infos()
            if info.type == fs.FileType.File and info.base_name.endswith(suffix)
        )

    def stamps(self, suffix: str = "") -> dict[str, tuple[int, int]]:
        """Return name -> (nanoseconds since 1970, bytes) of the files in the folder; others when one changes."""
        found = [info for info in self._infos() if info.type == fs.FileType.File and info.base_name.endswith(suffix)]
        return {info.base_name: (info.mtime_ns or 0, info.size or 0) for info in found}

    def folders(self) -> list[str]:
        """Return the names of the sub-folders, sorted."""
        return sorted(info.base_name for info in self._infos() if info.type == fs.FileType.Directory)

    def exists(self) -> bool:
        """Say whether the folder is there."""
        try:
            if self._system.get_file_info(self._root).type == fs.FileType.Directory:
                return True
        except FAILURES as error:
            raise StoreError(f"Cannot read {self.location}: {_reason(error)}.") from error
        self.check_bucket()
        return False

    def check_bucket(self) -> None:
        """Refuse a bucket that is not there; one that may not be asked about passes.

        Raises:
            StoreError: if there is no such bucket.
        """
        if self._system.type_name not in BUCKETS:
            return
        bucket = self._root.partition("/")[0]
        with contextlib.suppress(*FAILURES):
            if self._system.get_file_info(bucket).type == fs.FileType.NotFound:
                raise StoreError(
                    f"There is no bucket {bucket!r}. Received: {self.location}. Make the bucket first, or correct its "
                    "name or the endpoint (AWS_ENDPOINT_URL, or endpoint_override in the URI)."
                )

    def check_writable(self) -> None:
        """Try to write a megabyte (remotely a byte: nothing is full there), and leave nothing behind.

        Raises:
            StoreError: the folder cannot be made or written, or the disk is full.
        """
        made = _missing_parents(Path(self._root)) if self.is_local else []
        probe = f".probe.{os.getpid()}-{uuid.uuid4().hex[:8]}.part"
        try:
            self.write(probe, bytes(1 << 20 if self.is_local else 1))
        except StoreError as error:
            if not self.is_local:
                raise
            raise CannotWrite(f"{sentence(error)} Choose another place with `results=PATH`, or make room.") from error
        finally:
            self.remove(probe)
            for folder in made:
                with contextlib.suppress(OSError):
                    folder.rmdir()

    def remove_remains(self) -> None:
        """Remove what processes that live no longer left half written; object storage keeps nothing of the kind."""
        if not self.is_local:
            return
        for name in self.names():
            mark = _HALF_WRITTEN.search(name)
            if mark and not process_lives(int(mark[1])):
                self.remove(name)

    def _local_names(self) -> list[str]:
        """Four times as fast as `_infos`, which asks for the size of each: 0.04 s for ten thousand files."""
        try:
            with os.scandir(self._root) as entries:
                return [entry.name for entry in entries if _is_utf8(entry.name) and entry.is_file()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except FAILURES as error:
            raise StoreError(f"Cannot read {self.location}: {_reason(error)}.") from error

    def _infos(self) -> list[fs.FileInfo]:
        try:
            infos: list[fs.FileInfo] = self._system.get_file_info(fs.FileSelector(self._root, allow_not_found=True))
            return infos
        except NotADirectoryError:
            return []
        except FAILURES as error:
            raise StoreError(f"Cannot read {self.location}: {_reason(error)}.") from error


def _is_utf8(name: str) -> bool:
    """Say whether Arrow can open a file of that name; all that is written here has such a name."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain_name(name: str) -> str:
    """Return a name made of small letters, digits and dashes only, to be part of a file's."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "variant"


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.part")
    try:
        with open(part, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
        _sync_folder(path.parent)  # else the name may be lost with the power, though the content is on the disk
    finally:
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _missing_parents(folder: Path) -> list[Path]:
    """Return the folders that would have to be made, innermost first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


def _reason(error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOSPC:
        return "the disk is full"
    return os.strerror(number) if number else explain(error)
