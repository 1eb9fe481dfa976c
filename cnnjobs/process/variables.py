"""Environment variables that hold for a while: a process may be a person's notebook, and go on with other things."""

import contextlib
import os
from collections.abc import Iterator, Mapping


@contextlib.contextmanager
def variables(given: Mapping[str, str | None]) -> Iterator[None]:
    """Set environment variables of this process, and put back in the end what they were.

    Args:
        given: name -> value meanwhile; None for no such variable.
    """
    before = {name: os.environ.get(name) for name in given}
    _set(given)
    try:
        yield
    finally:
        _set(before)


def _set(given: Mapping[str, str | None]) -> None:
    for name, value in given.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
