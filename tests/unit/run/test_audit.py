"""An audit: one variant, with one source of chance at a time."""

import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from support.fakes import FakeWorker, StopAfter, submit_in

from cnnjobs.cli import main
from cnnjobs.comparison.design import repeats_text
from cnnjobs.comparison.table import job_table
from cnnjobs.messages import Result
from cnnjobs.planning.audit_names import ALL, TWICE
from cnnjobs.report.figures.style import render
from cnnjobs.report.model import Chart, ReportTable, Text
from cnnjobs.report.sections.planning import planning_section
from cnnjobs.report.sections.seed_audit import audits_text, sources_section
from cnnjobs.stats import sd_interval, sd_ratio_interval
from cnnjobs.store.files import Files
from cnnjobs.store.lock import StoreLock, read_heartbeat
from cnnjobs.store.results import load_results
from cnnjobs.store.store import Store

AUDIT = ("--audit", "one")


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A folder in which the job was submitted, then its audit, and what that said; not to be changed."""
    folder = tmp_path_factory.mktemp("once")
    submit_in(folder, "--only", "one", repeats=3)
    return folder, submit_in(folder, *AUDIT)


@pytest.fixture
def submit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *words, **job: submit_in(tmp_path, *words, **job)


@pytest.fixture
def submitted(once, tmp_path, monkeypatch):
    folder, done = once
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return done


def audit_store():
    return Store(Files("results/tiny-audit-one"))


def elements_of(store, kind, **asked):
    section = sources_section(store, job_table(store, **asked))
    return [element for element in section.elements if isinstance(element, kind)]


def test_an_audit_is_a_job_beside_the_job(submitted):
    assert submitted.exit_code == 0, submitted.output
    job = audit_store().job
    assert job.audit.variant == "one"
    assert job.audit.job == "tiny"
    assert set(job.audit.left_out) == {"augment", "dropout"}
    counts = load_results("results/tiny-audit-one").trials.groupby("variant").size().to_dict()
    assert counts == {ALL: 5, "split alone": 5, "init alone": 5, "order alone": 5, TWICE: 2}


def test_runs_that_the_job_has_are_taken_over_whole(submitted):
    assert "note: 3 runs with all sources of chance taken over from results/tiny" in submitted.stderr
    assert "tiny-audit-one: 19 trials (3 of 22 not asked for or stored already)" in submitted.stderr
    job, audit = (load_results(f"results/{name}") for name in ("tiny", "tiny-audit-one"))
    taken = audit.trials[audit.trials.trial_id.isin(job.trials.trial_id)]
    assert taken.variant.tolist() == [ALL] * 3
    assert taken.job.unique().tolist() == ["tiny-audit-one"]
    names = ["job", "variant"]
    for table in ("trials", "epochs", "predictions"):
        old = getattr(job, table)
        new = getattr(audit, table)
        new = new[new.trial_id.isin(old.trial_id)].reset_index(drop=True)
        if table == "predictions":
            assert np.array_equal(np.stack(old.probabilities), np.stack(new.probabilities))
            names = [*names, "probabilities"]
        assert old.drop(columns=names).equals(new.drop(columns=names))


def stored(table):
    return sorted(Path("results/tiny", table).iterdir())


def damage(path):
    path.write_bytes(b"cut sho")


@pytest.mark.parametrize("harm", [damage, Path.unlink], ids=["damaged", "missing"])
@pytest.mark.parametrize("table", ["epochs", "predictions"])
def test_runs_that_are_not_whole_run_again_instead(submit, table, harm):
    submit("--only", "one", repeats=3)
    harm(stored(table)[0])
    done = submit(*AUDIT, repeats=3)
    assert "note: 2 runs with all sources of chance taken over from results/tiny" in done.stderr
    found = load_results("results/tiny-audit-one")
    assert set(getattr(found, table).trial_id) == set(found.trials.trial_id)


def test_runs_that_diverged_are_taken_over_without_predictions(submit):
    diverges = '"diverges": base,'
    submit(variants=diverges, repeats=2)
    done = submit("--audit", "diverges", variants=diverges, repeats=2)
    assert "note: 2 runs with all sources of chance taken over" in done.stderr


@pytest.mark.parametrize("harm", [damage, Path.unlink], ids=["damaged", "missing"])
def test_runs_that_diverged_without_their_epochs_run_again_instead(submit, harm):
    diverges = '"diverges": base,'
    submit(variants=diverges, repeats=2)
    harm(stored("epochs")[0])
    done = submit("--audit", "diverges", variants=diverges, repeats=2)
    assert "note: 1 run with all sources of chance taken over" in done.stderr


def test_nothing_is_taken_over_while_another_submit_is_at_work_on_the_audit(submit):
    submit("--only", "one", repeats=3)
    with StoreLock(Files("results/tiny-audit-one")):
        done = submit(*AUDIT)
        assert "Another submit is at work on results/tiny-audit-one" in done.stderr
        (only,) = Path("results/tiny-audit-one").rglob("*")
        assert only.name.startswith("running-")


def test_runs_are_taken_over_under_the_claim_of_the_store(submit, monkeypatch):
    submit("--only", "one", repeats=3)
    claimed, commit = [], Store.commit

    def watched(store, *trial):
        claimed.append(read_heartbeat(store.files) is not None)
        return commit(store, *trial)

    monkeypatch.setattr(Store, "commit", watched)
    submit(*AUDIT, repeats=3)
    assert len(claimed) == 14
    assert all(claimed)


def test_a_trial_that_the_job_and_its_audit_hold_is_in_their_results_twice(submitted):
    trials = load_results("results/").trials
    counts = trials.groupby("trial_id").size()
    assert sorted(counts) == [1] * 19 + [2] * 3
    assert len(trials.drop_duplicates("trial_id")) == 22


def test_the_same_audit_again_runs_nothing(submitted, submit):
    before = load_results("results/tiny-audit-one").trials
    done = submit(*AUDIT)
    assert "Nothing to run" in done.stdout
    assert "taken over" not in done.stderr
    assert load_results("results/tiny-audit-one").trials.equals(before)


def test_an_interrupted_audit_continues(submit):
    assert submit(*AUDIT, repeats=2, engine=StopAfter(3)).exit_code == 130
    assert submit(*AUDIT, repeats=2).exit_code == 0
    assert len(load_results("results/tiny-audit-one").trials) == 10


def test_failed_runs_are_not_taken_over(submit):
    raises = '"raises": base.but(batch_size=6),'
    assert submit(variants=raises, repeats=2).exit_code == 1
    done = submit("--audit", "raises", variants=raises, repeats=2)
    assert done.exit_code == 0, "the fake raises by the name of the variant"
    assert "taken over" not in done.stderr


def test_the_sd_of_each_source_has_its_interval_and_stands_against_that_of_all(submitted):
    (report_table,) = elements_of(audit_store(), ReportTable)
    trials = load_results("results/tiny-audit-one").trials
    assert report_table.name == "sources"
    assert [row["source"] for row in report_table.rows] == [ALL, "split alone", "init alone", "order alone", TWICE]
    for row in report_table.rows:
        values = trials.query("variant == @row['source']").test_accuracy
        interval = sd_interval(values)
        assert row["repeats"] == len(values)
        assert row["sd"] == pytest.approx(values.std())
        assert (row["sd_low"], row["sd_high"]) == pytest.approx((interval.low, interval.high))
        assert (row["min"], row["max"]) == (values.min(), values.max())
        assert row["ratio"] == pytest.approx(values.std() / report_table.rows[0]["sd"])
        ratio = sd_ratio_interval(values, trials.query("variant == 'all sources'").test_accuracy)
        own = row["source"] in (ALL, TWICE)
        assert (row["ratio_low"], row["ratio_high"]) == pytest.approx((None, None) if own else (ratio.low, ratio.high))
        assert tuple(row) == report_table.columns


def test_an_audit_may_be_of_a_metric_of_predictions(submitted):
    (report_table,) = elements_of(audit_store(), ReportTable, metric="macro_f1")
    assert report_table.title.startswith("SD of test macro F1")
    trials = load_results("results/tiny-audit-one", metrics=["macro_f1"]).trials
    (row,) = (row for row in report_table.rows if row["source"] == "all sources")
    assert row["sd"] == pytest.approx(trials.query("variant == 'all sources'")["test_macro_f1"].std())


def test_a_source_that_changes_nothing_has_no_spread(submitted):
    """The fake's accuracy is a function of the order's seed alone."""
    (report_table,) = elements_of(audit_store(), ReportTable)
    rows = {row["source"]: row for row in report_table.rows}
    assert rows["init alone"]["sd"] == 0
    assert rows["order alone"]["ratio"] == pytest.approx(1.0)
    cells = {cells[0]: cells for cells in report_table.cells}
    assert cells["init alone"][3] == "all repeats identical"


def test_the_same_seeds_twice_give_the_same_to_the_bit(submitted):
    texts = [element.text for element in elements_of(audit_store(), Text)]
    assert any(text.startswith("The same seeds twice gave the same predictions, to the bit") for text in texts)


class Otherwise(FakeWorker):
    """Each run's first probability is a bit above that of the run before."""

    runs = 0

    def run(self, trial):
        for message in super().run(trial):
            if isinstance(message, Result):
                self.runs += 1
                message.predictions.probabilities.view(np.int32)[0, 0] += self.runs
            yield message


def test_a_device_that_computes_otherwise_each_time_is_told(submit):
    submit(*AUDIT, repeats=2, worker=lambda dataset, resources, _: Otherwise(dataset, resources))
    notes = [element.text for element in elements_of(audit_store(), Text) if element.kind == "note"]
    assert any(note.startswith("The same seeds twice gave other predictions") for note in notes)


def test_the_report_says_that_the_parts_do_not_add(submitted):
    texts = [element.text for element in elements_of(audit_store(), Text)]
    assert any("These are not shares of a whole" in text for text in texts)
    assert "note: These are not shares of a whole" in submitted.stdout
    assert "SD of test accuracy (points) by what varies" in submitted.stdout
    about = texts[0]
    assert (
        "Not audited: the augmentation (the variant has no augmentation); the dropout (its network has no dropout)."
        in about
    )


def test_few_repeats_are_told(submit):
    submit(*AUDIT, repeats=3)
    texts = [element.text for element in elements_of(audit_store(), Text)]
    assert any("Fewer than 5 repeats: all sources (3), split alone (3)" in text for text in texts)
    assert not any(TWICE in text for text in texts if "Fewer than 5" in text)


def test_the_chart_draws_what_the_grid_says(submitted):
    (chart,), (report_table,) = elements_of(audit_store(), Chart), elements_of(audit_store(), ReportTable)
    assert [row[2] for row in chart.rows()] == [row["sd"] for row in report_table.rows]
    axes = chart.draw().axes[0]
    drawn = [line.get_xdata()[0] for line in axes.lines]
    assert drawn == pytest.approx([100 * row["sd"] for row in reversed(report_table.rows)])
    assert ElementTree.fromstring(render(chart.draw(), "svg")).tag.endswith("svg")


def test_an_audit_without_a_run_has_no_numbers(submit):
    submit(*AUDIT, repeats=2, engine=StopAfter(1))
    (report_table,), (chart,) = elements_of(audit_store(), ReportTable), elements_of(audit_store(), Chart)
    assert report_table.cells[-1] == (TWICE, "0", "-", "no run yet", "-", "-", "-")
    assert report_table.cells[0][3] == "one repeat: no spread"
    assert render(chart.draw(), "png")
    texts = [element.text for element in elements_of(audit_store(), Text)]
    assert any("have not been run twice yet" in text for text in texts)


def test_with_folds_a_repeat_is_the_mean_over_its_folds(submit):
    submit(*AUDIT, repeats=2, change=lambda text: text.replace("repeats=2,", "repeats=2, folds=2,"))
    (report_table,) = elements_of(audit_store(), ReportTable, metric="test_accuracy")
    trials = load_results("results/tiny-audit-one").trials.query("variant == 'all sources'")
    assert len(trials) == 4
    assert report_table.rows[0]["repeats"] == 2
    assert report_table.rows[0]["sd"] == pytest.approx(trials.groupby("repeat").test_accuracy.mean().std())


def test_an_audit_compares_nothing(submitted):
    table = job_table(audit_store())
    assert planning_section(table) is None
    assert table.notes == ()
    assert repeats_text(table.job) == "2 to 5 repeats"


def test_a_job_names_its_audits(submitted):
    job, audit = Store(Files("results/tiny")).job, audit_store().job
    assert audits_text(job, [job, audit]).text.endswith("audit of 'one' in tiny-audit-one.")
    assert audits_text(audit, [job, audit]) is None


def plan(*words):
    done = CliRunner().invoke(main, ["plan", "job.py", "--no-sizes", "--audit", "one", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_plan_shows_what_an_audit_would_run_and_what_it_would_take_over(submitted):
    assert "`submit` would run nothing" in plan()
    assert "`submit` would run 4 of 26 trials" in plan("--repeats", "6")
    shutil.rmtree("results/tiny-audit-one")
    shown = plan()
    assert "`submit` would run 22 of 22 trials" in shown
    assert "3 of these are stored in results/tiny: `submit` takes them over from there." in shown


def test_a_job_that_is_no_audit_has_no_such_section(submit):
    submit(repeats=2)
    store = Store(Files("results/tiny"))
    assert sources_section(store, job_table(store)) is None
