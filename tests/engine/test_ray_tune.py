"""The engine on a real Ray, with workers that need no TensorFlow."""

import contextlib
import os
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from support import fakes

from cnnjobs import SGD, Job, Variant, vgg
from cnnjobs.engine.base import TrialResources, Work
from cnnjobs.engine.order import AlikeTogether
from cnnjobs.errors import StoreError
from cnnjobs.messages import Failure, Note, Progress, Result, Started
from cnnjobs.planning.trials import make_plan
from cnnjobs.process.machine import child_processes
from cnnjobs.process.private_folder import private_folder
from cnnjobs.run.backends import open_engine
from cnnjobs.run.failing_alike import UntilAllFailAlike

BASE = Variant(model=vgg(), optimizer=SGD(0.1), epochs=3)
NAMES = ("calm", "raises", "dies", "diverges", "wears")


def trials_of(names=NAMES, repeats=2):
    variants = {name: BASE.but(batch_size=index + 1) for index, name in enumerate(names)}
    return make_plan(Job(name="a", dataset="digits", repeats=repeats, variants=variants), "data").trials


def work_on(trials):
    return Work(
        trials=trials,
        dataset=fakes.tiny_dataset(),
        make_worker=fakes.fake_worker,
        resources=TrialResources(cpus=1, gpus=0, replicas=1),
        at_once=2,
        modules=(fakes,),  # Ray's processes cannot import this folder
    )


def engine():
    return open_engine(cpus=2, gpus=0, verbose=False)


@pytest.fixture(scope="module")
def told():
    """Messages by trial, of one run for all tests below."""
    messages = {}
    trials = trials_of()
    with contextlib.closing(engine()) as running:
        running.run(work_on(trials), lambda trial, message: messages.setdefault(trial.label(), []).append(message))
    return messages


def kinds(messages):
    return [type(message) for message in messages]


def test_every_trial_ends_with_one_result_or_failure(told):
    assert sorted(told) == sorted(trial.label() for trial in trials_of())
    for messages in told.values():
        assert isinstance(messages[-1], Result | Failure)
        assert sum(isinstance(message, Result | Failure) for message in messages) == 1


def test_a_trial_tells_that_it_started_and_how_far_it_is(told):
    assert kinds(told["calm, repeat 1"]) == [Started, Progress, Progress, Progress, Result]


def test_results_are_those_of_the_engine_in_this_process(told):
    from cnnjobs.engine.inline import InlineEngine

    here = {}
    trials = trials_of(("calm",))
    InlineEngine().run(work_on(trials), lambda trial, message: here.setdefault(trial.label(), []).append(message))
    for label, messages in here.items():
        assert messages[-1].final == told[label][-1].final
        assert messages[-1].epochs == told[label][-1].epochs
        assert (messages[-1].predictions.probabilities == told[label][-1].predictions.probabilities).all()


def test_an_exception_is_a_failure_with_its_log_and_the_others_go_on(told):
    failure = told["raises, repeat 1"][-1]
    assert failure.error == "RuntimeError: no such layer"
    assert "about to raise" in failure.log, "what the trial printed"
    assert "Traceback" in failure.log
    assert told["calm, repeat 2"][-1].status == "completed"


def test_a_process_that_dies_is_started_again_once_and_then_a_failure(told):
    messages = told["dies, repeat 1"]
    assert kinds(messages).count(Started) == 2
    assert "ended its process, twice: os._exit(7) was called in run (fakes.py, line " in messages[-1].error


def test_that_a_trial_starts_again_and_from_where_is_said(told):
    (note,) = [message for message in told["dies, repeat 1"] if isinstance(message, Note)]
    assert note.text == "its worker process was lost; it starts again from the beginning"
    assert not [message for message in told["wears, repeat 2"] if isinstance(message, Note)], "that is routine"


def test_what_a_process_printed_before_it_died_is_in_the_log(told):
    assert told["dies, repeat 1"][-1].log.count("last words") == 2


def test_a_worn_process_is_replaced_and_that_is_no_failure(told):
    messages = [told[f"wears, repeat {repeat}"] for repeat in (1, 2)]
    assert [one[-1].status for one in messages] == ["completed", "completed"]
    assert [kinds(one).count(Started) for one in messages] == [1, 1]
    pids = {one[-1].log for label, one in told.items() if label.startswith(("wears", "calm"))}
    assert len(pids) >= 2


def test_every_trial_after_a_worn_process_gets_a_new_one():
    """More often than a lost process is forgiven."""
    told = {}
    work = work_on(trials_of(("wears",), repeats=4))
    with contextlib.closing(engine()) as running:
        running.run(replace(work, at_once=1), lambda trial, message: told.setdefault(trial.label(), []).append(message))
    assert [messages[-1].status for messages in told.values()] == ["completed"] * 4
    assert len({messages[-1].log for messages in told.values()}) == 4, "four processes"


def test_a_worn_process_does_not_count_against_the_trial_that_finds_it_worn():
    """The one after it, whose own process then dies: it is started again all the same."""
    told = {}
    work = replace(work_on(trials_of(("wears", "dies"), repeats=1)), at_once=1)
    with contextlib.closing(engine()) as running:
        running.run(work, lambda trial, message: told.setdefault(trial.label(), []).append(message))
    assert told["wears, repeat 1"][-1].status == "completed"
    assert kinds(told["dies, repeat 1"]) == [Started, Note, Started, Failure]


def test_what_ray_says_of_a_lost_process_is_in_the_log(told):
    assert "The actor died" in told["dies, repeat 1"][-1].log
    assert "no reason given" not in told["dies, repeat 1"][-1].log


def test_a_diverged_trial_is_a_result(told):
    assert told["diverges, repeat 2"][-1].status == "diverged"


def test_trials_run_in_processes_of_their_own_that_are_used_again(told):
    pids = {told[f"calm, repeat {repeat}"][-1].log for repeat in (1, 2)}
    assert f"pid {os.getpid()}" not in pids
    assert len(pids) <= 2


def test_an_error_on_the_submitting_side_ends_the_run_and_ray():
    import ray

    def refuse(trial, message):
        if isinstance(message, Result):
            raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="the disk is full"), contextlib.closing(engine()) as running:
        running.run(work_on(trials_of(("calm",), repeats=6)), refuse)
    assert not ray.is_initialized()


class Rounds:
    """An order that lets two trials start, and the next two when both have ended; the last two never."""

    def __init__(self, trials):
        self.trials, self.started, self.ended, self.asked = len(trials), 0, 0, 0

    def next(self):
        self.asked += 1
        if self.over or self.started - self.ended // 2 * 2 >= 2:
            return None
        self.started += 1
        return self.started - 1

    def freed(self, trial):
        self.ended += 1

    @property
    def over(self):
        return self.ended >= self.trials - 2


def test_an_order_may_hold_trials_back_until_others_have_ended():
    """Which lose their workers twice: slots stay idle meanwhile, and what is dropped never starts."""
    trials = trials_of(("dies", "calm", "raises"))
    order, told = Rounds(trials), []

    def on_message(trial, message):
        told.append((trials.index(trial), type(message)))

    began = time.monotonic()
    with contextlib.closing(engine()) as running:
        running.run(replace(work_on(trials), order=order), on_message)
    ends = [place for place, kind in told if kind in (Result, Failure)]
    first = {place: [one for one, _ in told].index(place) for place in range(4)}
    assert sorted(ends) == list(range(4))
    over = max(told.index((place, Failure)) for place in (0, 1))
    assert min(first[2], first[3]) > over, "only when the round before was over"
    assert {place for place, _ in told} == set(range(4))
    assert order.asked < 60 * (time.monotonic() - began), "it is asked some ten times a second, not without a pause"


def test_a_short_trial_is_one_step_and_tune_keeps_next_to_nothing_of_it_when_it_has_ended(monkeypatch):
    """Ten thousand of them, with all that Tune notes of each, would be 250 MB, and be looked through at every event."""
    running = engine()  # prepares the environment before Ray is imported
    from cnnjobs.engine.ray.relay import Relay

    seen, listed, steps, told = {}, [], Counter(), {}

    class Looked(Relay):
        def on_trial_result(self, iteration, trials, trial, result, **more):
            steps[trial.config["trial"]] += 1
            super().on_trial_result(iteration, trials, trial, result, **more)

        def on_step_end(self, iteration, trials, **more):
            seen.update((trial.config["trial"], trial) for trial in trials)
            super().on_step_end(iteration, trials, **more)
            listed.append(len(trials))

    monkeypatch.setattr("cnnjobs.engine.ray.tune.Relay", Looked)
    trials = trials_of(("calm",), repeats=9)
    running.run(work_on(trials), lambda trial, message: told.setdefault(trial.label(), []).append(message))
    running.close()
    assert all(kinds(messages) == [Started, Progress, Progress, Progress, Result] for messages in told.values())
    assert sorted(steps.values())[:7] == [1] * 7, "all but the first of each process"
    assert max(listed) <= 4, "two that run, the one that starts next, and the last that ended"
    ended = [trial for trial in seen.values() if trial.get_json_state() == ("{}", "{}")]
    assert len(ended) >= 8
    assert not any(trial.run_metadata.metric_analysis or trial._default_result_or_future for trial in ended)


def test_what_ran_the_trials_is_up_until_it_is_closed_and_leaves_nothing():
    import ray

    ran = engine()
    ran.run(work_on(trials_of(("calm",), repeats=1)), lambda trial, message: None)
    assert ray.is_initialized()
    ran.close()
    assert not ray.is_initialized()
    assert not [one for one in child_processes(os.getpid()) if b"ray" in Path(f"/proc/{one}/cmdline").read_bytes()]
    assert {one.name for one in private_folder().iterdir()} <= {"auth_token"}
    ran.close()


def test_no_other_trial_starts_when_all_have_failed_alike():
    """Ray ends when the trials have that run at that moment."""
    trials = trials_of(("raises",), repeats=8)
    order, failed = UntilAllFailAlike(AlikeTogether(trials), trials), []

    def on_message(trial, message):
        if isinstance(message, Failure):
            failed.append(order.ended(trial, message))

    with contextlib.closing(engine()) as running:
        running.run(replace(work_on(trials), order=order), on_message)
    assert 3 <= len(failed) <= 4, "one more may have been running"
    assert [bool(said) for said in failed[:3]] == [False, False, True]
    left = len(trials) - len(failed)
    assert order.why == f"all in the same way: RuntimeError: no such layer. The other {left} trials were not run"
