"""A job elsewhere looks as if it ran here: its log is shown, its end is told, and what it is asked travels as words."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner
from support.decided import B
from support.fakes import Clock, write_job
from support.rulings import made_ruling

from cnnjobs import Job, Variant, vgg
from cnnjobs.cli import main
from cnnjobs.cli.options import words_of
from cnnjobs.cli.submit import submit
from cnnjobs.errors import ClusterError, ClusterLost, CnnjobsError, Interrupted, StoreError
from cnnjobs.files.uris import refuse_keys
from cnnjobs.messages import Failure, Progress, Result, Status
from cnnjobs.planning.trials import make_plan
from cnnjobs.remote import follow as following
from cnnjobs.remote import remote_submit
from cnnjobs.run import screens
from cnnjobs.run.meter import Meter
from cnnjobs.run.progress import Display
from cnnjobs.run.screens import MARK, PlainScreen, ProgressSnapshot

BASE = Variant(model=vgg(), epochs=4)
TRIALS = make_plan(Job(name="a", dataset="digits", repeats=2, variants={"base": BASE}), "data").trials
RESULT = Result("completed", {"test_accuracy": 0.9123}, {}, None, log="hello from the trial\n")
NOW = ProgressSnapshot(
    trials=3, ended=1, fraction=0.25, line="1/3 done", left="2 s", running={"a, repeat 1": "epoch 1/4"}
)


PLANNED = make_plan(
    Job(name="a", dataset="digits", repeats=9, variants={"baseline": BASE, "wide": BASE.but(batch_size=9)}), "data"
).trials


def decided_run_of(clock, display):
    """A run of a job with a rule, until it has decided."""
    with display:
        display.ruled(made_ruling({"wide": B[:1]}))
        for count in range(1, 9):
            for trial in PLANNED[count - 1 :: 9]:
                display.started(trial)
                clock.now += 3
                display.progressed(trial, Progress(4, 4, 400))
                display.finished(trial, RESULT)
            display.ruled(made_ruling({"wide": B[:count]}))


def run_of(clock, display):
    """A run with everything there is to say."""
    with display:
        for trial in TRIALS:
            display.started(trial)
        clock.now += 2
        display.progressed(TRIALS[0], Progress(4, 4, 400))
        display.finished(TRIALS[0], RESULT)
        clock.now += 2
        display.finished(TRIALS[1], Result(Status.DIVERGED, {"epochs_done": 3}, {}, None, log="two\nlines\n"))
        display.failed(TRIALS[1], Failure("ValueError: [bold]no[/bold]", "trace"), "logs/x.log")


class Api:
    """The jobs of a cluster, of which one has printed these lines."""

    def __init__(self, *lines, jobs=()):
        self.lines, self._jobs, self.ended, self.sent = lines, jobs, None, []
        self.cluster = SimpleNamespace(url="http://127.0.0.1:8265")

    def follow(self, identity, on_trouble):
        yield from self.lines

    def job(self, identity):
        return self.ended

    def submit(self, words, folder, identity, metadata):
        self.sent.append(words)

    def jobs(self):
        return list(self._jobs)


def test_a_followed_job_looks_as_if_it_ran_here(monkeypatch, capsys):
    def shown(**variables):
        clock = Clock()
        monkeypatch.setenv("CNNJOBS_EVENTS", variables.get("events", ""))
        run_of(clock, Display(Meter(TRIALS, lambda trial: 400, clock=clock), verbose=True))
        return capsys.readouterr().err

    here, told = shown(), shown(events="1")
    assert "FAILED" in here
    assert told.startswith(MARK)
    following.show_log(Api(*told.splitlines()), "cnnjobs-a-1")
    there = capsys.readouterr()
    assert (there.err, there.out) == (here, "")


def test_a_followed_job_with_a_rule_looks_as_if_it_ran_here(monkeypatch, capsys):
    def shown(**variables):
        clock = Clock()
        monkeypatch.setenv("CNNJOBS_EVENTS", variables.get("events", ""))
        decided_run_of(clock, Display(Meter(PLANNED, lambda trial: 400, clock=clock)))
        return capsys.readouterr().err

    here, told = shown(), shown(events="1")
    assert "[10 of at most 18] after repeat 5: wide: 5 pairs, p 0.331 (0.05) · " in here
    assert "[16 of at most 16] wide is better than baseline, by 0.49 points after 8 pairs; sequential p 0.038\n" in here
    following.show_log(Api(*told.splitlines()), "cnnjobs-a-1")
    assert capsys.readouterr() == ("", here)


def test_what_is_no_event_is_printed_and_what_ray_adds_is_not(capsys):
    lines = [
        "Running entrypoint for job x: exec python",
        "2026-01-01 10:00:00,000\tINFO job_manager.py:587 -- Runtime",
        "a",
    ]
    assert following.show_log(Api(*lines, "", "b"), "x") == following.LogContent("a\n\nb", has_events=False)
    assert capsys.readouterr() == ("a\n\nb\n", "")


DAMAGED = [
    MARK,
    MARK + "{",
    MARK + "5",
    MARK + "{}",
    MARK + '{"now": {"trials": 1}}',
    MARK + '{"now": []}',
    MARK + "null",
]


@pytest.mark.parametrize("line", [*DAMAGED, f"{MARK}{json.dumps({'say': 'a', 'now': vars(NOW)})}"])
def test_an_event_that_is_not_whole_is_no_text_for_people(line, capsys):
    assert following.show_log(Api(line), "x").text == ""
    assert following.said_in(line) is None
    assert capsys.readouterr() == ("", "")


def test_a_line_that_two_processes_have_written_is_taken_apart(capsys):
    event = MARK + json.dumps({"say": "a", "routine": False, "now": vars(NOW)})
    shown = following.show_log(Api(f"dying{event}rpc_client.h: gone", f"{event}{event}", f"{event}{MARK}{{"), "x")
    told = capsys.readouterr()
    assert shown == following.LogContent("dying\nrpc_client.h: gone", has_events=True)
    assert told.out == "dying\nrpc_client.h: gone\n"
    assert told.err.count("] a ") == 4
    assert following.said_in(f"dying {event}") == "dying a"


def test_events_of_a_newer_version_may_tell_more(capsys):
    event = {"say": "a", "routine": False, "colour": "red", "now": {**vars(NOW), "watts": 7}}
    following.show_log(Api(MARK + json.dumps(event)), "x")
    assert capsys.readouterr().err == "[1/3] a · 2 s left\n"


def test_the_line_of_a_terminal_comes_with_the_first_event_and_goes_with_the_last(monkeypatch, capsys):
    calls = []

    class Spy(PlainScreen):
        def start(self):
            calls.append("start")

        def stop(self):
            calls.append("stop")

        def log_event(self, text, *, routine=False):
            calls.append(text)

    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(screens, "TerminalScreen", Spy)
    now = vars(NOW)
    whole = [{}, {"say": "a", "routine": False}, {"over": True}, {"over": True}, {}, {"say": "b", "routine": False}]
    following.show_log(Api("before", *(MARK + json.dumps({**one, "now": now}) for one in whole), "after"), "x")
    assert calls == ["start", "a", "stop", "start", "b", "stop"]
    assert capsys.readouterr().out == "before\nafter\n"


def test_a_log_that_breaks_off_leaves_no_line_behind(monkeypatch):
    class Broken(Api):
        def follow(self, identity, on_trouble):
            yield MARK + json.dumps({"now": vars(NOW)})
            raise ClusterError("gone")

    stopped = []
    monkeypatch.setattr(screens.PlainScreen, "stop", lambda self: stopped.append(True))
    with pytest.raises(ClusterError):
        following.show_log(Broken(), "x")
    assert stopped == [True]


def test_said_in_tells_what_an_event_says():
    assert following.said_in(MARK + json.dumps({"say": "a", "routine": True, "now": vars(NOW)})) == "a"
    assert following.said_in(MARK + json.dumps({"now": vars(NOW)})) is None
    assert following.said_in("plain") == "plain"


def parse(*words):
    return submit.make_context("submit", list(words))


LEAVE = ("job", "address", "insecure")

OPTIONS = [
    [],
    ["--repeats", "7", "--epochs", "2", "--limit-train", "500"],
    ["--only", "one", "--only", "two words", "--only=--dashes"],
    ["--dataset", "photos of 'cats'/", "--image-size", "64", "--strict"],
    ["--results", "s3://bucket/a b?region=eu", "-v"],
    ["--half-width", "0.30000000000000004", "--most-repeats", "40"],
    ["--gpus-per-trial", "0.25", "--cpus-per-trial", "2", "--max-concurrent", "3"],
    ["--checkpoint-every", "1e-05", "--audit", "$HOME"],
    ["--results", "results", "--repeats", "1"],
    ["--half-width", "-0.5"],
    ["--decide"],
    ["--decide", "--most-repeats", "50"],
    ["--decide", "0.30000000000000004"],
]


@pytest.mark.parametrize("words", OPTIONS, ids=lambda words: " ".join(words)[:30])
def test_options_that_were_given_become_words_that_mean_the_same(words):
    given = parse("job.py", *words, "--address", "http://127.0.0.1:8265", "--insecure")
    made = words_of(given, LEAVE)
    again = parse("job.py", *made)
    kept = set(given.params) - set(LEAVE)
    assert {name: again.params[name] for name in kept} == {name: given.params[name] for name in kept}
    assert [again.get_parameter_source(name) for name in kept] == [given.get_parameter_source(name) for name in kept]


def test_the_address_does_not_travel():
    given = parse("job.py", "--address", "http://127.0.0.1:8265", "--insecure", "--repeats", "3")
    assert words_of(given, LEAVE) == ["--repeats", "3"]


def test_flags_that_have_a_negative_travel_as_what_they_are():
    @click.command()
    @click.option("--follow/--no-follow", default=True)
    @click.argument("names", nargs=-1)
    def command(**_):
        pass

    for words in (["--no-follow", "a", "b c"], ["--follow", "a"], ["a"]):
        assert words_of(command.make_context("command", list(words)), ()) == words


def a_job(identity="cnnjobs-a-1", **metadata):
    return SimpleNamespace(
        identity=identity, metadata={"cnnjobs": "submit", "job": "a", "results": "results"} | metadata
    )


@pytest.mark.parametrize(
    ("results", "place"),
    [
        ("results", "~/cnnjobs/results/a on the head"),
        ("results/", "~/cnnjobs/results/a on the head"),
        ("s3://bucket/results", "s3://bucket/results/a"),
        ("s3://bucket/results/?region=eu-west-1", "s3://bucket/results/a"),
        ("/data/results", "/data/results/a on the head"),
        ("~/results", "~/results/a on the head"),
    ],
)
def test_the_place_of_results_is_said_as_it_is(results, place):
    assert following.place_of_results(a_job(results=results).metadata) == place


def test_the_settings_of_a_uri_stay_behind_the_jobs_name():
    metadata = a_job(results="s3://bucket/results/?region=eu-west-1&scheme=http").metadata
    assert following.store_of(metadata) == "s3://bucket/results/a?region=eu-west-1&scheme=http"
    assert following.store_of(a_job(results="results").metadata) == "results/a"
    assert following.store_of(a_job(results="what?/x").metadata) == "what?/x/a", "a folder may have such a name"


@pytest.fixture
def no_ray(monkeypatch):
    """What is asked of the backend's module is a constant."""
    monkeypatch.setitem(sys.modules, "cnnjobs.remote.jobs_client", SimpleNamespace(KIND="cnnjobs"))


EVENT = MARK + json.dumps({"say": "[8/9] a", "routine": False, "now": vars(NOW)})
ABOUT = {"job": "a", "results": "results", "typed": "cnnjobs submit a.py"}


def followed(*lines, status="FAILED", exit_code=1, message=""):
    """Follow a job that ended so; return what was raised."""
    api = Api(*lines)
    api.ended = SimpleNamespace(identity="cnnjobs-a-1", status=status, exit_code=exit_code, message=message)
    with pytest.raises((CnnjobsError, Interrupted)) as caught:
        following.follow(api, "cnnjobs-a-1", ABOUT)
    return caught.value


LAST_LOGS = f", last available logs (truncated to 20,000 chars):\n{EVENT}\n{EVENT[:40]}"


@pytest.mark.parametrize("added", [".", LAST_LOGS], ids=["alone", "with the log"])
@pytest.mark.parametrize("exit_code", [None, -9])
def test_a_job_that_was_killed_half_way_is_no_success_and_tells_how_to_go_on(exit_code, added):
    error = followed(EVENT, exit_code=exit_code, message=f"Job entrypoint command failed with exit code -9{added}")
    assert isinstance(error, ClusterLost)
    assert error.exit_code == 1
    assert str(error) == (
        "cnnjobs-a-1 was ended from outside, perhaps for lack of memory: Job entrypoint command failed with exit code "
        "-9. Finished trials are stored in ~/cnnjobs/results/a on the head. To continue, run the same command again:\n"
        "  cnnjobs submit a.py"
    )


def test_a_job_that_did_not_begin_could_not_be_run():
    error = followed("runtime_env setup failed", exit_code=None)
    assert isinstance(error, ClusterError)
    assert str(error) == "cnnjobs-a-1 could not be run on the cluster: runtime_env setup failed."


def test_a_job_that_was_stopped_is_interrupted():
    error = followed(EVENT, status="STOPPED", exit_code=-15)
    assert isinstance(error, Interrupted)


@pytest.mark.usefixtures("no_ray")
def test_ctrl_c_while_a_job_is_sent_names_it(monkeypatch, tmp_path):
    """It may be there already, and cost something."""

    class Slow(Api):
        def submit(self, words, folder, identity, metadata):
            raise KeyboardInterrupt

    path = write_job(tmp_path)
    monkeypatch.setattr(remote_submit, "reach", lambda url, insecure: Slow())
    with pytest.raises(Interrupted, match=r"If it had arrived already, cnnjobs-tiny-.* continues on") as caught:
        remote_submit.submit_remotely([], str(path), None, "results", "http://127.0.0.1:8265", insecure=False)
    assert "cnnjobs stop tiny --address http://127.0.0.1:8265" in str(caught.value)


@pytest.mark.usefixtures("no_ray")
def test_the_name_of_an_audit_is_that_of_its_results(monkeypatch, tmp_path):
    told = []
    monkeypatch.setattr(remote_submit, "reach", lambda url, insecure: Api())
    monkeypatch.setattr(remote_submit, "follow", lambda api, identity, metadata, output: told.append(metadata["job"]))
    path = write_job(tmp_path)
    for audited in (None, "one", "none such"):
        remote_submit.submit_remotely([], str(path), audited, "results", "http://127.0.0.1:8265", insecure=False)
    assert told == ["tiny", "tiny-audit-one", "tiny"], "of the last one the head says what is wrong"


@pytest.mark.usefixtures("no_ray")
@pytest.mark.parametrize("words", [["doctor", "--results", "s3://KEY:SECRET@bucket/x"]], ids=["doctor"])
def test_no_command_sends_keys(words):
    done = CliRunner().invoke(main, [*words, "--address", "http://127.0.0.1:1"])
    assert done.exit_code == 2
    assert "must not hold keys" in done.stderr
    with pytest.raises(StoreError, match="must not hold keys"):
        remote_submit.send(Api(), words, Path(), "cnnjobs-ask-1", "ask", {})


@pytest.mark.parametrize("address", ["10.9.9.9:8265", "nonsense", "auto"])
def test_status_of_an_address_that_is_no_url_is_not_that_of_this_machine(address):
    done = CliRunner().invoke(main, ["status", "--address", address])
    assert done.exit_code == 2
    assert (
        f"must be the URL of a cluster's dashboard, such as http://127.0.0.1:8265; RAY_ADDRESS may name it as well. "
        f"Received: {address}." in done.stderr
    )


SECRETS = [
    "s3://KEY:SECRET@bucket/x",
    "s3://KEY:SEC/RET@bucket/x",
    "s3://SECRET@bucket",
    "s3://bucket/x?secret_key=SECRET",
    "abfs://bucket/x?client_secret=SECRET",
]


@pytest.mark.parametrize("results", SECRETS)
def test_keys_do_not_travel_to_a_cluster(results):
    with pytest.raises(StoreError, match=r"^`results` must not hold keys when it is sent to a cluster") as caught:
        refuse_keys(results)
    assert "SEC" not in str(caught.value).replace("AWS_SECRET_ACCESS_KEY", "")


@pytest.mark.parametrize("results", ["results", "a@b/c", "s3://bucket/a@b", "s3://bucket?region=eu-west-1", "gs://b/x"])
def test_places_without_keys_are_let_pass(results):
    refuse_keys(results)


@pytest.mark.usefixtures("no_ray")
def test_a_job_is_picked_by_name_or_identity_else_the_newest():
    newest, other, oldest = (a_job(f"cnnjobs-{n}", job=name) for n, name in ((3, "a"), (2, "b"), (1, "a")))
    api = Api(jobs=[a_job("cnnjobs-ask-4", cnnjobs="ask"), newest, other, oldest])
    assert [following.pick(api, which) for which in (None, "a", "b", "cnnjobs-1")] == [newest, newest, other, oldest]


@pytest.mark.usefixtures("no_ray")
def test_a_job_that_there_is_not_is_told_with_those_there_are():
    api = Api(jobs=[a_job(job="b"), a_job(job="a"), a_job(job="b")])
    message = (
        r"^The cluster at http://127.0.0.1:8265 has no job 'c' of cnnjobs. It has: b, a. .* `cnnjobs status results/c"
    )
    with pytest.raises(ClusterError, match=message):
        following.pick(api, "c")
    with pytest.raises(ClusterError, match=r"has no job of cnnjobs\. It has: none\. "):
        following.pick(Api(), None)


@pytest.mark.usefixtures("no_ray")
@pytest.mark.parametrize("name", ["../../.ssh", "/etc", "..", ".ssh", "a/b", "", "a\nb", "\x1b[2J"], ids=repr)
def test_a_name_that_would_lead_out_of_the_folder_is_not_taken_from_a_cluster(name):
    sound = a_job("cnnjobs-sound")
    for which, expected in ((None, sound), ("a", sound)):
        assert following.pick(Api(jobs=[a_job("cnnjobs-evil", job=name), sound]), which) is expected
    with pytest.raises(ClusterError, match="It has: a"):
        following.pick(Api(jobs=[a_job("cnnjobs-evil", job=name), sound]), "cnnjobs-evil")


@pytest.mark.parametrize(
    ("code", "log", "events", "expected"),
    [
        (None, "", False, True),
        (None, "", True, False),
        (1, "ModuleNotFoundError: No module named 'cnnjobs'", False, True),
        (1, "Traceback\n  ...\nModuleNotFoundError: No module named 'cnnjobs.cli.on_head'\n", False, True),
        (2, "error: job.py, line 1, raised ModuleNotFoundError: No module named 'torch'", False, False),
        (
            1,
            "WRONG node 10.0.0.2: ModuleNotFoundError: No module named 'cnnjobs'. Install\nerror: 1 of 9",
            False,
            False,
        ),
        (0, "", False, False),
    ],
)
def test_what_a_job_file_lacks_is_not_taken_for_a_head_without_this_project(code, log, events, expected):
    assert following.never_began(SimpleNamespace(exit_code=code), following.LogContent(log, events)) is expected
