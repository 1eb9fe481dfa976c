"""What a command on a cluster's head writes for programs arrives through the job's log, and nothing else with it."""

import importlib
import io
import json
import sys
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from support.documents import checked, document
from support.fakes import submit_in, write_job

import cnnjobs.remote
from cnnjobs.cli import main
from cnnjobs.errors import ClusterLost
from cnnjobs.remote import doctor as remote_doctor
from cnnjobs.remote import follow as following
from cnnjobs.remote import remote_submit
from cnnjobs.remote import status as remote_status
from cnnjobs.run.calling_machine import MARK, for_elsewhere
from cnnjobs.schema.output import Output
from cnnjobs.versions import installed_versions

URL = "http://127.0.0.1:8265"
JSON = ("--format", "json", "--address", URL)
WITHOUT_RAY = SimpleNamespace(KIND="cnnjobs", STOP_S=1.0, JobsApi=object, RemoteJob=object)
TOKEN = SimpleNamespace(asks_for_token=True, ray_version="2.60", url=URL)


class Head:
    """A cluster whose head has run one submit, or runs each command here."""

    def __init__(self, log=(), exit_code=0):
        self.lines, self.sent, self.cluster = list(log), [], TOKEN
        self._ended = SimpleNamespace(
            identity="cnnjobs-tiny-1",
            status="SUCCEEDED" if not exit_code else "FAILED",
            exit_code=exit_code,
            message="",
            started=0.0,
            is_over=True,
            metadata={"cnnjobs": "submit", "job": "tiny", "results": "results"},
        )

    def submit(self, words, folder, identity, metadata):
        self.sent.append(words)

    def follow(self, identity, on_trouble):
        yield from self.lines

    def log(self, identity):
        return "\n".join(self.lines)

    def job(self, identity):
        return self._ended

    def jobs(self):
        return [self._ended]


def on_head(folder, monkeypatch, *words, **job):
    """What a submit leaves in the log of its job, both streams in it, beside what others print."""
    with monkeypatch.context() as patch:
        patch.setenv("CNNJOBS_EVENTS", "1")
        done = submit_in(folder, "--format", "json", *words, **job)
    return [*done.stdout.splitlines(), "printed by a library", *done.stderr.splitlines()], done.exit_code


@pytest.fixture
def reached(monkeypatch):
    """Return a function that has commands reach a head."""

    def reach(head):
        monkeypatch.setitem(sys.modules, "cnnjobs.remote.jobs", None)  # goes in the end, also where it was not there
        del sys.modules["cnnjobs.remote.jobs"]
        monkeypatch.setitem(sys.modules, "cnnjobs.remote.jobs_client", WITHOUT_RAY)
        monkeypatch.setattr(cnnjobs.remote, "jobs", None, raising=False)
        remote_jobs = importlib.import_module("cnnjobs.remote.jobs")
        for module in (remote_submit, remote_doctor):
            monkeypatch.setattr(module, "reach", lambda url, insecure: head)
        for module in (remote_status, remote_jobs):
            monkeypatch.setattr(module, "reach_named", lambda address, insecure: head)
        return head

    return reach


def test_the_events_of_a_submit_elsewhere_are_those_of_a_submit_here(tmp_path, monkeypatch, reached):
    log, code = on_head(tmp_path, monkeypatch, repeats=2)
    assert all(line.startswith(MARK) for line in log[:3])
    reached(Head(log, code))
    done = CliRunner().invoke(main, ["submit", str(write_job(tmp_path)), *JSON])
    events = [checked(line) for line in done.stdout.splitlines()]
    assert [one["event"] for one in events[:2]] == ["sent", "begin"]
    assert (events[0]["url"], events[1]["results"]) == (URL, "~/cnnjobs/results/tiny on the head")
    assert [one["event"] for one in events].count("finished") == 4
    assert (events[-1]["event"], events[-1]["comparison"]["report"], done.exit_code) == ("summary", None, 0)
    assert "printed by a library" in done.stderr


def test_what_fails_there_is_the_last_line_here_with_its_exit_code(tmp_path, monkeypatch, reached):
    log, code = on_head(tmp_path, monkeypatch, "--only", "none")
    reached(Head(log, code))
    done = CliRunner().invoke(main, ["submit", str(write_job(tmp_path)), *JSON])
    sent, last = (checked(line) for line in done.stdout.splitlines())
    assert (sent["event"], last["schema"], done.exit_code) == ("sent", "cnnjobs.error/1", 2)
    assert last["error"]["message"].startswith("error on the head: ")


def test_a_job_that_vanishes_ends_with_a_line_of_this_side(tmp_path, monkeypatch, reached):
    log, _ = on_head(tmp_path, monkeypatch, repeats=1)
    reached(Head(log[:2], None))
    done = CliRunner().invoke(main, ["submit", str(write_job(tmp_path)), *JSON])
    lines = [checked(line) for line in done.stdout.splitlines()]
    assert lines[-1]["error"]["kind"] == ClusterLost.__name__
    assert lines[-1]["error"]["exit_code"] == done.exit_code == 1


def test_options_travel_to_the_head(tmp_path, monkeypatch, reached):
    log, code = on_head(tmp_path, monkeypatch, repeats=1)
    head = reached(Head(log, code))
    CliRunner().invoke(main, ["submit", str(write_job(tmp_path)), *JSON, "--repeats", "1"])
    assert "--format json" in head.sent[0].replace('", "', " ")


@pytest.mark.parametrize("follow", ["--follow", "--no-follow"])
def test_the_lines_of_a_job_can_be_read_again(follow, tmp_path, monkeypatch, reached):
    log, code = on_head(tmp_path, monkeypatch, repeats=1)
    reached(Head(log, code))
    done = CliRunner().invoke(main, ["logs", follow, *JSON])
    events = [checked(line)["event"] for line in done.stdout.splitlines()]
    assert (events[0], events[-1], events.count("finished")) == ("begin", "summary", 2)


def test_a_submit_from_a_machine_with_other_versions_says_with_which_the_job_runs(tmp_path, monkeypatch):
    here = installed_versions()
    monkeypatch.setenv("CNNJOBS_VERSIONS", json.dumps(here))
    assert "versions" not in submit_in(tmp_path, repeats=1).stderr
    monkeypatch.setenv("CNNJOBS_VERSIONS", json.dumps(here | {"python": "3.9.1", "keras": "3.0.0"}))
    done = submit_in(tmp_path, "--format", "json", repeats=1)
    said = "The cluster has other versions than the machine that submits: "
    said += f"python {here['python']}, keras {here['keras']}. The job runs with those of the cluster"
    assert f"note: {said}\n" in done.stderr
    events = [checked(line) for line in done.stdout.splitlines()]
    assert (events[0]["text"], events[-1]["notes"]) == (said, [said])


def asked_here(words, tmp_path, monkeypatch):
    """What a command that only reads leaves in the log of its job."""
    with monkeypatch.context() as patch:
        patch.setenv("CNNJOBS_EVENTS", "1")
        patch.chdir(tmp_path)
        done = CliRunner().invoke(main, words)
    return done.exit_code, f"printed by a library\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize(("results", "code"), [("results", 0), ("none", 2)])
def test_status_of_a_cluster_is_one_document(results, code, tmp_path, monkeypatch, reached):
    submit_in(tmp_path, repeats=1)
    reached(Head())
    monkeypatch.setattr(remote_status, "ask_head", lambda api, words, files: asked_here(words, tmp_path, monkeypatch))
    done = CliRunner().invoke(main, ["status", results, *JSON])
    found = document(done.stdout)
    assert found["cluster"]["url"] == URL
    assert [(one["job"], one["results"]) for one in found["cluster"]["jobs"]] == [("tiny", "results/tiny")]
    assert (done.exit_code, [job["job"] for job in found["jobs"]]) == (code, ["tiny"] if not code else [])
    assert (found["error"] or {}).get("kind") == ("StoreError" if code else None)


def test_doctor_of_a_cluster_is_one_document(tmp_path, monkeypatch, reached):
    reached(Head())
    answer = {"schema": "cnnjobs.doctor/1", "cnnjobs": "0.1.0", "wrong": 1, "notes": [], "error": None}
    answer["checks"] = [{"name": "clock", "wrong": True, "said": "late", "remedy": "Synchronise it."}]
    answer["error"] = {"kind": "ChecksFailed", "message": "1 of 1 checks found something wrong.", "exit_code": 1}
    said = (1, for_elsewhere(json.dumps(answer)))
    monkeypatch.setattr(remote_doctor, "ask_head", lambda *words, **options: said)
    done = CliRunner().invoke(main, ["doctor", *JSON])
    found = document(done.stdout)
    assert [(one["name"], one["wrong"]) for one in found["checks"]] == [("dashboard", False), ("clock", True)]
    assert (found["error"]["kind"], done.exit_code) == ("ChecksFailed", 1)


def test_a_line_for_programs_is_no_text_for_people(capsys):
    line = for_elsewhere('{"schema": "cnnjobs.submit/1", "event": "started"}')
    assert following.taken_apart(f"a{line}b\n{line[:30]}") == (
        "a\nb",
        {"schema": "cnnjobs.submit/1", "event": "started"},
    )
    assert following.said_in(line) is None
    stream = io.StringIO()
    head = Head([line, "plain"])
    assert following.show_log(head, "x", Output(stream)).text == "plain"
    assert json.loads(stream.getvalue())["event"] == "started"
    assert following.show_log(head, "x").has_events
    assert capsys.readouterr().out == "plain\nplain\n"
