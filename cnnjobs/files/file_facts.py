"""Whether files are still what they were: what the disk says of them, and hashes of their content."""

import hashlib
import os
import time
from collections.abc import Sequence

from cnnjobs.files.regular_files import refuse_special

SETTLED_NS = 2_000_000_000
"""A file is taken for unchanged by its times only if the last change is older than this."""


def files_manifest(paths: Sequence[str]) -> str | None:
    """Return a hash of what the disk says of files, or None if one has changed just now.

    Within the clock's resolution a second change could go unseen, so young files are always read. The change time
    (ctime) is the kernel's, and no program can set it back as it can the date of modification.
    """
    hasher = hashlib.sha256()
    youngest = 0
    for path in paths:
        try:
            stat = os.stat(path)  # noqa: PTH116 - a Path costs more than the call
        except OSError:
            return None
        youngest = max(youngest, stat.st_ctime_ns)
        facts = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_dev)
        hasher.update(f"{path}{facts}".encode("utf-8", "surrogateescape"))
    return hasher.hexdigest()[:32] if time.time_ns() - youngest > SETTLED_NS else None


def hash_file(hasher: "hashlib._Hash", place: bytes, path: str, most_bytes: int | None = None) -> None:
    """Take a file's place, size and content into a hash, piece by piece.

    Args:
        hasher: takes them.
        place: of the file.
        path: of the file.
        most_bytes: a larger file is refused; None for any size.

    Raises:
        OSError: for what cannot be read, or is too large.
    """
    refuse_special(path, most_bytes)
    with open(path, "rb") as stream:
        pieces = iter(lambda: stream.read(1 << 20), b"")
        first = next(pieces, b"")  # before anything is hashed, so that an unreadable file leaves no trace
        hasher.update(b"%d %d " % (len(place), os.fstat(stream.fileno()).st_size) + place + first)
        for piece in pieces:
            hasher.update(piece)
