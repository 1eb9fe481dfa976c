"""A second user of the machine, who tries things."""

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from cnnjobs.process import private_folder

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


@pytest.fixture
def base(monkeypatch):
    """A short temporary folder as on machines of several users, and a process without a private folder yet."""
    with tempfile.TemporaryDirectory(prefix="cj-", dir="/tmp") as folder:
        Path(folder).chmod(0o1777)
        monkeypatch.setenv("RAY_TMPDIR", folder)
        monkeypatch.setattr(private_folder, "_made", [])
        yield Path(folder)
