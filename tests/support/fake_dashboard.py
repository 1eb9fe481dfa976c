"""A real HTTP server on the loopback that stands for the dashboard of a cluster, and remembers what it was asked."""

import contextlib
import json
from http.server import BaseHTTPRequestHandler

from support.http_server import serving_with

MODE, VERSION = "/api/authentication_mode", "/api/version"


class Dashboard:
    """Answers as a Ray does.

    Args:
        token: that it asks for; None for a Ray that asks for none.
        answers: path -> (status, text or JSON, headers), in the place of what a Ray says there.
    """

    def __init__(self, token=None, **answers):
        self.token, self.answers = token, answers.get("answers", {})
        self.asked = []
        self.shown = []

    def answer(self, path, headers):
        shown = headers.get("Authorization")
        self.asked.append(path)
        self.shown.append(shown)
        if path in self.answers:
            return self.answers[path]
        if path == MODE:
            return 200, {"authentication_mode": "disabled" if self.token is None else "token"}, {}
        if self.token is not None and shown != f"Bearer {self.token}":
            return 401 if shown is None else 403, {"error": "no"}, {}
        if path == VERSION:
            return 200, {"version": "4", "ray_version": "2.60.0", "ray_commit": "abc"}, {}
        return 404, "404: Not Found", {}


@contextlib.contextmanager
def serving(dashboard):
    """Serve it; give its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, content, headers = dashboard.answer(self.path, self.headers)
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with serving_with(Handler) as url:
        yield url
