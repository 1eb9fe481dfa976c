"""What is missing runs, what ends is committed, what failed is told: on the engine that runs in this process."""

import json
import time
from pathlib import Path
from typing import ClassVar

import pytest
from support.fakes import VARIANTS, Notes, fake_worker, write_job
from support.stores import made_up_store

from cnnjobs.comparison.table import job_table
from cnnjobs.engine.base import TrialResources
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.errors import SpecError, StoreError
from cnnjobs.messages import Result, Stalled
from cnnjobs.run.missing import continuations, missing_trials, state_of
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.prepare import prepare, read_job, store_at
from cnnjobs.run.submission import Submission
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.lock import PREFIX, StoreLock
from cnnjobs.store.results import load_results

SLOT = TrialResources(cpus=1, gpus=0, replicas=1)


def quiet(what, done, total):
    pass


@pytest.fixture
def submit(tmp_path):
    """Submit a job file; return what happened, in lines."""

    def run(engine=None, only=(), **job):
        asked = Overrides(only=only)
        prepared = prepare(read_job(str(write_job(tmp_path, **job)), asked), asked, quiet)
        store = store_at(str(tmp_path / "results"), prepared.job)
        missing, state = missing_trials(prepared, store)
        notes = Notes()
        checkpoints = Checkpoints(store.files.below("checkpoints"))
        submission = Submission(prepared, store, tuple(missing), SLOT, at_once=1, checkpoints=checkpoints)
        with StoreLock(store.files) as lock:
            notes.failures = submission.run(engine or InlineEngine(), fake_worker, notes, lock)
        notes.store, notes.state = store, state
        return notes

    return run


def ended(notes):
    return [line for line in notes.lines if not line.startswith("started")]


class Stalls(InlineEngine):
    """A trial makes no progress for a while before it ends; the heartbeat says so meanwhile."""

    heartbeats: ClassVar = []

    def run(self, work, on_message):
        def tell(trial, message):
            if isinstance(message, Result):
                on_message(trial, Stalled(120.0))
                self.heartbeats.append(on_message.__self__._lock._running[0])
            on_message(trial, message)

        super().run(work, tell)


def test_that_a_trial_makes_no_progress_is_told_and_in_the_heartbeat_until_it_ends(submit):
    notes = submit(Stalls(), repeats=1, variants='"one": base')
    assert [line for line in ended(notes) if line.startswith("stalled")] == ["stalled one, repeat 1"]
    [running] = Stalls.heartbeats
    assert running.doing == "epoch 2 of 2"
    assert time.time() - running.quiet_since == pytest.approx(120, abs=30)


def test_every_trial_is_stored(submit, tmp_path):
    notes = submit()
    assert ended(notes) == [f"completed {name}, repeat {repeat}" for name in ("one", "two") for repeat in (1, 2)]
    trials = load_results(tmp_path / "results").trials
    assert trials.status.tolist() == ["completed"] * 4
    assert trials.dataset.unique().tolist() == ["digits"]
    assert json.loads(trials.settings.iloc[0])["optimizer"]["learning_rate"] == 0.01
    assert trials.groupby("repeat").seed_init.nunique().tolist() == [1, 1], "a repeat has one seed in all variants"
    assert trials.seed_init.nunique() == 2


def test_the_resolved_job_is_kept(submit, tmp_path):
    submit()
    document = json.loads((tmp_path / "results" / "tiny" / "job.json").read_text())
    assert document["reference"] == "one"
    assert document["dataset"]["train_rows"] == 1438
    assert "job = Job(" in document["text"]
    assert document["variants"]["two"]["settings"]["batch_size"] == 5


def test_a_schedule_of_the_users_is_tried_out_over_the_steps_of_its_training(tmp_path):
    """1,150 rows are trained on, 115 steps in the five epochs of batches of 50."""
    path, asked = write_job(tmp_path, variants='"own": base.but(schedule=own, epochs=5, batch_size=50),'), Overrides()
    text, own = path.read_text(), "def own(step, steps):\n    return {}\n\n\nbase ="

    def prepared(returned):
        path.write_text(text.replace("base =", own.format(returned), 1))
        return prepare(read_job(str(path), asked), asked, quiet)

    assert prepared("1 - step / steps").notes == ()
    assert "own: the largest factor of its schedule is 0.02" in prepared("0.02").notes[-1]
    with pytest.raises(SpecError, match=r"Variant 'own': .* For step 114 of 115 it returned -1\."):
        prepared("-1 if step == 114 else 1")


def test_choices_made_on_the_test_set_are_told(tmp_path):
    path = write_job(tmp_path, variants='"early": base.but(callbacks=EarlyStopping()), "plain": base,')
    text = path.read_text().replace("import Augment", "import EarlyStopping, Augment")
    path.write_text(text)
    asked = Overrides()
    assert prepare(read_job(str(path), asked), asked, quiet).notes == ()
    path.write_text(text.replace("repeats=2,", "repeats=2, validation='test',"))
    prepared = prepare(read_job(str(path), asked), asked, quiet)
    assert "Callbacks of 'early' decide by the test set" in prepared.notes[0]
    assert prepared.as_stored().dataset.notes == prepared.about


@pytest.mark.parametrize(
    ("of_job", "asked", "gpus", "replicas"),
    [
        ("gpus_per_trial=0.25", None, 0.25, 1),
        ("gpus_per_trial=0.25", 4, 4, 4),
        ("replicas=2", 4, 4, 4),
        ("gpus_per_trial=4", 2, 2, 2),
        ("gpus_per_trial=4", 1, 1, 1),
        ("gpus_per_trial=4", 0.5, 0.5, 1),
        ("gpus_per_trial=4", 0, 0, 4),
        ("gpus_per_trial=4, replicas=4", 2, 2, 2),
        ("gpus_per_trial=4, replicas=4", 0, 0, 4),
        ("replicas=4", 0, 0, 4),
        ("replicas=2", None, None, 2),
    ],
)
def test_the_command_line_decides_over_the_gpus_of_the_job(tmp_path, of_job, asked, gpus, replicas):
    path = write_job(tmp_path)
    path.write_text(path.read_text().replace("repeats=2", f"repeats=2, {of_job}"))
    job = read_job(str(path), Overrides(gpus_per_trial=asked)).job
    assert (job.gpus_per_trial, job.replicas) == (gpus, replicas)


@pytest.mark.parametrize("asked", [1, 0.5])
def test_one_gpu_is_refused_where_the_author_wrote_replicas(tmp_path, asked):
    path = write_job(tmp_path)
    path.write_text(path.read_text().replace("repeats=2", "repeats=2, gpus_per_trial=4, replicas=4"))
    with pytest.raises(SpecError, match="must be 4, one for each of 4 replicas, or 0 for cores"):
        read_job(str(path), Overrides(gpus_per_trial=asked))


def test_a_number_of_gpus_that_makes_no_sense_is_refused_by_its_name(tmp_path):
    with pytest.raises(SpecError, match="`gpus_per_trial` must be 0, a fraction of one GPU or a whole number"):
        read_job(str(write_job(tmp_path)), Overrides(gpus_per_trial=2.5))


def kept(tmp_path):
    return sorted(path.name for path in (tmp_path / "results" / "tiny" / "checkpoints").glob("*"))


def keep_one(store, trial_id):
    Checkpoints(store.files.below("checkpoints")).save(trial_id, 1, lambda: b"state")


def test_checkpoints_of_a_trial_that_is_stored_are_removed(submit, tmp_path):
    store = submit(repeats=1).store
    trials = {row["variant"]: row["trial_id"] for row in store.read("trials").table.to_pylist()}
    keep_one(store, trials["one"])  # a submit was cut off between the two
    keep_one(store, "of-another-job")
    assert len(kept(tmp_path)) == 2
    submit(repeats=2)
    assert kept(tmp_path) == ["of-another-job-0000001.npz"]


def test_checkpoints_are_removed_as_soon_as_a_trial_is_stored(submit, tmp_path):
    class Keeping(InlineEngine):
        def run(self, work, on_message):
            for trial in work.trials:
                work.checkpoints.save(trial.trial_id, 1, lambda: b"state")
            super().run(work, on_message)

    variants = VARIANTS + '"raises": base.but(batch_size=6),'
    notes = submit(engine=Keeping(), repeats=1, variants=variants)
    assert notes.failures == 1
    assert len(kept(tmp_path)) == 1, "that of the trial that failed: the next submit goes on from it"


def test_trials_that_go_on_from_kept_states_are_told_and_those_that_cannot(tmp_path):
    text = write_job(tmp_path, variants=VARIANTS + '"cosine": base.but(schedule=CosineDecay()),').read_text()
    path = tmp_path / "job.py"
    path.write_text(text.replace("from cnnjobs import", "from cnnjobs import CosineDecay,"))

    def trials(epochs):
        asked = Overrides(epochs=epochs)
        return prepare(read_job(str(path), asked), asked, quiet).plan.trials

    kept = {trial.length_free_id: [2, 9] for trial in trials(2)}
    assert len(kept) == 6
    assert continuations(trials(1), kept) == []
    going_on, anew = continuations(trials(5), kept)
    assert (
        going_on
        == "4 of the trials continue from the end of shorter runs, after epoch 2, if versions, device and cores are "
        "the same"
    )
    assert anew.startswith("'cosine' starts over: its learning rates")


@pytest.mark.parametrize(
    ("asked", "of_each"), [("20%", (1, 2, 8)), ("12.5%", (1, 1, 5)), ("100%", (5, 10, 40)), (7, (7, 7, 7))]
)
def test_a_percentage_of_epochs_is_that_of_each_variant(tmp_path, asked, of_each):
    variants = '"a": base.but(epochs=5), "b": base.but(epochs=10), "c": base.but(epochs=40)'
    path = write_job(tmp_path, variants=variants)
    job = read_job(str(path), Overrides(epochs=asked)).job
    assert tuple(variant.epochs for variant in job.variants.values()) == of_each


def test_seconds_an_epoch_are_those_of_completed_trials(tmp_path):
    store = made_up_store(tmp_path, variants=("a", "b"), runs=2)
    for run, (status, seconds) in enumerate((("completed", 8.0), ("completed", 12.0), ("failed", 99.0))):
        which = {"trial_id": f"t{run}", "condition_id": "c", "job": "job", "variant": "a", "repeat": run, "fold": 0}
        store.commit(which | {"status": status, "seconds": seconds, "epochs_done": 4}, {}, None)
    assert state_of(store, (), ()).rates == {"c": 2.5}, "those that did not say are left out"


def test_submitting_again_runs_nothing(submit):
    submit()
    assert submit().lines == []


def test_more_repeats_run_only_those(submit):
    submit(repeats=1)
    assert ended(submit(repeats=2)) == ["completed one, repeat 2", "completed two, repeat 2"]


def test_fewer_repeats_run_nothing_and_lose_nothing(submit):
    submit(repeats=3)
    notes = submit(repeats=1)
    assert notes.lines == []
    assert [row.summary.n for row in job_table(notes.store).rows] == [3, 3]


def test_renaming_a_variant_runs_nothing_and_its_results_follow(submit):
    submit()
    notes = submit(variants='"first": base, "two": base.but(batch_size=5),')
    assert notes.lines == []
    assert [row.name for row in job_table(notes.store).rows] == ["first", "two"]
    assert [row.summary.n for row in job_table(notes.store).rows] == [2, 2]


def test_a_changed_variant_runs_again_and_the_old_runs_are_stale(submit):
    submit()
    notes = submit(variants='"one": base.but(epochs=1), "two": base.but(batch_size=5),')
    assert ended(notes) == ["completed one, repeat 1", "completed one, repeat 2"]
    table = job_table(notes.store)
    assert table.stale == 2
    assert [row.summary.n for row in table.rows] == [2, 2]
    assert submit(variants='"one": base.but(epochs=1), "two": base.but(batch_size=5),').state.stale == {"one": 2}


def test_only_the_variants_asked_for_run_but_the_job_is_whole(submit):
    assert ended(submit(only=("two",))) == ["completed two, repeat 1", "completed two, repeat 2"]
    assert [row.name for row in job_table(submit().store).rows] == ["one", "two"]


def test_a_trial_that_raises_fails_alone(submit, tmp_path):
    notes = submit(variants=VARIANTS + '"raises": base.but(batch_size=6),')
    assert notes.failures == 2
    assert "failed raises, repeat 1: RuntimeError: no such layer" in notes.lines
    assert len([line for line in notes.lines if line.startswith("completed")]) == 4
    failed = load_results(tmp_path / "results").trials.query("status == 'failed'").iloc[0]
    log = Path(failed.log).read_text(encoding="utf-8")
    assert "Traceback" in log
    assert "and more" in log


def test_failed_trials_are_tried_again(submit):
    variants = VARIANTS + '"raises": base.but(batch_size=6),'
    submit(variants=variants)
    notes = submit(variants=variants)
    assert len(notes.state.failed) == 2
    assert [line for line in notes.lines if line.startswith("started")] == [
        "started raises, repeat 1",
        "started raises, repeat 2",
    ]


def test_a_diverged_trial_is_a_result_and_not_tried_again(submit):
    variants = VARIANTS + '"diverges": base.but(batch_size=6),'
    notes = submit(variants=variants)
    assert "diverged diverges, repeat 1" in notes.lines
    assert submit(variants=variants).lines == []
    table = job_table(notes.store)
    assert table.rows[2].summary is None
    assert table.rows[2].diverged == 2
    assert any("diverged" in note for note in table.notes)


class InterruptedEngine(InlineEngine):
    """Ctrl-C arrives after the third message of the second trial."""

    def run(self, work, on_message):
        seen = []

        def interrupt(trial, message):
            on_message(trial, message)
            seen.append(trial.trial_id)
            if seen.count(work.trials[1].trial_id) == 3:
                raise KeyboardInterrupt

        super().run(work, interrupt)


def test_an_interrupted_submit_keeps_what_is_finished_and_continues(submit, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        submit(InterruptedEngine())
    assert load_results(tmp_path / "results").trials.status.tolist() == ["completed"]
    assert not list((tmp_path / "results" / "tiny").glob(f"{PREFIX}*"))
    assert len(ended(submit())) == 3


def test_two_submits_do_not_write_the_same_store(submit, tmp_path):
    submit(repeats=1)
    with StoreLock(submit(repeats=1).store.files), pytest.raises(StoreError, match="Another submit is at work"):
        submit(repeats=2)


def test_the_same_job_gives_the_same_numbers_in_another_store(submit, tmp_path):
    first = submit().store.read("predictions").table
    (tmp_path / "results").rename(tmp_path / "old")
    assert submit().store.read("predictions").table.equals(first)
