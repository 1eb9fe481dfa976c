"""What the page shows of a store: while a submit is at work, as it has ended, and what a look at it counts for."""

import json
import shutil
import time

import numpy as np
import pytest
from support.decided import A, B, decided_store
from support.fakes import Clock, FakeWorker, StopAfter, run_in
from support.stores import made_up_store

from cnnjobs.live.runs import FinishedRuns, bands
from cnnjobs.live.view import JobView, newest
from cnnjobs.messages import Status
from cnnjobs.store import live
from cnnjobs.store.compaction import compact
from cnnjobs.store.files import Files
from cnnjobs.store.lock import GLANCE_S, Pace, Pulse
from cnnjobs.store.looks import read_looks
from cnnjobs.store.store import Store


class NoMachine:
    """A machine of which nothing is known."""

    def now(self):
        return {}

    def close(self):
        pass


def view_of(folder):
    return JobView(Files(folder), machine=NoMachine())


def looks(folder):
    return len(read_looks(Files(folder)).looks)


@pytest.fixture
def seen(tmp_path, monkeypatch):
    """What a page in another process shows at each message of a small job, and what it shows in the end."""
    monkeypatch.setattr(live, "EVERY_S", 0.01)
    view, shown = view_of(tmp_path / "results" / "tiny"), []

    class Watched(FakeWorker):
        def run(self, trial):
            for told, message in enumerate(super().run(trial)):
                until = time.monotonic() + 10
                while len(view.parts().get(f"trial:{trial.trial_id}", {}).get("points", "none yet")) != told:
                    assert time.monotonic() < until
                shown.append(view.parts())
                yield message

    variants = '"one": base, "raises": base.but(batch_size=5),'
    run_in(tmp_path, epochs=3, repeats=3, variants=variants, worker=lambda data, resources, _: Watched(data, resources))
    return shown, view.parts(), tmp_path / "results" / "tiny"


def test_curves_of_a_running_trial_grow_and_become_a_band_when_it_ends(seen):
    shown, end, _ = seen
    points = [[len(part["points"]) for key, part in parts.items() if key.startswith("trial:")] for parts in shown]
    assert points == [[0], [1], [2], [3]] * 3
    assert all(parts["now"]["state"] == "running" for parts in shown)
    assert end["band:one"]["runs"] == 3
    assert end["band:one"]["epochs"] == [1, 2, 3]
    low, middle, high = np.array(end["band:one"]["val_accuracy"])
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert not [key for key in end if key.startswith("trial:")]


def test_failed_trials_are_shown_with_their_logs(seen):
    _, end, _ = seen
    assert end["failed"]["count"] == 3
    first = end["failed"]["trials"][0]
    assert first["error"] == "RuntimeError: no such layer"
    assert "Traceback" in first["log"]
    assert first["place"].startswith("results/tiny/logs/")
    rows = {row["name"]: row for row in end["table"]}
    assert (rows["one"]["completed"], rows["raises"]["failed"], rows["raises"]["mean"]) == (3, 3, "-")
    assert json.dumps(end, allow_nan=False)


def test_what_has_ended_says_so_and_since_when(tmp_path):
    made_up_store(tmp_path, runs=5)
    now = view_of(tmp_path / "job").parts()["now"]
    assert (now["state"], now["done"], now["expected"]) == ("complete", 10, 10)
    assert now["text"].startswith("Complete")


def test_a_run_that_was_stopped_or_cut_off_says_so(tmp_path):
    run_in(tmp_path, repeats=4, engine=StopAfter(2))
    folder = tmp_path / "results" / "tiny"
    now = view_of(folder).parts()["now"]
    assert now["state"] == "stopped"
    assert "Stopped. 2 of 8 trials were finished" in now["text"]
    (folder / "logs" / "stopped.txt").unlink()
    dead = {"pid": 1, "host": "gone", "scope": "another", "born": "", "beat": 7, "running": []}
    (folder / "running-0.json").write_text(json.dumps(dead))
    clock = Clock()
    view = view_of(folder)
    view._pulse = Pulse(Files(folder), Pace(clock))
    now = view.parts()["now"]
    assert now["state"] == "running", "its machine cannot be seen: it is given a while"
    assert (now["text"], now["fraction"]) == ("2 of 8 trials are stored", 0.25), "what it tells of itself is not here"
    clock.now += GLANCE_S + 1
    assert "was cut off" in view.parts()["now"]["text"]


def test_a_page_that_is_open_is_no_look_until_somebody_asks(tmp_path):
    made_up_store(tmp_path, runs=5)
    folder = tmp_path / "job"
    view = view_of(folder)
    for _ in range(3):
        part = view.parts()["comparison"]
        assert part["ask"]
        assert "cells" not in part
        assert "counts as a look" in part["about"]
    assert looks(folder) == 0
    view.look()
    part = view.parts()["comparison"]
    assert not part["ask"]
    assert part["cells"][0][1] == "5"
    assert looks(folder) == 1
    view.look()
    view.parts()
    assert looks(folder) == 1, "the same runs again are none"


def test_runs_that_were_compared_before_are_compared_at_once(tmp_path):
    made_up_store(tmp_path, runs=5)
    before = view_of(tmp_path / "job")
    assert before.parts()["comparison"]["ask"]
    other = view_of(tmp_path / "job")
    other.look()
    other.parts()
    part = before.parts()["comparison"]
    assert not part["ask"], "as after the end of the submit, which is a look"
    assert "does not count again" in part["about"]
    assert looks(tmp_path / "job") == 1


def test_a_job_with_a_rule_may_be_watched(tmp_path):
    decided_store(tmp_path, {"clear": A, "open": B[:6]})
    part = view_of(tmp_path / "job").parts()["comparison"]
    assert not part["ask"]
    assert "allows for a look after every repeat" in part["about"]
    assert any("clear is better than baseline" in one for one in part["sentences"])
    assert "equential" in " ".join(part["header"]) + part["note"]
    assert looks(tmp_path / "job") == 0


def test_no_lock_is_taken_and_nothing_is_written(tmp_path):
    made_up_store(tmp_path, runs=3)
    folder = tmp_path / "job"
    before = sorted(path.relative_to(folder) for path in folder.rglob("*"))
    view = view_of(folder)
    for _ in range(2):
        view.parts()
    assert sorted(path.relative_to(folder) for path in folder.rglob("*")) == before


def test_runs_are_read_once_however_they_are_compacted(tmp_path, monkeypatch):
    store = made_up_store(tmp_path, runs=6)
    runs = FinishedRuns(Files(tmp_path / "job"), "test_accuracy")
    conditions = store.kept_job().conditions.values()
    assert runs.update(conditions)
    rows, curves = dict(runs.rows), dict(runs.curves)
    assert len(rows) == len(curves) == 12
    compact(store, least=1)
    assert runs.update(conditions)
    assert runs.rows == rows
    assert runs.curves.keys() == curves.keys()
    fresh = FinishedRuns(Files(tmp_path / "job"), "test_accuracy")
    fresh.update(conditions)
    assert fresh.rows == rows
    assert all((fresh.curves[trial] == curve).all() for trial, curve in curves.items())
    changes = runs.changes
    monkeypatch.setattr(runs._trials, "rows_or_damage", None)
    runs.update(conditions)
    assert runs.changes == changes, "no file is read twice"


def test_a_trial_that_runs_again_replaces_the_one_that_failed(tmp_path):
    store = made_up_store(tmp_path, runs=2)
    runs = FinishedRuns(Files(tmp_path / "job"), "test_accuracy")
    runs.update(store.kept_job().conditions.values())
    row = next(iter(runs.rows.values()))
    keys = ("trial_id", "condition_id", "repeat", "fold")
    again = {name: row[name] for name in keys} | {"job": "job", "variant": "a"}
    store.commit(again | {"trial_id": "f" * 20, "repeat": 7, "status": Status.FAILED, "error": "bad"}, {}, None)
    runs.update(())
    assert runs.rows["f" * 20]["status"] == Status.FAILED
    store.commit(again | {"trial_id": "f" * 20, "repeat": 7, "status": Status.COMPLETED}, {}, None)
    runs.update(())
    assert runs.rows["f" * 20]["status"] == Status.COMPLETED


def test_results_that_are_deleted_go_from_the_page(tmp_path):
    made_up_store(tmp_path, runs=2)
    view = view_of(tmp_path / "job")
    view.parts()
    for path in sorted((tmp_path / "job" / "trials").iterdir())[:2]:
        path.unlink()
    assert sum(row["completed"] for row in view.parts()["table"]) == 2


def test_a_damaged_file_is_named_and_the_rest_is_shown(tmp_path):
    made_up_store(tmp_path, runs=3)
    sorted((tmp_path / "job" / "trials").iterdir())[0].write_bytes(b"garbage")
    parts = view_of(tmp_path / "job").parts()
    assert "cannot be read" in parts["notes"][0]
    assert sum(row["completed"] for row in parts["table"]) == 5


def test_a_place_without_a_job_is_waited_for(tmp_path):
    view = view_of(tmp_path / "job")
    assert view.parts()["now"]["state"] == "waiting"
    made_up_store(tmp_path, runs=1)
    assert view.parts()["job"]["name"] == "job"


def test_of_many_epochs_some_are_told_the_last_among_them():
    curve = np.arange(4000, dtype=np.float32).reshape(1000, 4) / 4000
    told = bands([curve, curve[:500]], 100)
    assert len(told["epochs"]) == 100
    assert (told["epochs"][0], told["epochs"][-1]) == (1, 1000)
    assert told["loss"][1][-1] == pytest.approx(curve[-1, 0], rel=1e-4), "of the run that is so long"


def test_the_job_that_runs_or_ran_last_is_meant(tmp_path):
    for name in ("old", "new"):
        made_up_store(tmp_path, job=name, runs=1)
    shutil.copystat(tmp_path / "new", tmp_path / "old")
    stores = [Store(Files(tmp_path / name)) for name in ("new", "old")]
    assert newest(stores).kept_job().name == "new"
