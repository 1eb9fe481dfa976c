"""The calling machine of a command on a cluster's head, from environment variables."""

import json
import os
import shlex
import sys
from collections.abc import Mapping

EVENTS = "CNNJOBS_EVENTS"
"""Asks for events in the place of a progress line."""

TYPED = "CNNJOBS_TYPED"
"""The command as it was typed there."""

VERSIONS = "CNNJOBS_VERSIONS"
"""Versions of Python and libraries there: a JSON object."""


def calling_machine_versions(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return name -> version of the machine on which the command was typed; empty if that is this one."""
    versions: dict[str, str] = json.loads(environment.get(VERSIONS, "{}"))
    return versions


def command_line() -> str:
    """Return the command as it was typed, here or on the machine it came from, without keys in URIs.

    Keys belong into the environment.
    """
    from cnnjobs.store.remote import without_keys

    return os.environ.get(TYPED) or shlex.join(["cnnjobs", *(without_keys(word) for word in sys.argv[1:])])


def same_command() -> str:
    """Say how to continue what a command began."""
    return f"run the same command again:\n  {command_line()}"
