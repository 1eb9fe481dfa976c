"""Claims a store for this process, and tells the person where that has to wait."""

from cnnjobs.store.files import Files
from cnnjobs.store.lock import StoreLock
from cnnjobs.wording.terminal import note


def claim(files: Files) -> StoreLock:
    """Claim a store; a line says so while the claim of a process that cannot be seen from here is watched.

    Raises:
        StoreError: if another submit is at work on it, or it cannot be written.
    """
    return StoreLock(files, say=note)
