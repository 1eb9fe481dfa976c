"""What `pip install` brings: the wheel and the sdist are built, looked at, and installed where nothing else is."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
JOBS = sorted(path.name for path in (ROOT / "jobs").glob("*.py"))


def run(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT))
    return {path.suffix: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def environment(built, tmp_path_factory):
    """An environment with the wheel in it, which finds what cnnjobs depends on where the tests have it."""
    folder = tmp_path_factory.mktemp("empty")
    run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"))
    python = folder / "venv" / "bin" / "python"
    wheel = str(built[".whl"])
    run(sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", wheel)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return folder / "venv" / "bin"


def typed(environment, *words, cwd):
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return run(str(environment / "cnnjobs"), *words, cwd=cwd, env=variables)


def test_an_index_would_take_both(built):
    run(sys.executable, "-m", "twine", "check", "--strict", *map(str, built.values()))


def test_both_bring_the_bundled_jobs(built):
    with zipfile.ZipFile(built[".whl"]) as wheel:
        names = wheel.namelist()
    assert [name.removeprefix("cnnjobs/examples/") for name in names if name.startswith("cnnjobs/examples/")] == JOBS
    assert not [name for name in names if not name.startswith(("cnnjobs/", "cnnjobs-"))]
    with tarfile.open(built[".gz"]) as sdist:
        members = {name.partition("/")[2] for name in sdist.getnames()}
    assert {f"jobs/{name}" for name in JOBS} < members
    assert {"README.md", "LICENSE", "cnnjobs/schema/cnnjobs-output-1.json"} < members


def test_from_nothing_to_a_job_of_ones_own(environment, tmp_path):
    """Somebody has installed the package, has no checkout, and types what the help names first."""
    listed = typed(environment, "examples", cwd=tmp_path)
    assert "quickstart\n" in listed
    typed(environment, "new", "study", cwd=tmp_path)
    typed(environment, "new", "first", "--from", "quickstart", cwd=tmp_path)
    for name in ("study", "first"):
        assert "9 of 9 trials" in typed(environment, "plan", f"{name}.py", "--no-sizes", cwd=tmp_path)
    where = run(str(environment / "python"), "-c", "import cnnjobs; print(cnnjobs.__file__)", cwd=tmp_path, env={})
    assert where.startswith(str(environment.parent)), "the files are those of the wheel"
