"""What a function of the user's changes of its process is put back, and what cannot be is named."""

import gc
import locale
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from cnnjobs.process.process_state import ProcessState

CHANGES = {
    "recursion limit": lambda folder: sys.setrecursionlimit(300),
    "working folder": os.chdir,
    "a variable": lambda folder: os.environ.update(MINE="1", PATH="/nowhere"),
    "a removed variable": lambda folder: os.environ.pop("PATH"),
    "open files": lambda folder: resource.setrlimit(
        resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    ),
    "rights": lambda folder: os.umask(0o777),
    "temporary folder": lambda folder: setattr(tempfile, "tempdir", str(folder)),
    "import path": lambda folder: sys.path.insert(0, str(folder)),
    "stream": lambda folder: setattr(sys, "stdout", None),
    "hook": lambda folder: setattr(sys, "excepthook", print),
    "warnings": lambda folder: warnings.simplefilter("error"),
    "signal": lambda folder: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    "timer": lambda folder: signal.setitimer(signal.ITIMER_REAL, 1000.0),
    "locale": lambda folder: locale.setlocale(locale.LC_ALL, "C.UTF-8" if locale.setlocale(0) == "C" else "C"),
    "numpy": lambda folder: np.seterr(all="raise"),
    "collection": lambda folder: gc.disable(),
    "sockets": lambda folder: socket.setdefaulttimeout(1),
    "switches": lambda folder: sys.setswitchinterval(1.5),
    "time zone": lambda folder: (os.environ.update(TZ="Asia/Tokyo"), time.tzset()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_was_changed_is_as_before(change, tmp_path):
    before, zone = ProcessState.now(), time.tzname
    change(tmp_path)
    changed = ProcessState.now()
    left = before.restore()
    assert changed != before, "the change is one that is looked at"
    assert left == []
    assert ProcessState.now() == before
    assert time.tzname == zone


@pytest.fixture
def no_timer():
    """Puts back what runs now: the time that this test may take."""
    kept = signal.getsignal(signal.SIGALRM), signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, lambda *_: None)
    yield
    signal.setitimer(signal.ITIMER_REAL, *kept[1])
    signal.signal(signal.SIGALRM, kept[0])


@pytest.mark.parametrize("every_s", [0.0, 30.0])
def test_a_timer_that_runs_on_has_not_changed(no_timer, every_s):
    """A person's program may have one, as a time limit of its own: each trial would need a new process otherwise."""
    began = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, 1000.0 if not every_s else 1.0, every_s)
    before = ProcessState.now()
    time.sleep(1.3)  # one that repeats has come meanwhile
    assert ProcessState.now() == before
    assert before.restore() == []
    left, since = signal.getitimer(signal.ITIMER_REAL)[0], time.monotonic() - began
    assert left == pytest.approx(31.0 - since if every_s else 1000.0 - since, abs=0.4)


@pytest.mark.parametrize("other", [(0.0, 0.0), (10.0, 0.0), (1000.0, 1000.0)])
def test_a_timer_that_was_changed_is_put_back_at_its_time(no_timer, other):
    signal.setitimer(signal.ITIMER_REAL, 1000.0)
    before = ProcessState.now()
    began = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, *other)
    assert ProcessState.now() != before
    time.sleep(0.6)
    assert before.restore() == []
    left, since = signal.getitimer(signal.ITIMER_REAL), time.monotonic() - began
    assert left == (pytest.approx(1000 - since, abs=0.3), 0.0)


def test_a_timer_that_has_come_meanwhile_does_not_come_again(no_timer):
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    before = ProcessState.now()
    time.sleep(0.7)
    assert ProcessState.now() == before
    signal.setitimer(signal.ITIMER_REAL, 1000.0)
    assert before.restore() == []
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_working_folder_that_was_removed_is_left(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = ProcessState.now()
    other = tmp_path / "other"
    other.mkdir()
    os.chdir(other)
    other.rmdir()
    assert before.restore() == []
    assert Path.cwd() == tmp_path


def test_what_cannot_be_put_back_is_named(tmp_path):
    code = (
        "import os\nfrom cnnjobs.process.process_state import ProcessState\nos.mkdir('gone')\nos.chdir('gone')\n"
        "before = ProcessState.now()\nos.chdir('..')\nos.rmdir('gone')\nprint(before.restore())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['current folder']"


def test_where_nothing_changed_nothing_is_done():
    before = ProcessState.now()
    began = time.perf_counter()
    assert before.restore() == []
    assert time.perf_counter() - began < 0.1
    assert threading.current_thread() is threading.main_thread()
