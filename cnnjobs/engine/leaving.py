"""What is taken down while its user goes on."""

import contextlib
import threading
from collections.abc import Callable


class Leaving:
    """Takes something down in a thread, for which the end of the process waits."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def begin(self, take_down: Callable[[], None]) -> None:
        """Begin, after what was begun before.

        Args:
            take_down: does it. What it raises is dropped: nothing depends any more on what is taken down.
        """
        self.wait()

        def run() -> None:
            with contextlib.suppress(Exception):
                take_down()

        self._thread = threading.Thread(target=run, name="leaving")
        self._thread.start()

    def wait(self) -> None:
        """Wait until all that was begun is down; at once, if nothing was."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
