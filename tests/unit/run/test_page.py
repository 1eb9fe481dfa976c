"""The page of a submit: a process beside it, which is there at once, and gone when the submit is, however that ends."""

import signal
import sys
import time
import urllib.error
import urllib.request

import pytest
from support.commands import StartedProcess
from support.stores import made_up_store

from cnnjobs.run.page import Page, PageOf

PARENT = """
import sys, time
from cnnjobs.run.page import Page, PageOf

Page().open(PageOf(sys.argv[1]), lambda line: print(line, flush=True))
time.sleep(100)
"""


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def is_served(url):
    try:
        get(url)
    except (urllib.error.URLError, ConnectionError):
        return False
    return True


@pytest.fixture
def place(tmp_path):
    made_up_store(tmp_path, runs=2)
    return str(tmp_path / "job")


def test_it_is_served_from_open_to_close_once(place):
    page, said = Page(), []
    page.open(PageOf(place), said.append)
    page.open(PageOf(place), said.append)
    (line,) = said
    url = line.removeprefix("  watch: ")
    assert "<h1" in get(url), "asked for at once, it answers as soon as it can"
    with urllib.request.urlopen(f"{url}events", timeout=30) as events:
        assert any(b'"name":"job"' in line for line in iter(events.readline, b""))
        page.close()
        assert b"The submit has ended" in events.read()
    assert not is_served(url)


def test_one_that_does_not_leave_is_ended_without_an_error(place, monkeypatch):
    monkeypatch.setattr("cnnjobs.run.page.PROGRAM", "import time; time.sleep(100)")
    monkeypatch.setattr("cnnjobs.run.page.LEAVES_S", 0.2)
    page, said = Page(), []
    page.open(PageOf(place), said.append)
    page.close()
    assert not is_served(said[0].removeprefix("  watch: "))


def test_one_that_was_never_opened_is_closed_as_well():
    Page().close()


def test_it_ends_with_a_submit_that_is_killed(place):
    with StartedProcess([sys.executable, "-c", PARENT, place], stderr=None) as parent:
        url = parent.stdout.readline().strip().removeprefix("watch: ")
        assert "<h1" in get(url)
        parent.send_signal(signal.SIGKILL)
    until = time.monotonic() + 20
    while is_served(url):
        assert time.monotonic() < until
        time.sleep(0.1)
