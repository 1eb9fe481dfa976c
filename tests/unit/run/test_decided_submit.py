"""A submit that repeats variants until each is decided: what it stores, and that a kill changes nothing."""

import json
import os
import shutil
import signal
import sys
from dataclasses import dataclass

import pytest
from support.fakes import FakeWorker, StopAfter, run_in
from support.slots import DIVERGED, FAILED, ending

from cnnjobs.comparison.decisions import job_ruling
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.errors import Interrupted
from cnnjobs.messages import Failure, Progress, Result
from cnnjobs.run.status import job_status
from cnnjobs.run.submit import Goal
from cnnjobs.store.files import Files
from cnnjobs.store.results import load_results
from cnnjobs.store.store import Store

VARIANTS = """"base": base, "wider": base.but(batch_size=5), "deeper": base.but(batch_size=6),"""

PAIRS = {
    "wider": [1.2, 0.9, 1.5, 1.1, 1.3, *[1.0, 1.1] * 8],
    "deeper": [0.6, 0.1, 0.9, 0.4, -0.1, 0.7, 0.5, 0.8, 0.5, 0.7, 0.3, 0.6, 0.4, 0.5, 0.6, 0.4, *[0.5] * 5],
}
"""Differences to the reference in points: decided after 5 repeats, and after 8."""


@dataclass
class PairWorker(FakeWorker):
    """Ends a trial as its pair says."""

    pairs = PAIRS

    def run(self, trial):
        yield Progress(1, 1, len(self.dataset.y_train))
        one = 0.0 if trial.variant == "base" else self.pairs[trial.variant][trial.repeat]
        last = ending(one if isinstance(one, str) else 0.5 + one / 100)
        if isinstance(last, Failure):
            raise RuntimeError("no luck")
        yield last


def worker_of(pairs):
    return lambda dataset, resources, _: type("Worker", (PairWorker,), {"pairs": pairs})(dataset, resources)


def decided_in(folder, pairs=PAIRS, engine=None, **goal):
    """Submit with `--decide`."""
    folder.mkdir(exist_ok=True)
    asked = Goal(**({"decide": True} | goal))
    return run_in(folder, engine=engine, worker=worker_of(pairs), goal=asked, variants=VARIANTS)


def store_in(folder):
    return Store(Files(str(folder / "results" / "tiny")))


def kept(folder):
    """What `job.json` keeps of the rule, with the repeats of each variant."""
    job = json.loads(store_in(folder).files.read("job.json"))
    return job["decide"], {name: one.get("repeats", job["repeats"]) for name, one in job["variants"].items()}


def verdicts(folder):
    decisions = kept(folder)[0]["decisions"].values()
    return {(one["verdict"], one["repeats"]) for one in decisions}


def runs(folder):
    return load_results(str(folder / "results" / "tiny")).trials


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A submit that nothing stopped; not to be changed."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, decided_in(folder)


def test_each_variant_has_the_repeats_that_decided_it_and_the_reference_those_of_the_last(whole):
    folder, done = whole
    assert (done.error, done.tried) == (None, 21)
    assert verdicts(folder) == {("better", 5), ("better", 8)}
    assert kept(folder)[1] == {"base": 8, "wider": 5, "deeper": 8}
    assert runs(folder).variant.value_counts().to_dict() == {"base": 8, "wider": 5, "deeper": 8}


def test_it_says_the_rule_before_and_each_decision_as_it_comes(whole):
    said = whole[1].stderr
    assert "tiny: at most 60 trials" in said
    assert "repeats until each of 2 variants is better or worse than base" in said
    assert "wider is better than base, by 1.20 points after 5 pairs; sequential p 0.002" in said
    assert "deeper is better than base, by 0.49 points after 8 pairs; sequential p 0.038" in said
    assert "[15 of at most 60] deeper, repeat 5: test accuracy 49.90%" in said
    assert "of at most 45] " in said, "without the repeats that the first decision saved"
    assert "after repeat 6: deeper: 6 pairs, p 0.172 (0.05)" in said


def test_the_same_command_again_runs_nothing(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path, dirs_exist_ok=True)
    before = kept(tmp_path)
    done = decided_in(tmp_path)
    assert (done.error, done.tried) == (None, 0)
    assert kept(tmp_path) == before


@pytest.mark.parametrize("ends", [1, 14, 15, 18, 20])
def test_a_submit_that_was_stopped_continues_to_the_same_decision(whole, tmp_path, ends):
    stopped = decided_in(tmp_path, engine=StopAfter(ends))
    assert isinstance(stopped.error, Interrupted)
    assert f"{ends} of at most " in str(stopped.error)
    assert decided_in(tmp_path).error is None
    assert kept(tmp_path) == kept(whole[0])
    assert {*runs(tmp_path).trial_id} == {*runs(whole[0]).trial_id}


class KilledAt(InlineEngine):
    """The process is killed when so many trials have ended: before or after that is taken in."""

    def __init__(self, ends, *, before):
        self.ends, self.before = ends, before

    def run(self, work, on_message):
        def pass_on(trial, message):
            self.ends -= isinstance(message, Result | Failure)
            if not self.ends and self.before:
                os.kill(os.getpid(), signal.SIGKILL)
            on_message(trial, message)
            if not self.ends:
                os.kill(os.getpid(), signal.SIGKILL)

        super().run(work, pass_on)


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.parametrize(("ends", "before"), [(3, True), (15, True), (15, False), (20, False), (21, True)])
def test_a_submit_that_was_killed_continues_to_the_same_decision(whole, tmp_path, ends, before):
    child = os.fork()
    if not child:
        try:
            decided_in(tmp_path, engine=KilledAt(ends, before=before))
        finally:
            os._exit(0)  # never on in the tests
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert len(runs(tmp_path)) == ends - before
    assert decided_in(tmp_path).error is None
    assert kept(tmp_path) == kept(whole[0])


def test_what_was_not_written_into_the_job_before_a_kill_is_decided_again(whole, tmp_path):
    """Killed between the commit of the run that decides and the change of `job.json`."""
    assert isinstance(decided_in(tmp_path, engine=StopAfter(3)).error, Interrupted)
    at_first = store_in(tmp_path).files.read("job.json")
    decided_in(tmp_path, engine=StopAfter(13))
    assert verdicts(tmp_path) == {("better", 5)}
    store_in(tmp_path).files.write("job.json", at_first)
    ruling = job_ruling(store_in(tmp_path), store_in(tmp_path).kept_job())
    assert ruling.decisions["wider"].verdict == "better", "by the runs alone"
    assert decided_in(tmp_path).error is None
    assert kept(tmp_path) == kept(whole[0])


def test_a_report_from_the_store_says_what_the_submit_decided(whole):
    store = store_in(whole[0])
    found = job_ruling(store, store.kept_job())
    assert {name: (one.verdict, one.repeats) for name, one in found.decisions.items()} == {
        "wider": ("better", 5), "deeper": ("better", 8)
    }  # fmt: skip


def test_more_repeats_may_be_allowed_later_as_if_they_had_been_from_the_start(whole, tmp_path):
    assert decided_in(tmp_path, most_repeats=7).error is None
    assert verdicts(tmp_path) == {("better", 5)}
    assert decided_in(tmp_path, most_repeats=20).error is None
    assert kept(tmp_path) == kept(whole[0])


def test_a_failed_repeat_holds_its_variant_until_the_next_submit(whole, tmp_path):
    failing = PAIRS | {"deeper": [*PAIRS["deeper"][:3], FAILED, *PAIRS["deeper"][4:]]}
    done = decided_in(tmp_path, failing)
    assert done.failures == 1
    assert "deeper is undecided: repeat 4 failed; the next submit goes on" in done.stderr
    assert verdicts(tmp_path) == {("better", 5)}
    again = decided_in(tmp_path)
    assert (again.error, again.failures) == (None, 0)
    assert "already decided: wider is better than base, by 1.20 points after 5 pairs" in again.stderr
    assert kept(tmp_path) == kept(whole[0])


def test_repeats_that_diverge_all_end_a_variant_and_leave_the_others(tmp_path):
    done = decided_in(tmp_path, PAIRS | {"wider": [DIVERGED] * 20})
    assert (done.error, done.failures) == (None, 0)
    assert "wider is undecided: it diverged in 5 of 5 repeats" in done.stderr
    assert runs(tmp_path).variant.value_counts()["wider"] == 5
    assert "deeper is better than base" in done.stderr


def test_status_says_how_far_the_rule_is(whole, tmp_path):
    decided_in(tmp_path, engine=StopAfter(16))
    said = job_status(store_in(tmp_path)).text()
    assert "wider is better than base, by 1.20 points after 5 pairs" in said
    assert "deeper: 5 pairs, p 0.331 (0.05)" in said
    assert "at most 20 repeats" in said
    rows = {row["variant"]: row for row in job_status(store_in(tmp_path)).rows}
    assert (rows["wider"]["expected"], rows["wider"]["missing"]) == (5, 0)
    assert rows["deeper"]["expected"] == 20
    finished = job_status(store_in(whole[0])).text()
    assert "deeper is better than base, by 0.49 points after 8 pairs" in finished
    assert "at most" not in finished.splitlines()[0]
