"""Checkpoints of trials under way: the two newest of each, written whole, removed when the trial is stored."""

import copy
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from cnnjobs.errors import StoreError
from cnnjobs.files.digests import DamagedContent, with_digest, without_digest

LEAST_S = 30.0
"""By default a trial younger than that has none: starting it over costs less than keeping it."""

SHARE = 0.01
"""By default a checkpoint is written when so little of the time goes into it, judged by the one before."""

FOLDERS = ("checkpoints", "states")
"""Where a store has those of running trials, and of finished ones."""

KEPT = 2
"""How many of a trial are kept: should the newest be damaged, the one before serves."""


OnDamage = Callable[[str, Exception], None]
"""Is told the name of a checkpoint that cannot be used, and why."""


class Folder(Protocol):
    """What checkpoints need of `Files`; see there."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, or None."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        ...

    def names(self, suffix: str = "") -> list[str]:
        """Return the names of the files, sorted."""
        ...


class Checkpoints:
    """Checkpoints of the trials of one job, as files `<trial>-<epoch>.npz` in a folder.

    Args:
        files: the folder.
        every_s: seconds between two checkpoints of a trial, 0 for one after every epoch; None for
            at least `LEAST_S` seconds and so many that making and writing them takes about `SHARE` of
            the time.
        finals: the folder of states that finished trials ended with, as files `<length_free_id>-<epoch>.npz`.
        keeps_final: whether to add to these.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        files: Folder,
        every_s: float | None = None,
        *,
        finals: Folder | None = None,
        keeps_final: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.files: Folder = files
        self._finals = finals
        self.keeps_final = keeps_final and finals is not None
        self._every_s, self._clock = every_s, clock
        self._last, self._cost = clock(), 0.0

    @property
    def folders(self) -> tuple[Folder, ...]:
        """Where they are kept."""
        return (self.files,) if self._finals is None else (self.files, self._finals)

    def kept_in(self, wrap: Callable[[Folder], Folder]) -> "Checkpoints":
        """Return the same checkpoints in folders that are reached another way.

        Args:
            wrap: makes such a folder of one of theirs.
        """
        other = copy.copy(self)
        other.files = wrap(self.files)
        other._finals = None if self._finals is None else wrap(self._finals)
        return other

    def begin(self) -> None:
        """A trial begins: count from now."""
        self._last = self._clock()

    def due(self) -> bool:
        """Say whether it is time to write one."""
        least = max(LEAST_S, self._cost / SHARE) if self._every_s is None else self._every_s
        return self._clock() - self._last >= least

    def save(self, trial_id: str, epoch: int, make: Callable[[], bytes]) -> None:
        """Write the checkpoint after `epoch` epochs, then remove all but the newest `KEPT`.

        Raises:
            StoreError: if it cannot be written.
        """
        began = self._clock()
        _add(self.files, trial_id, epoch, make())
        self._last = self._clock()
        self._cost = self._last - began

    def newest_epoch(self, trial_id: str) -> int:
        """Return how many epochs a trial had done at its newest checkpoint; 0 if there is none."""
        return max(map(_epoch, _names(self.files, trial_id)), default=0)

    def newest_first(self, trial_id: str, on_damage: OnDamage) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of a trial's checkpoints; those that are damaged are told and removed.

        Args:
            trial_id: whose.
            on_damage: is told.
        """
        yield from _newest_first(self.files, _names(self.files, trial_id), on_damage)

    def discard(self, name: str) -> None:
        """Remove one that cannot be gone on from: it would take the place of a newer one."""
        self.files.remove(name)

    def remove(self, trial_id: str) -> None:
        """Remove a trial's checkpoints."""
        names = self.files.names()
        cut_off = (name for name in names if name.endswith(".part") and name.startswith(f".{trial_id}-"))
        for name in (*_of(trial_id, names), *cut_off):  # the latter of a process that was killed while it wrote
            self.files.remove(name)

    def trial_ids(self) -> set[str]:
        """Return the trials that have some."""
        names = self.files.names()
        whole = {name.rpartition("-")[0] for name in names if name.endswith(".npz")}
        return whole | {name[1:].partition("-")[0] for name in names if name.endswith(".part")}

    def save_final(self, length_free_id: str, epoch: int, make: Callable[[], bytes]) -> None:
        """Write what a trial ended with after `epoch` epochs, then remove all of that id but the `KEPT` longest.

        Raises:
            StoreError: if it cannot be written.
        """
        if self._finals is not None:
            _add(self._finals, length_free_id, epoch, make())

    def finals(self, length_free_id: str, most_epochs: int, on_damage: OnDamage) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of what trials of that id ended with after at most so many epochs, newest first."""
        if self._finals is not None:
            fitting = [name for name in _names(self._finals, length_free_id) if _epoch(name) <= most_epochs]
            yield from _newest_first(self._finals, fitting, on_damage)

    def kept_epochs(self) -> dict[str, list[int]]:
        """Return length-free id -> epochs of the trials whose final state is kept, fewest first."""
        epochs: dict[str, list[int]] = {}
        for name in self._finals.names(".npz") if self._finals is not None else []:
            epochs.setdefault(name.rpartition("-")[0], []).append(_epoch(name))
        return epochs


def _add(files: Folder, key: str, epoch: int, content: bytes) -> None:
    """Write a state, then remove all of its key but the newest."""
    name = f"{key}-{epoch:07d}.npz"
    files.write(name, with_digest(content, name))
    for name in _names(files, key)[:-KEPT]:
        files.remove(name)


def _names(files: Folder, key: str) -> list[str]:
    return _of(key, files.names())


def _of(key: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.endswith(".npz") and name.rpartition("-")[0] == key]


def _epoch(name: str) -> int:
    """Return the epoch in a file's name; -1 for a file of another making."""
    number = name.rpartition("-")[2].removesuffix(".npz")
    return int(number) if number.isdigit() else -1


def _newest_first(files: Folder, names: list[str], on_damage: OnDamage) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of those that are whole."""
    for name in reversed(names):
        try:
            content = files.read(name)
            whole = None if content is None else without_digest(content, name)
        except StoreError as error:
            on_damage(name, error)
            continue
        except DamagedContent as error:
            on_damage(name, error)
            files.remove(name)  # it would take the place of a newer one
            continue
        if whole is not None:
            yield name, whole
