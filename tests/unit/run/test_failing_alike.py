"""What is wrong with all trials of a job is told after the first few, and the others do not run for it."""

import pytest
from support.fakes import VARIANTS, FakeWorker, run_in, submit_in

import cnnjobs
from cnnjobs.engine.order import AlikeTogether
from cnnjobs.messages import Failure, Result, Status
from cnnjobs.planning.trials import make_plan
from cnnjobs.run.failing_alike import UntilAllFailAlike

THREE = VARIANTS + '"three": base.but(batch_size=6),'


def broken(*, fails=lambda trial: True, error=lambda trial: RuntimeError(f"no such layer {trial.repeat}"), seen=None):
    """Return what makes workers whose trials fail after an epoch."""

    class Broken(FakeWorker):
        def run(self, trial):
            (seen if seen is not None else []).append((trial.variant, trial.repeat))
            messages = super().run(trial)
            yield next(messages)
            if fails(trial):
                raise error(trial)
            yield from messages

    return lambda dataset, resources, checkpoints: Broken(dataset, resources)


def test_twelve_trials_that_all_fail_end_after_three(tmp_path):
    """Somebody's network raises in its second epoch, in every variant, and twelve trials were to run."""
    seen = []
    ran = run_in(tmp_path, worker=broken(seen=seen), variants=THREE, repeats=4)
    assert seen == [("one", 0), ("two", 0), ("three", 0)], "one of each variant"
    assert (ran.tried, ran.failures) == (3, 3)
    assert "in the same way, at least one of each variant. No other trial starts" in ran.stderr
    assert "with --keep-going" in ran.stderr


def test_the_end_says_what_was_not_run_and_why(tmp_path):
    done = submit_in(tmp_path, worker=broken(), variants=THREE, repeats=4)
    assert done.exit_code == 1
    assert "3 of 3 trials failed, all in the same way: RuntimeError: no such layer 0." in done.stderr
    assert "The other 9 trials were not run; their logs: " in done.stderr
    assert "(With `--keep-going` the other trials start all the same.)" in done.stderr
    again = submit_in(tmp_path, variants=THREE, repeats=4)
    assert again.exit_code == 0, "the same job, mended: all of them run"
    assert len(cnnjobs.load_results(tmp_path / "results").trials) == 12


def test_who_wants_it_has_all_of_them_tried(tmp_path):
    seen = []
    done = submit_in(tmp_path, "--keep-going", worker=broken(seen=seen), variants=THREE, repeats=4)
    assert len(seen) == 12
    assert "12 of 12 trials failed; their logs" in done.stderr


@pytest.mark.parametrize(
    ("case", "runs"),
    [
        ("one variant of three is broken", 12),
        ("one trial succeeded first", 12),
        ("each fails in its own way", 12),
        ("each at its own place", 12),
    ],
)
def test_what_says_little_of_the_others_stops_nothing(case, runs, tmp_path):
    def elsewhere(trial):
        exec(compile("\n" * trial.repeat + "raise ValueError", f"{trial.variant}.py", "exec"))

    worker = {
        "one variant of three is broken": broken(fails=lambda trial: trial.variant == "one"),
        "one trial succeeded first": broken(fails=lambda trial: (trial.variant, trial.repeat) != ("one", 0)),
        "each fails in its own way": broken(error=lambda trial: RuntimeError("ab"[trial.variant == "two"])),
        "each at its own place": broken(error=elsewhere),
    }[case]
    ran = run_in(tmp_path, worker=worker, variants=THREE, repeats=4)
    assert ran.tried == runs
    assert 0 < ran.failures <= runs


def test_of_one_variant_three_trials_are_tried(tmp_path):
    ran = run_in(tmp_path, worker=broken(), variants='"one": base,', repeats=10)
    assert (ran.tried, ran.failures) == (3, 3)


def test_a_job_that_is_at_its_end_has_nothing_to_leave_out(tmp_path):
    ran = run_in(tmp_path, worker=broken(), variants=THREE, repeats=1)
    assert (ran.tried, ran.failures) == (3, 3)
    assert "no other starts" not in ran.stderr


def test_a_half_width_needs_no_second_stage_then(tmp_path):
    from cnnjobs.run.submit import Goal

    ran = run_in(tmp_path, worker=broken(), variants=VARIANTS, repeats=4, goal=Goal(half_width=1.0))
    assert (ran.tried, ran.failures, ran.error) == (3, 3, None)


def plan():
    vgg, variant = cnnjobs.vgg(blocks=1), cnnjobs.Variant
    variants = {"a": variant(model=vgg), "b": variant(model=vgg, epochs=3)}
    return make_plan(cnnjobs.Job(name="x", dataset="digits", repeats=3, variants=variants), "data").trials


def test_trials_that_run_at_the_same_time_end_by_themselves():
    trials = plan()
    order = UntilAllFailAlike(AlikeTogether(trials), trials)
    running = [order.next() for _ in range(4)]
    said = [order.ended(trials[place], Failure("E: 1", "")) for place in running[:3]]
    assert [bool(one) for one in said] == [False, False, True]
    assert order.next() is None
    assert order.over
    assert order.ended(trials[running[3]], Failure("E: 2", "")) == ""
    assert order.why == "all in the same way: E: 2. The other 2 trials were not run"


def test_after_a_failure_another_variant_has_its_turn_and_after_a_success_the_same():
    trials = plan()
    order = AlikeTogether(trials)

    def end(place, *, failed):
        order.ended(trials[place], failed=failed)
        order.freed(trials[place])
        return trials[order.next()].variant

    first = order.next()
    assert trials[first].variant == "a"
    assert end(first, failed=True) == "b"
    order = AlikeTogether(trials)
    assert end(order.next(), failed=False) == "a"


def test_diverging_is_a_result(tmp_path):
    trials = plan()
    order = UntilAllFailAlike(AlikeTogether(trials), trials)
    order.ended(trials[0], Result(Status.DIVERGED, {}, {}, None))
    assert not [said for trial in trials[1:] if (said := order.ended(trial, Failure("E", "")))]
