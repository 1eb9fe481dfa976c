"""Whoever reads what a submit prints may go away, or never have been there: what it trains is stored all the same."""

import os
import pty
import shlex
import signal
import subprocess
import time

import pytest
from support.commands import typed, with_fakes
from support.fakes import write_job

from cnnjobs.run.status import status_of
from cnnjobs.store.files import Files
from cnnjobs.store.lock import read_heartbeat

REPEATS = 3


@pytest.fixture
def job(tmp_path):
    return write_job(tmp_path, repeats=REPEATS, epochs=1, variants='"one": base')


def in_shell(job, redirection):
    """Submit a job in a shell that does so with its streams."""
    command = f"{shlex.join(with_fakes())} submit {shlex.quote(str(job))} {redirection}"
    return typed("-c", f"set -o pipefail; {command}", cwd=job.parent, command=("bash",))


def begun(job, command, **options):
    """Start a submit and return it when its first trial is under way."""
    process = subprocess.Popen([*command, "submit", str(job)], cwd=job.parent, **options)
    files, until = Files(job.parent / "results" / "tiny"), time.monotonic() + 60
    while not ((heartbeat := read_heartbeat(files)) and heartbeat.running) and time.monotonic() < until:
        assert process.poll() is None
        time.sleep(0.05)
    return process


def stored(job):
    [found] = status_of(str(job.parent / "results")).jobs
    return found.rows[0]["completed"]


def has_report(job):
    return (job.parent / "results" / "tiny" / "report" / "index.html").exists()


@pytest.mark.parametrize("redirection", ["2>&1 | head -1", "2>&-", ">&- 2>&- <&-"])
def test_a_submit_goes_on_when_nobody_reads_it(job, redirection):
    """`submit ... 2>&1 | head`, a closed standard error, a closed standard output, a full disk below the log."""
    done = in_shell(job, redirection)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert stored(job) == REPEATS
    assert has_report(job)


def test_a_table_that_could_not_be_written_is_no_success_but_everything_is_stored(job):
    """`submit ... > table.txt` on a full disk: the report is written, and the exit code is not 0."""
    done = in_shell(job, "> /dev/full")
    assert done.returncode == 1
    assert "The output is not complete: it could not be written (No space left on device)." in done.stderr
    assert "Traceback" not in done.stderr
    assert stored(job) == REPEATS
    assert has_report(job)


def test_closing_the_terminal_stops_a_submit_as_ctrl_c_does(job):
    """A terminal window is closed in mid-run: the claim is taken back, and `status` says what happened."""
    ours, its = pty.openpty()
    process = begun(job, with_fakes(seconds=1.5), stdin=its, stdout=its, stderr=its, start_new_session=True)
    os.close(its)
    os.close(ours)
    process.send_signal(signal.SIGHUP)  # as the kernel does for the process group in front
    assert process.wait(timeout=60) == 130
    [found] = status_of(str(job.parent / "results")).jobs
    assert "Stopped: its terminal was closed." in found.stopped
    assert "To continue" in found.stopped
    assert not found.cut_off
    assert "Stopped: its terminal was closed." in found.text()


def test_under_nohup_a_submit_goes_on_when_the_terminal_is_closed(job):
    """`nohup cnnjobs submit ... &`, and then the terminal is closed."""
    process = begun(job, ("nohup", *with_fakes(seconds=0.5)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=60) == 0
    assert stored(job) == REPEATS


def test_what_was_said_of_a_stop_is_gone_when_the_job_is_submitted_again(job):
    """Ctrl-C, and the same command once more."""
    process = begun(job, with_fakes(seconds=1.5), stderr=subprocess.PIPE, text=True)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    [found] = status_of(str(job.parent / "results")).jobs
    assert told.strip().endswith(found.stopped.partition(": ")[2]), "the same words"
    in_shell(job, "")
    [found] = status_of(str(job.parent / "results")).jobs
    assert found.stopped == ""
