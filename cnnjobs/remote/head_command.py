"""What is sent to the head of a cluster as a job, for a command that was typed elsewhere."""

import json
import shlex
from collections.abc import Sequence

from cnnjobs.versions import installed_versions

HOME = "~/cnnjobs"
"""Where relative paths of commands from elsewhere are taken from."""

PROGRAM = "from cnnjobs.cli.on_head import main; main()"

UPLOADED = "@/"
"""What words begin with that name uploaded files."""

FILES = "job"
"""Folder of the upload: not the root, which Python would import from."""


def command_on_head(words: Sequence[str], typed: str, columns: int) -> str:
    """Return the shell's command that runs a command of this project on the head; it tells it this machine's versions.

    Args:
        words: of the command, without the program.
        typed: what a person typed elsewhere.
        columns: of that person's terminal.
    """
    about = {"typed": typed, "columns": columns, "versions": installed_versions()}
    what = json.dumps({"words": list(words), **about})
    return f"exec python -P -u -c {shlex.quote(PROGRAM)} {shlex.quote(what)}"
