"""A cluster is looked at before anything is sent; the token is shown to one that asks for it alone, never printed."""

import contextlib
import socket
import threading
import time

import pytest
from support.fake_dashboard import MODE, VERSION, Dashboard, serving

from cnnjobs.engine import token
from cnnjobs.engine.environment import prepared_environment
from cnnjobs.errors import ClusterError
from cnnjobs.remote import dashboard
from cnnjobs.remote.dashboard import Cluster, is_plain, look_at

SECRET = "5ecret0123456789"


@pytest.fixture
def with_token(tmp_path, monkeypatch):
    """This machine has a token."""
    token.write_token(tmp_path / "auth_token", SECRET + "\n")
    monkeypatch.setenv(token.PATH, str(tmp_path / "auth_token"))
    return tmp_path / "auth_token"


@pytest.fixture
def far(monkeypatch):
    """The loopback is taken for a host on a network: tests have no other."""
    monkeypatch.setattr(dashboard, "is_loopback", lambda host: False)


def refused(url, **options):
    with pytest.raises(ClusterError) as caught:
        look_at(url, **options)
    assert SECRET not in str(caught.value)
    return str(caught.value)


@contextlib.contextmanager
def saying(content):
    """A server that says the same to everyone, whatever it is asked; None: nothing at all."""
    over = threading.Event()

    def serve(server):
        while not over.is_set():
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    if content is not None:
                        connection.recv(1 << 16)
                        connection.sendall(content)
                    else:
                        over.wait()

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def test_where_nothing_listens_the_message_says_what_to_try():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        began = time.monotonic()
        message = refused(url)
        assert time.monotonic() - began < 5.5
    assert message.startswith(
        f"Nothing answers at {url} within 5 s (Connection refused). Is the cluster up, and its port"
    )
    assert "`ray dashboard cluster/gpu.yaml`" in message
    assert "`ssh -N -L 8265:localhost:8265 HEAD`" in message


def test_what_accepts_and_stays_silent_is_given_up(monkeypatch):
    monkeypatch.setattr("cnnjobs.remote.dashboard.ANSWERS_WITHIN_S", 0.5)
    with saying(None) as url:
        began = time.monotonic()
        assert f"Nothing answers at {url} within 0.5 s (timed out)." in refused(url)
        assert 0.4 < time.monotonic() - began < 5


@pytest.mark.parametrize("content", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", b""])
def test_what_speaks_another_language_is_told_in_one_message(content):
    """An SSH server, or the port of a Ray's own protocol."""
    with saying(content) as url:
        assert f" at {url} " in refused(url)


def test_an_answer_that_is_cut_off_is_told_in_one_message():
    with saying(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"authent') as url:
        assert "is not the dashboard of a Ray cluster" in refused(url)


@pytest.mark.parametrize(
    "answers",
    [
        {MODE: (200, b"<html>hello</html>", {}), VERSION: (200, b"<html>hello</html>", {})},
        {MODE: (404, b"", {}), VERSION: (404, b"", {})},
        {MODE: (500, b"", {})},
        {MODE: (200, [], {})},
        {MODE: (200, "token", {})},
        {MODE: (200, {}, {}), VERSION: (200, [1], {})},
        {MODE: (200, {}, {}), VERSION: (200, {"ray_version": 2}, {})},
        {MODE: (200, {}, {}), VERSION: (200, {"version": "1"}, {})},
        {MODE: (200, b"\xff", {})},
    ],
    ids=["html", "404", "500", "list", "text", "version list", "version number", "no version", "no text"],
)
def test_other_servers_are_no_ray(answers):
    with serving(Dashboard(answers=answers)) as url:
        message = refused(url)
    assert message.startswith(f"What answers at {url} is not the dashboard of a Ray cluster that takes jobs.")
    assert "ray[default]" in message


def test_a_name_that_cannot_be_one_is_told_in_one_message():
    assert "http://a..b:8265" in refused("http://a..b:8265")


def test_a_cluster_on_the_loopback_may_ask_for_no_token():
    with serving(Dashboard()) as url:
        assert look_at(url) == Cluster(url, "2.60.0", asks_for_token=False)


def test_a_ray_that_is_too_old_to_say_asks_for_no_token():
    with serving(Dashboard(answers={MODE: (404, b"", {})})) as url:
        assert look_at(url) == Cluster(url, "2.60.0", asks_for_token=False)


@pytest.mark.usefixtures("far")
def test_elsewhere_a_cluster_that_asks_for_no_token_is_refused():
    with serving(Dashboard()) as url:
        message = refused(url)
    assert message.startswith(f"The cluster at {url} asks for no token: whoever reaches it can run code on it.")
    assert "`insecure`" in message


@pytest.mark.usefixtures("far")
def test_that_can_be_accepted():
    with serving(Dashboard()) as url:
        assert look_at(url, insecure=True).asks_for_token is False


def test_a_token_that_is_missing_is_told_with_where_it_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv(token.PATH, str(tmp_path / "none"))
    with serving(Dashboard(SECRET)) as url:
        message = refused(url)
    assert message.startswith(
        f"The cluster at {url} asks for a token, and this machine has none: there is no {tmp_path}"
    )
    assert "RAY_AUTH_TOKEN_PATH" in message


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_is_told(status, with_token):
    served = Dashboard("another", answers={VERSION: (status, {"token": SECRET}, {})})
    with serving(served) as url:
        message = refused(url)
    assert message.startswith(f"The cluster at {url} refuses the token of this machine.")
    assert str(with_token) in message


@pytest.mark.usefixtures("with_token")
def test_the_right_token_is_accepted():
    with serving(Dashboard(SECRET)) as url:
        assert look_at(url) == Cluster(url, "2.60.0", asks_for_token=True)


@pytest.mark.usefixtures("with_token")
def test_the_first_question_is_asked_without_the_token():
    served = Dashboard(SECRET)
    with serving(served) as url:
        look_at(url)
    assert (served.asked, served.shown) == ([MODE, VERSION], [None, f"Bearer {SECRET}"])


@pytest.mark.usefixtures("with_token")
def test_the_token_is_not_shown_to_a_server_that_does_not_ask_for_it():
    served = Dashboard()
    with serving(served) as url:
        look_at(url)
    assert served.shown == [None, None]


@pytest.mark.usefixtures("with_token")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_does_not_follow_redirects(status):
    thief = Dashboard(SECRET)
    with serving(thief) as there:
        honest = Dashboard(SECRET, answers={VERSION: (status, b"", {"Location": there + VERSION})})
        with serving(honest) as url:
            assert "is not the dashboard of a Ray cluster" in refused(url)
    assert honest.shown == [None, f"Bearer {SECRET}"]
    assert thief.asked == []


@pytest.mark.usefixtures("with_token")
def test_a_proxy_never_sees_the_token_for_the_loopback(monkeypatch):
    proxy = Dashboard(SECRET)
    with serving(proxy) as thief, serving(Dashboard(SECRET)) as url:
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, thief)
        assert look_at(url).asks_for_token
    assert proxy.asked == []


def test_a_process_that_has_joined_a_cluster_asks_no_proxy_for_the_loopback(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("os.environ", {"no_proxy": "example.org,localhost"})
        import os

        with prepared_environment(joining=True), prepared_environment(joining=True):
            assert os.environ["no_proxy"] == "example.org,localhost,127.0.0.1,::1"
            assert os.environ["NO_PROXY"] == "127.0.0.1,localhost,::1"
        assert os.environ == {"no_proxy": "example.org,localhost"}


@pytest.mark.parametrize("broken", ["two\nlines", "not latin: \u20ac"])
def test_a_token_that_cannot_be_sent_is_not_shown_either(broken, tmp_path, monkeypatch):
    (tmp_path / "auth_token").write_text(SECRET + broken, encoding="utf-8")
    monkeypatch.setenv(token.PATH, str(tmp_path / "auth_token"))
    with serving(Dashboard(SECRET)) as url:
        refused(url)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://head:8265", True),
        ("https://head:8265", False),
        ("http://127.0.0.1:8265", False),
        ("http://[::1]:8265", False),
    ],
)
def test_what_crosses_a_network_unencrypted(url, plain):
    assert is_plain(url) is plain
