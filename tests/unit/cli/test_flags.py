"""Errors of the library name parameters; on the command line they name what a person typed."""

import pytest
from click.testing import CliRunner
from support.fakes import write_job

import cnnjobs
from cnnjobs.cli import main
from cnnjobs.cli.flags import as_flags
from cnnjobs.errors import StoreError, UserError

NAMES = {"results": "--results", "most_repeats": "--most-repeats", "job": "JOB"}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("`results` must be a path.", "`--results` must be a path."),
        ("Use `results=PATH`, please.", "Use `--results PATH`, please."),
        ("`most_repeats` is 4. Received: most_repeats=4.", "`--most-repeats` is 4. Received: --most-repeats 4."),
        ("Received: results=x.", "Received: results=x."),
        ("`validation` is no option, `job` is an argument.", "`validation` is no option, `JOB` is an argument."),
    ],
    ids=["name", "with a value", "what was typed", "what was not typed", "others"],
)
def test_parameters_become_what_is_typed(said, shown):
    assert as_flags(said, NAMES, given={"most_repeats"}) == shown


def test_one_mistake_is_told_in_the_words_of_each_caller(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write_job(tmp_path)
    done = CliRunner().invoke(main, ["plan", str(path), "--only", "three", "--no-sizes"])
    assert done.stderr.startswith("error: `--only` must be a variant of tiny: one, two. Received: 'three'.")
    with pytest.raises(UserError, match=r"^`only` must be a variant of tiny: one, two\. Received: 'three'\."):
        cnnjobs.plan(path, only="three")


def test_what_is_wrong_in_a_job_file_stays_in_its_words(tmp_path):
    path = write_job(tmp_path, repeats=0)
    done = CliRunner().invoke(main, ["plan", str(path)])
    assert "`repeats` must be a whole number of at least 1. Received: repeats=0." in done.stderr


def test_a_results_folder_that_is_none_is_told_to_python(tmp_path):
    with pytest.raises(StoreError, match="There is no folder"):
        cnnjobs.status(tmp_path / "none")
