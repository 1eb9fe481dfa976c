"""The end of a process of the command line."""

import atexit
import gc


def skip_last_collection() -> None:
    """Leave what is alive when this process ends to the system, which takes its memory in any case.

    Python would look through all objects for cycles while it ends, and free them one by one: of the modules of Ray and
    Matplotlib for 0.9 s. Whatever asked to be called at the exit is called as before, and streams are flushed.
    """
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
