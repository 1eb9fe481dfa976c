"""Workers that would train with other software than the process that submits."""

import contextlib
import os
import shutil
import sys
from pathlib import Path

import pytest
from support import fakes

import cnnjobs
from cnnjobs import SGD, Job, Variant, vgg
from cnnjobs.engine.base import TrialResources, Work
from cnnjobs.errors import WorkerDiffers
from cnnjobs.messages import Result
from cnnjobs.planning.trials import make_plan
from cnnjobs.run.backends import open_engine
from cnnjobs.versions import installed_versions, package_version

PACKAGE = Path(cnnjobs.__file__).parent


def run(told):
    variants = {"calm": Variant(model=vgg(), optimizer=SGD(0.1), epochs=2)}
    work = Work(
        trials=make_plan(Job(name="a", dataset="digits", repeats=1, variants=variants), "data").trials,
        dataset=fakes.tiny_dataset(),
        make_worker=fakes.fake_worker,
        resources=TrialResources(cpus=1, gpus=0, replicas=1),
        at_once=1,
        modules=(fakes,),
    )
    with contextlib.closing(open_engine(cpus=1, gpus=0, verbose=False)) as engine:
        engine.run(work, lambda trial, message: told.append(message))


def test_a_package_and_a_library_in_the_current_folder_are_not_imported_by_workers(tmp_path, monkeypatch):
    """One stands in a checkout of another commit, which also has a file with the name of a library."""
    (tmp_path / "cnnjobs").mkdir()
    (tmp_path / "cnnjobs" / "__init__.py").write_text("raise ImportError('that of the current folder')\n")
    (tmp_path / "numpy.py").write_text("raise ImportError('that of the current folder')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "script.py")])
    monkeypatch.syspath_prepend(tmp_path)  # as Python does for a script
    told = []
    run(told)
    assert isinstance(told[-1], Result)


def test_a_worker_with_another_commit_of_this_package_trains_nothing(tmp_path, monkeypatch):
    """A line of the package differs there, and the version is the same."""
    shutil.copytree(PACKAGE, tmp_path / "cnnjobs", ignore=shutil.ignore_patterns("__pycache__"))
    with open(tmp_path / "cnnjobs" / "training" / "optimizers.py", "a", encoding="utf-8") as file:
        file.write("# a comment more\n")
    monkeypatch.setattr("cnnjobs.engine.ray.import_path.is_installed_file", lambda file: True)  # not from this checkout
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    told = []
    with pytest.raises(WorkerDiffers, match=r"has cnnjobs 0\.1\.0\+.*, and this process .*cnnjobs 0\.1\.0\+"):
        run(told)
    assert told == []


def test_the_version_tells_commits_apart_and_not_ways_to_install(tmp_path, monkeypatch):
    """A checkout of Windows has other line ends; what Python compiles lies beside the sources."""
    copy = tmp_path / "cnnjobs"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr("cnnjobs.versions.files", lambda name: copy)

    def told():
        package_version.cache_clear()
        return package_version()

    here = installed_versions()["cnnjobs"]
    try:
        assert told() == here
        file = copy / "wording/labels.py"
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
        (copy / "__pycache__").mkdir()
        (copy / "__pycache__" / "labels.py").write_text("compiled")
        assert told() == here
        file.write_bytes(file.read_bytes() + b"WIDTH = 1\n")
        assert told() != here
        file.unlink()
        assert told() != here
    finally:
        package_version.cache_clear()
