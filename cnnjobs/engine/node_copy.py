"""A large file of another node, copied to this one once for all its workers; what was cut off is continued."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import IO, Any

from cnnjobs.datasets.storage.cache import cache_folder
from cnnjobs.errors import NodeWithoutRoom
from cnnjobs.files.digests import DamagedContent
from cnnjobs.wording.sentences import cause
from cnnjobs.wording.sizes import data_size

PIECE = 16 << 20
"""Bytes that are asked for at a time."""

LOOK_S = 0.5
"""Seconds between two looks whether another worker of this node has copied the file."""

Pieces = Callable[[int], Iterator[Any]]
"""Yields a file's pieces from a byte on, a multiple of `PIECE`."""


@dataclass(frozen=True)
class LargeFile:
    """A file of another node.

    Args:
        path: where it lies there.
        size: bytes.
        digest: SHA-256 of its content.
    """

    path: str
    size: int
    digest: str


class NodeCopy:
    """The file on this node: where it lies there, on a disk that both have, or in the cache.

    Args:
        file: which one.
        host: this node, for messages.
        run: whatever differs from submit to submit: in each the content is compared with its digest once per node.
    """

    def __init__(self, file: LargeFile, host: str, run: str) -> None:
        self._file, self._host, self._run = file, host, run
        self._folder = cache_folder() / "copies"
        self._path = self._folder / file.digest
        self._part = self._folder / f".{file.digest}.part"

    def obtain(self, pieces: Pieces, sleep: Callable[[float], None] = time.sleep) -> Generator[int, None, str]:
        """Yield how many bytes there are, now and then; return the path on this node.

        Args:
            pieces: asks the other node.
            sleep: waits for so many seconds, while another worker copies the file.

        Raises:
            NodeWithoutRoom: if it does not fit, or cannot be written.
            DamagedContent: if what comes is not what was sent.
            RuntimeError: if nothing comes any more.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with open(self._folder / f"{self._file.digest}.lock", "a+") as lock:
                while not _taken(lock):
                    yield self._done
                    sleep(LOOK_S)
                found = next((path for path in (self._file.path, str(self._path)) if self._is_whole(path, lock)), None)
                return found or (yield from self._copy(pieces, lock))
        except OSError as error:
            raise NodeWithoutRoom(
                f"{self._host} cannot keep its copy of the pictures ({data_size(self._file.size)}) in "
                f"{self._folder}: {cause(error)}. {_REMEDY}"
            ) from error

    @property
    def _done(self) -> int:
        """Bytes that are there."""
        with contextlib.suppress(OSError):
            return self._part.stat().st_size
        return 0

    def _is_whole(self, path: str, lock: IO[str]) -> bool:
        """Say whether what lies at a path is the file; in a submit, content is read once per node for that."""
        try:
            found = os.stat(path)  # noqa: PTH116 - the facts are wanted, not the path
            if found.st_size != self._file.size:
                return False
            seen = _seen(self._run, path)
            lock.seek(0)
            if lock.read() == seen:
                return True
            with open(path, "rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != self._file.digest:
                    return False
        except OSError:
            return False
        _write(lock, seen)
        return True

    def _copy(self, pieces: Pieces, lock: IO[str]) -> Generator[int, None, str]:
        """Copy the file; once more from its beginning if the remains of an earlier copy are not its beginning."""
        self._check_room()
        for begun in (self._done // PIECE * PIECE, 0):
            with open(self._part, "r+b" if begun else "wb") as part:
                hasher = hashlib.sha256()
                for _ in range(begun // PIECE):
                    hasher.update(part.read(PIECE))
                part.truncate(begun)
                done = begun
                for piece in self._asked_for(pieces, begun):
                    part.write(piece)
                    hasher.update(piece)
                    done += len(piece)
                    yield done
                part.flush()
                os.fsync(part.fileno())
            if hasher.hexdigest() == self._file.digest:
                self._part.replace(self._path)
                _write(lock, _seen(self._run, str(self._path)))
                return str(self._path)
            self._part.unlink()
            if not begun:
                break
        raise DamagedContent(f"the copy of {self._file.path} on {self._host} does not match its digest")

    def _asked_for(self, pieces: Pieces, start: int) -> Iterator[Any]:
        """Yield what the other node sends; what goes wrong there is no matter of this node's disk."""
        try:
            yield from pieces(start)
        except OSError as error:
            raise RuntimeError(f"{self._file.path} on the submitting machine cannot be read: {cause(error)}") from error

    def _check_room(self) -> None:
        """Raise NodeWithoutRoom if the rest of the file does not fit the disk."""
        need, free = self._file.size - self._done, shutil.disk_usage(self._folder).free
        if need > free:
            raise NodeWithoutRoom(
                f"{self._host} needs {data_size(need)} in {self._folder} for its copy of the pictures, and "
                f"{data_size(free)} are free. {_REMEDY}"
            )


_REMEDY = "Make room there, or let CNNJOBS_CACHE name a folder with room where Ray is started on that node."


def _seen(run: str, path: str) -> str:
    """Return what tells that a file is the one that was looked at."""
    found = os.stat(path)  # noqa: PTH116 - the facts are wanted, not the path
    return repr((run, path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino))


def _write(lock: IO[str], text: str) -> None:
    lock.truncate(0)
    lock.write(text)
    lock.flush()


def _taken(lock: IO[str]) -> bool:
    """Take the lock if nobody has it; a disk that knows no locks gives it to everybody."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
