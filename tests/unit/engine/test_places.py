"""An address means a place; what is malformed or does not answer is refused, and keys in it are not shown."""

import os
import socket
import time

import pytest

from cnnjobs.engine.places import Here, Joined, Remote, address_without_keys, answers, find_place, is_loopback
from cnnjobs.errors import ClusterError


@pytest.fixture
def listening():
    """host:port where something accepts connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def closed():
    """host:port where nothing does."""
    with socket.socket() as bound:  # bound, but it does not listen: nobody else takes the port meanwhile
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def current(tmp_path):
    """A function that writes the file in which Ray names the cluster that runs here; it returns the environment."""

    def write(content):
        (tmp_path / "ray").mkdir(exist_ok=True)
        (tmp_path / "ray" / "ray_current_cluster").write_bytes(content.encode())
        return {"RAY_TMPDIR": str(tmp_path)}

    return write


@pytest.fixture
def nothing(tmp_path):
    """An environment in which no Ray runs."""
    return {"RAY_TMPDIR": str(tmp_path)}


def refused(address, environment):
    with pytest.raises(ClusterError) as caught:
        find_place(address, environment)
    return str(caught.value)


def test_without_an_address_and_without_a_ray_it_is_this_machine(nothing):
    assert find_place(None, nothing) == Here()


def test_local_is_this_machine_even_where_a_ray_runs(current, listening):
    assert find_place("local", current(listening)) == Here()


def test_without_an_address_the_ray_that_runs_here_is_joined(current, listening):
    assert find_place(None, current(listening + "\n")) == Joined(listening)


def test_auto_joins_the_ray_that_runs_here(current, listening):
    assert find_place("auto", current(listening)) == Joined(listening)


def test_auto_without_a_ray_is_refused(nothing):
    message = refused("auto", nothing)
    assert message.startswith("`address=auto` needs a Ray that runs on this machine, and there is none.")
    assert "`ray start --head`" in message


def test_host_and_port_that_answer_are_joined(listening, nothing):
    assert find_place(listening, nothing) == Joined(listening)


def test_host_and_port_that_do_not_answer_are_refused_at_once(closed, nothing):
    began = time.monotonic()
    assert refused(closed, nothing).startswith(f"Nothing answers at {closed} within 5 s. Is the cluster up")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:8265", "http://127.0.0.1:8265"),
        ("http://head:8265/", "http://head:8265"),
        ("https://ray.example.org", "https://ray.example.org"),
        ("https://example.org/ray/", "https://example.org/ray"),
        ("http://[::1]:8265", "http://[::1]:8265"),
    ],
)
def test_urls_take_jobs_and_are_not_asked_yet(given, url, nothing):
    assert find_place(given, nothing) == Remote(url)


def test_the_environment_names_an_address_as_well(nothing):
    assert find_place(None, nothing | {"RAY_ADDRESS": "http://head:8265"}) == Remote("http://head:8265")


def test_an_address_that_is_given_comes_before_the_environment(nothing):
    assert find_place("local", nothing | {"RAY_ADDRESS": "http://head:8265"}) == Here()


def test_an_empty_variable_names_nothing(nothing):
    assert find_place(None, nothing | {"RAY_ADDRESS": ""}) == Here()


def test_the_ray_of_another_user_is_not_joined(current, listening, monkeypatch):
    environment = current(listening)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert find_place(None, environment) == Here()
    assert "there is none" in refused("auto", environment)


def test_a_link_to_a_file_of_this_user_is_not_followed(tmp_path, listening, nothing):
    (tmp_path / "own").write_text(listening)
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").symlink_to(tmp_path / "own")
    assert find_place(None, nothing) == Here()


def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(tmp_path, nothing):
    (tmp_path / "ray").mkdir()
    os.mkfifo(tmp_path / "ray" / "ray_current_cluster")
    assert find_place(None, nothing) == Here()


def test_a_ray_that_ended_without_saying_so_is_not_joined(current, closed):
    assert find_place(None, current(closed)) == Here()


@pytest.mark.parametrize("content", ["", "nonsense", "host:port", "\udcff", "127.0.0.1:99999", "127.0.0.1:²"])
def test_a_file_that_names_no_address_is_passed_over(content, tmp_path, nothing):
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_bytes(content.encode(errors="surrogateescape"))
    assert find_place(None, nothing) == Here()


def test_where_no_folder_is_named_ray_itself_would_look_in_tmp(monkeypatch):
    asked = []

    def look(path, flags):
        asked.append(str(path))
        raise FileNotFoundError

    monkeypatch.setattr(os, "open", look)
    assert find_place(None, {}) == Here()
    assert asked == ["/tmp/ray/ray_current_cluster"]


MALFORMED = [
    "head",
    ":6379",
    "head:",
    "head:port",
    "head:0",
    "head:65536",
    "head:-1",
    "head:²",
    "head:" + "9" * 5000,
    "he ad:6379",
    "ray://head:10001",
    "head/path:6379",
    "ftp://head:21",
    "HTTP://head:8265",
    "http://",
    "http://:8265",
    "http://head:port",
    "http://head:0",
    "http://head:99999",
    "http://he ad:8265",
    "http://[::1:8265",
    "http://head:8265/#jobs",
    "http://head:8265/?a=b",
]


@pytest.mark.parametrize("address", MALFORMED, ids=lambda address: address[:24])
def test_other_forms_are_refused_with_those_there_are(address, nothing):
    message = refused(address, nothing)
    assert message.startswith("`address` must be the URL of a cluster's dashboard such as http://127.0.0.1:8265, ")
    shown = repr(address_without_keys(address))
    assert f"Received: {shown[:200]}" in message
    assert message.endswith(f"{shown[-200:]}.")


@pytest.mark.parametrize(
    "address",
    [
        "user:secret@head:6379",
        "http://user:secret@head:8265",
        "http://:secret@head:8265",
        "http://secret@head:8265",
        "http://user:se@secret@head:8265",
        "http://user:12/secret@head:8265",
        "ray://user:secret@head:10001",
        "http://head:8265?token=secret",
        "http://user:pass@head:8265/?token=secret",
    ],
)
def test_keys_in_an_address_are_refused_and_not_shown(address, nothing):
    for message in (refused(address, nothing), refused(None, nothing | {"RAY_ADDRESS": address})):
        assert "secret" not in message
        assert "pass@" not in message
        assert "head:" in message


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "LocalHost", "::1", "[::1]"])
def test_hosts_of_the_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "10.0.0.1", "::", "localhost.example.org", "127.0.0.1.example.org"])
def test_other_hosts_are_not_the_loopback(host):
    assert not is_loopback(host)


def test_names_are_not_looked_up_to_tell_the_loopback(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a name was looked up"))
    assert not is_loopback("head.example.org")


def test_what_accepts_connections_answers(listening, closed):
    for address, expected in ((listening, True), (closed, False)):
        host, _, port = address.rpartition(":")
        assert answers(host, int(port)) is expected


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".org"])
def test_a_name_that_cannot_be_one_does_not_answer(host, nothing):
    assert not answers(host, 6379)
    assert "Nothing answers at" in refused(f"{host}:6379", nothing)
