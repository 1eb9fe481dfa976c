"""Reads files from folders that other users of the machine may write to, such as those of a Ray."""

import os
from pathlib import Path


def read_own(file: Path, most_bytes: int) -> bytes | None:
    """Return the beginning of a file of this user's; None if there is none, or another user has put it there.

    No link is followed, no pipe waited for, and what is looked at is what is read.

    Args:
        file: where it is.
        most_bytes: to read.
    """
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as opened:
            if os.fstat(handle).st_uid != os.geteuid():
                return None
            return opened.read(most_bytes)
    except OSError:
        return None
