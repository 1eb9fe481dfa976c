"""Results in object storage: the whole cycle of commands against a local S3 server."""

import contextlib
import io
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from support.commands import COMMAND, WITHOUT_RAY
from support.fakes import FakeWorker, StopAfter, submit_in, write_job
from support.stores import made_up_store

import cnnjobs
from cnnjobs.cli import main
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.errors import StoreError
from cnnjobs.files import object_storage
from cnnjobs.messages import Result
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.compaction import compact
from cnnjobs.store.files import Files
from cnnjobs.store.lock import EVERY_S, PREFIX, Pace, StoreLock
from cnnjobs.store.store import Store

pytest.importorskip("moto.server", reason="the local S3 server is moto: pip install -e '.[test]'")

from support.s3_server import KEY, SECRET, bucket, environment, server, storage

__all__ = ["bucket", "server", "storage"]

TABLES = ("trials", "epochs", "predictions")


def run(*words):
    return CliRunner().invoke(main, words)


def refused(*words):
    """Run a command that must be refused; return its message."""
    done = run(*words)
    assert done.exit_code == 2, done.output
    assert isinstance(done.exception, SystemExit), done.exception
    assert SECRET not in done.output
    return done.stderr


def upload(folder, uri):
    """Put a local folder into object storage."""
    place = Files(uri)
    place.write_all({path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")})


# --- the cycle, with workers that need no TensorFlow --------------------------------------------------------------


@pytest.mark.parametrize("settings", [True, False], ids=["endpoint in the URI", "endpoint in the environment"])
def test_submit_interrupt_submit_status_plan_load(storage, bucket, tmp_path, monkeypatch, settings):
    uri = f"s3://{bucket}/results"
    if settings:
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        uri += f"?endpoint_override={storage.url}&scheme=http&region=us-east-1"
    done = submit_in(tmp_path, "--results", uri, engine=StopAfter(3))
    assert done.exit_code == 130, done.output
    assert f"3 of 10 trials were finished and are stored in s3://{bucket}/results/tiny" in done.stderr
    done = submit_in(tmp_path, "--results", uri)
    assert done.exit_code == 0, done.output
    assert "tiny: 7 trials (3 of 10 not asked for or stored already)" in done.stderr
    assert "Nothing to run" in submit_in(tmp_path, "--results", uri).stdout
    assert re.search(r"one +5/5 +0 +0 +0 +0", run("status", uri).stdout)
    job = str(write_job(tmp_path, epochs=1, repeats=5))
    assert (
        "`submit` would run nothing: all is stored in s3://" in run("plan", job, "--no-sizes", "--results", uri).stdout
    )
    results = cnnjobs.load_results(uri)
    assert [len(results.trials), len(results.epochs), len(results.predictions)] == [10, 10, 10 * 359]
    assert {name for name in storage.names(bucket) if PREFIX in name} == set(), "the claim is taken back"


def test_the_command_to_look_further_carries_the_settings_of_the_uri(storage, bucket, tmp_path):
    done = submit_in(tmp_path, "--results", f"s3://{KEY}:{SECRET}@{bucket}/r?region=us-east-1", repeats=1)
    assert f"classes:  cnnjobs aggregate 's3://{bucket}/r/tiny?region=us-east-1'" in done.stdout


def test_a_report_in_object_storage_is_that_of_a_local_folder(storage, bucket, tmp_path):
    made_up_store(tmp_path / "results", "one", runs=3)
    upload(tmp_path / "results", f"s3://{bucket}/results")
    for place in (str(tmp_path / "results"), f"s3://{bucket}/results"):
        done = run("aggregate", place, "--overlay", "one:a", "--overlay", "one:b")
        assert done.exit_code == 0, done.output
        assert f"report:   {place}/one/report/index.html" in done.stdout
        assert f"overlay:  {place}/overlay/" in done.stdout
    local = {path.relative_to(tmp_path).as_posix(): path for path in (tmp_path / "results").rglob("*.*")}
    objects = storage.objects(bucket)
    assert set(objects) == set(local)
    for name in objects:
        if name.endswith((".csv", ".md", ".tex")):
            assert objects[name].decode() == local[name].read_text(), name
    a_new_report_removes_what_that_wrote_and_nothing_else(storage, bucket)


def a_new_report_removes_what_that_wrote_and_nothing_else(storage, bucket):
    Files(f"s3://{bucket}/results/one/report/tables").write("mine.csv", b"a,b")
    before = storage.names(bucket)
    assert run("aggregate", f"s3://{bucket}/results", "--no-predictions").exit_code == 0
    after = storage.names(bucket)
    assert any("confusion" in name for name in before - after)
    assert not any("confusion" in name for name in after)
    assert "results/one/report/tables/mine.csv" in after


def test_jobs_on_several_data_sets_are_compared_and_the_report_may_go_elsewhere(storage, bucket, tmp_path):
    for name in ("one", "two"):
        store = made_up_store(tmp_path / "results", name, runs=2)
        store.write_job(replace(store.job, dataset=replace(store.job.dataset, name=name, fingerprint=name)))
    upload(tmp_path / "results", f"s3://{bucket}/results")
    place = f"s3://{bucket}/reports"
    done = run("aggregate", f"s3://{bucket}/results", "--no-predictions", "--output", place)
    assert done.exit_code == 0, done.output
    assert f"report:   {place}/two/index.html" in done.stdout
    assert f"report:   {place}/report/index.html" in done.stdout


def test_a_metric_of_predictions_is_that_of_a_local_folder_and_kept(storage, bucket, tmp_path):
    made_up_store(tmp_path / "results", "one", runs=3)
    upload(tmp_path / "results", f"s3://{bucket}/results")
    local = cnnjobs.compare(cnnjobs.load_results(tmp_path / "results"), metric="auroc").runs
    for _ in range(2):
        assert cnnjobs.compare(cnnjobs.load_results(f"s3://{bucket}/results"), metric="auroc").runs.equals(local)
    kept = {name for name in storage.names(bucket) if "/metrics/" in name}
    assert kept == {f"results/one/metrics/{path.name}" for path in (tmp_path / "results/one/metrics").iterdir()}
    assert len(kept) == 1
    storage.denies = lambda method, path, query: method in ("PUT", "POST")
    assert cnnjobs.compare(cnnjobs.load_results(f"s3://{bucket}/results"), metric="mcc").summary["n"].tolist() == [3, 3]
    assert {name for name in storage.names(bucket) if "/metrics/" in name} == kept, "one may only read it"


def test_a_compacted_store_reads_as_before(storage, bucket, tmp_path):
    made_up_store(tmp_path, "one", runs=4)
    upload(tmp_path / "one", f"s3://{bucket}/one")
    before = {name: Store(Files(tmp_path / "one")).read(name).table for name in TABLES}
    store = Store(Files(f"s3://{bucket}/one"))
    assert compact(store, least=1) == 8
    for name in TABLES:
        assert store.read(name).table.equals(before[name]), name
        assert Store(store.files).read(name).table.equals(before[name]), name
    assert len([name for name in storage.objects(bucket) if "/trials/" in name]) == 1


def test_damaged_objects_are_named_and_set_aside(storage, bucket, tmp_path):
    store = made_up_store(tmp_path, "one", runs=3)
    compact(store, least=1)
    upload(tmp_path / "one", f"s3://{bucket}/one")
    files = Files(f"s3://{bucket}/one")
    assert run("verify", f"s3://{bucket}/one").exit_code == 0
    [compacted] = files.below("epochs").names()
    for folder, name in (("epochs", compacted), ("predictions", "t0-0.parquet")):
        content = bytearray(files.below(folder).read(name))
        content[len(content) // 2] ^= 1
        files.below(folder).write(name, bytes(content))
    done = run("verify", f"s3://{bucket}/one")
    assert done.exit_code == 1
    assert f"damaged: s3://{bucket}/one/epochs/{compacted} (" in done.stdout
    assert f"damaged: s3://{bucket}/one/predictions/t0-0.parquet (" in done.stdout
    done = run("verify", f"s3://{bucket}/one", "--repair")
    assert done.exit_code == 0, done.output
    moved = {name.rpartition("/")[2] for name in storage.names(bucket) if "/damaged/" in name}
    assert {compacted, "t0-0.parquet", "reasons.txt"} <= moved
    left = Store(files).read("trials").table["trial_id"].to_pylist()
    assert left == ["t0-1", "t0-2", "t1-0", "t1-1", "t1-2"]


@pytest.mark.parametrize("compacted", [False, True], ids=["single files", "compacted"])
def test_what_no_job_asks_for_is_removed_from_a_bucket_as_from_a_folder(storage, bucket, tmp_path, compacted):
    made = made_up_store(tmp_path, "one", variants=("a", "b", "c"), runs=3)
    if compacted:
        compact(made, least=1)
    made.write_job(replace(made.job, variants={name: made.job.variants[name] for name in ("a", "b")}))
    uri = f"s3://{bucket}/one"
    upload(tmp_path / "one", uri)
    before = set(storage.names(bucket))
    shown = run("clean", uri)
    assert shown.exit_code == 2, "there is no terminal to ask on"
    assert "stale trials of 'c'" in shown.stdout
    assert set(storage.names(bucket)) == before, "showing removes nothing"
    done = run("clean", uri, "--yes")
    assert done.exit_code == 0, done.output
    assert run("clean", str(tmp_path / "one"), "--yes").exit_code == 0
    there, here = Store(Files(uri)), Store(Files(tmp_path / "one"))
    for name in TABLES:
        assert there.read(name).table.equals(here.read(name).table), name
    assert sorted(set(there.read("trials").table["variant"].to_pylist())) == ["a", "b"]
    assert not [name for name in storage.names(bucket) if "/running-" in name or "t2-" in name]
    storage.denies = lambda method, path, query: method != "GET" and method != "HEAD"
    assert run("clean", uri).exit_code == 0, "there is nothing left, and one may only read it"


def test_of_checkpoints_the_two_newest_are_kept(bucket):
    kept = Checkpoints(Files(f"s3://{bucket}/job/checkpoints"))
    for epoch in (1, 2, 3):
        kept.save("aa", epoch, lambda: b"state")
    assert [name for name, _ in kept.newest_first("aa", print)] == ["aa-0000003.npz", "aa-0000002.npz"]
    kept.remove("aa")
    assert kept.trial_ids() == set()


# --- two at once ---------------------------------------------------------------------------------------------------


def sign(beat):
    document = {"pid": 1, "host": "elsewhere", "scope": "another boot", "born": "1", "beat": beat, "running": []}
    return json.dumps(document).encode()


def test_a_second_submit_from_another_machine_is_refused(storage, bucket, tmp_path, monkeypatch):
    uri = f"s3://{bucket}/r"
    place, beats = Files(f"{uri}/tiny"), itertools.count(1)

    def sleep(seconds):
        place.write(f"{PREFIX}0.json", sign(next(beats)))

    sleep(0)
    monkeypatch.setattr(StoreLock.__init__, "__defaults__", (EVERY_S, None, Pace(time.monotonic, sleep)))
    done = submit_in(tmp_path, "--results", uri)
    assert done.exit_code == 2
    assert "waiting up to 120 s for a sign of life" in done.stderr
    assert f"Another submit is at work on s3://{bucket}/r/tiny (process 1 on elsewhere)" in done.stderr
    assert not any("/trials/" in name for name in storage.names(bucket))


def test_one_on_another_machine_that_fell_silent_is_taken_for_dead(storage, bucket, tmp_path, monkeypatch):
    monkeypatch.setattr("cnnjobs.store.lock.SILENT_S", 2.0)
    uri = f"s3://{bucket}/r"
    Files(f"{uri}/tiny").write(f"{PREFIX}0.json", sign(7))
    assert submit_in(tmp_path, "--results", uri, repeats=1).exit_code == 0


# --- what goes wrong -----------------------------------------------------------------------------------------------


def test_a_bucket_that_is_not_there(storage, tmp_path):
    job = str(write_job(tmp_path))
    for words in (("status",), ("aggregate",), ("plan", job, "--no-sizes", "--results"), ("submit", job, "--results")):
        message = refused(*words, "s3://nosuchbucket/r")
        assert "There is no bucket 'nosuchbucket'. Received: s3://nosuchbucket/r" in message
        assert "Make the bucket first" in message


def test_a_model_is_not_trained_for_a_bucket_that_is_not_there(storage, tmp_path):
    uri = f"s3://{KEY}:{SECRET}@nosuchbucket/models/own.keras"
    message = refused("fit", str(write_job(tmp_path)), "--variant", "one", "--output", uri)
    assert "`--output` s3://nosuchbucket/models/own.keras cannot be written" in message
    assert "there is no such bucket" in message


class Fitting(FakeWorker):
    """Tells a network with its result."""

    def run(self, trial):
        for message in super().run(trial):
            if isinstance(message, Result):
                message = replace(
                    message, model=b"model", final=message.final | {"train_rows": 9, "test_rows": 9, "epochs_done": 2}
                )
            yield message


@pytest.mark.parametrize("output", [None, "models/own.keras"], ids=["beside the results", "anywhere"])
def test_a_fit_saves_its_model_into_object_storage(storage, bucket, tmp_path, monkeypatch, output):
    monkeypatch.setattr("cnnjobs.run.backends.open_engine", lambda **_: InlineEngine())
    monkeypatch.setattr(
        "cnnjobs.run.backends.open_final_fit_worker", lambda data, resources, *_, **__: Fitting(data, resources)
    )
    where = ["--results", f"s3://{bucket}/r"]
    if output is not None:
        where += ["--output", f"s3://{KEY}:{SECRET}@{bucket}/{output}?region=us-east-1"]
    done = run("fit", str(write_job(tmp_path)), "--variant", "one", *where)
    assert done.exit_code == 0, done.output
    place = re.search(rf"^model: s3://(?:\.\.\.@)?{bucket}/(\S+?\.keras)", done.stdout, re.M)
    assert place is not None, done.stdout
    assert re.fullmatch(output or r"r/tiny/models/one-\w+\.keras", place[1])
    assert SECRET not in done.output
    assert {name: content for name, content in storage.objects(bucket).items() if name.endswith(".keras")} == {
        place[1]: b"model"
    }


def test_wrong_credentials(storage, bucket, tmp_path):
    storage.denies = lambda method, path, query: True
    job = str(write_job(tmp_path))
    for words in (("status",), ("aggregate",), ("plan", job, "--no-sizes", "--results"), ("submit", job, "--results")):
        message = refused(*words, f"s3://{bucket}/r")
        assert re.search(rf"Cannot read s3://{bucket}/r.*access is denied .*Check AWS_ACCESS_KEY_ID", message)


def test_a_place_that_may_be_read_but_not_written(storage, bucket, tmp_path):
    storage.denies = lambda method, path, query: method in ("PUT", "POST")
    message = refused("submit", str(write_job(tmp_path)), "--results", f"s3://{bucket}/r")
    assert re.search(rf"Cannot write s3://{bucket}/r/tiny/.*: access is denied \(INVALID_ACCESS_KEY_ID\)", message)


def test_an_endpoint_that_cannot_be_reached_is_told_within_seconds(storage, bucket):
    began = time.monotonic()
    message = refused("status", f"s3://{KEY}:{SECRET}@{bucket}/r?endpoint_override=http://127.0.0.1:9")
    assert f"Cannot read s3://{bucket}/r: the storage cannot be reached (Failed to connect to 127.0.0.1" in message
    assert "Check the network, and the endpoint" in message
    assert time.monotonic() - began < 15


def test_data_behind_an_endpoint_that_cannot_be_reached_are_told_within_seconds(storage, tmp_path):
    began = time.monotonic()
    uri = "s3://bucket/photos?endpoint_override=http://127.0.0.1:9&region=us-east-1"
    message = refused("plan", str(write_job(tmp_path)), "--no-sizes", "--dataset", uri)
    assert "Cannot list s3://bucket/photos: the storage cannot be reached (Failed to connect to 127.0.0.1" in message
    assert time.monotonic() - began < 15


def test_a_commit_outlives_a_short_outage(storage, bucket, tmp_path, monkeypatch):
    """Arrow gives up after 6 s and some thirty tries; the commit begins again."""
    monkeypatch.setattr(object_storage, "RETRY_S", 0.1)
    store = Store(Files(f"s3://{bucket}/job"))
    row = {"trial_id": "t", "condition_id": "c", "job": "j", "variant": "v", "repeat": 0, "fold": 0}
    storage.failures = 34
    store.commit(row | {"status": "completed"}, {}, None)
    assert storage.failures == 0
    assert store.read("trials").table["trial_id"].to_pylist() == ["t"]


def test_an_outage_while_trials_are_read_does_not_make_them_damaged(storage, bucket, tmp_path):
    """They would be trained again."""
    made_up_store(tmp_path, "one", runs=2)
    upload(tmp_path / "one", f"s3://{bucket}/one")
    store = Store(Files(f"s3://{bucket}/one"))
    storage.denies = lambda method, path, query: "/trials/" in path
    with pytest.raises(StoreError, match="access is denied"):
        store.read("trials")
    storage.well()
    compact(store, least=1)
    storage.denies = lambda method, path, query: method == "GET" and "/trials/" in path
    with pytest.raises(StoreError, match="access is denied"):
        Store(store.files).read("trials")


def test_of_a_large_object_nothing_is_there_when_a_part_is_refused(storage, bucket):
    storage.denies = lambda method, path, query: "partNumber=2" in query
    files = Files(f"s3://{bucket}/job")
    with pytest.raises(StoreError, match="access is denied"):
        files.write("large", bytes(21 << 20))
    assert files.read("large") is None


def test_ctrl_c_leaves_an_object_whole_or_not_at_all(storage, bucket):
    files, content = Files(f"s3://{bucket}/job"), bytes(1 << 20)
    storage.delay_s = 0.3
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        timer.start()
        files.write("object", content)
    timer.join()
    assert files.read("object") in (None, content)


# --- data ----------------------------------------------------------------------------------------------------------


def test_a_job_on_pictures_in_a_bucket_keeps_where_they_lie(storage, bucket, tmp_path):
    for number in range(24):
        stream = io.BytesIO()
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (8, 8), np.uint8)).save(stream, "PNG")
        storage.put(bucket, f"my data/{'ab'[number % 2]}/{number}.png", stream.getvalue())
    uri, results = f"s3://{bucket}/my data?region=us-east-1", f"s3://{bucket}/my results/100%"
    done = submit_in(tmp_path, "--dataset", uri, "--results", results, repeats=1)
    assert done.exit_code == 0, done.output
    assert "on my data, 19 training images" in done.stderr
    [job] = [content for name, content in storage.objects(bucket).items() if name == "my results/100%/tiny/job.json"]
    source = json.loads(job)["dataset"]["source"]
    assert (source["kind"], source["path"]) == ("ImageFolder", uri)
    storage.well()
    assert "Nothing to run" in submit_in(tmp_path, "--dataset", uri, "--results", results, repeats=1).stdout
    assert not [path for method, path, _ in storage.requests if "/my%20data/" in path or "/my data/" in path]
    assert run("aggregate", results, "--no-predictions").exit_code == 0


# --- keys ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri",
    [
        f"s3://{KEY}:{SECRET}@nosuchbucket/r",
        f"s3://{KEY}:{SECRET}@/r",
        f"s3://{KEY}:{SECRET}/more@bucket/r",
        f"s3://{KEY}:{SECRET}?more@bucket/r",
        f"s3://{KEY}:{SECRET}@bucket/r?nosuch=1",
        f"s3://{KEY}:{SECRET}@bucket:port/r",
        f"abfs://container:{SECRET}@account.dfs.core.windows.net/r",
    ],
)
def test_keys_are_in_no_error(storage, uri, tmp_path):
    for words in (("status", uri), ("plan", str(write_job(tmp_path)), "--no-sizes", "--results", uri)):
        assert KEY not in refused(*words)
    with pytest.raises(StoreError) as caught:
        cnnjobs.load_results(uri)
    assert SECRET not in "".join(map(str, (caught.value, caught.value.__cause__)))


def test_keys_are_not_in_the_command_to_continue_nor_in_what_is_stored(storage, bucket, tmp_path, monkeypatch):
    uri = f"s3://{KEY}:{SECRET}@{bucket}/r"
    monkeypatch.setattr(sys, "argv", ["cnnjobs", "submit", "job.py", f"--results={uri}"])
    variants = '"raises": base, "one": base.but(batch_size=5),'
    done = submit_in(tmp_path, "--results", uri, engine=StopAfter(2), variants=variants)
    assert f"run the same command again:\n  cnnjobs submit job.py --results=s3://{bucket}/r" in done.stderr
    done = submit_in(tmp_path, "--results", uri, variants=variants)
    assert f"their logs: s3://{bucket}/r/tiny/logs/" in done.stderr
    assert run("aggregate", uri, "--no-predictions").exit_code == 0
    assert not keys_in(done.output.encode(), *storage.objects(bucket).values())


def keys_in(*contents):
    return any(key.encode() in content for content in contents for key in (KEY, SECRET))


def test_a_folder_may_have_an_at_sign(storage, bucket):
    assert Files(f"s3://{bucket}/user@place/r").location == f"s3://{bucket}/user@place/r"
    assert Files(f"s3://{KEY}:{SECRET}@{bucket}/user@place/r").location == f"s3://{bucket}/user@place/r"


# --- how many requests ---------------------------------------------------------------------------------------------


def test_a_commit_is_one_request_a_table(storage, bucket, tmp_path):
    assert submit_in(tmp_path, "--results", f"s3://{bucket}/r", repeats=1).exit_code == 0
    written = [path for method, path, _ in storage.requests if method in ("PUT", "POST") and path.endswith(".parquet")]
    assert sorted(path.split("/")[4] for path in written) == ["epochs"] * 2 + ["predictions"] * 2 + ["trials"] * 2


def test_status_asks_twice_a_trial_and_many_at_a_time(storage, bucket, tmp_path):
    made_up_store(tmp_path, "one", runs=20)
    upload(tmp_path / "one", f"s3://{bucket}/one")
    storage.well()
    storage.delay_s = 0.02
    assert run("status", f"s3://{bucket}/one").exit_code == 0
    assert len(storage.requests) <= 2 * 40 + 10
    assert storage.most_under_way > 8


# --- other clouds --------------------------------------------------------------------------------------------------


def test_google_without_credentials_is_one_clear_message(monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    assert Files("gs://bucket/r").location == "gs://bucket/r"
    began = time.monotonic()
    message = refused("status", "gs://bucket/r")
    assert "Cannot read gs://bucket/r: Google Cloud gives no access" in message
    assert "GOOGLE_APPLICATION_CREDENTIALS" in message
    assert time.monotonic() - began < 30


def test_azure_is_refused():
    assert "Azure is not supported" in refused("status", "abfs://container@account.dfs.core.windows.net/r")


# --- real Ray, real TensorFlow --------------------------------------------------------------------------------------

JOB = """
from cnnjobs import Adam, Augment, Job, Variant, vgg

base = Variant(
    model=vgg(blocks=1, filters=4, dense=16, dropout=0.2),
    optimizer=Adam(0.003),
    epochs=12,
    batch_size=64,
    augment=Augment(shift=0.1),
)
job = Job(name="real", dataset="digits", repeats=2, keep="state", variants={"base": base})
"""


@pytest.fixture(scope="module")
def own_tmp():
    """Where Ray and Tune keep their files while this module runs; short, because sockets are in it."""
    folder = Path(tempfile.mkdtemp(prefix="s3-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def command(words, storage, folder, own_tmp, **settings):
    (folder / "real.py").write_text(JOB)
    variables = environment(storage, folder) | {"RAY_TMPDIR": str(own_tmp), "TMPDIR": str(own_tmp)}
    return subprocess.Popen(
        words, cwd=folder, env=os.environ | variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def finished(process):
    out, err = process.communicate(timeout=150)
    assert process.returncode == 0, err
    return out, err


def checkpoints_put(storage):
    """Return the (trial, epoch) of checkpoints that were written since the requests were counted."""
    paths = [path for method, path, _ in storage.requests if method == "PUT" and "/checkpoints/" in path]
    return [(trial, int(epoch)) for trial, epoch in re.findall(r"(\w+)-(\d+)\.npz", " ".join(paths))]


def killed_after(process, storage, bucket, epoch):
    """Kill a submit once both trials have a whole checkpoint of that epoch; return the keys that its processes show."""
    import psutil

    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        kept = re.findall(r"/checkpoints/\S*?(\w+)-(\d+)\.npz", " ".join(storage.names(bucket)))
        if len({trial for trial, done in kept if int(done) >= epoch}) == 2:
            break
        time.sleep(0.05)
    assert process.poll() is None, process.communicate()
    family, shown = psutil.Process(process.pid).children(recursive=True), []
    for one in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            shown += one.cmdline()
    for one in (process, *family):  # as when the machine goes down; Ray's own would take a minute to notice
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    process.communicate(timeout=60)
    return shown


def numbers(uri):
    """Return what must not differ between two runs: curves and probabilities."""
    results = cnnjobs.load_results(uri)
    curves = results.epochs[[name for name in results.epochs if not name.endswith("seconds")]]
    return curves.to_csv(), [row.tobytes() for row in results.predictions.probabilities]


def test_killed_and_continued_in_object_storage_gives_the_bits_of_a_local_run(storage, bucket, tmp_path, own_tmp):
    uri = f"s3://{bucket}/r"
    with_keys = f"s3://{KEY}:{SECRET}@{bucket}/r"
    local = command([*WITHOUT_RAY, "submit", "real.py"], storage, tmp_path, own_tmp)
    finished(local)
    words = [*COMMAND, "submit", "real.py", "--checkpoint-every", "0", "--cpus-per-trial", "1", "--results"]
    storage.well()
    storage.delay_s = 0.2  # an epoch takes three requests: there is time to kill
    shown = killed_after(command([*words, with_keys], storage, tmp_path, own_tmp), storage, bucket, epoch=2)
    assert not keys_in(" ".join(shown).encode()), "keys are no arguments of workers"
    assert not [path for path in own_tmp.rglob("*") if path.is_file() and keys_in(path.read_bytes())]
    before = checkpoints_put(storage)
    storage.well()
    assert "The last submit was cut off" in run("status", uri).stdout
    out, err = finished(command([*words, uri], storage, tmp_path, own_tmp))
    assert not re.search(r"arrow|finalize|aws|Warning", err, re.I), "the terminal is quiet"
    for trial in {trial for trial, _ in before}:
        began = min(epoch for one, epoch in checkpoints_put(storage) if one == trial)
        assert began > 2, "it did not start over"
    assert numbers(uri) == numbers(tmp_path / "results")
    assert f"report:   {uri}/real/report/index.html" in out
    assert not any("/checkpoints/" in name for name in storage.objects(bucket))
    storage.well()
    assert "Nothing to run" in run("submit", str(tmp_path / "real.py"), "--results", uri).stdout
    more = [*WITHOUT_RAY, "submit", "real.py", "--checkpoint-every", "0", "--epochs", "14", "--results", uri]
    _, err = finished(command(more, storage, tmp_path, own_tmp))
    assert "2 of the trials continue from the end of shorter runs, after epoch 12" in err
    assert {epoch for _, epoch in checkpoints_put(storage)} == {13}
