"""Shows a job on a page until somebody has seen enough."""

import contextlib
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from cnnjobs.errors import CnnjobsError
from cnnjobs.live.board import Board
from cnnjobs.live.server import PageServer
from cnnjobs.live.view import JobView, newest
from cnnjobs.process.loopback import address_of, listening, new_token, tunnel_hint
from cnnjobs.store.files import Files
from cnnjobs.store.results import open_stores
from cnnjobs.wording.terminal import echo

EVERY_S = 1.0
"""Seconds between two looks at a store."""

REMOTE_S = 5.0
"""The same where it lies in object storage: each look asks for lists of files."""


class Source(Protocol):
    """Where a page's parts come from."""

    def run(self, board: Board, over: threading.Event) -> None:
        """Show what there is until it is over; in a thread of its own."""
        ...

    def look(self) -> None:
        """Show the comparison of what there is."""
        ...

    def show(self, board: Board) -> None:
        """Show the end, before nothing comes any more."""
        ...

    def close(self) -> None:
        """Leave nothing running."""
        ...


class LocalSource:
    """A store that this machine can read. Nobody is shown anything while nobody looks.

    Args:
        files: the job's folder.
        place: it, as it is shown.
    """

    def __init__(self, files: Files, place: str | None = None) -> None:
        self._view = JobView(files, place)
        self._every_s = EVERY_S if files.is_local else REMOTE_S
        self._hurry = threading.Event()

    def run(self, board: Board, over: threading.Event) -> None:
        """Show the store while somebody looks."""
        while not over.is_set():
            if board.wait_for_tabs(0.5):
                self.show(board)
                self._hurry.wait(self._every_s)
                self._hurry.clear()

    def show(self, board: Board) -> None:
        """Show what there is now; why it cannot be read, if it cannot."""
        try:
            board.show(self._view.parts())
        except Exception as error:  # the page stays: a disk may come back, and a mistake here ends no run
            what = str(error) if isinstance(error, CnnjobsError) else f"{type(error).__name__}: {error}"
            board.take({"set": {"trouble": what}})

    def look(self) -> None:
        """Show the comparison of what there is."""
        self._view.look()
        self._hurry.set()

    def close(self) -> None:
        """Look no more."""
        self._view.close()


TOLD_S = 1.0
"""Seconds that tabs have to be told the end, before the process that serves them goes."""


@contextlib.contextmanager
def served(source: Source, listener: socket.socket, token: str, ended: str) -> Iterator[Board]:
    """Serve a page while the context is open.

    Args:
        source: of what it shows.
        listener: of `listening`; it is closed in the end.
        token: of its address.
        ended: what tabs are told in the end.
    """
    board, over = Board(), threading.Event()
    with PageServer(listener, token, board, source.look) as server:
        threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, name="page", daemon=True),
            threading.Thread(target=source.run, args=(board, over), name="source", daemon=True),
        ]
        for thread in threads:
            thread.start()
        try:
            yield board
        finally:
            over.set()
            board.close(ended, within_s=TOLD_S)
            server.shutdown()
            source.close()


def watch_results(results: str, *, port: int = 0, opens: bool = False) -> None:
    """Serve the page of a job until Ctrl-C.

    Args:
        results: the job's folder, or a folder of jobs, of which the one that runs or ran last is meant.
        port: of the page; 0 for one that is free.
        opens: whether to open it in the browser of this machine.

    Raises:
        StoreError: if there are no results.
        UserError: if the port is taken.
    """
    stores, _ = open_stores(results)
    store = newest(stores)
    others = [one.kept_job().name for one in stores if one is not store]
    if others:
        echo(f"{store.kept_job().name}: of {len(stores)} jobs, the one that runs or ran last", err=True)
    serve(LocalSource(store.files, store.files.location), port=port, opens=opens)


def serve(source: Source, *, port: int, opens: bool, until: Callable[[], Any] | None = None) -> None:
    """Serve a page until Ctrl-C, and say where it is.

    Args:
        source: of what it shows.
        port: of the page; 0 for one that is free.
        opens: whether to open it in the browser of this machine.
        until: returns when the page is to end; None for never.
    """
    listener, token = listening(port), new_token()
    url = address_of(listener, token)
    with served(source, listener, token, "The command that served this page has ended."):
        echo(f"watch: {url}")
        if hint := tunnel_hint(listener):
            echo(hint, err=True)
        echo("Ctrl-C ends the page, not the job.", err=True)
        if opens:
            webbrowser.open(url)
        with contextlib.suppress(KeyboardInterrupt):
            (until or threading.Event().wait)()
