"""Carries a store from one machine to another as lines of text: the only way that leads through a job's log."""

import base64
import binascii
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence

from cnnjobs.errors import StoreError
from cnnjobs.files.digests import DamagedContent
from cnnjobs.messages import Status
from cnnjobs.store.files import Files
from cnnjobs.store.parquet import check_parquet
from cnnjobs.store.store import Store

FOLDERS = ("predictions", "epochs", "logs", "models", "looks", "trials", "")
"""What travels, in that order: the rows of trials are the commit marks, and come last; then job.json."""

OF_TRIALS = ("predictions", "epochs", "logs", "trials")
"""Folders whose files are of a trial each, by their names."""

JOB = "job.json"
"""The only file of a store that travels and lies in no folder: heartbeats are of the machine it is on."""

MARK = "@file "
"""What lines begin with that carry a file."""

MOST_BYTES = 48 << 20
"""So much travels at once: a log is read as a whole."""


def digests(files: Files) -> dict[str, str]:
    """Return what there is of a store: name -> hash of the content."""
    return {name: _digest(content) for name, content in _contents(files)}


def finished(files: Files) -> list[str]:
    """Return the trials of a store that need not be run again, and of which no file is damaged."""
    table = Store(files).read("trials", columns=["trial_id", "status"]).table
    damaged = {_trial_of(name) for name, content in _contents(files) if _is_damaged(name, content)}
    return sorted({row["trial_id"] for row in table.to_pylist() if row["status"] != Status.FAILED} - damaged)


def outgoing(
    files: Files, have: Mapping[str, str], done: Collection[str] = (), most_bytes: int = MOST_BYTES
) -> Iterator[str]:
    """Yield a line for each file that the other side lacks, and last one with how many are left for another time.

    Args:
        files: the store.
        have: name -> hash, of the other side.
        done: trials that are finished there: nothing of them travels, whatever became of them here.
        most_bytes: after so many no other file is begun.
    """
    sent, left, done = 0, 0, set(done)
    for name, content in _contents(files):
        if _trial_of(name) in done:
            continue
        digest = _digest(content)
        if have.get(name) == digest:
            continue
        if sent >= most_bytes:
            left += 1
            continue
        sent += len(content)
        yield MARK + json.dumps({"name": name, "sha256": digest, "data": base64.b64encode(content).decode()})
    yield MARK + json.dumps({"left": left})


class Incoming:
    """Takes lines of `outgoing`, and writes the files.

    Args:
        files: the store at home.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self.files = self.nbytes = 0

    def take(self, lines: Sequence[str]) -> int:
        """Write the files of some lines; other lines are passed over. Return how many files are left there.

        Raises:
            StoreError: if something did not arrive whole, or it cannot be written.
        """
        left: int | None = None
        for line in lines:
            if not line.startswith(MARK):
                continue
            try:
                told = json.loads(line.removeprefix(MARK))
                if "left" in told:
                    left = int(told["left"])
                    continue
                content = base64.b64decode(told["data"], validate=True)
                name, digest = str(told["name"]), told["sha256"]
            except (ValueError, KeyError, TypeError, binascii.Error) as error:
                raise StoreError(
                    "The files that arrived are damaged. Fetch again: the files that are here stay."
                ) from error
            if _digest(content) != digest:
                raise StoreError(f"{name} did not arrive whole. Fetch again: the files that are here stay.")
            self._write(name, content)
        if left is None:
            raise StoreError("Not all files arrived. Fetch again: the files that are here stay.")
        return left

    def _write(self, name: str, content: bytes) -> None:
        folder, _, plain = name.rpartition("/")
        if name.startswith("/") or not _travels(folder, plain):
            raise StoreError(f"A store has no file {name!r}.")  # a name must not lead out of the folder
        (self._files.below(folder) if folder else self._files).write(plain, content)
        self.files += 1
        self.nbytes += len(content)


def _contents(files: Files) -> Iterator[tuple[str, bytes]]:
    places = {folder: files.below(folder) if folder else files for folder in FOLDERS}
    names = {folder: places[folder].names() for folder in reversed(FOLDERS)}  # a row's files are there before the row
    for folder, place in places.items():
        for name in names[folder]:
            content = place.read(name) if _travels(folder, name) else None
            if content is not None:
                yield f"{folder}/{name}" if folder else name, content


def _is_damaged(name: str, content: bytes) -> bool:
    """Say whether a file of a table does not match its digest."""
    if not name.endswith(".parquet"):
        return False
    try:
        check_parquet(content)
    except DamagedContent:
        return True
    return False


def _trial_of(name: str) -> str:
    """Return the trial that a file is of; nothing for a file of many, or of none."""
    folder, _, plain = name.rpartition("/")
    return plain.rpartition(".")[0] if folder in OF_TRIALS else ""


def _travels(folder: str, name: str) -> bool:
    plain = bool(name) and name.isprintable() and not name.startswith(".") and "\\" not in name
    return plain and (name == JOB if not folder else folder in FOLDERS)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
