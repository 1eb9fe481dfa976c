"""Addresses that only browsers of this machine reach, and only who was told the whole of them."""

import os
import secrets
import socket

from cnnjobs.errors import UserError
from cnnjobs.wording.sentences import cause

HOST = "127.0.0.1"


def listening(port: int = 0) -> socket.socket:
    """Return a socket on the loopback that browsers can connect to.

    Args:
        port: which; 0 for one that is free.

    Raises:
        UserError: if it is taken.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((HOST, port))
        made.listen(128)
    except OSError as error:
        made.close()
        raise UserError(
            f"`port` must be one of this machine that is free. Received: port={port} ({cause(error)}). Name another, "
            "or leave it out."
        ) from error
    return made


def new_token() -> str:
    """Return what an address must hold for the page to be shown."""
    return secrets.token_urlsafe(24)


def address_of(listener: socket.socket, token: str) -> str:
    """Return the address of the page."""
    return f"http://{HOST}:{listener.getsockname()[1]}/{token}/"


def tunnel_hint(listener: socket.socket) -> str:
    """Say to who has come by ssh how the page is seen on the machine that they sit at; nothing to others."""
    connection = os.environ.get("SSH_CONNECTION", "").split()
    if not connection:
        return ""
    port = listener.getsockname()[1]
    host = connection[2] if len(connection) > 2 else "HOST"
    return f"to see it where you sit, run there: ssh -N -L {port}:{HOST}:{port} {host}"
