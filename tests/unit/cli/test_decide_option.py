"""`--decide [MARGIN]`: what is typed with and without a margin, before and after the job file."""

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from cnnjobs.cli import main
from cnnjobs.cli.decide_option import DecideCommand, decide_option
from cnnjobs.cli.options import words_of


def read(*words):
    """What a command makes of its words: job, margin, results folder, and the options as they were typed."""
    found = []

    @click.command(cls=DecideCommand)
    @click.argument("job")
    @decide_option("help")
    @click.option("--results")
    @click.option("-v", "--verbose", is_flag=True)
    @click.pass_context
    def command(context, job, decide, results, verbose):
        found.append((job, decide, results, words_of(context, leave=("job",))))

    done = CliRunner().invoke(command, words)
    return found[0] if found else done.output


@pytest.mark.parametrize(
    ("words", "job", "decide"),
    [
        (("--decide", "jobs/x.py"), "jobs/x.py", True),
        (("jobs/x.py", "--decide"), "jobs/x.py", True),
        (("--decide", "0.5", "x.py"), "x.py", 0.5),
        (("x.py", "--decide", "0.5"), "x.py", 0.5),
        (("--decide=0.5", "x.py"), "x.py", 0.5),
        (("--decide", ".5", "x.py"), "x.py", 0.5),
        (("--decide", "5e-1", "x.py"), "x.py", 0.5),
        (("--decide", "1", "x.py"), "x.py", 1.0),
        (("--decide", "5.py"), "5.py", True),
        (("--decide", "nancy.py"), "nancy.py", True),
        (("--decide", "-v", "x.py"), "x.py", True),
        (("--decide", "--", "x.py"), "x.py", True),
        (("--decide", "--", "0.5"), "0.5", True),
        (("x.py", "--decide", "--results", "r"), "x.py", True),
        (("--decide", "0.5", "--decide", "0.5", "x.py"), "x.py", 0.5),
        (("--results", "--decide", "x.py"), "x.py", None),
        (("--", "--decide"), "--decide", None),
        (("--decide", "-0.5", "x.py"), "x.py", -0.5),
        (("--decide", "0", "x.py"), "x.py", 0.0),
    ],
)
def test_a_value_that_is_no_number_is_the_next_word(words, job, decide):
    assert read(*words)[:2] == (job, decide)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--decide", "0.5%", "x.py"), "without a unit, such as 0.5, or nothing. Received: '0.5%'"),
        (("--decide", "0.5pt", "x.py"), "Received: '0.5pt'"),
        (("--decide", "0,5", "x.py"), "Received: '0,5'"),
        (("--decide", "0.5 points", "x.py"), "Received: '0.5 points'"),
        (("--decide=x.py",), "Received: 'x.py'"),
        (("--decide=1_0", "x.py"), "Received: '1_0'"),
        (("--decide", "", "x.py"), "must not be empty. Leave out the value for no margin."),
        (("--decide=", "x.py"), "must not be empty"),
        (("--decide", "0.5", "--decide", "x.py"), "--decide is given several times, with different margins"),
        (("--decide", "0.5"), "Missing argument 'JOB'"),
    ],
)
def test_what_is_no_margin_is_refused(words, said):
    assert said in read(*words).replace("\n", " ")


@pytest.mark.parametrize("words", [["--decide"], ["--decide=0.123456789"], ["--results", "a b", "--decide"]])
def test_the_words_that_go_to_a_cluster_are_those_typed(words):
    assert sorted(read(*words, "x.py")[3]) == sorted(words)


def test_a_margin_that_is_none_is_told_in_the_words_of_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for value in ("0", "-0.5", "nan", "inf", "100"):
        done = CliRunner().invoke(main, ["submit", "job.py", "--decide", value])
        assert done.exit_code == 2
        assert f"`--decide` must be a number above 0 and below 100. Received: --decide {float(value)}." in done.stderr


def test_the_help_shows_that_a_margin_may_be_left_out():
    text = CliRunner().invoke(main, ["submit", "--help"]).output
    assert "--decide [MARGIN] " in text
    assert "[default: none" not in text


def test_a_shell_completes_options_after_it():
    complete = ShellComplete(main, {}, "cnnjobs", "_CNNJOBS_COMPLETE")
    for words in (["submit", "--decide"], ["submit", "--decide", "job.py"], ["submit", "--decide", "0.5", "--decide"]):
        assert "--most-repeats" in [one.value for one in complete.get_completions(words, "--most")]
