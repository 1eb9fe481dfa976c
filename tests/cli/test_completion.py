"""Shells complete commands, options, job files and the names of variants; tried in a real bash."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import called
from support.terminals import Bash

JOB = """
from cnnjobs import Job, Variant, vgg

print("of no interest")
small = Variant(model=vgg(blocks=1), epochs=1)
job = Job(name="x", dataset="digits", variants={"baseline": small, "with dropout": small.but(epochs=2)})
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "my-study.py").write_text(JOB)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "cnnjobs"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m cnnjobs "$@"\n')
    command.chmod(0o755)
    return tmp_path


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_a_real_bash_completes_what_is_typed(folder):
    with Bash(folder, str(folder / "bin")) as bash:
        bash.types('eval "$(cnnjobs completion bash)"; echo "rea""dy"\n', until="ready")
        assert "cnnjobs completion " in bash.types("cnnjobs comp\t", until="cnnjobs completion ")
        assert "submit my-study.py " in bash.types("\x15cnnjobs submit my-\t", until="my-study.py ")
        assert "baseline " in bash.types("--only bas\t", until="baseline "), "a variant of the job in the line"
        assert "'with dropout' " in bash.types("\x15cnnjobs fit my-study.py --variant with\t", until="dropout' ")
        assert "quickstart " in bash.types("\x15cnnjobs new a --from qui\t", until="quickstart ")
        assert "fashion_mnist " in bash.types("\x15cnnjobs new a --data fash\t", until="fashion_mnist ")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_scripts_of_other_shells(shell, tmp_path):
    script = called("completion", shell, cwd=tmp_path).stdout
    assert f"{shell}_complete" in script
    assert "_CNNJOBS_COMPLETE" in script
    found = shutil.which(shell)
    if found is not None:
        (tmp_path / "script").write_text(script)
        subprocess.run([found, "-n", str(tmp_path / "script")], check=True)


def test_job_files_that_import_tensorflow_are_not_run(tmp_path, monkeypatch):
    from cnnjobs.cli.completion import _variants

    path = tmp_path / "slow.py"
    monkeypatch.setenv("COMP_WORDS", f"cnnjobs submit {path} --only ")
    path.write_text(JOB)
    assert _variants(None, "") == ["baseline", "with dropout"]
    path.write_text(f"import keras\n{JOB}")
    assert _variants(None, "") == []
    Path(path).write_text("job = half a")
    assert _variants(None, "") == []


def test_another_shell_is_named(tmp_path):
    done = called("completion", "tcsh", cwd=tmp_path)
    assert done.returncode == 2
    assert "bash" in done.stderr
