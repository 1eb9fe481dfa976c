"""Trials in the trackers that people have, with the real libraries, on local files."""

import json
import shutil
import struct
import subprocess
import sys

import pytest
from support.fakes import StopAfter, fake_worker, submit_in
from support.isolation import alone

from cnnjobs.messages import Result, Status

__all__ = ["alone"]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow.*", "ignore::DeprecationWarning:wandb.*")

VARIANTS = '"one": base, "two/b": base.but(batch_size=5),'


@pytest.fixture(autouse=True)
def _here(monkeypatch, tmp_path):
    """No tracker of this machine's user."""
    for name in ("MLFLOW_TRACKING_URI", "WANDB_API_KEY", "WANDB_PROJECT", "WANDB_MODE", "WANDB_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def submitted(folder, *words, **job):
    """Submit two variants with two repeats; return what was said."""
    done = submit_in(folder, *words, **({"repeats": 2, "epochs": 3, "variants": VARIANTS} | job))
    assert done.exit_code == 0, done.output
    return done.stderr


def trials_of(folder):
    import cnnjobs

    return cnnjobs.load_results(folder / "results" / "tiny")


# TensorBoard


def boards(folder):
    """Run -> what TensorBoard itself reads of it."""
    from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

    found = EventMultiplexer().AddRunsFromDirectory(str(folder / "results" / "tiny" / "tensorboard"))
    found.Reload()
    return {run: found.GetAccumulator(run) for run in found.Runs()}


def test_tensorboard_has_a_run_a_trial_with_its_curves_results_and_settings(tmp_path):
    from tensorboard.plugins.hparams import metadata

    said = submitted(tmp_path, "--log", "tensorboard")
    assert "4 runs sent to TensorBoard: tensorboard --logdir " in said
    found = boards(tmp_path)
    other = next(run for run in found if run.startswith("two-b-"))  # a name with a slash is no name of a folder
    assert sorted(found) == sorted(
        [*(f"one/repeat-{n}" for n in (1, 2)), *(f"{other.partition('/')[0]}/repeat-{n}" for n in (1, 2))]
    )
    stored = trials_of(tmp_path)
    row = stored.trials.query("variant == 'one' and repeat == 1").iloc[0]
    board = found["one/repeat-2"]
    losses = stored.epochs.query(f"trial_id == '{row.trial_id}'").loss
    assert [(event.step, event.value) for event in board.Scalars("loss")] == [
        (step, pytest.approx(value)) for step, value in zip((1, 2, 3), losses, strict=True)
    ]
    assert board.Scalars("test_accuracy")[0].value == pytest.approx(row.test_accuracy)
    assert board.Scalars("final_val_accuracy")[0].value == pytest.approx(0.5), "of the weights that came out"
    data = board.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    begin = metadata.parse_session_start_info_plugin_data(data)
    assert begin.hparams["optimizer"].string_value == "SGD"
    assert begin.hparams["optimizer.learning_rate"].number_value == 0.01
    assert begin.hparams["batch_size"].number_value == 4


def test_writing_for_tensorboard_needs_no_tensorflow(tmp_path):
    code = (
        "import sys\nfrom cnnjobs.store.files import Files\n"
        "from cnnjobs.trackers.tensorboard_files import TensorBoardFiles\n"
        "from cnnjobs.trackers.tracked_run import RunName, TrackedRun\n"
        "run = TrackedRun(RunName('t', 'c', 'one', 1, None), 'completed', {'epochs': 1, 'xla': True}, {}, {'test_loss':"
        " 1.0}, [{'loss': 1.0}], [2.0], 1.0, 3.0)\n"
        f"TensorBoardFiles(Files({str(tmp_path)!r})).send(run)\n"
        "assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert len(list(tmp_path.rglob("events.out.tfevents.1.t"))) == 1


def test_a_tracker_added_later_gets_what_is_stored_and_each_run_once(tmp_path):
    submitted(tmp_path)
    said = submitted(tmp_path, change=lambda text: text.replace('name="tiny"', 'name="tiny", log="tensorboard"'))
    assert "4 runs sent to TensorBoard" in said
    assert "trials (" not in said, "nothing is trained again"
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*tfevents*")}
    assert "sent" not in submitted(tmp_path, "--log", "tensorboard")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*tfevents*")} == files
    assert "2 runs sent to TensorBoard" in submitted(tmp_path, "--log", "tensorboard", repeats=3)


def test_a_run_of_changed_settings_takes_the_place_of_the_earlier_one(tmp_path):
    submitted(tmp_path, "--log", "tensorboard", "--only", "one")
    (tmp_path / "results/tiny/tensorboard/one/repeat-1/.events.out.tfevents.1.x.1-00000000.part").write_bytes(b"cut")
    submitted(tmp_path, "--log", "tensorboard", "--only", "one", "--epochs", "2")
    board = boards(tmp_path)["one/repeat-1"]
    assert [event.step for event in board.Scalars("loss")] == [1, 2]
    assert len(list((tmp_path / "results/tiny/tensorboard/one/repeat-1").iterdir())) == 1


def test_folds_of_a_repeat_are_runs_of_their_own_and_runs_that_diverge_are_sent(tmp_path):
    variants = '"one": base, "diverges": base.but(batch_size=5), "raises": base.but(batch_size=6),'

    def change(text):
        return text.replace('name="tiny"', 'name="tiny", folds=2, log=("tensorboard",)')

    done = submit_in(tmp_path, repeats=1, variants=variants, change=change)
    assert done.exit_code == 1, "one variant fails, and has no runs"
    assert sorted(boards(tmp_path)) == [f"{name}/repeat-1/fold-{n}" for name in ("diverges", "one") for n in (1, 2)]


# MLflow


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory):
    """A database with the tables of MLflow, which takes seconds to make."""
    pytest.importorskip("mlflow")
    from cnnjobs.store.files import Files
    from cnnjobs.trackers.kinds import open_tracker, tracker_settings

    folder = tmp_path_factory.mktemp("mlflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
        with tracker_settings(["mlflow"]):
            open_tracker("mlflow", "other", Files(folder)).close()
    return folder / "mlflow.db"


@pytest.fixture
def mlflow_runs(empty_database, monkeypatch, tmp_path):
    """Return a function that returns the runs of the experiment, from a database of its own."""
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")

    def runs():
        from mlflow.tracking import MlflowClient

        client = MlflowClient()
        return client.search_runs([client.get_experiment_by_name("tiny").experiment_id])

    return runs


def test_mlflow_has_an_experiment_a_job_and_a_run_a_trial(mlflow_runs, tmp_path):
    from mlflow.tracking import MlflowClient

    said = submitted(tmp_path, "--log", "mlflow")
    assert "4 runs sent to MLflow: experiment tiny at sqlite:///" in said
    assert "Creating initial" not in said
    found = {(run.data.tags["variant"], run.data.tags["repeat"]): run for run in mlflow_runs()}
    assert set(found) == {(variant, repeat) for variant in ("one", "two/b") for repeat in ("1", "2")}
    stored, run = trials_of(tmp_path), found["one", "2"]
    row = stored.trials.set_index("trial_id").loc[run.data.tags["trial_id"]]
    assert (row["variant"], row["repeat"], run.info.run_name) == ("one", 1, "one, repeat 2")
    assert run.data.params["optimizer.learning_rate"] == "0.01"
    assert run.data.params["model.options.dense"] == "[4]"
    assert run.data.metrics["test_accuracy"] == pytest.approx(row.test_accuracy)
    history = MlflowClient().get_metric_history(run.info.run_id, "val_loss")
    expected = stored.epochs.query(f"trial_id == '{row.name}'").val_loss
    assert [(one.step, one.value) for one in history] == list(zip((1, 2, 3), expected, strict=True))
    assert run.info.status == "FINISHED"
    assert run.info.end_time == row.finished_at.timestamp() * 1000
    assert "sent" not in submitted(tmp_path, "--log", "mlflow")
    assert len(mlflow_runs()) == 4

    # killed while it was sent: what is there in part is replaced
    client = MlflowClient()
    client.delete_run(run.info.run_id)
    client.create_run(run.info.experiment_id, tags={"trial_id": row.name})
    assert "1 run sent to MLflow" in submitted(tmp_path, "--log", "mlflow")
    assert sorted(one.info.status for one in mlflow_runs()) == ["FINISHED"] * 4


def test_a_stopped_submit_and_the_next_one_send_each_run_once(mlflow_runs, tmp_path):
    same = {"repeats": 2, "epochs": 3, "variants": VARIANTS}
    stopped = submit_in(tmp_path, "--log", "mlflow", **same, engine=StopAfter(2))
    assert stopped.exit_code == 130
    submitted(tmp_path, "--log", "mlflow")
    runs = mlflow_runs()
    assert len(runs) == len({run.data.tags["trial_id"] for run in runs}) == 4


def test_watched_metrics_and_losses_that_are_not_finite_are_sent(mlflow_runs, tmp_path):
    class Worker:
        def __init__(self, inner):
            self.inner, self.retire_reason = inner, None

        def run(self, trial):
            for message in self.inner.run(trial):
                if isinstance(message, Result):
                    watched = {"val_recall[class 1]": 0.25, "val_macro_f1": None}
                    final = {**message.final, "watched": watched, "epochs_done": 1, "test_loss": float("nan")}
                    epochs = {**message.epochs, "watched": [watched]}
                    message = Result(Status.COMPLETED, final, epochs, message.predictions)
                yield message

    def worker(*given):
        return Worker(fake_worker(*given))

    submitted(tmp_path, "--log", "mlflow", "--only", "one", epochs=1, repeats=1, worker=worker)
    (run,) = mlflow_runs()
    assert run.data.metrics["val_recall/class 1"] == run.data.metrics["final_val_recall/class 1"] == 0.25
    assert run.data.metrics["test_loss"] != run.data.metrics["test_loss"]
    assert not any("macro_f1" in name for name in run.data.metrics)


def test_a_server_that_is_down_hurts_no_run_and_gets_the_rest_later(mlflow_runs, monkeypatch, tmp_path):
    database = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:hunter22@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    said = submitted(tmp_path, "--log", "mlflow", "--log", "tensorboard")
    assert said.count("MLflow has not taken all runs: ") == 1
    assert "the next submit sends the rest" in said
    assert "hunter22" not in said
    assert "4 runs sent to TensorBoard" in said
    assert len(trials_of(tmp_path).trials) == 4
    assert not any(b"hunter22" in path.read_bytes() for path in (tmp_path / "results").rglob("*") if path.is_file())
    monkeypatch.setenv("MLFLOW_TRACKING_URI", database)
    assert "4 runs sent to MLflow" in submitted(tmp_path, "--log", "mlflow")
    assert len(mlflow_runs()) == 4


# Weights & Biases


def wandb_records(path):
    """The records of a file of W&B's: a log as LevelDB's, after a head of 7 bytes."""
    content, at, part = path.read_bytes(), 7, b""
    while at + 7 <= len(content):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        size, kind = struct.unpack("<HB", content[at + 4 : at + 7])
        part += content[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):  # whole, or the last of its parts
            yield part
            part = b""


def test_wandb_offline_has_a_run_a_trial_once(monkeypatch, tmp_path):
    pytest.importorskip("wandb")
    from wandb.proto import wandb_internal_pb2

    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    hooks = sys.exit, sys.excepthook
    said = submitted(tmp_path, "--log", "wandb")
    assert (sys.exit, sys.excepthook) == hooks, "those of W&B do not stay"
    assert "4 runs sent to Weights & Biases: project tiny, offline: wandb sync --sync-all" in said
    row = trials_of(tmp_path).trials.query("variant == 'one' and repeat == 0").iloc[0]
    files = list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))
    assert len(files) == 4
    losses, summary, run = [], {}, None
    for data in wandb_records(next(path for path in files if row.trial_id in path.name)):
        record = wandb_internal_pb2.Record.FromString(data)
        if record.WhichOneof("record_type") == "run":
            run = record.run
        items = {item.key or item.nested_key[0]: item.value_json for item in record.history.item}
        losses += [json.loads(items["loss"])] if "loss" in items else []
        summary |= {item.key: item.value_json for item in record.summary.update}
    assert (run.run_id, run.run_group, run.display_name, run.job_type) == (
        row.trial_id,
        "one",
        "one, repeat 1",
        "train",
    )
    assert losses == list(trials_of(tmp_path).epochs.query(f"trial_id == '{row.trial_id}'").loss)
    assert json.loads(summary["test_accuracy"]) == row.test_accuracy
    assert json.loads(next(one.value_json for one in run.config.update if one.key == "batch_size")) == 4
    assert "sent" not in submitted(tmp_path, "--log", "wandb")
    assert len(list((tmp_path / "wandb").glob("offline-run-*"))) == 4


def test_wandb_without_a_key_is_refused_before_it_could_ask_for_one(monkeypatch, tmp_path):
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "online")
    done = submit_in(tmp_path, "--log", "wandb")
    assert done.exit_code == 2
    assert "`wandb login`" in done.stderr
    assert "WANDB_MODE=offline" in done.stderr
    assert not (tmp_path / "results").exists()
