"""Gives Tune the trials as an order lets them start."""

from typing import Any

from ray.tune.search.basic_variant import BasicVariantGenerator

from cnnjobs.engine.order import Order

NO_PLACE = -1
"""Place of Tune's trials before the order names one: a grid of places is copied for each, 4 ms a trial of 10,000."""


class Starts(BasicVariantGenerator):
    """Makes Tune's trials from samples that are all alike, each with the place that the order names.

    Args:
        order: which trial starts next.
        at_once: how many run at the same time.
    """

    def __init__(self, order: Order, at_once: int) -> None:
        super().__init__(max_concurrent=at_once)
        self._order = order
        self._started = 0

    def __getstate__(self) -> dict[str, Any]:
        """Give Tune nothing to snapshot: a submit continues from the store."""
        return {}

    def next_trial(self) -> Any:
        """Return the next trial; None if none may start now."""
        if len(self._live_trials) >= self.max_concurrent:
            return None
        place = self._order.next()
        if place is None:
            return None
        trial = next(self._trial_generator)  # not the base class, which makes no trial where all have started
        trial.config["trial"] = place
        self._started += 1
        self._live_trials.add(trial.trial_id)
        return trial

    def all_ended(self, ends: int) -> bool:
        """Whether every trial that was to start has ended.

        Args:
            ends: how many have.
        """
        return self._order.over and self._started == ends

    def is_finished(self) -> bool:
        """Whether no trial will start any more."""
        return self._order.over

    def save_to_dir(self, dirpath: str, session_str: str) -> None:
        """Keep nothing: a submit continues from the store."""

    def has_checkpoint(self, dirpath: str) -> bool:
        """Nothing was kept."""
        return False
