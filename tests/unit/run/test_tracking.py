"""Sending stored runs while others train: whatever a tracker does, the run goes on."""

import threading

import pytest
from support.stores import made_up_store

from cnnjobs.errors import Interrupted, SpecError
from cnnjobs.run import tracking as tracking_module
from cnnjobs.run.tracking import Tracking
from cnnjobs.spec import Job, Variant, mlp
from cnnjobs.spec.log import tracker_names
from cnnjobs.store.store import Store
from cnnjobs.trackers.kinds import check_trackers, said_by
from cnnjobs.trackers.tracked_run import RunName


class FakeTracker:
    """Remembers what it was sent; may fail or hang."""

    where = "here"

    def __init__(self, fails_at=None, fails=1, hangs_at=None):
        self.fails_at, self.hangs_at, self.closed, self.labels = fails_at, hangs_at, 0, []
        self.runs, self.fails = {}, fails
        self.free, self.hangs = threading.Event(), threading.Event()

    def has(self, name):
        return name.trial_id in self.runs

    def send(self, run):
        if len(self.runs) == self.hangs_at:
            self.hangs.set()
            self.free.wait(20)
        if len(self.runs) == self.fails_at and self.fails:
            self.fails -= 1
            raise OSError("no room at http://me:secret@there.")
        assert run.name.trial_id not in self.runs
        self.runs[run.name.trial_id] = run
        self.labels.append(run.name.label)

    def close(self):
        self.closed += 1


@pytest.fixture
def store(tmp_path):
    made_up_store(tmp_path, runs=3)
    from cnnjobs.store.files import Files

    return Store(Files(tmp_path / "job"))


def tracking_of(store, tracker, **more):
    conditions = store.kept_job().conditions
    return Tracking(("mlflow",), "job", store.files, conditions, lambda *_: tracker, **more)


def test_what_is_stored_is_sent_once_and_failed_or_foreign_trials_are_not(store, capsys):
    tracker = FakeTracker()
    for _ in range(2):
        with tracking_of(store, tracker).at_work():
            pass
    assert sorted(tracker.labels) == [f"{name}, repeat {number}" for name in "ab" for number in (1, 2, 3)]
    assert capsys.readouterr().err == "6 runs sent to MLflow: here\n"
    run = next(iter(tracker.runs.values()))
    assert [*run.curves[0]][:2] == ["loss", "accuracy"]
    assert len(run.curves) == len(run.times_s)
    only_a = {"a": store.kept_job().conditions["a"]}
    other = FakeTracker()
    with Tracking(("mlflow",), "job", store.files, only_a, lambda *_: other).at_work():
        pass
    assert {run.name.variant for run in other.runs.values()} == {"a"}


def test_a_tracker_that_fails_is_said_once_and_gets_the_rest_next_time(store, capsys):
    tracker = FakeTracker(fails_at=2, fails=2)
    tracking = tracking_of(store, tracker)
    for _ in range(2):  # the second stage of a half width does not try again
        with tracking.at_work():
            tracking.stored(next(iter(tracker.runs), "unknown"))
    said = capsys.readouterr().err
    assert said.count("note: MLflow has not taken all runs: no room at http://there. Training is not") == 1
    assert len(tracker.runs) == 2
    assert tracker.closed == 1
    with tracking_of(store, tracker).at_work():
        pass
    assert len(tracker.runs) == 6
    assert "4 runs sent" in capsys.readouterr().err


def test_a_run_that_is_refused_keeps_no_others_back(store, capsys):
    tracker = FakeTracker(fails_at=2)
    with tracking_of(store, tracker).at_work():
        pass
    said = capsys.readouterr().err
    assert "5 runs sent to MLflow" in said
    assert said.count("has not taken all runs") == 1


def test_a_tracker_that_hangs_is_left_after_a_while(store, capsys):
    tracker = FakeTracker(hangs_at=1)
    with tracking_of(store, tracker, patience_s=0.3).at_work():
        assert tracker.hangs.wait(60)
    assert "note: MLflow has not answered for 0.3 s; the next submit sends the rest\n" in capsys.readouterr().err
    tracker.free.set()
    for thread in threading.enumerate():
        if thread.name == "tracker mlflow":
            thread.join(20)
    assert len(tracker.runs) == 2, "the run under way is the last one"


def test_a_run_that_is_stopped_does_not_wait(store):
    tracker = FakeTracker(hangs_at=0)
    with pytest.raises(KeyboardInterrupt), tracking_of(store, tracker).at_work():
        raise KeyboardInterrupt
    tracker.free.set()


def test_ctrl_c_while_the_rest_is_sent_is_no_lost_result(store, monkeypatch):
    tracker = FakeTracker(hangs_at=0)

    def interrupted(self, patience_s):
        raise KeyboardInterrupt

    monkeypatch.setattr(tracking_module.Sender, "wait", interrupted)
    with (
        pytest.raises(Interrupted, match="The results are stored; the next submit sends the rest"),
        tracking_of(store, tracker).at_work(),
    ):
        pass
    tracker.free.set()


def test_without_trackers_nothing_happens():
    tracking = Tracking()
    with tracking.at_work():
        tracking.stored("any")
    assert tracking.news() == []


# the words of a job


@pytest.mark.parametrize(
    ("given", "names"),
    [((), ()), ("mlflow", ("mlflow",)), (["wandb", "tensorboard", "wandb"], ("wandb", "tensorboard"))],
)
def test_names_of_trackers(given, names):
    assert tracker_names(given) == names
    assert Job(name="x", dataset="digits", variants={"a": Variant(model=mlp())}, log=given).log == names


@pytest.mark.parametrize("given", ["neptune", ["mlflow", 3], None, 3])
def test_others_are_refused(given):
    with pytest.raises(SpecError, match="`log` must be one of 'tensorboard', 'mlflow', 'wandb', or a tuple of them"):
        tracker_names(given)


def test_a_missing_library_is_refused_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SpecError, match=r"`log` names 'mlflow', .* Run: pip install mlflow$"):
        check_trackers(("mlflow",), "results")


def test_tensorboard_and_object_storage_do_not_go_together():
    pytest.importorskip("tensorboard")
    with pytest.raises(SpecError, match="Use a folder for `results`"):
        check_trackers(("tensorboard",), "s3://bucket/results")


def test_a_failure_is_said_without_keys(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdef")
    assert said_by(ValueError("key 0123456789abcdef at postgresql://u:pw@host/db")) == "key *** at postgresql://host/db"
    assert len(said_by(ValueError("x" * 1000))) < 320


def test_repeats_and_folds_count_from_one():
    row = {"trial_id": "t", "condition_id": "c", "repeat": 2, "fold": 1, "folds": 5}
    assert RunName.of(row, "vgg") == RunName("t", "c", "vgg", 3, 2)
    assert RunName.of(row, "vgg").label == "vgg, repeat 3, fold 2"
    assert RunName.of(row | {"folds": None, "fold": 0}, "vgg").label == "vgg, repeat 3"
