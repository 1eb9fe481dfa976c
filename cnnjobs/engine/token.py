"""The token that a Ray asks for: a file that its owner alone may read. Its content is never shown."""

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cnnjobs.process.private_folder import private_folder
from cnnjobs.process.variables import variables

MODE, PATH, VALUE = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_TOKEN"
"""Variables of the environment that Ray reads: whether tokens are asked for, and where the token is."""

OWNER_ONLY = 0o600


def own_token() -> contextlib.AbstractContextManager[None]:
    """Return a context in which a Ray that this process starts asks for a token that this process alone has.

    Ray would write one into the home directory, for all to read (Ray 2.60), and use it for every session. Afterwards
    the token is that for clusters again: the same process may submit to one.
    """
    return variables({VALUE: None, MODE: "token", PATH: str(_own_token())})  # VALUE would come first


def cluster_token() -> contextlib.AbstractContextManager[None]:
    """Return a context in which this process shows the token for clusters, unless there is none or `MODE` is set."""
    shown = not os.environ.get(MODE) and find_token() is not None
    return variables({MODE: "token"} if shown else {})


def _own_token() -> Path:
    path = private_folder() / "auth_token"
    if not path.exists():
        write_token(path, secrets.token_hex(32))
    return path


def write_token(path: Path, token: str) -> None:
    """Write a new file that its owner alone may read, from the first moment on.

    Raises:
        FileExistsError: if there is one.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(handle, "w") as file:
        file.write(token)


def token_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the token for clusters is looked for, if the environment does not hold it itself."""
    return Path(environment.get(PATH) or Path.home() / ".ray" / "auth_token").expanduser()


def find_token(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the token for clusters, as Ray finds it; None if there is none."""
    if given := environment.get(VALUE, "").strip():
        return given
    try:
        return token_file(environment).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def close_token_file(environment: Mapping[str, str] = os.environ) -> bool:
    """Take the rights of others away from the token's file; return whether they had any."""
    path = token_file(environment)
    try:
        if not path.stat().st_mode & 0o077:
            return False
        path.chmod(OWNER_ONLY)
    except OSError:
        return False
    return True
