"""What the README shows is what is run."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)


def test_the_check_of_every_change_runs_the_test_command_of_the_readme():
    assert BLOCKS[1].strip() in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_first_command_is_the_quickstart():
    assert "cnnjobs submit jobs/quickstart.py" in BLOCKS[0]


def test_files_that_the_readme_names_exist():
    for name in re.findall(r"(?:\]\(|src=\")([^)#\"]+)[)\"#]", README):
        if "://" not in name:
            assert (ROOT / name).exists(), name
