"""What says which trial of a submit starts next, where the results so far decide that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from cnnjobs.engine.order import Order
from cnnjobs.messages import Failure, Result

if TYPE_CHECKING:
    from cnnjobs.comparison.decisions import Ruling
    from cnnjobs.planning.trials import Trial
    from cnnjobs.run.prepare import Prepared
    from cnnjobs.store.store import Store


class Steering(Order, Protocol):
    """The order of trials by a rule, which takes in how they end."""

    @property
    def ruling(self) -> Ruling:
        """What the rule says now."""
        ...

    @property
    def trials(self) -> Sequence[Trial]:
        """Those that may run."""
        ...

    @property
    def prepared(self) -> Prepared:
        """The job as it is to be kept now."""
        ...

    def begin(self, at_once: int, on_ruling: Callable[[Ruling], None]) -> None:
        """Be told on how many slots trials run, and whom to tell whenever more is known."""
        ...

    def ended(self, trial: Trial, message: Result | Failure) -> None:
        """Take in how a trial ended, after it was stored."""
        ...


Steer = Callable[["Prepared", "Store"], Steering]
"""Makes it for a job and the runs that are stored of it."""
