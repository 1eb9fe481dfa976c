"""What runs on the head of a cluster as a job, for a command that was typed elsewhere.

    python -P -m cnnjobs.cli.on_head '{"words": ["submit", "@/quickstart.py"], "typed": "...", "columns": 100}'

Relative paths are taken from `~/cnnjobs` there; words that begin with `@/` are files that were uploaded.
"""

import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from cnnjobs.cli.running import TYPED
from cnnjobs.cli.screens import ASKED

HOME = "~/cnnjobs"
"""Where relative paths of commands from elsewhere are taken from."""

UPLOADED = "@/"
"""What words begin with that name uploaded files."""

FILES = "job"
"""Folder of the upload: not the root, which Python would import from."""


def command_on_head(words: Sequence[str], typed: str, columns: int) -> str:
    """Return the shell's command that runs a command of this project on the head.

    Args:
        words: of the command, without the program.
        typed: what a person typed elsewhere.
        columns: of that person's terminal.
    """
    what = json.dumps({"words": list(words), "typed": typed, "columns": columns})
    return f"exec python -P -u -m cnnjobs.cli.on_head {shlex.quote(what)}"


def main() -> None:
    """Run the command."""
    what = json.loads(sys.argv[1])
    uploaded, home = Path.cwd() / FILES, Path(HOME).expanduser()
    home.mkdir(parents=True, exist_ok=True)
    os.chdir(home)
    os.environ.update({ASKED: "1", TYPED: what["typed"], "COLUMNS": str(what["columns"])})
    words = [
        str(uploaded / word.removeprefix(UPLOADED)) if word.startswith(UPLOADED) else word for word in what["words"]
    ]
    from cnnjobs.cli import main as cnnjobs

    cnnjobs(words, prog_name="cnnjobs")


if __name__ == "__main__":
    main()
