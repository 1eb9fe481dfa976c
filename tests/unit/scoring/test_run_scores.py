"""Scores of stored runs: computed once, kept beside the store by the digest of the predictions, never in its way."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.stores import made_up_store, predictions, write_table

import cnnjobs
from cnnjobs.comparison.table import job_table
from cnnjobs.errors import CannotWrite, StoreError
from cnnjobs.scoring.prediction_metrics import chosen_metric, metric_named
from cnnjobs.scoring.run_scores import scores_of
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

NAMES = ("0", "1", "2")


def folder_of(store):
    return Path(store.files.location)


def file_of(store, trial):
    return folder_of(store) / "predictions" / f"{trial}.parquet"


def kept(store):
    return sorted(path.name for path in (folder_of(store) / "metrics").glob("*"))


def reads(store, metric="macro_f1", names=NAMES):
    """Runs whose predictions are read for the scores, and the scores."""
    asked, whole = [], Store.read

    def counted(self, name, trials=None, *others, **named):
        asked.extend(trials if name == "predictions" else ())
        return whole(self, name, trials, *others, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "read", counted)
        metric = metric_named(metric) if isinstance(metric, str) else metric
        return asked, scores_of(Store(store.files), metric, ["t0-0", "t0-1"], names)


def test_each_run_is_read_once_and_its_score_kept(tmp_path):
    store = made_up_store(tmp_path)
    asked, first = reads(store)
    again, second = reads(store)
    assert (asked, again) == (["t0-0", "t0-1"], [])
    assert first == second
    assert len(first.values) == 2


def test_another_metric_is_kept_for_itself(tmp_path):
    store = made_up_store(tmp_path)
    reads(store)
    assert len(reads(store, "auroc")[0]) == len(reads(store, "recall[1]")[0]) == len(reads(store, "recall[2]")[0]) == 2
    assert len(kept(store)) == 4


def test_what_may_be_deleted_may_be_deleted(tmp_path):
    store = made_up_store(tmp_path)
    before = reads(store)[1]
    (one,) = kept(store)
    (folder_of(store) / "metrics" / one).unlink()
    assert reads(store) == (["t0-0", "t0-1"], before)


def test_other_predictions_of_a_run_are_scored_anew(tmp_path):
    """The same trial again with other numbers, as after a mended damage: the file's digest is another."""
    store = made_up_store(tmp_path)
    before = reads(store)[1]
    made_up_store(tmp_path, predictions=lambda run: predictions(run + 10 * run))
    asked, after = reads(store)
    assert asked == ["t0-1"]
    assert after.values["t0-0"] == before.values["t0-0"]
    assert after.values["t0-1"] != before.values["t0-1"]


def test_other_names_of_classes_are_other_metrics_of_a_class(tmp_path):
    store = made_up_store(tmp_path)
    one, other = (reads(store, "recall[cat]", names)[1].values for names in (("cat", "b", "c"), ("a", "b", "cat")))
    assert one != other
    assert other == reads(store, "recall[2]")[1].values


def test_scores_of_another_version_are_computed_anew(tmp_path):
    store = made_up_store(tmp_path)
    reads(store)
    newer = replace(metric_named("macro_f1"), version=2)
    assert len(reads(store, newer)[0]) == 2
    assert len(reads(store, newer)[0]) == len(reads(store)[0]) == 0


@pytest.mark.parametrize("damage", [lambda text: text[:-5], lambda text: b"", lambda text: text.replace(b"0.", b"1.")])
def test_kept_scores_that_are_damaged_are_not_believed(tmp_path, damage):
    store = made_up_store(tmp_path)
    before = reads(store)[1]
    path = folder_of(store) / "metrics" / kept(store)[0]
    path.write_bytes(damage(path.read_bytes()))
    assert reads(store) == (["t0-0", "t0-1"], before)
    assert reads(store)[0] == []


def test_where_nothing_can_be_written_scores_are_computed_all_the_same(tmp_path, monkeypatch):
    store = made_up_store(tmp_path)
    tried = []

    def refuse(self, name, content, patience_s=0.0):
        tried.append(name)
        raise CannotWrite("read-only")

    monkeypatch.setattr(Files, "write", refuse)
    assert len(reads(store)[1].values) == 2
    assert len(tried) == 1
    assert kept(store) == []


def test_what_was_computed_before_an_interruption_is_kept(tmp_path):
    store = made_up_store(tmp_path)

    def interrupt(what, done, total):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scores_of(store, metric_named("mcc"), ["t0-0", "t0-1"], NAMES, interrupt)
    assert reads(store, "mcc")[0] == ["t0-1"]


def test_progress_is_told_run_by_run(tmp_path):
    told = []
    job_table(made_up_store(tmp_path), "macro_f1", on_progress=lambda *report: told.append(report))
    assert [one for one in told if one[0] == "computing test macro F1"] == [
        ("computing test macro F1", done, 4) for done in (1, 2, 3, 4)
    ]


def test_ones_own_metric_is_computed_each_time(tmp_path):
    store = made_up_store(tmp_path)
    for factor in (1, 2):
        own = chosen_metric(cnnjobs.metric(lambda y, p, factor=factor: factor, higher_is_better=True, name="own"))
        assert set(scores_of(store, own, ["t0-0", "t0-1"], NAMES).values.values()) == {factor}
    assert kept(store) == []


def without_digests(store):
    return dict(json.loads((folder_of(store) / "metrics" / kept(store)[0]).read_bytes().split(b"\n")[0]))


def test_an_undefined_score_is_kept_with_its_reason(tmp_path):
    store = made_up_store(tmp_path, predictions=lambda run: predictions(run, absent=(2,)))
    first, second = reads(store, "recall[2]")[1], reads(store, "recall[2]")[1]
    assert first == second
    assert first.missing == dict.fromkeys(["t0-0", "t0-1"], "no image is of class 2")
    assert all(value is None for value, _ in without_digests(store).values())


def broken(store, trial, kind):
    path = file_of(store, trial)
    if kind == "missing":
        path.unlink()
    elif kind == "cut short":
        path.write_bytes(path.read_bytes()[:-100])
    elif kind == "altered":
        content = bytearray(path.read_bytes())
        content[200] ^= 1
        path.write_bytes(bytes(content))
    else:
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        values = [[np.nan] * 3 for _ in range(table.num_rows)]
        index = table.schema.get_field_index("probabilities")
        write_table(table.set_column(index, table.schema.field(index), pa.array(values, pa.list_(pa.float32()))), path)


@pytest.mark.parametrize(
    ("kind", "why", "damaged"),
    [
        ("missing", "no stored predictions", 0),
        ("cut short", "damaged predictions: ", 1),
        ("altered", "damaged predictions: ", 1),
        ("not finite", "what is stored holds probabilities that are not finite", 0),
    ],
)
def test_a_run_without_usable_predictions_has_no_score_but_a_reason(tmp_path, kind, why, damaged):
    store = made_up_store(tmp_path)
    broken(store, "t0-1", kind)
    found = reads(store)[1]
    assert found.values.keys() == {"t0-0"}
    assert found.missing["t0-1"].startswith(why)
    assert len(found.damaged) == damaged
    table = job_table(store, "macro_f1")
    assert len(table.rows[0].values) == 1
    assert table.rows[0].not_finite == 1
    assert any(note.startswith(f"a: test macro F1 is not known for repeat 2: {why}") for note in table.notes)
    assert len(table.damaged) == damaged
    with pytest.warns(UserWarning, match=f"job: no test macro F1 of 1 of 4 completed runs: {why}"):
        trials = cnnjobs.load_results(store.files.location, metrics=["macro_f1"]).trials.set_index("trial_id")
    assert trials["test_macro_f1"].isna().to_dict() == {"t0-0": False, "t0-1": True, "t1-0": False, "t1-1": False}


def test_results_of_several_metrics_have_a_column_of_each(tmp_path):
    store = made_up_store(tmp_path, class_names=("cat", "dog", "eel"))
    own = cnnjobs.metric(lambda y, p: len(y), higher_is_better=True, name="images")
    asked = ["macro_f1", "recall[cat]", "test_ece", "accuracy", own, "macro_f1"]
    trials = cnnjobs.load_results(store.files.location, metrics=asked).trials
    for name in ("macro_f1", "recall[cat]", "ece"):
        assert trials[f"test_{name}"].tolist() == list(job_table(store, name).rows[0].values.values()) * 2
    assert trials["test_images"].tolist() == [40] * 4
    assert list(trials.columns).count("test_accuracy") == 1


def test_results_of_a_class_that_one_job_has_not(tmp_path):
    made_up_store(tmp_path, "one", class_names=("cat", "dog", "eel"))
    made_up_store(tmp_path, "other", class_names=("fox", "gnu", "hen"))
    with pytest.raises(StoreError, match=r"recall\[cat\].*Its classes: fox, gnu, hen"):
        cnnjobs.load_results(tmp_path, metrics=["recall[cat]"]).trials  # noqa: B018


def test_the_digest_of_a_file_is_at_its_end_however_long_its_names_are(tmp_path):
    store = made_up_store(tmp_path, variants=("a" * 5000,), predictions=lambda run: predictions(run, 10, 5000))
    assert len(store.files_of("predictions").digest_in("t0-0.parquet")) == 64
    assert store.files_of("predictions").digest_in("nothing.parquet") is None


def test_stale_runs_of_other_data_have_no_score_and_it_is_said(tmp_path):
    """Their classes may be others: what is called cat now was not, then."""
    store = made_up_store(tmp_path, variants=("a",), class_names=("cat", "dog", "eel"))
    row = {"trial_id": "old", "condition_id": "old", "job": "job", "variant": "a", "repeat": 0, "fold": 0}
    more = {"status": "completed", "dataset_fingerprint": "another"}
    store.commit(row | more, {}, predictions(0))
    results = cnnjobs.load_results(store.files.location, stale=True, metrics=["recall[cat]"])
    with pytest.warns(UserWarning, match="of 1 of 3 completed runs: of a data set that the job no longer has"):
        trials = results.trials.set_index("trial_id")
    assert trials["test_recall[cat]"].isna().to_dict() == {"old": True, "t0-0": False, "t0-1": False}


def test_ones_own_metric_has_a_report_and_is_shown_in_a_notebook(tmp_path):
    store = made_up_store(tmp_path, runs=3)
    own = cnnjobs.metric(lambda y, p: p.max(axis=1).mean(), higher_is_better=True, name="sureness", percent=True)
    found = cnnjobs.compare(cnnjobs.load_results(store.files.location), metric=own)
    assert "Test sureness (%)" in Path(found.report(predictions=False)[0]).read_text()
    assert "test sureness" in found._repr_html_()
    assert "test sureness (%)" in str(found)
