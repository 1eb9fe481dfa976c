"""What runs on the head of a cluster as a job, for a command that was typed elsewhere.

    python -c 'from cnnjobs.cli.on_head import main; main()' '{"words": ["submit", "@/job.py"], ...}'

Relative paths are taken from `~/cnnjobs` there; words that begin with `@/` are files that were uploaded.
"""

import json
import os
import sys
from pathlib import Path

from cnnjobs.errors import ClusterError
from cnnjobs.process.private_folder import private_folder
from cnnjobs.remote.head_command import CONFIG, FILES, UPLOADED, take_upload, without_upload
from cnnjobs.run.calling_machine import EVENTS, HOME, ON_HEAD, TYPED, VERSIONS
from cnnjobs.run.calling_machine import UPLOADED as FOLDER


def main() -> None:
    """Run the command."""
    what = json.loads(sys.argv[1])
    uploaded, home = private_folder() / FOLDER, Path(HOME).expanduser()
    try:
        take_upload(Path.cwd() / FILES, what["uploaded"], uploaded)
    except ClusterError as error:
        sys.stderr.write(f"{ON_HEAD}{error}\n")
        sys.exit(error.exit_code)
    if CONFIG in os.environ:
        os.environ[CONFIG] = without_upload(os.environ[CONFIG])
    home.mkdir(parents=True, exist_ok=True)
    os.chdir(home)
    versions = json.dumps(what["versions"])
    os.environ.update({EVENTS: "1", TYPED: what["typed"], VERSIONS: versions, "COLUMNS": str(what["columns"])})
    words = [
        str(uploaded / word.removeprefix(UPLOADED)) if word.startswith(UPLOADED) else word for word in what["words"]
    ]
    from cnnjobs.cli import main as cnnjobs

    cnnjobs(words, prog_name="cnnjobs")
