"""Shows what no job asks for any more, and removes it."""

from __future__ import annotations

from dataclasses import dataclass

from cnnjobs.errors import StoreError
from cnnjobs.report.render.text import plain, table_text
from cnnjobs.run.claim import claim
from cnnjobs.store.lock import read_heartbeat
from cnnjobs.store.remains import Remains, remains_of, remove
from cnnjobs.store.results import open_stores
from cnnjobs.store.store import Store
from cnnjobs.wording.sizes import data_size


@dataclass(frozen=True, repr=False)
class CleanedJob:
    """What a job's folder holds, or held, that the job asks for no longer.

    Args:
        job: its name.
        results: folder or URI.
        remains: what that is.
        in_use: why nothing can be removed now; empty if it can.
    """

    job: str
    results: str
    remains: Remains
    in_use: str = ""


@dataclass(frozen=True, repr=False)
class Cleaning:
    """The trials and files that can be, or were, removed. `print` shows the output of `cnnjobs clean`.

    Args:
        jobs: one entry per job.
        removed: whether they have been removed.
    """

    jobs: tuple[CleanedJob, ...]
    removed: bool

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to remove."""
        return all(job.remains.is_empty for job in self.jobs)

    @property
    def bytes(self) -> int:
        """Their approximate size in bytes."""
        return sum(job.remains.bytes for job in self.jobs)

    def text(self) -> str:
        """Return the output of `cnnjobs clean`, with ANSI codes."""
        lines = []
        for job in self.jobs:
            remains = job.remains
            if remains.is_empty:
                lines.append(f"{job.results}: nothing to remove")
                continue
            rows = [(f"stale trials of {name!r}", str(len(ids))) for name, ids in remains.trials.items()]
            rows += [("parts of trials that are not stored", str(len(remains.orphans)))] if remains.orphans else []
            rows += [("damaged files", str(len(remains.aside)))] if remains.aside else []
            lines.append(table_text(job.results, ("no longer needed", "number"), rows, self._note(remains)))
            lines += [job.in_use] if job.in_use else []
        return "\n".join(lines)

    def _note(self, remains: Remains) -> str:
        counted = len(remains.counted)
        kept = (
            f"; comparisons still count {counted} dropped variant{'s' * (counted > 1)}, which job.json keeps"
            if counted
            else ""
        )
        return f"{'removed: ' if self.removed else ''}about {data_size(remains.bytes)} in {remains.files} files{kept}"

    def __str__(self) -> str:
        """Return the output of `cnnjobs clean` as plain text."""
        return plain(self.text())

    __repr__ = __str__  # at the prompt it is read


def find_remains(results: str, *, damaged: bool = False) -> Cleaning:
    """Return what a job's folder, or the jobs of a folder, hold that no job asks for; nothing is changed.

    Args:
        results: path or URI.
        damaged: also what was set aside as damaged.

    Raises:
        StoreError: if there are no results, or they cannot be read.
    """
    return Cleaning(tuple(_found(store, damaged) for store in _stores(results)), removed=False)


def clean_results(results: str, *, damaged: bool = False) -> Cleaning:
    """Remove what no job asks for any more, of the jobs that no submit is at work on.

    Args:
        results: path or URI.
        damaged: also what was set aside as damaged.

    Raises:
        StoreError: if there are no results, they cannot be read or written, or a submit is at work on one.
    """
    done = []
    for store in _stores(results):
        if remains_of(store, damaged=damaged).is_empty:
            done.append(_found(store, damaged))
            continue
        with claim(store.files):
            current = Store(store.files)  # a submit may have changed the job before the claim
            remains = remains_of(current, damaged=damaged)
            remove(current, remains)
        done.append(CleanedJob(store.kept_job().name, store.files.location, remains))
    return Cleaning(tuple(done), removed=True)


def _found(store: Store, damaged: bool) -> CleanedJob:
    heartbeat = read_heartbeat(store.files)
    busy = heartbeat is not None and bool(heartbeat.alive)
    in_use = "A submit is at work on it: nothing can be removed until it has ended." if busy else ""
    return CleanedJob(store.kept_job().name, store.files.location, remains_of(store, damaged=damaged), in_use)


def _stores(results: str) -> tuple[Store, ...]:
    stores, broken = open_stores(results)
    if broken:
        raise StoreError("\n".join(map(str, broken))) from broken[0]
    return stores
