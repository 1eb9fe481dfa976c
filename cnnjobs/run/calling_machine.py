"""The calling machine of a command on a cluster's head, from environment variables."""

import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from cnnjobs.errors import CnnjobsError, MissingDataError
from cnnjobs.process.private_folder import private_folder
from cnnjobs.versions import differences, installed_versions
from cnnjobs.wording.sentences import sentence

EVENTS = "CNNJOBS_EVENTS"
"""Asks for events in the place of a progress line."""

TYPED = "CNNJOBS_TYPED"
"""The command as it was typed there."""

VERSIONS = "CNNJOBS_VERSIONS"
"""Versions of Python and libraries there: a JSON object."""


MARK = "@cnnjobs "
"""What lines begin with that are events, in the log of a job on a cluster."""

DATA = "data"
"""Key of an event that is a line for programs."""

HOME = "~/cnnjobs"
"""Where relative paths of commands from elsewhere are taken from, on the head."""

UPLOADED = "job"
"""Folder within the private one that has the job file and what was uploaded with it."""

ON_HEAD = "error on the head: "
"""How errors of such commands begin."""


def is_elsewhere(environment: Mapping[str, str] = os.environ) -> bool:
    """Say whether the command was typed on another machine."""
    return bool(environment.get(EVENTS))


def for_elsewhere(data: str) -> str:
    """Return a line of JSON as an event of the log that is read where the command was typed.

    Args:
        data: a line of `--format json`.
    """
    return f'{MARK}{{"{DATA}": {data}}}'


def on_head(location: str) -> str:
    """Return a place on the head as it is shown elsewhere; one in object storage is the same from everywhere."""
    if "://" in location:
        return location
    return f"{location if location.startswith(('/', '~')) else f'{HOME}/{location}'} on the head"


def shown_place(location: str) -> str:
    """Return a place of this machine as it is shown where the command was typed."""
    return on_head(location) if is_elsewhere() else location


def error_for_elsewhere(error: CnnjobsError) -> str:
    """Say an error where the command was typed: it speaks of the head's files, and data do not travel."""
    if not isinstance(error, MissingDataError):
        return f"{ON_HEAD}{error}"
    path, home = Path(error.path).absolute(), Path(HOME).expanduser()
    beside_job = path.is_relative_to(private_folder() / UPLOADED)
    for folder in (private_folder() / UPLOADED, home):
        path = path.relative_to(folder) if path.is_relative_to(folder) else path
    target, slash = path.name if path.is_absolute() else str(path), "/" if error.is_folder else ""
    name = (
        f"`--dataset {shlex.quote(target)}`" if error.option is None else f"`{error.option}={target!r}` in the job file"
    )
    named = f", name them by {name}" if path.is_absolute() or beside_job else ""
    bring = shlex.join(["ray", "rsync-up", "cluster/gpu.yaml", f"{path}{slash}", f"{HOME}/{target}{slash}"])
    return (
        f"{ON_HEAD}{sentence(error)} Data do not travel with a job, and relative paths are taken from {HOME} there. "
        f"Bring them, with the file that the cluster was started with: `{bring}`{named}, and submit again."
    )


def calling_machine_versions(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return name -> version of the machine on which the command was typed; empty if that is this one."""
    versions: dict[str, str] = json.loads(environment.get(VERSIONS, "{}"))
    return versions


def version_notes() -> list[str]:
    """Say which versions this machine has that the calling one has not; nothing where these are the same."""
    there = calling_machine_versions()
    others = differences(installed_versions(), there) if there else []
    said = (
        f"The cluster has other versions than the machine that submits: {', '.join(others)}. The job runs with those "
    )
    return [f"{said}of the cluster"] if others else []


def command_line() -> str:
    """Return the command as it was typed, here or on the machine it came from, without keys in URIs.

    Keys belong into the environment.
    """
    from cnnjobs.files.uris import without_keys

    return os.environ.get(TYPED) or shlex.join(["cnnjobs", *(without_keys(word) for word in sys.argv[1:])])


def same_command() -> str:
    """Say how to continue what a command began."""
    return f"run the same command again:\n  {command_line()}"
