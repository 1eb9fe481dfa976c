"""Every command where something around it is broken: it works, or says in one message what to do."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support import surroundings
from support.stores import make_store

import cnnjobs

JOB = """
from cnnjobs import Job, Variant, mlp

variants = {name: Variant(model=mlp(dense=(size,)), epochs=1) for name, size in (("a", 4), ("b", 5))}
job = Job(name="tiny", dataset="digits", repeats=2, variants=variants)
"""

COMMANDS = {
    "show": ("show", "digits"),
    "plan": ("plan", "{folder}/job.py", "--no-sizes", "--results", "{folder}/results"),
    "submit": ("submit", "{folder}/job.py", "--results", "{folder}/{name}"),
    "status": ("status", "{folder}/results"),
    "aggregate": ("aggregate", "{folder}/results", "--output", "{folder}/{name} out"),
    "verify": ("verify", "{folder}/results"),
    "fit": ("fit", "{folder}/job.py", "--variant", "c"),
    "evaluate": ("evaluate", "{folder}/none.keras"),
    "predict": ("predict", "{folder}/none.keras", "a.png"),
    "logs": ("logs", "--address", "http://127.0.0.1:9"),
    "stop": ("stop", "--address", "http://127.0.0.1:9"),
    "fetch": ("fetch", "--address", "http://127.0.0.1:9"),
}
FAILING = {"fit", "evaluate", "predict", "logs", "stop", "fetch"}
"""What ends with an error anyway, which is to be told as ever."""

SLOW = {"aggregate", "logs", "stop"}
MOST_TELLING = {"nothing is broken", "HOME is not set", "the current folder is gone"}
"""What takes seconds runs under these alone."""

BROKEN = {
    "nothing is broken": "",
    "HOME is not set": "os.environ.pop('HOME')",
    "HOME is a file": "os.environ['HOME'] = '{folder}/file'",
    "TMPDIR is long": "os.environ['TMPDIR'] = '{folder}/{long}'",
    "TMPDIR is relative": "os.environ['TMPDIR'] = 'relative'",
    "TMPDIR is not there": "os.environ['TMPDIR'] = '/no/such/folder'",
    "TMPDIR is a file": "os.environ['TMPDIR'] = '{folder}/file'",
    "the current folder is gone": "os.mkdir('{folder}/gone'); os.chdir('{folder}/gone'); os.rmdir('{folder}/gone')",
    "the current folder cannot be read": "os.mkdir('{folder}/shut'); os.chdir('{folder}/shut'); os.chmod('.', 0)",
    "stdin is closed": "os.close(0)",
    "the locale is unknown": "os.environ['LC_ALL'] = 'xx_YY'",
    "files must be small": "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))",
}
"""Sentence -> code that makes it true."""

TRACEBACK_IN = re.compile(r"Its traceback: (\S+)")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """(What is broken, command) -> exit code, what was printed, and seconds."""
    folder = tmp_path_factory.mktemp("broken")
    make_store(folder / "results", {"a": [0.5, 0.6], "b": [0.7, 0.65]}, repeats=2)
    (folder / "job.py").write_text(JOB)
    (folder / "file").touch()
    long = "x" * 90
    (folder / long).mkdir()
    (folder / "relative").mkdir()
    asked = {}
    for broken, code in BROKEN.items():
        for name, words in COMMANDS.items():
            if name not in SLOW or broken in MOST_TELLING:
                filled = [word.format(folder=folder, name=broken) for word in words]
                unique = code.replace("gone", f"gone-{name}").replace("shut", f"shut-{name}")
                asked[f"{broken}/{name}"] = [unique.format(folder=folder, long=long), *filled]
    package, tests = (Path(module.__file__).parents[1] for module in (cnnjobs, surroundings))
    done = subprocess.run(
        [sys.executable, "-m", "support.surroundings"],
        input=json.dumps(asked),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{package}:{tests}", "XDG_STATE_HOME": f"{folder}/state"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = (json.loads(line) for line in done.stdout.splitlines())
    return {tuple(name.split("/")): tuple(answer) for name, *answer in answers}


@pytest.mark.parametrize("broken", BROKEN)
def test_every_command_works_or_says_what_to_do_in_one_message(told, broken):
    """Somebody's HOME, TMPDIR, current folder, locale or limits are not what programs count on."""
    for (what, command), (code, said, seconds) in told.items():
        if what != broken:
            continue
        assert "Traceback" not in said, said
        assert code in (0, 1, 2), (command, said)
        assert len(re.findall("error: ", said)) == (code != 0), (command, said)
        assert "\n" not in said.partition("error: ")[2].strip(), (command, said)
        assert seconds < 30, command
        if command in FAILING:
            assert code == (1 if "current folder is" in said else 2), (command, said)


@pytest.mark.parametrize("broken", [name for name in BROKEN if "HOME" in name or "TMPDIR" in name or "stdin" in name])
def test_what_is_no_obstacle_is_none(told, broken):
    """A home that is none, and a temporary folder that cannot hold sockets, keep nobody from training."""
    for command in COMMANDS.keys() - FAILING:
        if (broken, command) in told:
            code, said, _ = told[broken, command]
            assert code == 0, (command, said)


@pytest.mark.parametrize("broken", ["TMPDIR is long", "TMPDIR is not there", "TMPDIR is a file"])
def test_a_temporary_folder_that_is_not_used_is_named(told, broken):
    """Somebody has set TMPDIR to a large disk, whose path is too long for sockets: files go elsewhere."""
    for command in ("plan", "submit"):
        assert re.search(r"note: Temporary files go to \S+, not to TMPDIR=", told[broken, command][1])
    assert "temporary files" not in told["nothing is broken", "submit"][1]


def test_the_traceback_is_in_the_file_that_is_named(told):
    """Whoever reports an error nobody foresaw can send what the authors need."""
    code, said, _ = told["the current folder is gone", "plan"]
    assert code == 1
    assert "FileNotFoundError" in said
    assert "change to another one" in said
    text = Path(TRACEBACK_IN.search(said)[1]).read_text()
    assert "Traceback (most recent call last)" in text
    assert "cnnjobs" in text.splitlines()[1], "versions"


def test_disks_and_limits_are_named(told):
    """Files of this process may have a thousand bytes."""
    code, said, _ = told["files must be small", "submit"]
    assert code == 2
    assert "File too large" in said
