"""What runs on the head of a cluster runs in ~/cnnjobs, with uploaded files, as it was typed elsewhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnnjobs.remote.head_command import CONFIG, PROGRAM, command_on_head, digests
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


def run(folders, words, *, typed="cnnjobs submit job.py", columns=99, versions=None, before=SPY, uploaded=None, **more):
    home, upload = folders
    versions = installed_versions() if versions is None else versions
    uploaded = digests(upload / "job") if uploaded is None else uploaded
    about = {"typed": typed, "columns": columns, "versions": versions, "uploaded": uploaded}
    what = json.dumps({"words": words, **about})
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[3])} | more
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
    (folders[1] / "job" / "sub").mkdir(parents=True)
    (folders[1] / "job" / "sub" / "own.py").write_text("content")
    spy = SPY.replace("told = {", "told = {'content': open(words[-1]).read(), ")
    found = told(folders, words, before=spy)
    submit, job, *others, own = found["words"]
    assert (submit, *others) == ("submit", "--dataset", "photos/", "--only", "a@/b")
    assert own == f"{job.removesuffix('/job.py')}/sub/own.py"
    assert Path(own).parents[2].name.startswith("cnnjobs."), "where nobody else can change them"
    assert found["content"] == "content"
    assert not Path(own).exists(), "and they go with the process"


@pytest.mark.parametrize("what", ["another content", "none", "a link", "of another user"])
def test_an_upload_that_somebody_has_changed_is_not_run(folders, what):
    """Ray's folders are writable by all, and an equal upload would be used again: it has the token in reach."""
    (folders[1] / "job").mkdir()
    file = folders[1] / "job" / "job.py"
    file.write_text("as it was sent")
    sent = digests(folders[1] / "job")
    assert run(folders, ["submit", "@/job.py"], uploaded=sent).returncode == 0
    if what == "another content":
        file.write_text("print(open('.ray/auth_token').read())")
    elif what == "of another user":
        if os.geteuid():
            pytest.skip("only root can give a file away")
        os.chown(file, 65534, 65534)
    else:
        file.rename(folders[1] / "away")
        if what == "a link":
            file.symlink_to(folders[1] / "away")
    done = run(folders, ["submit", "@/job.py"], uploaded=sent)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        f"error on the head: job.py is not on the head as it was uploaded: {file} was changed"
    )


def test_what_was_not_uploaded_is_not_taken(folders):
    (folders[1] / "job").mkdir()
    (folders[1] / "job" / "job.py").write_text("job")
    sent = digests(folders[1] / "job")
    (folders[1] / "job" / "json.py").write_text("of another user")
    spy = SPY.replace("told = {", "told = {'there': sorted(os.listdir(os.path.dirname(words[1]))), ")
    assert told(folders, ["submit", "@/job.py"], uploaded=sent, before=spy)["there"] == ["job.py"]


def test_workers_do_not_get_the_upload(folders):
    config = {"runtime_env": {"working_dir": "gcs://a.zip", "env_vars": {"A": "1"}}, "metadata": {"job_name": "a"}}
    spy = SPY.replace("told = {", f"told = {{'config': os.environ[{CONFIG!r}], ")
    found = told(folders, ["status"], before=spy, **{CONFIG: json.dumps(config)})
    assert json.loads(found["config"]) == {"runtime_env": {"env_vars": {"A": "1"}}, "metadata": {"job_name": "a"}}


def test_the_environment_tells_what_was_typed_where_and_how_wide_the_terminal_is(folders):
    versions = {"python": "3.9.1", "ray": "2.1.0"}
    found = told(folders, ["status"], typed="cnnjobs submit 'my job.py'", columns=123, versions=versions)
    assert json.loads(found["set"].pop("CNNJOBS_VERSIONS")) == versions
    assert found["set"] == {"CNNJOBS_EVENTS": "1", "CNNJOBS_TYPED": "cnnjobs submit 'my job.py'", "COLUMNS": "123"}
    assert found["name"] == "cnnjobs"


def test_the_command_itself_runs_and_its_exit_code_is_the_jobs(folders):
    done = run(folders, ["status", "nowhere"], before="")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error on the head: There is no folder nowhere.\n"


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
    command = [shell, "-c", command_on_head(WORDS, typed, 80, {"job.py": "abc"})]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path)
    *how, program, what = json.loads(done.stdout)
    assert (how, program) == (["-P", "-u", "-c"], PROGRAM)
    about = {"typed": typed, "columns": 80, "versions": installed_versions(), "uploaded": {"job.py": "abc"}}
    assert json.loads(what) == {"words": WORDS, **about}


@pytest.mark.parametrize(
    ("before", "after"),
    [("{here}", ""), ("{here}:/opt/own", "/opt/own"), ("/opt/own", "/opt/own"), ("/opt:{here}/x", "/opt:{here}/x")],
)
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_nothing_is_imported_from_the_upload_whose_folder_ray_puts_first(shell, before, after, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text('#!/bin/sh\nprintf %s "$PYTHONPATH"')
    (tmp_path / "bin" / "python").chmod(0o755)
    environment = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "PYTHONPATH": before.format(here=tmp_path)}
    command = [shell, "-c", command_on_head(["status"], "typed", 80)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == after.format(here=tmp_path)


def test_the_command_is_one_line_of_ascii():
    """Ray shows it on the dashboard, and logs it."""
    command = command_on_head(WORDS, "typed", 80)
    assert command.isascii()
    assert "\n" not in command
