"""Keeps what libraries print while they are imported and first used off the terminal."""

import os
from pathlib import Path

from cnnjobs.engine.capture import Capture


def quietly() -> Capture:
    """Return a context in which nothing reaches the terminal."""
    return Capture(Path(os.devnull))
