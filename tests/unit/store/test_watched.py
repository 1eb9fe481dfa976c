"""Metrics that variants watch: stored as maps, read as columns, the same in single and compacted files."""

import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.stores import history, made_up_store, quiet, stored_job

import cnnjobs
from cnnjobs.comparison.selection import watching, weights
from cnnjobs.comparison.table import job_table
from cnnjobs.errors import StoreError
from cnnjobs.report.sections.curves import curves_section
from cnnjobs.store.compaction import compact
from cnnjobs.store.duplicates import merged
from cnnjobs.store.stored_job import StoredVariant
from cnnjobs.store.verification import check_store

OWN = {"kind": "OwnMetric", "name": "f2", "higher_is_better": True, "percent": False}
SETTINGS = {
    "a": {"watch": ["macro_f1", "recall[cat]", OWN]},
    "b": {"callbacks": [{"kind": "BestWeights", "monitor": "val_macro_f1"}]},
    "c": {},
}


def values(variant, run, epoch):
    """What a variant watches in an epoch; recall of run 1 is not defined."""
    f1 = {"val_macro_f1": 0.5 + epoch / 10 + run / 100}
    recall = None if run == 1 else 0.25
    return {"a": f1 | {"val_recall[cat]": recall, "val_f2": 0.75}, "b": f1, "c": None}[variant]


@pytest.fixture
def store(tmp_path):
    made = made_up_store(tmp_path, variants=("a", "b", "c"), runs=2)
    conditions = {name: f"job-{index}" for index, name in enumerate("abc")}
    variants = {name: StoredVariant(condition_id=conditions[name], settings=SETTINGS[name]) for name in "abc"}
    made.write_job(stored_job("job", conditions, repeats=2, dataset=made.job.dataset, variants=variants))
    for index, name in enumerate("abc"):
        for run in range(2):
            which = {"trial_id": f"t{index}-{run}", "condition_id": f"job-{index}", "job": "job", "variant": name}
            row = which | {"repeat": run, "fold": 0, "status": "completed", "watched": values(name, run, 4)}
            watched = {"watched": [values(name, run, epoch) for epoch in range(1, 5)]} if name != "c" else {}
            made.commit(row, history(run) | watched, None)
    return made


def frames(store):
    found = cnnjobs.load_results(store.files.location)
    return found.trials, found.epochs


def check(store):
    trials, epochs = frames(store)
    for frame in (trials, epochs):
        assert "watched" not in frame.columns
        assert frame.val_f2.notna().tolist() == (frame.variant == "a").tolist()
        assert frame["val_recall[cat]"].notna().tolist() == ((frame.variant == "a") & (frame.repeat == 0)).tolist()
    own = epochs[(epochs.variant == "b") & (epochs.repeat == 1)]
    assert own.val_macro_f1.tolist() == [0.5 + epoch / 10 + 0.01 for epoch in range(1, 5)]
    assert trials.val_macro_f1.isna().tolist() == (trials.variant == "c").tolist()


def test_each_is_a_column_of_the_frames(store):
    check(store)


def test_compacted_files_say_the_same(store):
    assert compact(store, least=1) == 6
    check(store)
    assert check_store(store.files).whole


def test_any_reader_of_parquet_finds_them_by_name(store):
    table = pq.read_table(f"{store.files.location}/epochs/t1-0.parquet", columns=["epoch", "watched"])
    assert [dict(one)["val_macro_f1"] for one in table["watched"].to_pylist()] == [0.6, 0.7, 0.8, 0.9]


@pytest.mark.parametrize(("other", "equal"), [(math.nan, False), (0.75, True)])
def test_two_files_of_a_trial_agree_in_them_to_the_bit(store, other, equal):
    first = store.read("trials", ["t0-0"]).table
    changed = [(name, other if name == "val_f2" else value) for name, value in first["watched"][0].as_py()]
    place = first.column_names.index("watched")
    second = first.set_column(place, first.field("watched"), _maps(first, changed))
    if equal:
        assert merged("trials", {"one": first, "two": second}).num_rows == 1
    else:
        with pytest.raises(StoreError, match="different results: watched is"):
            merged("trials", {"one": first, "two": second})


def _maps(table, pairs):
    return pa.chunked_array([pa.array([pairs], table.field("watched").type)])


def test_variants_are_compared_on_them(store):
    table = job_table(store, "val_macro_f1")
    assert {row.name: list(row.values.values()) for row in table.rows} == {"a": [0.9, 0.91], "b": [0.9, 0.91], "c": []}
    assert any("its variant does not watch it" in note for note in table.notes)
    undefined = job_table(store, "val_recall['cat']")
    assert list(undefined.rows[0].values.values()) == [0.25]
    assert any("not defined on the validation rows" in note for note in undefined.notes)
    with pytest.raises(StoreError, match=r"'val_mcc', which no variant of job watches. Use 'mcc', of the test set, or"):
        job_table(store, "val_mcc")


def test_learning_curves_show_what_is_watched_unless_others_are_asked_for(store):
    names = {name: name for name in "abc"}
    section = curves_section(store, job_table(store), names, (), quiet)
    charts = section.sections[0].elements
    plain = ("loss", "val_loss", "accuracy", "val_accuracy")
    assert charts[0].columns[3:] == (*plain, "val_f2", "val_macro_f1", "val_recall[cat]")
    assert charts[1].columns[3:] == (*plain, "val_macro_f1")
    assert charts[2].columns[3:] == plain
    labels = [one.get_ylabel() for one in charts[0].draw().axes]
    assert labels[2:] == ["f2", "macro F1", "recall of cat"]
    asked = curves_section(store, job_table(store), names, ("macro_f1",), quiet)
    assert [chart.columns[3:] for chart in asked.sections[0].elements] == [("val_macro_f1",)] * 2
    assert "Macro F1 is not drawn where no run stored it." in asked.elements[0].text


def test_who_chooses_by_them_chooses_by_validation_rows(store):
    assert watching(store.job) == ["b"]
    assert weights(store.job) == "the weights of the final epoch, or of the best one (b by val_macro_f1)"
