"""Sets damaged files aside, so that their trials are missing and run again; nothing is deleted."""

import time
from collections.abc import Collection, Mapping

from cnnjobs.store.compaction import rewrite_without
from cnnjobs.store.files import Files
from cnnjobs.store.reading import COMPACTED, TableFiles
from cnnjobs.store.store import Store

ASIDE = "damaged"
"""Folder of a store with what was set aside: one folder per repair, named by when, and in it the files as they lay."""

LIST = "reasons.txt"
"""In that folder: what was wrong with each file."""


def set_aside(files: Files, damaged: Mapping[str, str], incomplete: Mapping[str, str], at: float) -> list[str]:
    """Move what is damaged out of the way, and the rows of trials that lost something; return what was moved where.

    Call it only under the claim of `StoreLock`.

    Args:
        files: the store's folder.
        damaged: file, as its path in the store -> why.
        incomplete: trial -> what it lost.
        at: seconds since 1970, for the name of the folder.

    Raises:
        StoreError: if something cannot be moved or written.
    """
    if not damaged and not incomplete:
        return []
    aside = files.below(ASIDE, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at)))
    reasons = [f"{file}: {reason}" for file, reason in damaged.items()]
    reasons += [f"trial {trial}: {reason}" for trial, reason in incomplete.items()]
    aside.write(LIST, "".join(f"{reason}\n" for reason in reasons).encode("utf-8", "backslashreplace"))
    for name in damaged:
        folder, _, file = name.rpartition("/")
        (files.below(folder) if folder else files).move(file, aside.below(folder) if folder else aside)
    _take_out(files, incomplete, aside)
    told = [f"{_count(len(damaged), 'damaged file')} moved to {aside.location}"] if damaged else []
    if incomplete:
        told.append(f"the rows of {_count(len(incomplete), 'trial')} that lost something moved to {aside.location}")
    return told


def set_damaged_trials_aside(store: Store, at: float) -> list[str]:
    """Move damaged files of the table `trials` out of the way, before their trials run again; see `set_aside`."""
    damaged = store.files_of("trials").damaged()
    return set_aside(store.files, {f"trials/{file}": reason for file, reason in damaged.items()}, {}, at)


def _take_out(files: Files, trials: Collection[str], aside: Files) -> None:
    """Set aside the rows that trials have in `trials` and in compacted files, which other trials keep theirs in."""
    for name in COMPACTED[::-1]:  # `trials` first: without the row there nothing of a trial counts
        table = TableFiles(files.below(name), name)
        names = set(table.loose()) if name == "trials" else set()  # single files are replaced when the trial is stored
        old = [file for file in (f"{trial}.parquet" for trial in trials) if file in names]
        for file in (*old, *rewrite_without(table, trials)):
            table.folder.move(file, aside.below(name))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
