"""What is sent to the head of a cluster as a job, for a command that was typed elsewhere."""

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from cnnjobs.engine.own_files import read_own
from cnnjobs.errors import ClusterError
from cnnjobs.versions import installed_versions

PROGRAM = "from cnnjobs.cli.on_head import main; main()"

UPLOADED = "@/"
"""What words begin with that name uploaded files."""

MOST_BYTES = 512 << 20
"""Of a file that is uploaded: more Ray does not take."""

CONFIG = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Variable in which Ray tells a job of itself."""

FILES = "job"
"""Folder of the upload: not the root, which Python would import from."""


NONCE = "once"
"""Uploaded file that makes each upload another one: Ray would use again what it has unpacked for an equal one."""


def command_on_head(words: Sequence[str], typed: str, columns: int, uploaded: Mapping[str, str] | None = None) -> str:
    """Return the shell's command that runs a command of this project on the head; it tells it this machine's versions.

    Ray puts the folder of the upload first on Python's path; it is taken off again.

    Args:
        words: of the command, without the program.
        typed: what a person typed elsewhere.
        columns: of that person's terminal.
        uploaded: file of the upload -> hash of its content.
    """
    about = {"typed": typed, "columns": columns, "versions": installed_versions(), "uploaded": dict(uploaded or {})}
    what = json.dumps({"words": list(words), **about})
    path = 'path=${PYTHONPATH-}; path=${path#"$PWD":}; export PYTHONPATH="${path#"$PWD"}"'
    return f"{path}; exec python -P -u -c {shlex.quote(PROGRAM)} {shlex.quote(what)}"


def digests(folder: Path) -> dict[str, str]:
    """Return the hash of each file of an upload, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def take_upload(folder: Path, uploaded: Mapping[str, str], target: Path) -> None:
    """Copy an upload to where nobody else can change it, after a look whether somebody has.

    Args:
        folder: where Ray has unpacked it.
        uploaded: file -> hash of its content, as it was sent.
        target: where it goes.

    Raises:
        ClusterError: if a file is another one, or belongs to another user.
    """
    for name, digest in uploaded.items():
        content = read_own(folder / name, MOST_BYTES)
        if content is None or hashlib.sha256(content).hexdigest() != digest:
            raise ClusterError(
                f"{name} is not on the head as it was uploaded: {folder / name} was changed or removed, by another "
                "user of that machine perhaps. Start Ray there with RAY_TMPDIR (see cluster/README.md), and try again."
            )
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def without_upload(config: str) -> str:
    """Return what Ray tells a job of itself without the upload: its workers would unpack it, and import from it.

    Args:
        config: JSON that Ray has written.
    """
    told = json.loads(config)
    told.get("runtime_env", {}).pop("working_dir", None)
    return json.dumps(told)
