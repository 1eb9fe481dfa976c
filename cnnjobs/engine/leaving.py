"""What is taken down when its user has done what was urgent."""

import contextlib
from collections.abc import Callable


class Leaving:
    """Keeps how something is taken down until there is time for it.

    Not in a thread: a process whose other threads went on while Ray left it was seen to end with it, twice in some
    hundred times.
    """

    def __init__(self) -> None:
        self._take_down: Callable[[], None] | None = None

    def later(self, take_down: Callable[[], None]) -> None:
        """Keep it, after taking down what was kept before.

        Args:
            take_down: does it. Errors that it raises are dropped: nothing depends any more on what is taken down.
        """
        self.now()
        self._take_down = take_down

    def now(self) -> None:
        """Take down what is kept, if anything is."""
        take_down, self._take_down = self._take_down, None
        if take_down is not None:
            with contextlib.suppress(Exception):
                take_down()
