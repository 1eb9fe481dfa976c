"""The record of trials under way: it grows by lines, is read while it does, and never stands in a run's way."""

import json
import threading
import time

import pytest
from support.fakes import FakeWorker, StopAfter, run_in

from cnnjobs import Job, Variant, vgg
from cnnjobs.planning.trials import make_plan
from cnnjobs.store import live
from cnnjobs.store.files import Files
from cnnjobs.store.live import LiveReader, LiveRecord, live_file

BASE = Variant(model=vgg(), epochs=4)
ONE, TWO = make_plan(Job(name="a", dataset="digits", repeats=2, variants={"base": BASE}), "data").trials
NOW = {"line": "1/2 done", "fraction": 0.5, "left": "3 s"}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "job" / live.NAME


@pytest.fixture
def record(path):
    """A record that is written when a test says so."""
    record = LiveRecord(path, lambda: NOW, every_s=1000)
    path.parent.mkdir()
    record._thread = threading.Thread(target=bool)
    record.begin(pid=1, trials=2)
    yield record
    record.close()


def tell(record):
    record._write()


def test_a_reader_in_another_process_sees_curves_grow(record, path):
    reader = LiveReader(path)
    record.start(ONE)
    record.add(ONE, 1, {"loss": 2.0, "accuracy": 0.25})
    tell(record)
    (trial,) = reader.read().trials.values()
    assert (trial.variant, trial.repeat, trial.fold, trial.epochs) == ("base", 0, None, 4)
    assert trial.points == {1: [2.0, 0.25, None, None]}
    record.add(ONE, 2, {"loss": 1.0, "accuracy": 0.5, "val_loss": 1.5, "val_accuracy": float("nan")})
    tell(record)
    reader.read()
    assert trial.points[2] == [1.0, 0.5, 1.5, None], "added to what was read, and JSON has no nan"
    assert reader.state.now == NOW


def test_it_is_written_once_a_while_however_much_is_said_and_soon_after(path):
    record = LiveRecord(path, lambda: NOW, every_s=0.02)
    record.begin()
    record.start(ONE)
    for epoch in range(1, 1001):
        record.add(ONE, epoch, {"loss": 1.0})
    reader, until = LiveReader(path), time.monotonic() + 10
    while len(points := [one.points for one in reader.read().trials.values()]) < 1 or len(points[0]) < 1000:
        assert time.monotonic() < until, "what was said last is written, though nothing follows"
    assert path.read_text().count("now") < 100
    record.close()
    assert not record._thread.is_alive()
    assert not path.exists()


def test_trials_that_have_ended_leave_the_record(record, path):
    reader = LiveReader(path)
    for trial in (ONE, TWO):
        record.start(trial)
    record.end(ONE)
    tell(record)
    assert list(reader.read().trials) == [TWO.trial_id]


def test_a_trial_that_goes_on_in_another_process_keeps_its_curve(record, path):
    record.start(ONE)
    record.add(ONE, 1, {"loss": 2.0})
    record.start(ONE)
    record.add(ONE, 2, {"loss": 1.0})
    tell(record)
    assert sorted(LiveReader(path).read().trials[ONE.trial_id].points) == [1, 2]


def test_a_long_record_is_written_anew_with_what_runs_still(record, path, monkeypatch):
    reader = LiveReader(path)
    monkeypatch.setattr(live, "MOST_BYTES", 2000)
    record.note("a note")
    record.start(TWO)
    record.add(TWO, 1, {"loss": 3.0})
    for _ in range(30):
        record.start(ONE)
        record.add(ONE, 1, {"loss": 1.0})
        record.end(ONE)
        tell(record)
        reader.read()
    assert path.stat().st_size < 4000
    state = reader.read()
    assert list(state.trials) == [TWO.trial_id]
    assert state.trials[TWO.trial_id].points == {1: [3.0, None, None, None]}
    assert state.notes == ["a note"]


def test_half_a_line_is_read_when_it_is_whole_and_nonsense_is_passed_over(record, path):
    record.start(ONE)
    tell(record)
    reader = LiveReader(path)
    reader.read()
    line = json.dumps({"trial": ONE.trial_id, "epoch": 1, "values": [1, 1, 1, 1]})
    with open(path, "a") as stream:
        stream.write(f'garbage\n[1]\n{{"trial": "x", "started": 1}}\n{{"epoch": 1}}\n{line[:20]}')
    assert reader.read().trials[ONE.trial_id].points == {}
    with open(path, "a") as stream:
        stream.write(f"{line[20:]}\n")
    assert reader.read().trials[ONE.trial_id].points == {1: [1, 1, 1, 1]}


def test_a_record_that_is_gone_says_that_nothing_runs(record, path):
    record.start(ONE)
    tell(record)
    reader = LiveReader(path)
    assert reader.read().trials
    record.close()
    assert not reader.read().trials
    assert not path.exists()


def test_a_disk_that_takes_nothing_stands_in_nobodys_way(tmp_path):
    (tmp_path / "file").write_text("no folder")
    record = LiveRecord(tmp_path / "file" / live.NAME, lambda: NOW, every_s=0.01)
    record.begin()
    record.start(ONE)
    record._thread.join(10)
    assert not record._thread.is_alive()
    record.end(ONE)
    record.close()


def test_results_in_object_storage_have_theirs_on_the_machine_that_submits(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNJOBS_CACHE", str(tmp_path))
    places = {live_file(Files(f"s3://bucket/{name}?region=eu-west-1")) for name in ("a", "b")}
    assert len(places) == 2
    assert all(place.is_relative_to(tmp_path) for place in places)
    assert live_file(Files(tmp_path / "job")) == tmp_path / "job" / "live.jsonl"


def test_a_submit_writes_one_and_takes_it_away_however_it_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(live, "EVERY_S", 0.01)
    file, seen = tmp_path / "results" / "tiny" / live.NAME, []

    class Watched(FakeWorker):
        def run(self, trial):
            for told, message in enumerate(super().run(trial)):
                seen.append(read_until(file, trial.trial_id, told))
                yield message

    ended = run_in(tmp_path, epochs=3, repeats=1, worker=lambda data, resources, _: Watched(data, resources))
    assert ended.tried == 2
    assert seen == [0, 1, 2, 3] * 2, "epochs of the trial that runs"
    assert not file.exists()
    stopped = run_in(tmp_path, repeats=4, engine=StopAfter(1))
    assert stopped.error is not None
    assert not file.exists()


def read_until(file, trial, points):
    """Read a record until it has so many epochs of a trial; return how many it has then."""
    reader, until = LiveReader(file), time.monotonic() + 10
    while time.monotonic() < until:
        found = reader.read().trials.get(trial)
        if found is not None and len(found.points) >= points:
            return len(found.points)
    return None
