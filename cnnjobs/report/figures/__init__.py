"""Figures of a report, drawn with Matplotlib, which is imported here whatever backend a person has named."""

import contextlib
import os
import sys

from cnnjobs.errors import UserError
from cnnjobs.process.variables import variables
from cnnjobs.wording.sentences import cause


def _import_matplotlib() -> None:
    """Import it without MPLBACKEND, which may name a backend that is none, and leave the person's choice to them.

    Raises:
        UserError: for a `matplotlibrc` that is no text.
    """
    chosen = os.environ.get("MPLBACKEND")
    try:
        with variables({"MPLBACKEND": None}):
            import matplotlib  # noqa: PLC0415 - only now
    except (OSError, UnicodeError) as error:
        raise UserError(
            f"Matplotlib cannot be imported with the file `matplotlibrc` in the current folder, in $MATPLOTLIBRC or in "
            f"~/.config/matplotlib ({cause(error)}). Correct or remove it."
        ) from error
    if chosen:
        with contextlib.suppress(ValueError):
            matplotlib.rcParams["backend"] = chosen


if "matplotlib" not in sys.modules:
    _import_matplotlib()
