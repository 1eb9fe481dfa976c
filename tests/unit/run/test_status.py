"""`cnnjobs status` counts what runs by the columns of trials, whatever names variants have."""

import re
import time

from click.testing import CliRunner
from support.stores import stored_job

from cnnjobs.cli import main
from cnnjobs.store.files import Files
from cnnjobs.store.lock import Running, StoreLock, read_heartbeat
from cnnjobs.store.store import Store


def status_of(folder, *running):
    """What `status` prints while these run."""
    with StoreLock(Files(folder), every_s=0.01) as lock:
        lock.update(running)
        until = time.monotonic() + 10
        while read_heartbeat(Files(folder)).running != running and time.monotonic() < until:
            time.sleep(0.01)
        return CliRunner().invoke(main, ["status", str(folder)]).stdout


def test_a_variant_whose_name_begins_as_a_label_of_another_is_counted_by_itself(tmp_path):
    Store(Files(tmp_path)).write_job(stored_job(conditions={"a": "c0", "a, repeat 1": "c1"}))
    shown = status_of(tmp_path, Running("a, repeat 1", 0, None, "epoch 1 of 2"), Running("a, repeat 1", 1, None, "x"))
    assert re.search(r"^ *a +0/5 +0 +0 +0 +5 *$", shown, re.M), shown
    assert re.search(r"^ *a, repeat 1 +0/5 +0 +0 +2 +5 *$", shown, re.M), shown
    assert "running: a, repeat 1, repeat 1: epoch 1 of 2\n" in shown


def test_trials_of_folds_are_named_with_their_fold(tmp_path):
    store = Store(Files(tmp_path))
    store.write_job(stored_job(folds=2))
    which = {"trial_id": "t", "condition_id": "c0", "job": "job", "variant": "a", "repeat": 1, "fold": 0}
    store.commit(which | {"status": "failed", "error": "no memory", "log": "here"}, {}, None)
    shown = status_of(tmp_path, Running("a", 0, 1, "starting"))
    assert "running: a, repeat 1, fold 2: starting\n" in shown
    assert "failed: a, repeat 2, fold 1: no memory; log: here\n" in shown


def test_a_trial_that_makes_no_progress_is_shown_with_since_when(tmp_path):
    Store(Files(tmp_path)).write_job(stored_job())
    since = time.time() - 720
    shown = status_of(tmp_path, Running("a", 0, None, "epoch 1 of 2", quiet_since=since))
    told = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(since))
    assert f"running: a, repeat 1: epoch 1 of 2, no progress since {told} (12 min)\n" in shown
