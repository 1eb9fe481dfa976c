"""Checkpoints of trials under way: the two newest of each, written whole, removed when the trial is stored."""

import time
from collections.abc import Callable, Iterator

from cnnjobs.store.files import Files

LEAST_S = 30.0
"""By default a trial younger than that has none: starting it over costs less than keeping it."""

SHARE = 0.01
"""By default a checkpoint is written when so little of the time goes into it, judged by the one before."""

KEPT = 2
"""How many of a trial are kept: should the newest be damaged, the one before serves."""


class Checkpoints:
    """Checkpoints of the trials of one job, as files `<trial>-<epoch>.npz` in a folder.

    Args:
        files: the folder.
        every_s: seconds between two checkpoints of a trial, 0 for one after every epoch; None for
            at least `LEAST_S` seconds and so many that making and writing them takes about `SHARE` of
            the time.
        clock: seconds that only grow.
    """

    def __init__(self, files: Files, every_s: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.files = files
        self._every_s, self._clock = every_s, clock
        self._last, self._cost = clock(), 0.0

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
        self.files.write(f"{trial_id}-{epoch:07d}.npz", make())
        for name in self._names(trial_id)[:-KEPT]:
            self.files.remove(name)
        self._last = self._clock()
        self._cost = self._last - began

    def newest_first(self, trial_id: str) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of a trial's checkpoints."""
        for name in reversed(self._names(trial_id)):
            content = self.files.read(name)
            if content is not None:
                yield name, content

    def discard(self, name: str) -> None:
        """Remove one that cannot be gone on from: it would take the place of a newer one."""
        self.files.remove(name)

    def remove(self, trial_id: str) -> None:
        """Remove a trial's checkpoints."""
        for name in self._names(trial_id):
            self.files.remove(name)
        for name in self.files.names(".part"):  # of a process that was killed while it wrote
            if name.startswith(f".{trial_id}-"):
                self.files.remove(name)

    def trial_ids(self) -> set[str]:
        """Return the trials that have some."""
        whole = {name.rpartition("-")[0] for name in self.files.names(".npz")}
        return whole | {name[1:].partition("-")[0] for name in self.files.names(".part")}

    def _names(self, trial_id: str) -> list[str]:
        return [name for name in self.files.names(".npz") if name.rpartition("-")[0] == trial_id]
