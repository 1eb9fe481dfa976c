"""What the README shows is what is run."""

import re

from support.documentation import ROOT, blocks

from cnnjobs.cli import main
from cnnjobs.planning.job_file import load_job

README = ROOT / "README.md"
COMMANDS = blocks(README, "sh")


def test_the_readme_is_one_screen_and_a_map():
    assert len(README.read_text(encoding="utf-8").split()) <= 900


def test_the_first_command_is_the_quickstart():
    assert COMMANDS[0].strip() == "pip install . && cnnjobs submit jobs/quickstart.py"


def test_the_check_of_every_change_runs_the_test_command_of_the_readme():
    assert COMMANDS[1].strip() in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert len(COMMANDS) == 2


def test_the_job_of_the_readme_is_a_job_on_ones_own_pictures(tmp_path):
    [text] = blocks(README, "python")
    assert len(list(filter(None, text.splitlines()))) <= 15
    file = tmp_path / "width.py"
    file.write_text(text)
    job = load_job(file).job
    assert (job.name, list(job.variants)) == (file.stem, ["narrow", "wide"])


def test_the_commands_that_the_readme_names_are_commands():
    names = set(re.findall(r"cnnjobs ([a-z]+)", README.read_text(encoding="utf-8")))
    assert {"submit", "plan", "fit"} <= names & set(main.commands)
