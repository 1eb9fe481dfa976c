"""The commands as a person types them, on real Ray, real TensorFlow and real images."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support.commands import COMMAND, WITHOUT_RAY, busy, called, of_a_person, typed
from support.documents import checked

import cnnjobs

ROOT = Path(__file__).parents[2]
JOB = """
import keras_free_neighbour as own
from cnnjobs import Adam, Augment, Job, Variant, callback, custom, vgg

base = Variant(model=vgg(blocks=1, filters=4, dense=16), optimizer=Adam(0.003), epochs=4, batch_size=64)

def broken(trial):
    print("this is printed by a callback that raises")
    raise ValueError("no such layer")

job = Job(
    name="small",
    dataset="digits",
    repeats=2,
    variants={
        "base": base,
        "moved": base.but(augment=Augment(shift=0.1, flip="horizontal")),
        "own": base.but(model=custom(own.net, width=6)),
        "broken": base.but(callbacks=callback(broken)),
    },
)
"""
NEIGHBOUR = """
def net(input_shape, classes, width):
    import keras
    print("this is printed by a network")
    return keras.Sequential([
        keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(width), keras.layers.Dense(classes)
    ])
"""
NOISE = re.compile(r"tensorflow|cuda|oneDNN|absl|WARNING|raylet|Tune|tune_|keras", re.I)


def memory_of(pid):
    """Bytes of a process and all below it; shared memory is counted once a process, so this is too much."""
    import psutil

    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for process in family:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("end to end")
    (where / "keras_free_neighbour.py").write_text(NEIGHBOUR)
    (where / "small.py").write_text(JOB)
    return where


@pytest.fixture(scope="module")
def first(folder):
    """The first submit, and the largest memory of all its processes together."""
    process = subprocess.Popen(
        [*COMMAND, "submit", "small.py"],
        cwd=folder,
        env=of_a_person(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, memory_of(process.pid))
        time.sleep(0.3)
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err), peak


def trials_in(folder):
    return cnnjobs.load_results(folder / "results").trials


def test_trials_are_trained_and_a_callback_that_raises_fails_alone(first, folder):
    done, _ = first
    assert done.returncode == 1, done.stderr
    trials = trials_in(folder)
    assert sorted(trials.query("status == 'completed'").variant) == ["base", "base", "moved", "moved", "own", "own"]
    assert trials.query("status == 'completed'").test_accuracy.min() > 0.3
    failed = trials.query("status == 'failed'")
    assert failed.error.tolist() == ["ValueError: no such layer"] * 2
    log = (folder / failed.log.iloc[0]).read_text()
    assert "this is printed by a callback that raises" in log
    assert 'raise ValueError("no such layer")' in log, "the traceback shows the user's line"
    assert "2 of 8 trials failed; their logs: results/small/logs/" in done.stderr


def test_the_terminal_is_quiet(first):
    done, _ = first
    for line in (done.stdout + done.stderr).splitlines():
        assert not NOISE.search(line.replace("keras_free", "")), line
    assert "this is printed" not in done.stdout + done.stderr


def test_it_ends_with_a_table_and_the_paths_of_plot_and_report(first, folder):
    done, _ = first
    assert "small: test accuracy (%) over the runs" in done.stdout
    for name, line in (("box.png", "box plot: "), ("index.html", "report:   ")):
        path = re.search(rf"^{line}(.*)$", done.stdout, re.M)
        assert path is not None
        assert path[1].endswith(name)
        assert (folder / path[1]).is_file()


def test_memory_of_all_processes_stays_below_four_gib(first):
    assert 0 < first[1] < 4 << 30


def test_status_names_failures_with_reason_and_log(first, folder):
    done = called("status", "results", cwd=folder)
    assert done.returncode == 0
    assert re.search(r"base +2/2 +0 +0 +0 +0", done.stdout)
    assert "failed: broken, repeat 1: ValueError: no such layer; log: results/small/logs/" in done.stdout


def test_plan_knows_what_is_done_and_is_quick(first, folder):
    done, seconds = busy(typed, "plan", "small.py", "--no-sizes", "--repeats", "3", cwd=folder)
    assert seconds < 2
    assert re.search(r"base +3 +- +4 +- +2 +1 +0 +1", done.stdout)
    assert "`submit` would run 6 of 12 trials (2 of them failed before)" in done.stdout


def test_plan_counts_parameters(first, folder):
    done = called("plan", "small.py", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert re.search(r"own +2 +- +4 +460 +2 +0 +0 +0", done.stdout)
    assert re.search(r"broken +2 +- +4 +1,398 +0 +2 +0 +2", done.stdout)
    assert "cannot be trained" not in done.stderr


def test_a_finished_job_has_nothing_to_run_and_does_not_start_ray(first, folder):
    began = time.perf_counter()
    done = typed("submit", "small.py", "--only", "base", "--only", "own", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Nothing to run" in done.stdout
    assert time.perf_counter() - began < 30


def test_aggregate_writes_the_report_anew(first, folder):
    report = folder / "results" / "small" / "report"
    shutil.rmtree(report)
    done = called("aggregate", "results", "--reference", "own", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Test accuracy minus own, points" in done.stdout
    written = {str(path.relative_to(report)) for path in report.rglob("*")}
    assert {"index.html", "report.md", "tables/summary.csv", "figures/box.png", "figures/curves-base.svg"} <= written
    assert "figures/roc-base.svg" in written, "from stored predictions"


def test_a_trial_run_alone_gives_the_same_bits_as_among_others(first, folder):
    """The first repeat of `own` again, in a process that has trained nothing before."""
    words = ("--only", "own", "--repeats", "1", "--results", "again", "--cpus-per-trial", "1", "-v", "--format", "json")
    done = typed("submit", "small.py", *words, cwd=folder, command=WITHOUT_RAY)
    assert done.returncode == 0, done.stderr
    events = [checked(line)["event"] for line in done.stdout.splitlines()]
    assert (events[0], events[-1], "finished" in events) == ("begin", "summary", True)
    assert "this is printed by a network" in done.stderr
    one = cnnjobs.load_results(folder / "results").predictions.query("variant == 'own' and repeat == 0")
    two = cnnjobs.load_results(folder / "again").predictions.query("variant == 'own'")
    assert one.trial_id.unique().tolist() == two.trial_id.unique().tolist()
    assert [row.tolist() for row in one.probabilities] == [row.tolist() for row in two.probabilities]


def stopped(folder, how, after):
    """Start the quickstart, stop it when `after` trials are stored; return exit code, seconds, errors."""
    process = subprocess.Popen(
        [*COMMAND, "submit", str(ROOT / "jobs" / "quickstart.py"), "--results", "stopped"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    trials = folder / "stopped" / "quickstart" / "trials"
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until and len(list(trials.glob("*.parquet"))) < after:
        time.sleep(0.1)
    began = time.monotonic()
    os.killpg(process.pid, how) if how == signal.SIGINT else process.send_signal(how)
    _, err = process.communicate(timeout=60)
    return process.returncode, time.monotonic() - began, err


def test_a_stopped_submit_continues(folder):
    """Ctrl-C stops within ten seconds, twenty on a busy machine, and says how to go on; a kill loses few trials."""
    code, seconds, err = stopped(folder, signal.SIGINT, after=2)
    assert code == 130
    assert seconds < 20
    assert "To continue, run the same command again:\n  cnnjobs submit" in err
    assert "Traceback" not in err
    kept = {path.name for path in (folder / "stopped" / "quickstart" / "trials").iterdir()}
    assert len(kept) >= 2
    code, _, _ = stopped(folder, signal.SIGKILL, after=len(kept) + 2)
    assert code == -signal.SIGKILL
    assert "The last submit was cut off" in called("status", "stopped", cwd=folder).stdout
    done = typed("submit", str(ROOT / "jobs" / "quickstart.py"), "--results", "stopped", cwd=folder)
    assert done.returncode == 0, done.stderr
    trials = cnnjobs.load_results(folder / "stopped").trials
    assert trials.status.tolist() == ["completed"] * 9
    assert kept < {path.name for path in (folder / "stopped" / "quickstart" / "trials").iterdir()}
    assert json.loads((folder / "stopped" / "quickstart" / "job.json").read_text())["name"] == "quickstart"
