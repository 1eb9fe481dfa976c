"""A job on a cluster elsewhere, from a laptop: real Ray, real TensorFlow, real images, one cable that is cut."""

import json
import re
import signal
import stat
import subprocess
import threading
import time
import urllib.request

import pytest
from support import ray_head
from support.documents import checked

import cnnjobs
from cnnjobs.live.board import applied

psutil = pytest.importorskip("psutil")
pytest.importorskip("aiohttp_cors", reason="a cluster that takes jobs needs ray[default]")

JOB = """
import a_neighbour as own
from cnnjobs import SGD, Job, Variant, custom, vgg

base = Variant(model=vgg(blocks=1, filters=2, dense=4), optimizer=SGD(0.01), epochs=2, batch_size=64)

job = Job(name="far", dataset="digits", repeats=2, variants={
    "base": base,
    "own": base.but(model=custom(own.net, width=6)),
})
"""
NEIGHBOUR = """
def net(input_shape, classes, width):
    import keras
    return keras.Sequential([
        keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(width), keras.layers.Dense(classes)
    ])
"""


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    with ray_head.running_head(tmp_path_factory.mktemp("far") / "head") as head:
        yield head


@pytest.fixture(scope="module")
def cable(head):
    return ray_head.Cable(head.port)


@pytest.fixture(scope="module")
def address(cable):
    return f"http://127.0.0.1:{cable.port}"


@pytest.fixture(scope="module")
def laptop(head, tmp_path_factory):
    made = ray_head.laptop(tmp_path_factory.mktemp("near") / "laptop", head.token)
    jobs = made.home / "jobs"
    jobs.mkdir()
    (jobs / "far.py").write_text(JOB)
    (jobs / "a_neighbour.py").write_text(NEIGHBOUR)
    (jobs / "photos.bin").write_bytes(bytes(3_000_000))
    return made


@pytest.fixture(scope="module")
def submitted(laptop, cable, address):
    """A submit whose cable is cut for some seconds while trials run."""
    lines = []
    with laptop.start("submit", "jobs/far.py", "--address", address) as process:
        for line in process.stdout:
            lines.append(line)
            if "trials on digits" in line:
                cable.cut()
                threading.Timer(6, cable.plug_in).start()
    return subprocess.CompletedProcess(process.args, process.returncode, "".join(lines))


def test_a_job_runs_on_the_cluster_and_is_shown_as_if_it_ran_here(submitted):
    assert submitted.returncode == 0, submitted.stdout
    assert re.search(r"far: uploaded 2 files, \d+ bytes, without data; runs as cnnjobs-far-", submitted.stdout)
    assert re.search(r"^\[4/4\] \w+, repeat \d: test accuracy", submitted.stdout, re.M)
    assert re.search(r"^base +2/2 ", submitted.stdout, re.M)
    assert "results:  ~/cnnjobs/results/far on the head; bring them home: cnnjobs fetch far" in submitted.stdout


def test_a_log_that_was_interrupted_is_followed_on_and_no_line_comes_twice(submitted):
    ended = re.findall(r"^\[\d/4\] (.*): test", submitted.stdout, re.M)
    assert sorted(ended) == ["base, repeat 1", "base, repeat 2", "own, repeat 1", "own, repeat 2"]
    assert submitted.stdout.count("trials on digits") == 1
    assert "does not answer; trying for 5 minutes" in submitted.stdout


def test_the_terminal_is_quiet(submitted):
    for line in submitted.stdout.splitlines():
        assert not re.search(r"INFO|WARN|tensorflow|@cnnjobs|entrypoint", line), line


def test_submitting_again_runs_nothing(submitted, laptop, address):
    again = laptop.run("submit", "jobs/far.py", "--address", address)
    assert again.returncode == 0, again.stdout
    assert "Nothing to run: every trial of far that was asked for is stored." in again.stdout


def test_status_shows_jobs_and_results(submitted, laptop, address):
    done = laptop.run("status", "--address", address)
    assert done.returncode == 0, done.stdout
    assert re.search(r"far +succeeded +\d{4}-", done.stdout)
    assert re.search(r"own +2/2 +0 +0 +0 +0", done.stdout)


def test_logs_shows_what_there_is(submitted, laptop, address):
    done = laptop.run("logs", "far", "--no-follow", "--address", address)
    assert done.returncode == 0, done.stdout
    assert "@cnnjobs" not in done.stdout
    assert "Nothing to run" in done.stdout, "of the newest"


@pytest.fixture(scope="module")
def fetched(submitted, laptop, address):
    return laptop.run("fetch", "far", "--address", address)


def test_fetch_brings_the_store_home_whole(fetched, laptop, head):
    assert fetched.returncode == 0, fetched.stdout
    there, here = head.home / "cnnjobs" / "results" / "far", laptop.home / "results" / "far"
    for table in ("trials", "epochs", "predictions"):
        files = {path.name: path.read_bytes() for path in (there / table).iterdir()}
        assert files == {path.name: path.read_bytes() for path in (here / table).iterdir()}
    assert (here / "job.json").read_bytes() == (there / "job.json").read_bytes()
    trials = cnnjobs.load_results(here).trials
    assert trials.status.tolist() == ["completed"] * 4


def test_what_is_here_does_not_travel_again(fetched, laptop, address):
    again = laptop.run("fetch", "--address", address)
    assert "far: fetched nothing new into results/far" in again.stdout, again.stdout


def test_the_same_job_on_the_laptop_finds_its_trials(fetched, laptop):
    done = laptop.run("plan", "jobs/far.py", "--no-sizes")
    assert "`submit` would run nothing: all is stored in results/far" in done.stdout, done.stdout


@pytest.fixture(scope="module")
def left_alone(submitted, laptop, address):
    """A submit whose laptop is closed while its trials run."""
    words = ("submit", "jobs/far.py", "--epochs", "300", "--repeats", "60", "--address", address)
    with laptop.start(*words) as process:
        told = ""
        for line in process.stdout:
            told += line
            if line.startswith("["):
                process.send_signal(signal.SIGINT)
                break
        told += process.ended(90)
    return process.returncode, told


def test_a_closed_laptop_leaves_the_job_alone(left_alone, laptop, address):
    code, told = left_alone
    assert code == 130, told
    assert "continues on the cluster. To follow it again, or to stop it:\n  cnnjobs logs far --address" in told
    done = laptop.run("status", "--address", address)
    assert re.search(r"far +running", done.stdout), done.stdout
    assert "running: " in done.stdout


def told_until(url, holds, seconds=200):
    """What a page shows as soon as that holds; like a tab, by its events."""
    shown, until = {}, time.monotonic() + seconds
    with urllib.request.urlopen(f"{url}events", timeout=seconds) as stream:
        for line in stream:
            if line.startswith(b"data: "):
                shown = applied(shown, json.loads(line.removeprefix(b"data: ")))
                if holds(shown):
                    return shown
            assert time.monotonic() < until, shown
    raise AssertionError(f"the page has ended: {shown}")


def lengths_of_curves(shown):
    return {name: len(part["points"]) for name, part in shown.items() if name.startswith("trial:")}


def on_head(head, word):
    lines = (
        process.info["cmdline"] or ()
        for process in psutil.process_iter(["cmdline", "environ"])
        if (process.info["environ"] or {}).get("HOME") == str(head.home)
    )
    return [line for line in lines if f'"words": ["{word}"' in " ".join(line)]


def test_watch_shows_here_what_runs_there_and_leaves_nothing_behind(left_alone, laptop, address, head):
    with laptop.start("watch", "--address", address) as process:
        url = re.match("watch: (http://127.0.0.1:.*/)$", process.stdout.readline())[1]
        seen = {}

        def grows(shown):
            """Whether some trial's curve is longer than it was; one after another they come and go."""
            now = lengths_of_curves(shown)
            has_grown = any(0 < seen.get(name, 0) < length for name, length in now.items())
            seen.update(now)
            return shown.get("now", {}).get("done") and has_grown

        shown = told_until(url, grows)
        assert shown["now"]["state"] == "running"
        assert shown["job"]["place"] == "~/cnnjobs/results/far on the head"
        assert [row["name"] for row in shown["table"]] == ["base", "own"]
        process.send_signal(signal.SIGINT)
        rest = process.ended(90)
    assert (process.returncode, rest) == (0, "Ctrl-C ends the page, not the job.\n")
    until = time.monotonic() + 20
    while on_head(head, "tell"):
        assert time.monotonic() < until
        time.sleep(0.2)
    assert on_head(head, "submit"), "the job goes on"


def test_stop_ends_a_job_cleanly_and_keeps_what_is_finished(left_alone, laptop, address, head):
    done = laptop.run("stop", "far", "--address", address)
    assert done.returncode == 0, done.stdout
    assert "was stopped. Finished trials are stored in ~/cnnjobs/results/far on the head" in done.stdout
    log = laptop.run("logs", "far", "--no-follow", "--address", address).stdout
    assert "Stopped: asked to by SIGTERM. " in log, "it ended by itself"
    assert "To continue, run the same command again:\n  cnnjobs submit jobs/far.py --epochs 300" in log
    store = head.home / "cnnjobs" / "results" / "far"
    assert not list(store.glob("running-*"))
    assert len(list((store / "trials").glob("*.parquet"))) > 4
    assert "has ended already: stopped" in laptop.run("stop", "far", "--address", address).stdout


def test_a_mistake_on_the_head_is_told_here_with_its_exit_code(submitted, laptop, address, head):
    done = laptop.run("submit", "jobs/far.py", "--dataset", "data/not-there.npz", "--address", address)
    assert done.returncode == 2, done.stdout
    place = head.home / "cnnjobs" / "data" / "not-there.npz"
    assert f"error on the head: There is no file {place}. Data do not travel with a job" in done.stdout
    assert "`ray rsync-up cluster/gpu.yaml data/not-there.npz '~/cnnjobs/data/not-there.npz'`" in done.stdout
    assert "results:" not in done.stdout
    assert "Traceback" not in done.stdout


def test_a_program_reads_events_and_documents_as_if_it_ran_here(submitted, laptop, address):
    submit = laptop.run("submit", "jobs/far.py", "--format", "json", "--address", address)
    events = [checked(line) for line in submit.stdout.splitlines() if line.startswith("{")]
    assert [one["event"] for one in events] == ["sent", "summary"], submit.stdout
    assert events[0]["identity"] in submit.stdout
    assert [row["n"] for row in events[1]["comparison"]["tables"]["summary"]["rows"]] == [2, 2]
    status = laptop.run("status", "--format", "json", "--address", address)
    (line,) = (line for line in status.stdout.splitlines() if line.startswith("{"))
    found = checked(line)
    assert found["cluster"]["jobs"][0]["identity"] == events[0]["identity"]
    assert [one["completed"] for one in found["jobs"][0]["variants"]] == [2, 2]


def test_doctor_looks_at_the_cluster_and_ends_with_1_where_something_is_wrong(laptop, address, head):
    """That it ends with 0 where nothing is, a cluster of two machines shows."""
    (head.home / "a file").write_text("")
    words = ("--results", str(head.home / "a file" / "results"), "--address", address)
    done = laptop.run("doctor", "jobs/far.py", *words, timeout=240)
    assert done.returncode == 1, done.stdout
    assert "token: shown and accepted" in done.stdout
    for check in ("data set: digits is there", "asked for by the cluster", "versions: python"):
        assert check in done.stdout
    assert re.search(r"one step: MirroredStrategy on CPU \(.*\), loss 2\.3026", done.stdout)
    assert "WRONG results: cannot be written" in done.stdout
    assert done.stdout.count("WRONG") == 1
    assert re.search(r"1 of \d+ checks found something wrong\.", done.stdout)


def test_on_the_head_itself_submit_joins(head, laptop):
    (head.home / "mine.py").write_text((laptop.home / "jobs" / "far.py").read_text())
    (head.home / "a_neighbour.py").write_text(NEIGHBOUR)
    environment = {name: value for name, value in head.environment.items() if name != "RAY_AUTH_MODE"}
    done = ray_head.Laptop(head.home, environment).run("submit", "mine.py", "--results", "own", "--repeats", "1")
    assert done.returncode == 0, done.stdout
    assert "joined the cluster at 127.0.0.1:" in done.stdout
    assert "1 node, 2 cores, 0 GPUs now" in done.stdout


def test_a_wrong_token_is_refused(head, address, tmp_path):
    stranger = ray_head.laptop(tmp_path / "s", "0" * 64)
    done = stranger.run("status", "--address", address)
    assert done.returncode == 2, done.stdout
    assert "refuses the token of this machine" in done.stdout
    assert "0" * 64 not in done.stdout


def test_without_a_token_it_is_said_where_one_is_looked_for(head, address, tmp_path):
    stranger = ray_head.laptop(tmp_path / "s", None)
    done = stranger.run("status", "--address", address)
    assert done.returncode == 2, done.stdout
    assert f"there is no {stranger.home}/.ray/auth_token" in done.stdout


def test_a_token_that_others_can_read_is_closed(head, address, tmp_path):
    careless = ray_head.laptop(tmp_path / "s", head.token)
    file = careless.home / ".ray" / "auth_token"
    file.chmod(0o644)
    done = careless.run("status", "--address", address)
    assert done.returncode == 0, done.stdout
    assert "Others could read" in done.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_token_is_nowhere_but_in_its_files(submitted, fetched, head, laptop):
    """In no log of Ray, in no store, among no process's arguments."""
    for process in psutil.process_iter(["cmdline"]):
        assert head.token not in " ".join(process.info["cmdline"] or ())
    for place in (head.home, laptop.home, head.temporary):
        for path in place.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.name != "auth_token":
                assert head.token.encode() not in path.read_bytes(), path


def test_a_cluster_that_vanishes_leaves_the_way_to_go_on(submitted, laptop, cable, address):
    """Last: the cable stays cut."""
    code = "import cnnjobs.remote.jobs_client as j; j.GONE_S = 8.0; from cnnjobs.cli import main; main()"
    words = ("submit", "jobs/far.py", "--epochs", "900", "--repeats", "20", "--address", address)
    with laptop.start(*words, code=code) as process:
        began = time.monotonic()
        for line in process.stdout:
            if "trials on digits" in line:
                began = time.monotonic()
                cable.cut()
                break
        told = process.ended(90)
    assert process.returncode == 1, told
    assert f"The cluster at {address} no longer answers. Finished trials are stored in ~/cnnjobs/results/far" in told
    assert "To continue, run the same command again:\n  cnnjobs submit jobs/far.py --epochs 900" in told
    assert time.monotonic() - began < 60
