"""A half width asked for: the first repeats fix how many there are to be, and those are run."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.fakes import FakeWorker, StopAfter, run_in, submit_in, write_job
from support.stores import stored_job

from cnnjobs import Job, Variant, vgg
from cnnjobs.cli import main
from cnnjobs.comparison.half_width import precisions
from cnnjobs.comparison.table import job_table
from cnnjobs.errors import Interrupted, SpecError, StoreError
from cnnjobs.messages import Result, Status
from cnnjobs.report.sections.half_width import half_width_section
from cnnjobs.run.submit import Goal
from cnnjobs.spec.half_width import half_width_of
from cnnjobs.stats import stein_interval, stein_repeats
from cnnjobs.store.files import Files
from cnnjobs.store.results import load_results
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import StoredJob

ASK = {"half_width": 1.5}


def asked_in(folder, half_width=None, most_repeats=None, only=None, **job):
    """Submit with a half width, or without one."""
    goal = Goal(half_width=half_width, most_repeats=most_repeats)
    return run_in(folder, goal=goal, only=() if only is None else (only,), **job)


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A folder in which `ASK` was submitted, and what it said; not to be changed."""
    folder = tmp_path_factory.mktemp("once")
    return folder, asked_in(folder, **ASK)


@pytest.fixture
def submit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda **asked: asked_in(tmp_path, **asked)


@pytest.fixture
def submitted(once, tmp_path, monkeypatch):
    """What the submit of `ASK` said, in a folder like it."""
    folder, done = once
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return done


def store_of(name="tiny"):
    return Store(Files(f"results/{name}"))


def section_of(metric=None):
    return half_width_section(store_of(), job_table(store_of(), metric))


def precision(variant="one"):
    found = precisions(store_of(), job_table(store_of()), store_of().job.half_width)
    return next(one for one in found if one.variant == variant)


def texts():
    return [element.text for element in section_of().elements[1:]]


def trials():
    return load_results("results/tiny").trials


def accuracies(variant):
    return trials().query("variant == @variant").sort_values("repeat").test_accuracy.to_numpy()


def test_the_pilot_fixes_how_many_repeats_each_variant_has(submitted):
    done = submitted
    assert done.error is None
    for variant in ("one", "two"):
        values = accuracies(variant)
        needed = stein_repeats(values[:5].std(ddof=1), 5, 0.015)
        assert len(values) == needed > 5
        assert f"{variant}: SD {100 * values[:5].std(ddof=1):.2f}, {needed} runs in all" in done.stderr
    assert f"{len(trials()) - 10} more trials, about 1 s of training" in done.stderr


def test_the_outcome_is_the_mean_of_all_runs_with_the_spread_of_the_pilot(submitted):
    report_table = section_of().elements[0]
    row, values = report_table.rows[0], accuracies("one")
    interval = stein_interval(values, 5)
    assert (row["pilot"], row["runs"], row["needed"]) == (5, len(values), len(values))
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["mean"] == pytest.approx(values.mean())
    assert row["half_width"] <= row["half_width_asked"] == 0.015
    assert row["reached"] is True
    assert report_table.cells[0][-1] == "yes"
    assert report_table.title == "Runs for a half width of 1.5 points of test accuracy"
    assert tuple(row) == report_table.columns


def test_the_job_keeps_the_rule_and_each_variants_repeats(submitted):
    job = json.loads(store_of().files.read("job.json"))
    assert job["half_width"] == {
        "half_width": 0.015, "pilot": 5, "most": 100, "metric": "test_accuracy", "confidence": 0.95, "late": False
    }  # fmt: skip
    assert job["variants"]["one"]["repeats"] == len(accuracies("one"))
    assert [row.expected for row in job_table(store_of()).rows] == [len(accuracies(name)) for name in ("one", "two")]


def test_the_same_command_again_runs_nothing(submitted, submit):
    before, job = trials(), store_of().job
    done = submit(**ASK)
    assert (done.tried, done.error) == (0, None)
    assert "no more trials are needed" in done.stderr
    assert trials().equals(before)
    assert store_of().job == job


def test_the_trials_are_those_that_more_repeats_would_have(submitted, submit):
    count = max(trials().repeat) + 1
    assert submit(repeats=count, results="plain").tried == 2 * count
    assert set(trials().trial_id) <= set(load_results("plain/tiny").trials.trial_id)


def test_without_the_option_the_runs_and_the_rule_remain(submitted, submit):
    counts = [row.summary.n for row in job_table(store_of()).rows]
    assert submit(repeats=5).tried == 0
    table = job_table(store_of())
    assert [row.summary.n for row in table.rows] == [row.expected for row in table.rows] == counts
    assert [row["reached"] for row in half_width_section(store_of(), table).elements[0].rows] == [True, True]


def test_a_rule_that_no_run_has_followed_is_dropped(submitted, submit):
    submit(epochs=2)
    assert store_of().job.half_width is None
    assert section_of() is None


@pytest.mark.parametrize("ends", [3, 14], ids=["in the pilot", "after it"])
def test_an_interrupted_submit_continues_and_ends_as_if_it_had_not_been(submit, ends, once):
    done = submit(**ASK, engine=StopAfter(ends))
    assert isinstance(done.error, Interrupted)
    assert len(trials()) == ends
    assert str(done.error).endswith("To continue, run the same command again")
    assert submit(**ASK).error is None
    assert set(trials().trial_id) == set(load_results(once[0] / "results/tiny").trials.trial_id)


def test_an_interrupted_second_stage_says_what_is_still_to_run(submit):
    submit(**ASK, engine=StopAfter(11))
    row = section_of().elements[0].rows[1]
    assert row["reached"] is False
    assert row["why"] == f"{row['needed'] - 5} still to run"


def test_the_cap_stops_and_the_report_says_what_it_would_have_taken(submit):
    done = submit(half_width=0.1, most_repeats=8)
    assert "; stops at 8, the most that are allowed" in done.stderr
    row = section_of().elements[0].rows[0]
    assert row["runs"] == 8 < row["needed"]
    assert row["half_width"] > 0.001
    assert row["why"] == "stopped at 8 repeats, the most allowed"


class Constant(FakeWorker):
    """Every run has the same accuracy."""

    def run(self, trial):
        for message in super().run(trial):
            if isinstance(message, Result):
                message.final["test_accuracy"] = 0.5
            yield message


def test_a_pilot_without_spread_cannot_plan(submit):
    done = submit(**ASK, repeats=3, worker=lambda dataset, resources, _: Constant(dataset, resources))
    assert done.error is None
    assert "one: all runs of the pilot are identical: cannot plan" in done.stderr
    assert len(trials()) == 6
    row = section_of().elements[0].rows[0]
    assert (row["needed"], row["low"], row["reached"]) == (None, None, False)


def test_a_small_pilot_is_remarked(submit):
    done = submit(half_width=4, repeats=3)
    assert "A pilot of 3 repeats estimates the SD poorly" in done.stderr
    assert section_of().elements[-1].kind == "note"


class Odd(FakeWorker):
    """Trials of a repeat in `diverging` diverge."""

    diverging = ()

    def run(self, trial):
        for message in super().run(trial):
            if isinstance(message, Result) and trial.repeat in self.diverging:
                message = Result(Status.DIVERGED, {"epochs_done": 1, "seconds": 0.1}, message.epochs, None)
            yield message


def diverging(*repeats):
    def make(dataset, resources, _):
        worker = Odd(dataset, resources)
        worker.diverging = repeats
        return worker

    return make


def test_a_pilot_run_that_diverged_is_left_out_and_made_up_for(submit):
    done = submit(**ASK, worker=diverging(1))
    values = accuracies("one")
    sd = values[[0, 2, 3, 4]].std(ddof=1)
    assert f"one: SD {100 * sd:.2f} of the 4 runs of its pilot that completed" in done.stderr
    found = precision()
    assert (found.pilot, found.needed) == (4, stein_repeats(sd, 4, 0.015))
    assert (found.repeats, found.runs, found.reached) == (found.needed + 1, found.needed, True)


def test_a_later_run_that_diverged_leaves_the_half_width_open(submit):
    submit(**ASK, worker=diverging(6))
    found = precision()
    assert (found.runs, found.reached) == (found.needed - 1, False)
    assert found.why == "1 of its runs diverged or failed"


def test_a_pilot_of_one_completed_run_cannot_plan(submit):
    done = submit(**ASK, repeats=3, worker=diverging(0, 2))
    assert "one: fewer than two runs of the pilot: no spread: cannot plan" in done.stderr
    assert len(trials()) == 6


def test_a_trial_that_fails_is_tried_once_by_a_command(submit):
    done = submit(**ASK, most_repeats=6, repeats=2, variants='"one": base, "raises": base.but(batch_size=6),')
    assert done.failures == 2
    assert done.stderr.count("FAILED") == 2
    assert "raises: all 2 runs of the pilot diverged or failed: cannot plan" in done.stderr


def test_only_the_variants_asked_for_are_planned(submit):
    done = submit(**ASK, only="two")
    assert "one:" not in done.stderr
    assert trials().variant.unique().tolist() == ["two"]
    done = submit(**ASK, only="one")
    assert "two:" not in done.stderr
    job = store_of().job
    assert {name: job.repeats_of(name) for name in job.variants} == trials().groupby("variant").size().to_dict()


def test_plan_and_status_cope_with_what_a_half_width_has_stored(submit, tmp_path):
    submit(**ASK, engine=StopAfter(14))
    planned = store_of().job.repeats_of("one")
    done = CliRunner().invoke(main, ["plan", str(tmp_path / "job.py"), "--no-sizes"])
    assert "`submit` would run nothing" in done.stdout
    assert f"4/{planned - 5 + 4}" not in done.stdout
    status = CliRunner().invoke(main, ["status", "results"])
    assert f"/{planned}" in status.stdout


JOB = Job(name="a", dataset="digits", variants={"v": Variant(model=vgg())})


@pytest.mark.parametrize(
    ("job", "asked", "message"),
    [
        (JOB.but(folds=5), (0.2,), "needs independent repeats. Received: a job with folds=5"),
        (JOB.but(vary=()), (0.2,), "needs repeats that differ"),
        (JOB.but(repeats=1), (0.2,), "needs a pilot of at least 2 repeats, better 5 or more. Received: repeats=1"),
        (JOB.but(repeats={"v": 3}), (0.2,), "needs one number of repeats for all variants"),
        (JOB, (0.0,), "`half_width` must be a number at least 0.001 and below 100. Received: half_width=0.0"),
        (JOB, (1e-320,), "`half_width` must be a number at least 0.001"),
        (JOB, (0.00099,), "`half_width` must be a number at least 0.001"),
        (JOB, (float("nan"),), "`half_width` must be a number"),
        (JOB, (0.2, 4), "`most_repeats` must be at least 5, the repeats of the pilot. Received: most_repeats=4"),
    ],
)
def test_what_the_rule_does_not_hold_for_is_refused(job, asked, message):
    with pytest.raises(SpecError) as error:
        half_width_of(job, *asked)
    assert message in str(error.value)


@pytest.mark.parametrize("metric", ["test_loss", "macro_f1"])
def test_another_metric_has_no_half_width(submitted, metric):
    text = section_of(metric).elements[0].text
    assert "cnnjobs aggregate --metric test_accuracy" in text


def test_a_run_that_cannot_be_read_is_named_once_and_runs_again(submitted, submit):
    broken = sorted(Path("results/tiny/trials").iterdir())[0]
    broken.write_bytes(b"cut sho")
    done = submit(**ASK)
    assert done.stderr.count(f"note: results/tiny/trials/{broken.name} (") == 1
    assert done.stderr.count("cannot be read, so that its trials run again") == 1
    assert [row["reached"] for row in section_of().elements[0].rows] == [True, True]


@pytest.mark.parametrize("rule", [{"width": 3}, {"half_width": 0.01, "pilot": 5, "most": 4}])
def test_a_rule_in_the_job_that_is_none_is_refused(rule):
    with pytest.raises(StoreError, match=r"job\.json is not a job of cnnjobs: `half_width` must be a rule"):
        StoredJob.from_json(stored_job().to_json() | {"half_width": rule})


def test_the_smallest_half_width_is_counted():
    assert half_width_of(JOB, 0.001).half_width == pytest.approx(1e-5)


def test_a_pilot_that_is_not_over_says_nothing_of_how_many_runs_are_needed(submit):
    submit(**ASK, engine=StopAfter(3))
    found = precision()
    assert (found.runs, found.needed, found.sd, found.half_width, found.reached) == (3, None, None, None, False)
    assert found.why == "the pilot lacks 2 of 5 repeats"
    assert precision("two").why == "the pilot lacks 5 of 5 repeats"
    assert section_of().elements[0].cells[0][-1] == "no: the pilot lacks 2 of 5 repeats"


def test_a_pilot_of_which_a_run_cannot_be_read_is_not_over(submitted):
    """Though a run after the pilot diverged: runs are not merely counted."""
    lost = trials().query("variant == 'one' and repeat == 2").trial_id.iloc[0]
    Path(f"results/tiny/trials/{lost}.parquet").write_bytes(b"cut sho")
    assert precision().why == "the pilot lacks 1 of 5 repeats"
    assert precision("two").reached


def test_a_run_that_diverged_after_the_pilot_does_not_end_it(submit):
    submit(**ASK, worker=diverging(6))
    lost = trials().query("variant == 'one' and repeat == 2").trial_id.iloc[0]
    Path(f"results/tiny/trials/{lost}.parquet").write_bytes(b"cut sho")
    assert precision().why == "the pilot lacks 1 of 5 repeats"


def test_a_larger_pilot_of_some_variants_leaves_that_of_the_others_open(submit):
    submit(half_width=40, repeats=3)
    submit(half_width=40, only="two", repeats=5)
    assert precision("one").why == "the pilot lacks 2 of 5 repeats"
    assert precision("two").reached


def test_the_pilot_stays_when_runs_beyond_it_are_stored(submitted, submit):
    before, counts = precision(), trials().groupby("variant").size().to_dict()
    done = submit(**ASK, repeats=8)
    assert "note: The pilot remains the first 5 repeats, not 8, because runs beyond it are stored" in done.stderr
    assert (done.tried, done.error) == (0, None)
    assert store_of().job.half_width.pilot == 5
    assert precision() == before
    assert trials().groupby("variant").size().to_dict() == counts
    assert any("this table's is the one that counts: it covers at its level" in text for text in texts())


def test_the_pilot_stays_through_a_submit_without_a_half_width(submitted, submit):
    submit(repeats=3)
    submit(**ASK, repeats=3)
    assert store_of().job.half_width.pilot == 5


def test_a_pilot_that_stays_may_have_too_many_repeats_for_what_is_allowed(submitted, submit):
    done = submit(**ASK, most_repeats=4, repeats=3)
    assert isinstance(done.error, SpecError)
    assert "`most_repeats` must be at least 5, the repeats of the pilot. Received: most_repeats=4." in str(done.error)


def test_other_settings_have_a_pilot_of_their_own(submitted, submit):
    done = submit(**ASK, repeats=3, epochs=2)
    assert "The pilot remains" not in done.stderr
    assert (store_of().job.half_width.pilot, store_of().job.half_width.late) == (3, False)


UNFIXED = "The number of runs was not fixed by the rule alone ("


def test_a_pilot_chosen_among_more_repeats_promises_no_coverage(submit):
    submit(repeats=12)
    submit(**ASK)
    assert store_of().job.half_width.late
    assert not any("covers at its level" in text for text in texts())
    assert texts()[1].startswith(UNFIXED + "the pilot was chosen when more repeats than it were stored")
    submit(**ASK)
    assert store_of().job.half_width.late, "asking again does not make it better"


def test_other_settings_do_not_inherit_that_a_pilot_was_late(submit):
    submit(repeats=7)
    submit(**ASK)
    submit(**ASK, epochs=2)
    assert not store_of().job.half_width.late


def test_settings_that_come_back_have_repeats_beyond_a_pilot_that_is_chosen_then(submitted, submit):
    submit(epochs=2)
    submit(**ASK, repeats=3)
    assert (store_of().job.half_width.pilot, store_of().job.half_width.late) == (3, True)


def test_a_pilot_chosen_after_another_was_over_promises_no_coverage(submit):
    submit(half_width=40, repeats=3)
    done = submit(half_width=40, repeats=5)
    assert "The pilot remains" not in done.stderr
    assert (store_of().job.half_width.pilot, store_of().job.half_width.late) == (5, True)
    assert texts()[1].startswith(UNFIXED)


def test_a_pilot_that_was_trained_before_the_half_width_was_asked_for_is_one(submit):
    submit(repeats=5)
    submit(**ASK)
    assert not store_of().job.half_width.late
    assert any("this table's is the one that counts: it covers at its level" in text for text in texts())


def test_repeats_beyond_those_of_the_rule_are_named_instead_of_the_coverage(submit):
    submit(half_width=40)
    submit(only="two", repeats=7)
    assert precision("two").extra == 2
    assert texts()[1].startswith(UNFIXED + "of repeats, two has 2 more than it asks for)")
    assert not any("covers at its level" in text for text in texts())


def test_a_pilot_whose_runs_all_diverged_says_so(submit):
    submit(**ASK, worker=diverging(*range(5)))
    assert precision().why == "all 5 runs of the pilot diverged or failed: cannot plan"


class NotFinite(FakeWorker):
    """No run has a finite accuracy."""

    def run(self, trial):
        for message in super().run(trial):
            if isinstance(message, Result):
                message.final["test_accuracy"] = float("nan")
            yield message


def test_a_pilot_without_a_finite_accuracy_says_so(submit):
    submit(**ASK, worker=lambda dataset, resources, _: NotFinite(dataset, resources))
    assert precision().why == "all 5 runs of the pilot diverged, failed or have no finite value: cannot plan"


def plan(*words):
    done = CliRunner().invoke(main, ["plan", "job.py", "--no-sizes", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_plan_says_what_an_interrupted_half_width_still_needs(submit):
    submit(**ASK, engine=StopAfter(14))
    left = sum(max(0, precision(name).repeats) for name in ("one", "two")) - 14
    asked = "A half width of 1.5 points of test accuracy was asked for:"
    assert f"{asked} {left} runs still to go: cnnjobs submit job.py --half-width 1.5\n" in plan()
    assert "--half-width 1.5 --repeats 5" in plan("--repeats", "3")


def test_the_command_that_plan_prints_is_of_the_same_trials(submit, tmp_path):
    """With what changes the job, else it would be another one."""
    changes = ("--epochs", "2", "--limit-train", "200", "--only", "one")
    submit_in(tmp_path, "--half-width", "1.5", *changes, engine=StopAfter(6))
    printed = re.search(r"to go: cnnjobs (submit .*)", plan(*changes))[1]
    assert printed == "submit job.py --half-width 1.5 --only one --epochs 2 --limit-train 200"


def test_plan_says_that_a_pilot_not_over_knows_only_the_least(submit):
    submit(**ASK, most_repeats=50, engine=StopAfter(3))
    assert "at least 7 runs still to go: cnnjobs submit job.py --half-width 1.5 --most-repeats 50" in plan()


def test_plan_is_silent_on_a_half_width_that_is_reached_or_of_other_settings(submitted, submit):
    assert "half width" not in plan()
    submit(**ASK, epochs=3, engine=StopAfter(3))
    assert "half width" in plan()
    assert "half width" not in plan("--epochs", "2")


def test_plan_counts_the_runs_of_variants_that_are_still_the_same(submit, tmp_path):
    submit(**ASK, engine=StopAfter(3))
    write_job(tmp_path, epochs=1, repeats=5, variants='"one": base, "two": base.but(batch_size=6),')
    assert "at least 2 runs still to go" in plan()
