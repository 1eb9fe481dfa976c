"""Serves the page of a submit: the process that `submit --watch` starts.

    python -c 'from cnnjobs.cli.page import main; main()' DESCRIPTOR < what it shows

It listens on a socket that it inherits, and ends when its standard input does.
"""

import json
import os
import socket
import sys
from typing import Any

from cnnjobs.live.watch import LocalSource, Source, served
from cnnjobs.store.files import Files


def main() -> None:
    """Serve it."""
    os.nice(5)
    about = json.loads(sys.stdin.readline())
    listener = socket.socket(fileno=int(sys.argv[1]))
    ended = "The submit has ended, and its page with it: `cnnjobs watch` shows its results again."
    source = _source(about)
    with served(source, listener, about["token"], ended) as board:
        sys.stdin.read()
        if board.tabs:
            source.show(board)


def _source(about: dict[str, Any]) -> Source:
    if about["address"] is None:
        return LocalSource(Files(about["place"]))
    from cnnjobs.remote.watch import RemoteSource

    return RemoteSource(about["address"], about["place"], insecure=bool(about["insecure"]))
