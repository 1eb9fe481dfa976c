"""`plan --decide`: what is decided, what would run, and what margin is reached in how many repeats."""

import json

import pytest
from click.testing import CliRunner
from support.documents import checked
from support.fakes import StopAfter, run_in, write_job
from support.scripted import CLEAR, OPEN, SLOW, scripted

import cnnjobs
from cnnjobs import Decide, Job, Variant, mlp
from cnnjobs.cli import main
from cnnjobs.errors import SpecError
from cnnjobs.run.submit import Goal

THREE = '"one": base, "two": base.but(batch_size=5), "three": base.but(batch_size=6),'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_job(tmp_path, epochs=1, repeats=5)
    return tmp_path


def shown(*words):
    done = CliRunner().invoke(main, ["plan", "job.py", "--no-sizes", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def asked(*words):
    done = CliRunner().invoke(main, ["plan", "job.py", "--no-sizes", *words, "--format", "json"])
    return checked(done.stdout)["decide"]


def cells(text, first):
    """The cells of the row that begins so, in the last table that has one."""
    return [line.split() for line in text.splitlines() if line.startswith(f"{first}  ")][-1]


def test_without_pairs_there_is_a_table_by_sd():
    text = shown("--decide", "0.5")
    assert "by possible SDs, as there are no pairs yet" in text
    assert cells(text, "0.50") == ["0.50", "0.43", "0.50", "16", "7", "21"]
    assert cells(text, "2.00")[-3:] == ["56", ">", "100"]
    assert "It may end after 10 and takes at most 40 trials; next, repeat 1 of one, two." in text
    found = asked("--decide", "0.5")
    assert (found["least_trials"], found["most_trials"], found["least_seconds"]) == (10, 40, None)
    assert [one["variant"] for one in found["reach"]] == [None] * 5
    assert found["reach"][2]["repeats_until_better"] == [
        {"difference": 0.005, "repeats": 16},
        {"difference": 0.01, "repeats": 7},
    ]
    assert found["reach"][2]["repeats_until_equal"] == 21
    assert found["next"] == [{"variant": "one", "repeat": 0}, {"variant": "two", "repeat": 0}]


def test_the_margin_of_the_specification_takes_as_many_pairs_as_it_says(folder):
    """0.2 points at an SD of 0.45 points take about 70 pairs."""
    a = 0.45 * (5 / 6) ** 0.5
    run_in(folder, worker=scripted(two=(a, -a, a, -a, a, -a)), repeats=6)
    text = shown("--decide", "0.2")
    assert cells(text, "two")[1] == "0.45"
    done = CliRunner().invoke(main, ["plan", "job.py", "--no-sizes", "--decide", "0.2"])
    assert "do not differ are equal after about 69; a margin of 0.45 points can be reached" in done.stderr


def test_what_is_decided_and_what_is_open_is_said_with_what_would_run(folder):
    worker = scripted(two=CLEAR, three=OPEN)
    run_in(folder, goal=Goal(decide=0.5), worker=worker, variants=THREE, engine=StopAfter(17))
    text = shown("--decide")
    assert "two is better than one, by 1.20 points after 5 pairs." in text
    assert "three is not decided yet, after 6 pairs." in text
    assert cells(text, "two")[1:] == ["5", "-", "1", "-", "5", "0", "0", "0"]
    assert "two " not in text.partition("Differences that the rule can decide")[2].partition("\n\n")[0]
    found = asked("--decide")
    assert {one["variant"]: one["verdict"] for one in found["variants"]} == {"two": "better", "three": "open"}
    assert [one["variant"] for one in found["reach"]] == ["three"]
    assert (found["least_trials"], found["most_trials"]) == (2, 28)
    assert (found["margin"], found["comparisons"]) == (0.005, 2)


def test_pairs_that_wait_for_a_variant_that_was_added_count_in_what_can_be_reached(folder):
    run_in(folder, goal=Goal(decide=0.5), worker=scripted(two=OPEN), engine=StopAfter(16))
    write_job(folder, epochs=1, repeats=5, variants=THREE)
    text = shown("--decide")
    assert "by the SD of the pairs so far" in text
    assert cells(text, "two")[1] == "0.79"  # of the first eight of OPEN


def test_where_all_is_decided_nothing_would_run_and_nothing_is_missing(folder):
    run_in(folder, goal=Goal(decide=0.5), worker=scripted(two=SLOW))
    text = shown("--decide")
    assert "`submit` would run nothing" in text
    assert "Differences that the rule can decide" not in text
    assert cells(text, "two")[1:] == ["8", "-", "1", "-", "8", "0", "0", "0"]
    found = asked("--decide")
    assert (found["most_trials"], found["next"], found["reach"]) == (0, [], [])


def test_a_decision_that_lacks_a_run_asks_for_that_alone_and_has_no_outlook(folder):
    run_in(folder, goal=Goal(decide=0.2), worker=scripted(two=SLOW))
    planned = cnnjobs.plan("job.py", decide=True)
    lost = next(one for one in planned.stored.prepared.plan.trials if (one.variant, one.repeat) == ("two", 6))
    (folder / "results" / "tiny" / "trials" / f"{lost.trial_id}.parquet").write_bytes(b"cut sho")
    planned = cnnjobs.plan("job.py", decide=True)
    assert [one.trial_id for one in planned.missing] == [lost.trial_id]
    assert any("it stands again when they have run again" in note for note in planned.notes)
    assert not any("hardly reached" in note for note in planned.notes)
    assert planned.stored.deciding.outlooks == {}
    assert planned.stored.deciding.table() is None


def test_the_time_follows_from_the_trials_that_are_stored(folder):
    run_in(folder, worker=scripted(two=OPEN, seconds=30.0), repeats=6)
    assert "It may end after 2 and takes at most 28 trials, 1 min to 14 min of training" in shown("--decide")
    found = asked("--decide")
    assert (found["least_seconds"], found["most_seconds"]) == (60.0, 840.0)


def test_repeats_that_may_be_used_are_those_asked_for():
    text = shown("--decide", "--most-repeats", "7")
    assert "at most 7 repeats" in text
    assert "takes at most 14 trials" in text


def test_a_rule_of_the_job_needs_no_option_and_rests_where_repeats_are_asked_for():
    base = Variant(model=mlp(dense=(8,)))
    variants = {"a": base, "b": base.but(epochs=3)}
    job = Job(name="own", dataset="digits", variants=variants, decide=Decide(margin=0.3))
    plan = cnnjobs.plan(job)
    assert "better, worse or equal within 0.3 points of a" in str(plan)
    assert plan.table["repeats"].tolist() == [20, 20]
    plan = cnnjobs.plan(job, repeats=3)
    assert "The rule" not in str(plan)
    assert plan.table["repeats"].tolist() == [3, 3]
    assert "The job's own rule (`decide`) is not used in this submit, which asks for 3 repeats" in plan.notes
    audited = cnnjobs.plan(job, audit="a")
    assert "The rule" not in str(audited)
    assert audited.stored.prepared.job.decide is None


def test_what_the_rule_does_not_hold_for_is_refused_before_it_is_planned():
    base = Variant(model=mlp(dense=(8,)))
    with pytest.raises(SpecError, match="Received: a job with 'a' alone"):
        cnnjobs.plan(Job(name="own", dataset="digits", variants={"a": base}), decide=True)
    done = CliRunner().invoke(main, ["plan", "--decide", "job.py", "--no-sizes", "--only", "two"])
    assert "`--decide` and `--only` exclude each other" in done.stderr
    assert done.exit_code == 2


def test_a_plan_without_a_rule_says_nothing_of_one():
    done = CliRunner().invoke(main, ["plan", "job.py", "--no-sizes", "--format", "json"])
    assert json.loads(done.stdout)["decide"] is None
    assert "rule" not in shown()
