"""A second user of the machine, who tries things."""

import os
import subprocess

import pytest

UID = 65534

needs_two_users = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as a second user")


def as_other_user(script: str, *arguments: str) -> str:
    """Run a shell's script as another user; return what it printed, errors included."""
    command = ["/bin/sh", "-c", script, "sh", *arguments]
    done = subprocess.run(
        command, user=UID, group=UID, extra_groups=[], cwd="/", env={"PATH": "/usr/bin:/bin"}, capture_output=True
    )
    return (done.stdout + done.stderr).decode(errors="replace")


def changeable(top) -> list[str]:
    """What another user can write to at a place and below; links count as what they are."""
    found = as_other_user('find "$1" ! -type l -writable 2>/dev/null', str(top))
    return found.splitlines()
