"""What no job asks for any more goes, and nothing else; whoever is cut off leaves a store that is whole."""

import contextlib
from dataclasses import replace

import pytest
from support.commands import called
from support.documents import document
from support.stores import made_up_store

import cnnjobs
from cnnjobs.comparison.table import job_table
from cnnjobs.errors import StoreError
from cnnjobs.run.clean import clean_results, find_remains
from cnnjobs.store.compaction import compact
from cnnjobs.store.expectation import dropped_conditions
from cnnjobs.store.files import Files
from cnnjobs.store.lock import StoreLock
from cnnjobs.store.remains import remains_of, remove
from cnnjobs.store.store import Store
from cnnjobs.store.verification import check_store


@pytest.fixture(params=["single files", "compacted"])
def store(request, tmp_path):
    """A job of three variants that has dropped the last, five runs each."""
    made = made_up_store(tmp_path, variants=("a", "b", "c"), runs=5)
    if request.param == "compacted":
        compact(made, least=1)
    job = made.job
    made.write_job(replace(job, variants={name: job.variants[name] for name in ("a", "b")}))
    for name, content in (("t2-0.log", b"x"), ("t0-0.log", b"x")):
        made.files.below("logs").write(name, content)
    return made


def fresh(store):
    return Store(Files(store.files.location))


def kept(store):
    return sorted(store.read("trials", columns=["trial_id"]).table["trial_id"].to_pylist())


OWN = [f"t{variant}-{run}" for variant in range(2) for run in range(5)]


def test_stale_trials_are_found_and_removed_with_all_they_had(store):
    found = find_remains(store.files.location)
    ((job),) = found.jobs
    assert {name: len(ids) for name, ids in job.remains.trials.items()} == {"c": 5}
    assert job.remains.bytes > 0
    assert len(kept(fresh(store))) == 15, "showing removes nothing"
    assert clean_results(store.files.location).removed
    after = fresh(store)
    assert kept(after) == OWN
    assert after.files.below("logs").names() == ["t0-0.log"]
    assert sorted(name[:-8] for name in after.files.below("predictions").names(".parquet")) == OWN
    assert set(after.read("epochs").table["trial_id"].to_pylist()) == set(OWN)
    assert check_store(after.files).whole
    assert find_remains(store.files.location).is_empty


def test_comparisons_go_on_counting_what_was_dropped(store):
    """Who removes the runs of a variant that was worse has still compared with it."""
    before = job_table(fresh(store))
    clean_results(store.files.location)
    after = job_table(fresh(store))
    assert before.dropped == after.dropped == 1
    assert fresh(store).job.removed == ("job-2",)
    again = fresh(store).job
    back = replace(again, variants={**again.variants, "c": replace(again.variants["a"], condition_id="job-2")})
    assert dropped_conditions(back, []) == (), "the variant is listed again"


def test_a_submit_after_it_keeps_that(tmp_path):
    from support.fakes import VARIANTS, run_in

    run_in(tmp_path, variants=VARIANTS)
    run_in(tmp_path, variants='"one": base,')
    clean_results(str(tmp_path / "results"))
    run_in(tmp_path, variants='"one": base,', repeats=6)
    store = Store(Files(tmp_path / "results" / "tiny"))
    assert len(store.job.removed) == 1
    assert job_table(store).dropped == 1


def test_nothing_is_removed_while_a_submit_is_at_work(store):
    with StoreLock(store.files):
        assert find_remains(store.files.location).jobs[0].in_use
        with pytest.raises(StoreError, match="Another submit is at work"):
            clean_results(store.files.location)
    assert len(kept(fresh(store))) == 15


class Stop(Exception):
    """The process is killed."""


def test_cut_off_at_any_moment_the_store_is_whole_and_the_next_finishes(tmp_path, monkeypatch):
    steps = 0
    while True:
        steps += 1
        made = made_up_store(tmp_path / str(steps), variants=("a", "b", "c"), runs=2)
        compact(made, least=1)
        job = made.job
        made.write_job(replace(job, variants={name: job.variants[name] for name in ("a", "b")}))
        left = [steps]

        def counting(call, left=left):
            def step(*words):
                left[0] -= 1
                if not left[0]:
                    raise Stop
                return call(*words)

            return step

        with monkeypatch.context() as patch:
            patch.setattr(Files, "remove", counting(Files.remove))
            patch.setattr(Files, "write", counting(Files.write))
            with contextlib.suppress(Stop):
                remove(made, remains_of(made))
        own = [f"t{variant}-{run}" for variant in range(2) for run in range(2)]
        assert set(own) <= set(kept(fresh(made)))
        check = check_store(made.files)
        assert (check.damaged, check.incomplete) == ({}, {}), "what is left of others is whole"
        clean_results(made.files.location)
        assert kept(fresh(made)) == own
        assert check_store(made.files).whole
        assert find_remains(made.files.location).is_empty
        assert job_table(fresh(made)).dropped == 1
        if left[0] > 0:
            break
    assert steps > 5


def test_the_command_shows_asks_and_removes(store, tmp_path):
    done = called("clean", "job", cwd=tmp_path)
    assert done.returncode == 2
    assert "stale trials of 'c'" in done.stdout
    assert "use --yes" in done.stderr
    assert len(kept(fresh(store))) == 15
    said = document(called("clean", "job", "--yes", "--format", "json", cwd=tmp_path).stdout)
    assert said["removed"]
    assert said["jobs"][0]["stale"] == [{"variant": "c", "trials": 5}]
    assert kept(fresh(store)) == OWN
    done = called("clean", "job", cwd=tmp_path)
    assert done.returncode == 0
    assert "nothing to remove" in done.stdout
    assert len(cnnjobs.load_results(tmp_path / "job").trials) == 10


def test_what_was_set_aside_goes_only_when_asked_for(store):
    store.files.below("damaged", "when", "trials").write("x.parquet", b"broken")
    clean_results(store.files.location)
    assert store.files.below("damaged", "when", "trials").names() == ["x.parquet"]
    clean_results(store.files.location, damaged=True)
    assert store.files.below("damaged", "when", "trials").names() == []
