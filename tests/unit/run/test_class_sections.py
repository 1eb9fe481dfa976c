"""The end of a submit: sections on classes where they are quick or were there before, and the rest as before."""

from dataclasses import replace

import pytest
from support.stores import made_up_store

from cnnjobs.cli.submit import _show
from cnnjobs.comparison.table import job_table
from cnnjobs.report.options import ReportOptions
from cnnjobs.report.write import MANIFEST, has_class_sections
from cnnjobs.run import class_sections
from cnnjobs.run.aggregate import show_comparison
from cnnjobs.run.class_sections import QUICK_S, class_seconds, with_classes
from cnnjobs.run.submit import Submitted


def submitted(store):
    return Submitted("job", store, tried=4, failures=0)


def had_classes(store):
    """The same results, with what tells that an earlier report had the sections."""
    store.files.below("report").write(MANIFEST, b'{"files": ["tables/classes-a.csv"], "formats": []}')
    return store


def report_of(store):
    return store.files.below("report").read("report.md").decode()


def slow(store):
    """The same results, of a data set that has a thousand classes and many images."""
    job = store.kept_job()
    store.write_job(replace(job, dataset=replace(job.dataset, classes=1000, test_rows=50_000)))
    return store


def test_a_small_job_has_them_at_once(tmp_path, capsys):
    store = made_up_store(tmp_path, variants=("a",))
    _show(submitted(store), None)
    said = capsys.readouterr()
    assert "classes:" not in said.out and "note:" not in said.err
    assert said.out.splitlines()[-1].startswith("report:   ")
    assert "ROC AUC is of each class against the rest" in report_of(store)
    assert has_class_sections(store.files.below("report"))


def test_where_they_take_long_it_says_how_to_have_them(tmp_path, capsys):
    store = slow(made_up_store(tmp_path))
    _show(submitted(store), None)
    assert capsys.readouterr().out.splitlines()[-1] == f"classes:  cnnjobs aggregate {store.files.location}"
    assert "ROC AUC" not in report_of(store)


def test_those_of_an_earlier_report_are_made_again_of_all_runs(tmp_path, capsys, monkeypatch):
    store = had_classes(made_up_store(tmp_path, variants=("a",), runs=3))
    monkeypatch.setattr(class_sections, "QUICK_S", 1)
    _show(submitted(store), None)
    said = capsys.readouterr()
    assert "note: The sections on classes of the earlier report are made again, in about 1 s on one core" in said.err
    assert "classes:" not in said.out
    assert "Over 3 runs:" in report_of(store)


def test_however_long_they_take_which_is_said_before(tmp_path):
    store = slow(had_classes(made_up_store(tmp_path)))
    made, about = with_classes(store, job_table(store))
    assert made
    assert about == "The sections on classes of the earlier report are made again, in about 1 min on one core"


def test_a_report_without_them_asks_for_none(tmp_path):
    store = made_up_store(tmp_path)
    show_comparison(store, ReportOptions(with_predictions=False), say=lambda text="", **_: None)
    assert not has_class_sections(store.files.below("report"))
    assert with_classes(slow(store), job_table(store)) == (False, "")


@pytest.mark.parametrize(
    ("variants", "runs", "classes", "rows", "seconds"),
    [
        (3, 5, 10, 10_000, 3.2),
        (3, 20, 10, 10_000, 4.2),
        (3, 5, 100, 2_000, 8.6),
        (3, 5, 100, 10_000, 11.1),
        (3, 5, 1_000, 3_000, 57.5),
        (12, 5, 10, 359, 8.2),
    ],
)
def test_the_estimate_is_what_was_measured(tmp_path, variants, runs, classes, rows, seconds):
    """Seconds of a core beyond a report without them, on an AMD EPYC."""
    table = job_table(made_up_store(tmp_path, runs=1))
    data = replace(table.job.dataset, classes=classes, test_rows=rows)
    row = replace(table.rows[0], completed={(repeat, 0): "t" for repeat in range(runs)})
    estimate = class_seconds(replace(table, job=replace(table.job, dataset=data), rows=(row,) * variants))
    assert 0.7 < estimate / seconds < 1.45
    assert (estimate <= QUICK_S) == (seconds <= QUICK_S)
