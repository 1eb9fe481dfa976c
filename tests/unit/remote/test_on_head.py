"""What runs on the head of a cluster runs in ~/cnnjobs, with uploaded files, as it was typed elsewhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnnjobs.remote.head_command import PROGRAM, command_on_head
from cnnjobs.versions import installed_versions

SPY = """
import json, os, sys
from cnnjobs import cli

def spy(words, prog_name):
    names = ("CNNJOBS_EVENTS", "CNNJOBS_TYPED", "CNNJOBS_VERSIONS", "COLUMNS")
    told = {"words": words, "name": prog_name, "cwd": os.getcwd(), "set": {name: os.environ[name] for name in names}}
    print(json.dumps(told))

cli.main = spy
"""


@pytest.fixture
def folders(tmp_path):
    """The home on the head, and the folder that Ray made of the upload."""
    found = tmp_path / "home", tmp_path / "working dir"
    for folder in found:
        folder.mkdir()
    return found


def run(folders, words, *, typed="cnnjobs submit job.py", columns=99, versions=None, before=SPY):
    home, upload = folders
    versions = installed_versions() if versions is None else versions
    what = json.dumps({"words": words, "typed": typed, "columns": columns, "versions": versions})
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.run(
        [sys.executable, "-P", "-u", "-c", before + PROGRAM, what],
        cwd=upload,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def told(folders, words, **options):
    done = run(folders, words, **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_relative_paths_are_taken_from_a_folder_of_the_home(folders):
    assert told(folders, ["status", "results"])["cwd"] == str(folders[0] / "cnnjobs")
    assert told(folders, ["status", "results"])["words"] == ["status", "results"], "a second time as well"


def test_words_that_name_uploaded_files_become_their_paths(folders):
    words = ["submit", "@/job.py", "--dataset", "photos/", "--only", "a@/b", "@/sub/own.py"]
    uploaded = folders[1] / "job"
    expected = ["submit", f"{uploaded}/job.py", "--dataset", "photos/", "--only", "a@/b", f"{uploaded}/sub/own.py"]
    assert told(folders, words)["words"] == expected


def test_the_environment_tells_what_was_typed_where_and_how_wide_the_terminal_is(folders):
    versions = {"python": "3.9.1", "ray": "2.1.0"}
    found = told(folders, ["status"], typed="cnnjobs submit 'my job.py'", columns=123, versions=versions)
    assert json.loads(found["set"].pop("CNNJOBS_VERSIONS")) == versions
    assert found["set"] == {"CNNJOBS_EVENTS": "1", "CNNJOBS_TYPED": "cnnjobs submit 'my job.py'", "COLUMNS": "123"}
    assert found["name"] == "cnnjobs"


def test_a_submit_from_a_machine_with_other_versions_says_with_which_the_job_runs(folders):
    here = installed_versions()
    assert run(folders, ["submit", "@/job.py"]).stderr == ""
    done = run(folders, ["submit", "@/job.py"], versions=here | {"python": "3.9.1", "keras": "3.0.0"})
    assert done.stderr == (
        "note: the cluster has other versions than the machine that submits: "
        f"python {here['python']}, keras {here['keras']}; the job runs with the cluster's\n"
    )
    assert run(folders, ["status"], versions=here | {"python": "3.9.1"}).stderr == ""


def test_the_command_itself_runs_and_its_exit_code_is_the_jobs(folders):
    done = run(folders, ["status", "nowhere"], before="")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: There is no folder nowhere.\n"


def test_uploaded_modules_do_not_take_the_place_of_installed_ones(folders):
    (folders[1] / "json.py").write_text("raise ImportError('the uploaded one')")
    assert told(folders, ["status"])["words"] == ["status"]


PYTHON = """#!/bin/sh
exec "$REAL" -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@"
"""

WORDS = [
    "submit",
    "@/my job.py",
    "--only",
    'it\'s "one"',
    "--only",
    "$HOME `id` $(id) ; exit 3 | & > < \\ * ?",
    "ä\n!",
    "",
]


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_words_survive_a_real_shell(shell, tmp_path):
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    typed = """cnnjobs submit 'my job.py' --only "it's" """
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "REAL": sys.executable}
    command = [shell, "-c", command_on_head(WORDS, typed, 80)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path)
    *how, program, what = json.loads(done.stdout)
    assert (how, program) == (["-P", "-u", "-c"], PROGRAM)
    about = {"typed": typed, "columns": 80, "versions": installed_versions()}
    assert json.loads(what) == {"words": WORDS, **about}


def test_the_command_is_one_line_of_ascii():
    """Ray shows it on the dashboard, and logs it."""
    command = command_on_head(WORDS, "typed", 80)
    assert command.isascii()
    assert "\n" not in command
