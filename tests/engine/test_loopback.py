"""A Ray of this machine's own is open to nobody else: its sockets, its token, its processes' arguments."""

import contextlib
import os
import stat
from pathlib import Path

import pytest
from support import fakes

from cnnjobs import SGD, Job, Variant, vgg
from cnnjobs.engine.base import TrialResources, Work
from cnnjobs.messages import Result
from cnnjobs.planning.trials import make_plan
from cnnjobs.run.backends import open_engine

psutil = pytest.importorskip("psutil")


def family():
    """All that this process has started, and they."""
    return {*psutil.Process().children(recursive=True)}


def arguments_of(processes):
    """Their words; nothing of those that have ended meanwhile."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            yield " ".join(process.cmdline())


def listening(processes):
    """Addresses that these processes accept connections on."""
    found = set()
    for process in processes:
        try:
            found |= {one.laddr.ip for one in process.net_connections("inet") if one.status == psutil.CONN_LISTEN}
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What there was to see while two trials ran."""
    home = tmp_path_factory.mktemp("home")
    found = {"listening": set(), "arguments": [], "home": home}
    variants = {"calm": Variant(model=vgg(), optimizer=SGD(0.1), epochs=3)}
    trials = make_plan(Job(name="a", dataset="digits", repeats=2, variants=variants), "data").trials
    work = Work(trials, fakes.tiny_dataset(), fakes.fake_worker, TrialResources(1, 0, 1), at_once=2, modules=(fakes,))

    def look(trial, message):
        if isinstance(message, Result):
            processes = family() - before  # Chromium of another file's tests may still run
            found["listening"] |= listening({psutil.Process(), *processes})
            found["arguments"] += arguments_of(processes)
            found["token"] = Path(os.environ["RAY_AUTH_TOKEN_PATH"])
            found["log"] = message.log

    before = family()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        with contextlib.closing(open_engine(cpus=2, gpus=0, verbose=False)) as engine:
            engine.run(work, look)
    return found


def test_every_socket_is_on_the_loopback(seen):
    assert seen["listening"], "Ray listens somewhere"
    assert {address.removeprefix("::ffff:") for address in seen["listening"]} <= {"127.0.0.1", "::1"}


def test_the_token_is_a_file_that_its_owner_alone_can_read(seen):
    assert stat.S_IMODE(seen["token"].stat().st_mode) == 0o600
    assert stat.S_IMODE(seen["token"].parent.stat().st_mode) == 0o700


def test_no_process_has_the_token_among_its_arguments(seen):
    token = seen["token"].read_text()
    assert len(token) == 64
    assert len(seen["arguments"]) > 3
    assert not [words for words in seen["arguments"] if token in words]
    assert token not in seen["log"]


def test_nothing_is_written_into_the_home_directory(seen):
    assert not list(seen["home"].rglob("auth_token"))
