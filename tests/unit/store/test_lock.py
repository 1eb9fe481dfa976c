"""Heartbeats: two submits do not meet on a store, and `status` can tell what runs."""

import contextlib
import json
import os
import platform
import subprocess
import sys
import time

import pytest

from cnnjobs.errors import StoreError
from cnnjobs.process.machine import process_birth
from cnnjobs.store.files import Files
from cnnjobs.store.lock import GLANCE_S, POLL_S, PREFIX, SILENT_S, YIELD_S, Pace, Running, StoreLock, read_heartbeat


def test_two_submits_do_not_meet_on_a_store(tmp_path):
    files = Files(tmp_path)
    first = StoreLock(files)
    with pytest.raises(StoreError, match=f"Another submit is at work on .* .process {os.getpid()} on "):
        StoreLock(files)
    first.release()
    StoreLock(files).release()
    assert list(tmp_path.iterdir()) == []


def test_signs_of_life_say_what_is_running(tmp_path):
    told = Running("one", 0, 2, "epoch 2")
    with StoreLock(Files(tmp_path), every_s=0.01) as lock:
        lock.update([told])
        until = time.monotonic() + 10
        while read_heartbeat(Files(tmp_path)).running != (told,) and time.monotonic() < until:
            time.sleep(0.01)
        assert read_heartbeat(Files(tmp_path)).running == (told,)
    assert read_heartbeat(Files(tmp_path)) is None


def test_the_first_trial_that_runs_is_told_at_once(tmp_path):
    """Else `status` would know of none for seconds."""
    told = Running("one", 0, None, "starts")
    with StoreLock(Files(tmp_path), every_s=60) as lock:
        lock.update([told])
        until = time.monotonic() + 10
        while not read_heartbeat(Files(tmp_path)).running and time.monotonic() < until:
            time.sleep(0.01)
        assert read_heartbeat(Files(tmp_path)).running == (told,)


def test_leaving_does_not_take_away_the_claim_of_another(tmp_path):
    lock = StoreLock(Files(tmp_path), every_s=60)
    (other,) = changed_heartbeat(tmp_path, scope="another boot")
    lock.release()
    assert [path.name for path in tmp_path.iterdir()] == [other]


def changed_heartbeat(folder, name=f"{PREFIX}0{PREFIX}.json", **changes):
    """Leave a sign of another, made from one of this process."""
    with contextlib.ExitStack() as stack:
        if not list(folder.glob(f"{PREFIX}*")):
            stack.enter_context(StoreLock(Files(folder), every_s=60))
        document = json.loads(next(folder.glob(f"{PREFIX}*")).read_text()) | changes
    (folder / name).write_text(json.dumps(document))
    return {name: document}


CLAIM = """
import sys
from cnnjobs.errors import StoreError
from cnnjobs.store.files import Files
from cnnjobs.store.lock import StoreLock

print("ready", flush=True)
sys.stdin.readline()
try:
    with StoreLock(Files(sys.argv[1])):
        print("claimed", flush=True)
        sys.stdin.readline()
except StoreError:
    print("refused", flush=True)
"""


def test_of_several_that_begin_in_the_same_instant_one_claims_the_store(tmp_path):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    for round_ in range(3):
        folder = tmp_path / str(round_)
        begun = [subprocess.Popen([sys.executable, "-c", CLAIM, str(folder)], **pipes) for _ in range(4)]
        for process in begun:
            assert process.stdout.readline() == "ready\n"
        for process in begun:
            process.stdin.write("\n")
            process.stdin.flush()
        told = sorted(process.stdout.readline().strip() for process in begun)
        assert told == ["claimed", "refused", "refused", "refused"]
        for process in begun:
            process.communicate("\n", timeout=30)
        assert list(folder.iterdir()) == []


def test_a_dead_process_does_not_hold_the_store_even_if_its_number_is_used_again(tmp_path):
    changed_heartbeat(tmp_path, born="1")
    assert not read_heartbeat(Files(tmp_path)).alive
    StoreLock(Files(tmp_path)).release()
    assert list(tmp_path.iterdir()) == [], "what the dead have left is gone too"


class Elsewhere:
    """A submit on another machine, whose processes cannot be seen from here, as time passes.

    Args:
        folder: of the store.
        gives: the seconds at which it gives a heartbeat.
        ends: the second at which it takes its claim back; None for never.
    """

    def __init__(self, folder, gives=(), ends=None):
        ((name, self.document),) = changed_heartbeat(folder, scope="another boot", host="elsewhere").items()
        self.path, self.gives, self.ends, self.now = folder / name, gives, ends, 0.0

    @property
    def pace(self):
        return Pace(lambda: self.now, self.sleep)

    def sleep(self, seconds):
        self.now += seconds
        beats = sum(at <= self.now for at in self.gives)
        if self.ends is not None and self.now >= self.ends:
            self.path.unlink(missing_ok=True)
        else:
            self.path.write_text(json.dumps(self.document | {"beat": self.document["beat"] + beats}))


@pytest.mark.parametrize("first", [4, 60, SILENT_S - 1])
def test_a_submit_on_another_machine_that_gives_a_sign_is_at_work(tmp_path, first):
    there, told = Elsewhere(tmp_path, gives=[first]), []
    with pytest.raises(StoreError, match=r"Another submit is at work on .* .process \d+ on elsewhere"):
        StoreLock(Files(tmp_path), say=told.append, pace=there.pace)
    assert there.now == pytest.approx(first, abs=POLL_S)
    assert there.path.exists()
    assert ["which cannot be seen from here: waiting up to 120 s" in line for line in told] == [True]


def test_a_silent_submit_on_another_machine_is_taken_for_dead_after_it_was_watched(tmp_path):
    there = Elsewhere(tmp_path)
    StoreLock(Files(tmp_path), pace=there.pace).release()
    assert SILENT_S <= there.now < SILENT_S + YIELD_S
    assert list(tmp_path.iterdir()) == []


def test_a_submit_on_another_machine_that_ends_is_not_waited_for(tmp_path):
    there = Elsewhere(tmp_path, ends=7)
    StoreLock(Files(tmp_path), pace=there.pace).release()
    assert there.now < 7 + 2 * POLL_S


def test_of_a_machine_with_another_clock_nothing_is_believed_but_that_it_changes(tmp_path):
    """Its host may even have our name, as machines made from one image have."""
    there = Elsewhere(tmp_path, gives=[3])
    there.document |= {"host": platform.node(), "at": -1e9, "pid": os.getpid(), "born": process_birth(os.getpid())}
    assert read_heartbeat(Files(tmp_path), there.pace).alive
    silent = Elsewhere(tmp_path)
    assert not read_heartbeat(Files(tmp_path), silent.pace).alive
    assert silent.now == pytest.approx(GLANCE_S, abs=POLL_S)


def test_a_claim_that_appears_meanwhile_is_of_one_alive_whatever_machine_it_is_of(tmp_path, monkeypatch):
    give = StoreLock._give

    def giving(self):
        give(self)
        changed_heartbeat(tmp_path, name=f"{PREFIX}-{PREFIX}.json", scope="another boot", host="elsewhere")

    monkeypatch.setattr(StoreLock, "_give", giving)
    with pytest.raises(StoreError, match="Another submit is at work"):
        StoreLock(Files(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [f"{PREFIX}-{PREFIX}.json"]


def test_a_sign_cut_short_is_no_sign(tmp_path):
    (tmp_path / f"{PREFIX}0.json").write_text("{")
    assert read_heartbeat(Files(tmp_path)) is None
