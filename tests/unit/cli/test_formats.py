"""`--format json`: standard output is data and nothing else, however a command ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import COMMAND, called
from support.documents import document

from cnnjobs.cli.formats import wants_json

ROOT = Path(__file__).parents[3]
JOB = """
import os, sys
print("printed at import")
sys.__stdout__.write("printed past sys.stdout\\n")
os.system("echo printed by another process")
from cnnjobs import Job, Variant, vgg
job = Job(name="small", dataset="digits", repeats=2, variants={"猫": Variant(model=vgg(blocks=1), epochs=1)})
"""
PLAN = ("plan", "job.py", "--no-sizes", "--format", "json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("formats")
    (where / "job.py").write_text(JOB, encoding="utf-8")
    return where


def run(*words, cwd, stdout=subprocess.PIPE, **variables):
    """Run a command in a process of its own, with these variables."""
    environment = {**os.environ, **variables}
    return subprocess.run(
        [*COMMAND, *words], cwd=cwd, env=environment, stdout=stdout, stderr=subprocess.PIPE, timeout=120, check=False
    )


def test_whatever_prints_prints_elsewhere_and_text_is_utf8_in_any_locale(folder):
    done = run(*PLAN, cwd=folder, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", FORCE_COLOR="1")
    found = document(done.stdout.decode("utf-8"))
    assert found["variants"][0]["variant"] == "猫"
    assert done.stderr.count(b"printed ") == 3
    assert (found["would_run"], done.returncode) == (2, 0)


def test_a_reader_that_has_gone_changes_nothing_and_a_full_disk_is_said(folder):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as gone:
        assert run(*PLAN, cwd=folder, stdout=gone).returncode == 0
    with open("/dev/full", "wb") as full:
        done = run(*PLAN, cwd=folder, stdout=full)
    assert (done.returncode, b"The output is not complete" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (("plan", "job.py", "--nosizes", "--format", "json"), "UsageError", "No such option"),
        (("plan", "--format=json"), "UsageError", "Missing argument"),
        (("plan", "job.py", "--repeats", "0", "--format", "json"), "UsageError", "--repeats"),
        (("plan", "none.py", "--format", "json"), "JobFileError", "There is no job file none.py"),
        (("plan", "job.py", "--only", "x", "--format", "json"), "SpecError", "`--only` must be a variant"),
        (("no-command", "--format", "json"), "UsageError", "No such command"),
        (("--format", "json", "plan"), "UsageError", "No such option"),
    ],
)
def test_a_mistake_is_a_document_with_the_sentence_and_the_exit_code_of_text(words, kind, said, folder):
    done = called(*words, cwd=folder)
    error = document(done.stdout)["error"]
    assert (error["kind"], error["exit_code"], done.returncode) == (kind, 2, 2)
    assert said in error["message"]
    assert said in done.stderr
    text = called(*(word for word in words if word not in ("--format", "json", "--format=json")), cwd=folder)
    assert text.returncode == 2


def test_an_option_that_is_wrong_is_named(folder):
    done = called("plan", "job.py", "--repeats", "0", "--format", "json", cwd=folder)
    assert document(done.stdout)["error"]["parameter"] == "--repeats"


def test_what_nobody_foresaw_is_a_document_too(folder, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    monkeypatch.setattr("cnnjobs.run.plan.plan_job", lambda *words, **options: 1 / 0)
    done = called(*PLAN, cwd=folder)
    error = document(done.stdout)["error"]
    assert (error["kind"], error["exit_code"], done.returncode) == ("UnexpectedError", 1, 1)
    assert "Its traceback: " in error["message"]


def test_stopped_by_the_keyboard(folder, monkeypatch):
    def stop(*words, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("cnnjobs.run.plan.plan_job", stop)
    done = called(*PLAN, cwd=folder)
    assert (document(done.stdout)["error"]["kind"], done.returncode) == ("Interrupted", 130)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("plan", "--format", "json"), True),
        (("plan", "--format=json"), True),
        (("plan", "--format", "json", "--format", "text"), False),
        (("plan", "--format", "json", "--help"), False),
        (("predict", "--", "--format=json"), False),
        (("plan", "--format"), False),
        ((), False),
    ],
)
def test_whether_json_is_asked_for_is_seen_before_the_line_is_parsed(words, wanted):
    assert wants_json(words) is wanted


def test_the_schema_is_printed_and_the_page_says_what_it_says(folder):
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import make_automation
    finally:
        sys.path.pop(0)
    assert json.loads(called("schema", cwd=folder).stdout)["$id"] == "urn:cnnjobs:output:1"
    assert make_automation.page() == make_automation.PAGE.read_text(encoding="utf-8"), "run docs/make_automation.py"
