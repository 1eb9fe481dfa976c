"""How a trial goes on: from a checkpoint after it was cut off, or from what the same trial with fewer epochs left."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from cnnjobs.errors import StoreError
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.training.callbacks import CallbackState, TrialCallbacks, UnknownState
from cnnjobs.training.snapshot import DamagedSnapshot, Snapshot, pack, unpack
from cnnjobs.training.trial_state import TrialState
from cnnjobs.wording.sentences import cause

_log = logging.getLogger(__name__)


class Resumption:
    """Keeps trials under way, and finished ones if that is asked for, and finds them again.

    `notes` says what a person should know of it: which checkpoints were damaged, and from where a trial goes on then.

    Args:
        checkpoints: where.
        made_by: what must be equal for the bits to be equal: versions and devices.
    """

    def __init__(self, checkpoints: Checkpoints, made_by: Mapping[str, Any]) -> None:
        self._checkpoints, self._made_by = checkpoints, dict(made_by)
        self.notes: list[str] = []

    def resume(self, state: TrialState) -> list[CallbackState] | None:
        """Go on from the newest state that is whole and was made by the same versions on the same device.

        Returns what the callbacks remembered, or None for a trial that begins.
        """
        self._checkpoints.begin()
        try:
            for name, content, own in self._candidates(state):
                snapshot = self._usable(name, content, state)
                if snapshot is not None:
                    state.train_graph.load(snapshot.variables)
                    state.log.columns, state.stopped = snapshot.columns, snapshot.stopped
                    if own:
                        state.seconds_before, state.log.inherited = snapshot.seconds, snapshot.inherited
                    else:  # what another trial has taken is in that trial's row
                        state.log.inherited = state.log.epochs
                    _log.warning("goes on after epoch %d, from %s", state.log.epochs, name)
                    self._conclude(f"goes on after epoch {state.log.epochs}")
                    return snapshot.callbacks
        except StoreError as error:
            _log.warning("no checkpoint can be read, starting over: %s", error)
        self._conclude("starts over")
        return None

    def keep(self, state: TrialState, callbacks: TrialCallbacks) -> None:
        """Write a checkpoint if it is time."""
        if state.over or not self._checkpoints.due():
            return
        try:
            self._checkpoints.save(state.trial.trial_id, state.log.epochs, lambda: self._packed(state, callbacks))
        except StoreError as error:  # a trial is worth more than its checkpoint
            _log.warning("no checkpoint after epoch %d: %s", state.log.epochs, error)
        except UnknownState as error:
            _log.warning("no checkpoints, a run that is cut off starts over: %s", error)

    def finish(self, state: TrialState, callbacks: TrialCallbacks) -> None:
        """Keep what the trial ends with, if that is asked for; before callbacks put other weights back."""
        if not self._checkpoints.keeps_final:
            return
        try:
            self._checkpoints.save_final(
                state.trial.length_free_id, state.log.epochs, lambda: self._packed(state, callbacks)
            )
        except (StoreError, UnknownState) as error:
            _log.warning("its final state is not kept: %s", error)

    def _candidates(self, state: TrialState) -> Iterator[tuple[str, bytes, bool]]:
        """Yield states to go on from, the best first: name, content, whether it is this trial's own checkpoint.

        Checkpoints that prove useless are removed.
        """
        trial = state.trial
        for name, content in self._checkpoints.newest_first(trial.trial_id, self._skip):
            yield name, content, True
            self._checkpoints.discard(name)
        if not trial.spec.follows_length:
            finals = self._checkpoints.finals(trial.length_free_id, trial.spec.epochs, self._skip)
            for name, content in finals:
                yield name, content, False

    def _packed(self, state: TrialState, callbacks: TrialCallbacks) -> bytes:
        """Return the trial as it is now."""
        snapshot = Snapshot(
            state.train_graph.variables(),
            callbacks.state(),
            state.log.columns,
            state.stopped,
            state.log.inherited,
            state.seconds,
            self._made_by,
        )
        return pack(snapshot)

    def _skip(self, name: str, error: Exception) -> None:
        """Take note of a checkpoint that is damaged: the one before is tried."""
        _log.warning("%s is not whole, trying the one before (%s)", name, error)
        self.notes.append(f"checkpoint {name} is damaged ({cause(error)})")

    def _conclude(self, outcome: str) -> None:
        """Say what follows from damaged checkpoints."""
        if self.notes:
            self.notes[-1] += f"; the trial {outcome}"

    def _usable(self, name: str, content: bytes, state: TrialState) -> Snapshot | None:
        """Return the snapshot if the trial can go on from it."""
        try:
            snapshot = unpack(content)
        except DamagedSnapshot as error:
            self._skip(name, error)
            return None
        if snapshot.made_by != self._made_by:
            _log.warning("%s is of other versions or devices, not used: %s", name, snapshot.made_by)
            return None
        if not state.train_graph.fits(snapshot.variables):
            _log.warning("%s is of another network, not used", name)
            return None
        return snapshot
