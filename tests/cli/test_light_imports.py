"""What needs neither TensorFlow nor Ray loads neither, seen from a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import busy, typed

HEAVY = ("tensorflow", "keras", "ray")


def loaded_by(code, libraries=HEAVY):
    """Run code in a fresh interpreter; return which of these libraries it has loaded."""
    check = f"\nimport sys; print('LOADED', *[m for m in {libraries!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + check], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize(
    "code",
    [
        "import cnnjobs",
        "import cnnjobs.cli",
        "from cnnjobs import load_results",
        "from cnnjobs import compare, statistics",
        "import cnnjobs.run.prepare, cnnjobs.run.submit, cnnjobs.engine.inline, cnnjobs.run.backends",
        "import cnnjobs.report.build",
        "import runpy; runpy.run_path('jobs/regularization_grid.py')",
    ],
)
def test_what_needs_neither_tensorflow_nor_ray_loads_neither(code):
    assert loaded_by(code) == []


def test_job_files_load_nothing_that_reads_results():
    libraries = ("pandas", "scipy", "statsmodels", "matplotlib", "pyarrow", "sklearn")
    assert loaded_by("import cnnjobs", libraries) == []
    assert "scipy" in loaded_by("import cnnjobs; cnnjobs.statistics.holm", libraries), "only when it is asked for"


def test_showing_a_data_set_loads_neither(tmp_path):
    words = ["show", "digits", "--output", str(tmp_path / "digits.png")]
    assert loaded_by(f"import cnnjobs.cli; cnnjobs.cli.main({words!r}, standalone_mode=False)") == []
    assert (tmp_path / "digits.png").is_file()


def test_the_end_of_a_command_collects_nothing_and_calls_what_asked_to_be_called():
    code = """
import atexit, gc, weakref
class Kept: pass
kept = Kept()
atexit.register(lambda: print("frozen" if gc.get_freeze_count() else "not frozen"))  # the first is called last
weakref.finalize(kept, print, "finalized")
import cnnjobs.cli
cnnjobs.cli.main(["schema"], standalone_mode=False)
atexit.register(print, "called")
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-3:] == ["called", "finalized", "frozen"]


def test_the_guard_can_fail():
    assert loaded_by("import types, sys; sys.modules['ray'] = types.ModuleType('ray')") == ["ray"]


COMMANDS = ((), ("submit",), ("plan",), ("status",), ("aggregate",), ("show",))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words) or "cnnjobs")
def test_help_is_quick_and_loads_neither(command):
    code = f"import cnnjobs.cli; cnnjobs.cli.main([*{command!r}, '--help'], standalone_mode=False)"
    assert loaded_by(code) == []
    seconds = []
    while len(seconds) < 5 and min(seconds, default=1) >= 0.3:  # a busy machine has its moments
        done, took = busy(typed, *command, "--help", cwd=Path.cwd())
        seconds.append(took)
    assert "Usage: cnnjobs" in done.stdout
    assert min(seconds) < 0.3
