"""The page over real HTTP: who is shown it, what else is served, and that every tab is let go of."""

import http.client
import json
import socket
import threading
import time
from contextlib import closing, contextmanager
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from cnnjobs.errors import UserError
from cnnjobs.live import server as live_server
from cnnjobs.live.watch import served
from cnnjobs.process.loopback import address_of, listening, new_token, tunnel_hint


class Made:
    """A source that shows what a test says."""

    def __init__(self):
        self.looks, self.closed = 0, False

    def run(self, board, over):
        over.wait()

    def look(self):
        self.looks += 1

    def show(self, board):
        pass

    def close(self):
        self.closed = True


@contextmanager
def page(source=None):
    listener, token = listening(), new_token()
    with served(source or Made(), listener, token, "the end") as board:
        yield board, urlsplit(address_of(listener, token))


def asked(url, path="", method="GET", **headers):
    with closing(http.client.HTTPConnection(url.hostname, url.port, timeout=10)) as connection:
        connection.request(method, url.path + path, headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()


@contextmanager
def stream(url):
    with closing(http.client.HTTPConnection(url.hostname, url.port, timeout=10)) as connection:
        connection.request("GET", f"{url.path}events")
        with closing(connection.getresponse()) as answer:
            yield answer


def event(answer):
    lines = []
    while (line := answer.readline().decode().rstrip("\n")) or not lines:
        lines.append(line)
    return lines


def until(holds):
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_page_is_one_document_that_asks_for_nothing_and_runs_nothing_but_its_own():
    with page() as (_, url):
        status, headers, text = asked(url)
    assert status == 200
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "connect-src 'self'" in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    named = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, given: named.extend(
        value for name, value in given if name in ("src", "href", "style") or name.startswith("on")
    )
    parser.feed(text)
    assert named == ["data:,", "#page"], "neither addresses of others nor script or style on elements"


@pytest.mark.parametrize("path", ["", "/", "/wrong/", "/wrong/events", "/../etc/passwd"])
def test_who_does_not_know_the_whole_address_is_shown_nothing(path):
    with page() as (_, url):
        elsewhere = url._replace(path=path)
        status, _, text = asked(elsewhere)
        assert status == 403
        assert "cnnjobs watch" in text
        without_slash = url._replace(path=url.path.rstrip("/"))
        assert asked(without_slash)[0] == 403


def test_nothing_else_is_served():
    source = Made()
    with page(source) as (_, url):
        for path in ("x", "../", "job.json", "events/", "look"):
            assert asked(url, path)[0] == 404, path
        assert asked(url, "events", method="POST")[0] == 404
        assert asked(url, "look", method="DELETE")[0] == 501
    assert source.looks == 0


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:9000", 200),
        ("127.0.0.1", 200),
        ("[::1]:8000", 200),
        ("evil.example:80", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost@evil.example", 403),
        ("10.0.0.7", 403),
        ("", 403),
    ],
)
def test_a_name_that_was_made_to_lead_here_is_refused_a_port_that_was_forwarded_is_not(host, status):
    with page() as (_, url):
        assert asked(url, Host=host)[0] == status


def test_tabs_hear_of_what_is_shown_and_of_the_end():
    with page() as (board, url):
        board.show({"a": 1})
        with stream(url) as one, stream(url) as other:
            assert one.getheader("Content-Type") == "text/event-stream"
            for tab in (one, other):
                (line,) = event(tab)
                assert json.loads(line.removeprefix("data: ")) == {"reset": True, "set": {"a": 1}}
            board.show({"a": 2})
            assert event(one) == event(other) == ['data: {"set":{"a":2}}']
            board.close("enough")
            assert event(one) == ["event: over", "data: enough"]


def test_a_tab_that_is_closed_ends_its_thread(monkeypatch):
    monkeypatch.setattr(live_server, "BEAT_S", 0.05)
    with page() as (board, url):
        before = threading.active_count()
        with stream(url) as one:
            event(one)
            assert event(one) == [": nothing new"]
            assert board.tabs == 1
        until(lambda: board.tabs == 0)
        until(lambda: threading.active_count() <= before)


def test_too_many_tabs_are_told_so(monkeypatch):
    monkeypatch.setattr(live_server, "MOST_TABS", 1)
    with page() as (_, url), stream(url) as one:
        event(one)
        assert asked(url, "events")[0] == 503


def test_a_look_is_asked_for_by_post():
    source = Made()
    with page(source) as (_, url):
        assert asked(url, "look", method="POST")[0] == 204
    assert source.looks == 1
    assert source.closed


def test_a_browser_that_speaks_nonsense_stops_nobody(capfd):
    with page() as (_, url):
        with closing(socket.create_connection((url.hostname, url.port))) as wild:
            wild.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        with closing(socket.create_connection((url.hostname, url.port))) as silent:
            silent.shutdown(socket.SHUT_RDWR)
        assert asked(url)[0] == 200
    assert capfd.readouterr().err == ""


def test_a_port_that_is_taken_is_named():
    with closing(listening()) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=rf"`port` must be .*\. Received: port={port} \(Address already in use\)"):
            listening(port)


def test_who_has_come_by_ssh_is_told_how_to_see_it_at_home(monkeypatch):
    with closing(listening()) as listener:
        port = listener.getsockname()[1]
        monkeypatch.delenv("SSH_CONNECTION", raising=False)
        assert tunnel_hint(listener) == ""
        monkeypatch.setenv("SSH_CONNECTION", "10.0.0.2 50000 10.0.0.9 22")
        assert f"ssh -N -L {port}:127.0.0.1:{port} 10.0.0.9" in tunnel_hint(listener)
