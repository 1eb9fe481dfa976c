"""`cnnjobs submit --format json`: a line for whatever happens, each whole at once, and always a last one."""

import subprocess
from functools import partial

import pytest
from support.commands import called, with_fakes
from support.documents import checked, document
from support.fakes import Clock, FakeWorker, StopAfter, submit_in, write_job

import cnnjobs
from cnnjobs.comparison.decisions import Endings, ruling
from cnnjobs.messages import Failure, Note, Progress, Result, Stalled, Status
from cnnjobs.planning.trials import make_plan
from cnnjobs.run.events import EVERY_S, Events, TrialEvents
from cnnjobs.run.meter import Meter
from cnnjobs.schema.output import Output
from cnnjobs.spec import Job, Variant, mlp, vgg
from cnnjobs.store.decision_rule import DecisionRule

JSON = ("--format", "json")
ENDS = """"a": base, "raises": base.but(batch_size=5), "diverges": base.but(batch_size=6),"""


def events_in(done):
    """The lines of a submit, each compared with the schema."""
    return [checked(line) for line in done.stdout.splitlines()]


def kinds(events):
    return [one["event"] for one in events]


def test_all_that_happens_is_told_with_its_numbers(tmp_path):
    done = submit_in(tmp_path, *JSON, "--max-concurrent", "1", repeats=2, variants=ENDS)
    events = events_in(done)
    assert kinds(events)[0] == "begin"
    assert kinds(events)[-1] == "summary"
    assert (events[0]["trials"], events[0]["at_once"], events[0]["dataset"]) == (6, 1, "digits")
    finished = [one for one in events if one["event"] == "finished"]
    trials = cnnjobs.load_results(tmp_path / "results").trials.set_index("trial_id")
    for one in finished:
        row = trials.loc[one["trial"]["trial_id"]]
        assert (one["trial"]["variant"], one["trial"]["repeat"], one["status"]) == (
            row.variant,
            row["repeat"],
            row.status,
        )
        if one["status"] == "completed":
            assert one["metrics"]["test_accuracy"] == row.test_accuracy
    assert sorted(one["status"] for one in finished) == ["completed"] * 2 + ["diverged"] * 2
    failed = [one for one in events if one["event"] == "failed"]
    assert {one["failure"] for one in failed} == {"RuntimeError: no such layer"}
    assert (events[-2]["trials"], events[-2]["trials_done"] + events[-2]["trials_failed"]) == (6, 6)
    last = events[-1]
    assert (last["trials_done"], last["trials_failed"], last["results"]) == (4, 2, "results/tiny")
    assert (last["error"]["kind"], last["error"]["exit_code"], done.exit_code) == ("TrialsFailed", 1, 1)
    assert [row["n"] for row in last["comparison"]["tables"]["summary"]["rows"]] == [2, 0, 0]
    assert "2 of 6 trials failed" in done.stderr


def test_with_all_stored_there_is_one_line(tmp_path):
    submit_in(tmp_path, repeats=2)
    (last,) = events_in(submit_in(tmp_path, *JSON, repeats=2))
    assert (last["event"], last["trials_done"], last["job"], last["error"]) == ("summary", 0, "tiny", None)
    assert last["comparison"]["tables"]["differences"]["rows"]


def test_one_that_is_stopped_says_so_and_what_is_stored(tmp_path):
    done = submit_in(tmp_path, *JSON, repeats=2, engine=StopAfter(3))
    events = events_in(done)
    assert kinds(events)[-2:] == ["stop", "summary"]
    assert "3 of 4 trials were finished and are stored" in events[-2]["text"]
    assert (events[-1]["trials_done"], events[-1]["comparison"]) == (3, None)
    assert (events[-1]["error"]["kind"], done.exit_code) == ("Interrupted", 130)


@pytest.mark.parametrize(
    ("words", "kind"), [(("--repeats", "x"), "UsageError"), (("--only", "x"), "SpecError"), (("--nope",), "UsageError")]
)
def test_a_mistake_ends_it_before_the_first_event(words, kind, tmp_path):
    done = submit_in(tmp_path, *JSON, *words)
    (only,) = events_in(done)
    assert (only["schema"], only["error"]["kind"], done.exit_code) == ("cnnjobs.error/1", kind, 2)


class Talks(FakeWorker):
    """Has something to say of itself and of each trial, and makes no progress for a while."""

    def run(self, trial):
        print("printed by a network", flush=True)
        yield Note("the machine is slow", once=True)
        yield Note(f"of {trial.variant}")
        yield Stalled(61.5, timeout_s=300.0)
        yield from super().run(trial)


def test_notes_of_the_run_of_machines_and_of_trials_are_told_once_each(tmp_path):
    done = submit_in(tmp_path, *JSON, repeats=1, worker=lambda dataset, resources, _: Talks(dataset, resources))
    notes = [(one["text"], (one["trial"] or {}).get("variant")) for one in events_in(done) if one["event"] == "note"]
    assert notes.count(("the machine is slow", None)) == 1
    assert {("of one", "one"), ("of two", "two")} <= set(notes)
    stalled = [one for one in events_in(done) if one["event"] == "stalled"]
    assert [one["timeout_s"] for one in stalled] == [300.0, 300.0]


def test_what_the_rule_decides_is_told_when_it_is(tmp_path):
    class Better(FakeWorker):
        def run(self, trial):
            for message in super().run(trial):
                if isinstance(message, Result):
                    message.final["test_accuracy"] = 0.5 + 0.1 * (trial.variant == "two") + trial.repeat / 1000
                yield message

    done = submit_in(tmp_path, *JSON, "--decide", worker=lambda dataset, resources, _: Better(dataset, resources))
    events = events_in(done)
    (decided,) = [one for one in events if one["event"] == "decided"]
    assert (decided["variant"], decided["verdict"]) == ("two", "better")
    assert decided["mean"] == pytest.approx(0.1)
    told = called("status", "results", "--format", "json", cwd=tmp_path)
    assert document(told.stdout)["jobs"][0]["rule"] == events[-1]["comparison"]["rule"]
    (kept,) = events[-1]["comparison"]["rule"]["decisions"]
    assert {name: kept[name] for name in decided if name in kept} == {
        name: value for name, value in decided.items() if name in kept
    }
    assert kinds(events)[-1] == "summary"


def test_progress_is_told_at_most_every_two_seconds_however_many_trials_there_are():
    job = Job(name="a", dataset="digits", repeats=10_000, variants={"base": Variant(model=vgg(), epochs=1)})
    trials, clock, written = make_plan(job, "data").trials, Clock(), []

    class Stream:
        write = staticmethod(written.append)
        flush = staticmethod(lambda: None)

    events = Events(Output(Stream()))
    meter = Meter(trials, lambda trial: 100, clock=clock)
    watcher = TrialEvents(events, meter, clock)
    for number, trial in enumerate(trials):
        clock.now = 100.0 + number / 1000  # ten seconds in all
        meter.start(trial)
        meter.move(trial, Progress(1, 1, 100))
        watcher.progressed(trial, Progress(1, 1, 100))
        meter.end(trial, failed=False)
    found = [checked(line) for line in written]
    assert len(found) == 1 + 9.999 // EVERY_S
    assert found[-1]["trials_done"] == 8000
    assert found[-1]["fraction"] == pytest.approx(0.8, abs=0.001)
    assert found[-1]["images_per_s"] == pytest.approx(100_000, rel=0.01)


def test_a_loss_that_is_not_finite_is_null_with_the_reason():
    (trial,) = make_plan(Job(name="a", dataset="digits", repeats=1, variants={"b": Variant(model=vgg())}), "x").trials
    written = []

    class Stream:
        write = staticmethod(written.append)
        flush = staticmethod(lambda: None)

    watcher = TrialEvents(Events(Output(Stream())), Meter([trial], lambda one: 1))
    watcher.finished(trial, Result(Status.DIVERGED, {"train_loss": float("nan"), "epochs_done": 1}, {}, None))
    assert checked(written[0])["metrics"] == {"train_loss": None, "null_reasons": {"train_loss": "nan"}}


def test_without_a_reader_nothing_is_written():
    (trial,) = make_plan(Job(name="a", dataset="digits", repeats=1, variants={"b": Variant(model=vgg())}), "x").trials
    events = Events()
    TrialEvents(events, Meter([trial], lambda one: 1)).failed(trial, Failure("no", ""), "log")
    events.summarise(job="a")


def test_a_reader_that_takes_one_line_and_goes_does_not_stop_the_submit(tmp_path):
    write_job(tmp_path, epochs=1, repeats=2)
    run = partial(subprocess.Popen, stderr=subprocess.PIPE, cwd=tmp_path)
    submit = run([*with_fakes(), "submit", "job.py", *JSON], stdout=subprocess.PIPE)
    head = subprocess.run(["head", "-1"], stdin=submit.stdout, capture_output=True, check=True)
    submit.stdout.close()
    errors = submit.stderr.read()
    submit.stderr.close()
    assert submit.wait(60) == 0, errors
    assert checked(head.stdout)["event"] == "begin"
    assert len(cnnjobs.load_results(tmp_path / "results").trials) == 4


def test_progress_tells_where_each_variant_stands():
    job = Job(name="a", dataset="digits", repeats=6, variants={"a": Variant(model=vgg()), "b": Variant(model=mlp())})
    trials, clock, written = make_plan(job, "data").trials, Clock(), []

    class Stream:
        write = staticmethod(written.append)
        flush = staticmethod(lambda: None)

    conditions = {trial.variant: trial.condition_id for trial in trials}
    rule = DecisionRule(
        alpha=0.05, margin=None, most_repeats=6, metric="test_accuracy", reference=conditions["a"], variants=conditions
    )
    endings = Endings()
    for trial in (one for one in trials if one.repeat < 5):
        value = 0.9 + 0.001 * trial.repeat * (1 if trial.variant == "a" else -1)
        endings.add((trial.condition_id, trial.repeat), trial.trial_id, Status.COMPLETED, value)
    meter = Meter(trials, lambda trial: 100, clock=clock)
    watcher = TrialEvents(Events(Output(Stream())), meter, clock)
    found = ruling(rule, conditions, endings)
    meter.start(trials[0])
    meter.rule(found)
    watcher.ruled(found)
    watcher.progressed(trials[0], Progress(1, 1, 100))
    (standing,) = checked(written[-1])["decisions"]
    assert (standing["variant"], standing["pairs"]) == ("b", 5)
    assert standing["sequential_p"] == found.decisions["b"].q
