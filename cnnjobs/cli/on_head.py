"""What runs on the head of a cluster as a job, for a command that was typed elsewhere.

    python -c 'from cnnjobs.cli.on_head import main; main()' '{"words": ["submit", "@/job.py"], ...}'

Relative paths are taken from `~/cnnjobs` there; words that begin with `@/` are files that were uploaded.
"""

import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from cnnjobs.cli.elsewhere import EVENTS, TYPED, VERSIONS
from cnnjobs.versions import differences, installed_versions

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


def main() -> None:
    """Run the command."""
    what = json.loads(sys.argv[1])
    uploaded, home = Path.cwd() / FILES, Path(HOME).expanduser()
    home.mkdir(parents=True, exist_ok=True)
    os.chdir(home)
    versions = json.dumps(what["versions"])
    os.environ.update({EVENTS: "1", TYPED: what["typed"], VERSIONS: versions, "COLUMNS": str(what["columns"])})
    words = [
        str(uploaded / word.removeprefix(UPLOADED)) if word.startswith(UPLOADED) else word for word in what["words"]
    ]
    if words[0] == "submit" and (others := differences(installed_versions(), what["versions"])):
        sys.stderr.write(
            f"note: the cluster has other versions than the machine that submits: {', '.join(others)}; the job runs "
            "with the cluster's\n"
        )
    from cnnjobs.cli import main as cnnjobs

    cnnjobs(words, prog_name="cnnjobs")
