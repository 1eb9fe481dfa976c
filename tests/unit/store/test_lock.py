"""Heartbeats: two submits do not meet on a store, and `status` can tell what runs."""

import contextlib
import json
import os
import subprocess
import sys
import time

import pytest

from cnnjobs.errors import StoreError
from cnnjobs.store.files import Files
from cnnjobs.store.lock import PREFIX, Running, StoreLock, read_heartbeat


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
    (other,) = changed_heartbeat(tmp_path, host="elsewhere")
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


def test_a_silent_submit_on_another_machine_is_taken_for_dead(tmp_path):
    ((_, document),) = changed_heartbeat(tmp_path, host="elsewhere").items()
    at = document["at"]
    assert read_heartbeat(Files(tmp_path), now=lambda: at + 60).alive
    assert not read_heartbeat(Files(tmp_path), now=lambda: at + 600).alive


def test_a_sign_cut_short_is_no_sign(tmp_path):
    (tmp_path / f"{PREFIX}0.json").write_text("{")
    assert read_heartbeat(Files(tmp_path)) is None
