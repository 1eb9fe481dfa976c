"""Keeps what libraries print and log off the terminal."""

import contextlib
import logging
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from cnnjobs.engine.capture import Capture


def quietly() -> Capture:
    """Return a context in which nothing reaches the terminal."""
    return Capture(Path(os.devnull))


@contextlib.contextmanager
def silent_loggers(names: Iterable[str]) -> Iterator[None]:
    """Have these loggers say nothing meanwhile."""
    before = {logger: logger.level for logger in map(logging.getLogger, names)}
    for logger in before:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)
