"""Serves one page to the browsers of this machine, and nothing else: on the loopback, to who knows its address."""

import hmac
import ipaddress
import socket
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from cnnjobs.live.board import Board
from cnnjobs.live.page import policy, watch_page

BEAT_S = 5.0
"""After so long without news a tab is told that there is none; one that was closed is noticed then."""

MOST_TABS = 50
"""So many tabs are told of changes at a time."""

PATIENCE_S = 30.0
"""A browser that takes nothing for so long, or asks for nothing, is left."""


class PageServer(ThreadingHTTPServer):
    """Serves a board as a page. A thread a tab, which ends with it.

    Args:
        listener: of `cnnjobs.process.loopback.listening`.
        token: that an address must hold.
        board: what the page shows.
        on_look: called when somebody asks for the comparison.
    """

    daemon_threads = True

    def __init__(self, listener: socket.socket, token: str, board: Board, on_look: Callable[[], None]) -> None:
        super().__init__(listener.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.board, self.on_look = board, on_look
        self._token = token.encode()

    def knows(self, token: str) -> bool:
        """Say whether a token is the right one, in a time that does not tell how much of it is."""
        return hmac.compare_digest(token.encode("utf-8", "replace"), self._token)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that has gone; what else goes wrong is a mistake of this program."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Answers `/TOKEN/`, `/TOKEN/events` and, to POST, `/TOKEN/look`."""

    server: PageServer
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE_S
    server_version, sys_version = "cnnjobs", ""

    def do_GET(self) -> None:
        """Send the page, or what changes on it."""
        what = self._asked_for()
        if what == "":
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", watch_page())
        elif what == "events":
            self._send_events()
        elif what is not None:
            self._refuse(HTTPStatus.NOT_FOUND, "There is no such page.")

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        """Take a look at the comparison."""
        what = self._asked_for()
        self.close_connection = True  # a body is not read
        if what == "look":
            self.server.on_look()
            self._send(HTTPStatus.NO_CONTENT)
        elif what is not None:
            self._refuse(HTTPStatus.NOT_FOUND, "There is no such page.")

    def _asked_for(self) -> str | None:
        """Return the part of the path behind the token; None for who may not ask, who is told so."""
        if not _is_local(self.headers.get("Host", "")):
            self._refuse(
                HTTPStatus.FORBIDDEN, "This page is for browsers of this machine: http://127.0.0.1 or localhost."
            )
            return None
        token, slash, what = urlsplit(self.path).path.removeprefix("/").partition("/")
        if not slash or not self.server.knows(token):
            self._refuse(HTTPStatus.FORBIDDEN, "The address is incomplete: use the one that `cnnjobs watch` printed.")
            return None
        return what

    def _send(self, status: HTTPStatus, kind: str = "", content: bytes = b"") -> None:
        self.send_response(status)
        self._send_rules()
        if kind:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self.close_connection = True
        self._send(status, "text/plain; charset=utf-8", f"{why}\n".encode())

    def _send_rules(self) -> None:
        """Forbid the browser whatever the page does not need."""
        self.send_header("Content-Security-Policy", policy())
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")

    def _send_events(self) -> None:
        """Tell what changes until the tab is closed or nothing changes any more."""
        self.close_connection = True
        board = self.server.board
        if board.tabs >= MOST_TABS:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, f"{MOST_TABS} tabs show this page already.")
            return
        self.send_response(HTTPStatus.OK)
        self._send_rules()
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        if self.command == "HEAD":
            return
        with board.tab() as tab:
            try:
                while True:
                    change = tab.next(BEAT_S)
                    self.wfile.write(b": nothing new\n\n" if change is None else f"data: {change}\n\n".encode())
            except EOFError as over:
                self.wfile.write(f"event: over\ndata: {over}\n\n".encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing of requests."""


def _is_local(host: str) -> bool:
    """Say whether a request names this machine's loopback, at whatever port: it may have been forwarded by ssh.

    A page elsewhere whose name was made to lead here sends that name.
    """
    name = urlsplit(f"//{host}").hostname if host.isascii() and "/" not in host and "@" not in host else None
    if name is None:
        return False
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
