"""The token towards Ray: whether a cluster asks for one, and which one this process shows."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

import ray

from cnnjobs.engine.token import MODE, PATH, VALUE
from cnnjobs.errors import ClusterError

REFUSED = "InvalidAuthToken"
"""What Ray says to those who show no token, or a wrong one."""


def asks_for_token(address: str) -> bool:
    """Say whether a cluster refuses those who show no token: another process tries, because this one would show it.

    Args:
        address: host:port of its head.

    Raises:
        ClusterError: if it cannot be found out.
    """
    code = "import sys; from ray._raylet import GcsClient; GcsClient(address=sys.argv[1]).internal_kv_keys(b'', None)"
    without = {name: value for name, value in os.environ.items() if name not in (VALUE, PATH)} | {MODE: "disabled"}
    try:
        command = [sys.executable, "-P", "-c", code, address]  # -P: nothing of the current folder is imported
        tried = subprocess.run(command, env=without, capture_output=True, text=True, timeout=30, check=False)
    except subprocess.TimeoutExpired:
        raise ClusterError(f"The cluster at {address} did not say within 30 s whether it asks for a token.") from None
    if tried.returncode and REFUSED not in tried.stderr:
        why = (tried.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ClusterError(f"Whether the cluster at {address} asks for a token cannot be found out: {why}")
    return tried.returncode != 0


@contextlib.contextmanager
def noticed(setting: contextlib.AbstractContextManager[None]) -> Iterator[None]:
    """Hold a context that says which token is shown, and make Ray notice, in the beginning and in the end."""
    try:
        with setting:
            _reread_token()
            yield
    finally:
        _reread_token()


def _reread_token() -> None:
    """Make Ray look anew whether tokens are asked for, and for the file: it keeps both from when it was imported."""
    ray._raylet.Config.initialize("")
    ray._raylet.AuthenticationTokenLoader.instance().reset_cache()
