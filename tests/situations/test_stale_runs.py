"""A variant is edited or renamed: no table mixes its old runs with the new ones, whichever door they are read by."""

from dataclasses import replace

import pytest
from support.documentation import DOCS, blocks
from support.fakes import FakeWorker, submit_in
from support.isolation import alone

import cnnjobs
from cnnjobs.messages import Result
from cnnjobs.store.compaction import compact
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

__all__ = ["alone"]

PAGE = DOCS / "results.md"
RUNS = 3


class BySettings(FakeWorker):
    """A worker whose accuracies depend on the learning rate, the batch size and the repeat."""

    def run(self, trial):
        accuracy = trial.spec.optimizer.learning_rate + trial.spec.batch_size / 100 + trial.repeat / 64
        for message in super().run(trial):
            done = isinstance(message, Result)
            yield replace(message, final={**message.final, "test_accuracy": accuracy}) if done else message


def submit(folder, **job):
    done = submit_in(folder, worker=lambda dataset, resources, _: BySettings(dataset, resources), **job)
    assert done.exit_code == 0, done.output


def edited(text):
    """The learning rate of variant "one" is another, and "two" has another name."""
    return text.replace('"one": base,', '"one": base.but(optimizer=SGD(0.5)),').replace('"two"', '"second"')


@pytest.fixture(scope="module", params=[False, True], ids=["single", "compacted"])
def results(request, tmp_path_factory):
    """The results folder, and the accuracies of each variant before and after the edit."""
    folder = tmp_path_factory.mktemp("stale")
    submit(folder, repeats=RUNS)
    path = folder / "results"
    before = cnnjobs.load_results(path).trials
    submit(folder, repeats=RUNS, change=edited)
    if request.param:
        compact(Store(Files(path / "tiny")), least=1)
    return path, before


def means(trials):
    return trials.groupby("variant").test_accuracy.mean().to_dict()


def test_frames_hold_what_the_job_asks_for_under_the_names_it_has_now(results):
    """After a changed learning rate `groupby("variant")` averaged runs of both settings."""
    path, before = results
    found = cnnjobs.load_results(path)
    old = means(before)
    assert len(found.trials) == 2 * RUNS
    assert means(found.trials).keys() == {"one", "second"}
    assert means(found.trials)["second"] == old["two"]
    assert means(found.trials)["one"] != old["one"]
    assert not found.trials.stale.any()
    for frame in (found.epochs, found.predictions):
        assert set(frame.trial_id) == set(found.trials.trial_id)
        assert set(frame.variant) == {"one", "second"}
        assert not frame.stale.any()


def test_stale_rows_are_there_when_asked_for_and_marked(results):
    """The old runs of the edited variant are of interest after all."""
    path, before = results
    everything = cnnjobs.load_results(path, stale=True)
    assert len(everything.trials) == 3 * RUNS
    stale = everything.trials[everything.trials.stale]
    assert set(stale.trial_id) == set(before[before.variant == "one"].trial_id)
    assert means(stale) == {"one": means(before)["one"]}
    for frame in (everything.epochs, everything.predictions):
        assert set(frame[frame.stale].trial_id) == set(stale.trial_id)


@pytest.mark.parametrize("with_stale", [False, True])
def test_comparisons_never_use_stale_runs_and_say_that_there_are_some(results, with_stale):
    """`compare(...).notes` was empty."""
    path, _ = results
    frames = cnnjobs.load_results(path)
    comparison = cnnjobs.compare(cnnjobs.load_results(path, stale=with_stale))
    said = f"{RUNS} stored trials are left out, because the job no longer has their settings"
    assert said in comparison.notes["tiny"]
    assert comparison.runs.groupby("variant").value.mean().to_dict() == pytest.approx(means(frames.trials))
    assert comparison.summary.set_index("variant")["mean"].to_dict() == pytest.approx(means(frames.trials))


def test_the_queries_of_the_page_cannot_mix_settings(results, monkeypatch):
    """The DuckDB query of the page averaged over both settings."""
    import duckdb

    path, _ = results
    right = means(cnnjobs.load_results(path).trials)
    query = next(block for block in blocks(PAGE, "sql") if "test_accuracy" in block)
    found = duckdb.sql(query.replace("results/quickstart", str(path / "tiny"))).fetchall()
    assert {name: (count, mean) for name, count, mean in found} == {
        name: (RUNS, pytest.approx(mean)) for name, mean in right.items()
    }
    monkeypatch.chdir(path.parent)
    [block] = [block for block in blocks(PAGE, "python") if "results.trials.group" in block]
    names = {}
    exec(block.replace("results.trials.group", "table = results.trials.group"), names)
    assert names["table"]["mean"].to_dict() == {("tiny", name): mean for name, mean in right.items()}


def test_the_tables_of_the_report_hold_no_stale_run(results):
    """CSV and Parquet of the report are read by other programs."""
    import pandas as pd

    path, _ = results
    comparison = cnnjobs.compare(cnnjobs.load_results(path))
    comparison.report(predictions=False)
    right = means(cnnjobs.load_results(path).trials)
    for kind, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        summary = read(path / "tiny" / "report" / "tables" / f"summary.{kind}")
        assert summary.set_index("variant")["mean"].to_dict() == pytest.approx(right)
        assert summary.set_index("variant")["n"].to_dict() == dict.fromkeys(right, RUNS)
    box = pd.read_csv(path / "tiny" / "report" / "figures" / "box.csv")
    assert box.groupby("variant").value.mean().to_dict() == pytest.approx(right)


def test_a_setting_that_comes_back_runs_nothing_and_has_its_runs_again(tmp_path):
    """The edit is taken back: the old runs count again, the ones in between are stale."""
    for change in (str, edited, str):
        submit(tmp_path, repeats=2, change=change)
    found = cnnjobs.load_results(tmp_path / "results", stale=True).trials
    assert found.groupby("variant").stale.sum().to_dict() == {"one": 2, "two": 0}
    assert len(cnnjobs.load_results(tmp_path / "results").trials) == 4
