"""A file of lines of JSON that several processes add to, one at a time; a line that a kill cut off is no line."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnjobs.errors import CannotWrite, StoreError
from cnnjobs.files.regular_files import refuse_special
from cnnjobs.wording.sentences import cause

PATIENCE_S = 60.0
"""So long is waited for another process to let go of the file, which it holds for milliseconds."""

POLL_S = 0.05
"""Seconds between two tries."""

MOST_BYTES = 1 << 28
"""A larger file is another one, chosen by mistake."""


@dataclass
class Held:
    """The file, while nobody else may write to it.

    Args:
        handle: of the open file.
        path: of it.
        lines: whole ones.
        size: bytes of these; what follows was cut off.
    """

    handle: int
    path: Path
    lines: list[str]
    size: int

    def append(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Add documents, on disk when it returns.

        Args:
            documents: each becomes a line.

        Raises:
            CannotWrite: if the disk is full, for example; nothing is added then.
        """
        text = "".join(f"{json.dumps(dict(one), ensure_ascii=True, allow_nan=False)}\n" for one in documents)
        content = text.encode()
        if self.lines and not self._ends_in_line_end():
            content = b"\n" + content
        try:
            os.ftruncate(self.handle, self.size)
            written = os.pwrite(self.handle, content, self.size)
            if written < len(content):
                os.pwrite(self.handle, content[written:], self.size + written)
            os.fsync(self.handle)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self.handle, self.size)
            raise CannotWrite(f"Cannot write {self.path}: {cause(error)}.") from error

    def _ends_in_line_end(self) -> bool:
        return os.pread(self.handle, 1, self.size - 1) == b"\n"


class LockedLines:
    """The file.

    Args:
        path: of it, on a disk.
        option: that names it, for messages.
        first: its first line, without what ends it: of one that a kill cut off this much at most is there.

    Raises:
        StoreError: if the path is empty, or a URI: object storage has neither locks nor lines to add.
    """

    def __init__(self, path: str | Path, option: str, first: str) -> None:
        if not str(path).strip() or "://" in str(path) or "\0" in str(path):
            raise StoreError(
                f"`{option}` must be the path of a file on a disk, where it can be locked. Received: {str(path)!r}."
            )
        self.path, self._option, self._first = Path(path).expanduser(), option, first.encode()

    def read(self) -> list[str]:
        """Return the whole lines; none if there is no file.

        Raises:
            StoreError: if it cannot be read.
        """
        try:
            refuse_special(self.path, MOST_BYTES)
            return self._whole(self.path.read_bytes())[0]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"Cannot read {self.path}: {cause(error)}. {self._other()}") from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[Held]:
        """Make the file if need be, and hold it while nobody else may write to it.

        Raises:
            StoreError: if it cannot be read, or another process does not let go of it.
        """
        handle = self._open()
        try:
            lines, size = self._whole(os.pread(handle, MOST_BYTES, 0))
            yield Held(handle, self.path, lines, size)
        finally:
            os.close(handle)  # and so lets go

    def _open(self) -> int:
        """Return the handle of the file, locked; of one that was replaced meanwhile, that of its successor."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                with contextlib.suppress(FileNotFoundError):
                    refuse_special(self.path, MOST_BYTES)
                self.path.parent.mkdir(parents=True, exist_ok=True)
                handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except OSError as error:
                raise CannotWrite(f"Cannot write {self.path}: {cause(error)}. {self._other()}") from error
            try:
                self._lock(handle, until)
                if _is_at(handle, self.path):
                    return handle
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)

    def _lock(self, handle: int, until: float) -> None:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError as error:
                if time.monotonic() > until:
                    raise StoreError(
                        f"{self.path} has been held by another process for {PATIENCE_S:g} s. End that, and try again."
                    ) from error
                time.sleep(POLL_S)
            except OSError as error:
                raise StoreError(f"{self.path} cannot be locked: {cause(error)}. {self._other()}") from error

    def _whole(self, content: bytes) -> tuple[list[str], int]:
        """Return the lines that are whole, and how many bytes they take: what a killed process began is left out.

        A last line without its end, which an editor may have taken away, is whole if it is a document.

        Raises:
            StoreError: if it is no text, or has no whole line and is not the beginning of the first.
        """
        size = content.rfind(b"\n") + 1
        torn = content[size:]
        with contextlib.suppress(ValueError):
            json.loads(torn)
            size = len(content)
        try:
            lines = [line for line in content[:size].decode("utf-8-sig").split("\n") if line.strip()]
        except UnicodeDecodeError as error:
            raise StoreError(f"Cannot read {self.path}: it is not text. {self._other()}") from error
        if not lines and not self._first.startswith(torn):
            raise StoreError(f"{self.path} is another file already. {self._other()}")
        return lines, size

    def _other(self) -> str:
        return f"Choose another file with `{self._option}=FILE`."


def _is_at(handle: int, path: Path) -> bool:
    """Say whether a file that was opened is still the one at its path."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))  # noqa: PTH116 - as for the handle
    except FileNotFoundError:
        return False
