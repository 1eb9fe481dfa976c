"""A verdict is reached only where the runs allow one, and every door to a comparison says so alike."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from support.stores import make_store, report_of

import cnnjobs
from cnnjobs.comparison.table import job_table
from cnnjobs.report.render.comparison_text import table_lines
from cnnjobs.report.render.csv import table_csv
from cnnjobs.report.render.latex import latex_table
from cnnjobs.report.render.notebook import comparison_html
from cnnjobs.report.sections.differences_table import differences_table
from cnnjobs.report.sections.verdicts import sentences
from cnnjobs.store.expectation import dropped_conditions

NOISE = [0.00, 0.01, -0.01, 0.02, 0.00, -0.02, 0.01, 0.00, 0.01, -0.01]


def runs(pairs, shift=0.0, spread=0.0):
    """Accuracies of so many repeats; pairs differ by the shift, with a spread of their own."""
    return [0.9 + NOISE[n % 10] + shift + spread * NOISE[(3 * n + 1) % 10] for n in range(pairs)]


def doors(store, **options):
    """What each door shows of the differences: door -> text."""
    table = job_table(store, **options)
    differences = differences_table(table)
    return {
        "sentence": " ".join(sentences(table)),
        "terminal": "\n".join(table_lines(table)),
        "csv": table_csv(differences),
        "latex": latex_table(differences),
        "notebook": comparison_html(table),
    }


def frame(store, **options):
    return cnnjobs.compare(cnnjobs.load_results(store.files.location), **options).differences


def test_four_pairs_have_estimates_and_the_reason_for_no_verdict_at_every_door(tmp_path):
    """Four pairs that differ by very much more than they spread: today's "better"."""
    store = make_store(tmp_path, {"a": runs(4), "b": runs(4, 0.05, 0.1)})
    for door, text in doors(store).items():
        assert "4 pairs: a verdict needs five" in text, door
        assert "better" not in text, door
    row = frame(store).iloc[0]
    assert (row["verdict"], bool(row["resolved"])) == ("4 pairs: a verdict needs five", False)
    assert row["p_holm"] is None
    assert row["ci_low"] > 0, "the interval is there"
    assert "better" not in report_of(store).split("## Classes")[0]


def test_runs_without_pairs_have_no_verdict(tmp_path):
    store = make_store(tmp_path, {"a": runs(8), "b": []})
    for number, value in enumerate(runs(8, 0.1)):
        which = {"trial_id": f"b{number}", "condition_id": "c1", "job": "job", "variant": "b", "repeat": 8 + number}
        store.commit(which | {"fold": 0, "status": "completed", "test_accuracy": value}, {}, None)
    (said, *_) = sentences(job_table(store))
    assert said.startswith("No verdict on b against a (no pairs: a verdict needs five): mean difference +10.0")


@pytest.mark.parametrize(
    ("options", "differs"),
    [
        ({"metric": "test_loss"}, "on test loss instead of test accuracy"),
        ({"reference": "c"}, "with c as reference instead of a"),
        ({"alpha": 0.1}, "at 0.1 instead of 0.05"),
    ],
)
def test_another_comparison_than_the_jobs_own_is_secondary_at_every_door(tmp_path, options, differs):
    store = make_store(tmp_path, {"a": runs(10), "b": runs(10, 0.05, 0.1), "c": runs(10, 0, 0.2)})
    for door, text in doors(store, **options).items():
        assert f"secondary: {differs}" in text if door == "sentence" else "secondary, no verdict" in text, door
        assert "is better" not in text, door
    assert any(
        note.startswith(f"This is a secondary comparison, {differs}, without")
        for note in job_table(store, **options).notes
    )
    found = frame(store, **options)
    assert set(found["verdict"]) == {"secondary, no verdict"}
    assert not found["resolved"].any()
    assert set(found["p_above_reading"]) == {""}, "nor is P(A > B) called meaningful"
    assert found["ci_low"].notna().all()


def test_a_stricter_level_and_the_jobs_own_metric_by_name_have_verdicts(tmp_path):
    store = make_store(tmp_path, {"a": runs(10), "b": runs(10, 0.05, 0.1)})
    for options in ({"alpha": 0.01}, {"metric": "accuracy"}, {"metric": "test_accuracy"}, {"reference": "a"}):
        assert frame(store, **options)["verdict"].tolist() == ["better"], options


def test_the_interval_of_a_resolved_difference_is_at_the_level_that_decided(tmp_path):
    values = {"a": runs(8), "b": runs(8, 0.05, 0.5), "c": runs(8, 0.02, 0.9), "d": runs(8, 0, 1.0)}
    store = make_store(tmp_path, values)
    found = frame(store).set_index("variant")
    assert found["level"].tolist() == pytest.approx([1 - 0.05 / 3, 1 - 0.05 / 2, 0.95])
    assert found["resolved"].tolist() == [True, True, False]
    assert (found["ci_low"] > 0).tolist() == [True, True, False]
    table = differences_table(job_table(store))
    assert table.header[3] == "CI"
    assert [cell[3].rpartition(" at ")[2] for cell in table.cells] == ["98.33%", "97.5%", "95%"]
    assert "98.33% CI" in sentences(job_table(store))[0]


def test_p_above_is_no_second_verdict_on_what_holm_refused(tmp_path):
    """Six pairs of six above, by little and one by much: significant by signs, and not resolved among three."""
    spikes = [0.001, 0.0012, 0.0011, 0.0013, 0.001, 0.05]
    values = {"a": runs(6), "b": [one + more for one, more in zip(runs(6), spikes, strict=True)]}
    alone = frame(make_store(tmp_path / "alone", values)).iloc[0]
    assert (alone["verdict"], alone["p_above_reading"]) == ("not resolved", "significant and meaningful")
    three = frame(make_store(tmp_path / "three", values | {"c": runs(6, 0, 1.0), "d": runs(6, 0, 0.9)})).iloc[0]
    assert (three["verdict"], three["p_above"], three["p_above_reading"]) == ("not resolved", 1, "")


def without(store, *names):
    """The same store, of a job that lists these variants no longer."""
    variants = {name: one for name, one in store.job.variants.items() if name not in names}
    store.write_job(replace(store.job, variants=variants))
    return store


def test_a_variant_that_was_dropped_after_looking_counts_in_holms_family(tmp_path):
    values = {"a": runs(8), "b": runs(8, 0.05, 0.5), "c": runs(8, -0.02, 0.9), "d": runs(8, 0, 1.0)}
    store = make_store(tmp_path, values)
    before = frame(store).set_index("variant")
    after = frame(without(store, "c", "d")).set_index("variant")
    assert after.loc["b", "p_holm"] == pytest.approx(before.loc["b", "p_holm"])
    assert after.loc["b", "family"] == 3
    assert "p (Holm)" in differences_table(job_table(store)).header, "though one comparison is listed"
    said = sentences(job_table(store))[0]
    assert "by Holm over a family of 3: 2 were dropped from the job" in said
    assert "a family of 3: 2 were dropped from the job" in "\n".join(table_lines(job_table(store)))


def test_which_conditions_of_a_store_are_dropped_ones(tmp_path):
    store = make_store(tmp_path, {"a": runs(2)})
    job = replace(store.job, dataset=replace(store.job.dataset, fingerprint="f"))

    def run(condition, status="completed", fingerprint="f", limit_train=None):
        return dict(
            zip(
                ("condition_id", "status", "dataset_fingerprint", "limit_train"),
                (condition, status, fingerprint, limit_train),
                strict=True,
            )
        )

    trials = [run("c0"), run("lost"), run("lost"), run("early", fingerprint=None)]
    others = [
        run("failed", "failed"),
        run("diverged", "diverged"),
        run("data", fingerprint="g"),
        run("try", limit_train=9),
    ]
    assert dropped_conditions(job, [*trials, *others]) == ("lost", "early")


def test_a_variant_without_a_pair_yet_counts_in_the_family(tmp_path):
    """The second is about to be trained: that the first was looked at alone must not make it pass."""
    store = make_store(tmp_path, {"a": runs(8), "b": runs(8, 0.05, 0.5), "c": []})
    row = next(csv.DictReader(io.StringIO(table_csv(differences_table(job_table(store))))))
    assert row["family"] == "2"
    assert float(row["p_holm"]) == pytest.approx(2 * float(row["p"]))


@pytest.mark.parametrize(("pairs", "verdict"), [(5, "not resolved"), (6, "better"), (9, "better")])
def test_pairs_that_all_differ_by_one_image_have_a_p_and_a_sentence(tmp_path, pairs, verdict):
    store = make_store(tmp_path, {"a": runs(pairs), "b": runs(pairs, 1 / 359)})
    row = frame(store).iloc[0]
    assert (row["verdict"], row["p"]) == (verdict, pytest.approx(2.0 ** (1 - pairs)))
    assert row["p"] == pytest.approx(row["sign_flip_p"])
    assert "(all pairs alike, p = " in sentences(job_table(store))[0]


def test_equal_pairs_have_p_1(tmp_path):
    store = make_store(tmp_path, {"a": runs(6), "b": runs(6)})
    assert frame(store)[["p", "p_holm", "verdict"]].values.tolist() == [[1.0, 1.0, "not resolved"]]


def test_pairs_alike_of_repeats_with_the_same_seeds_stay_without_a_p(tmp_path):
    """With `vary=()` ten repeats are one run ten times: no sign was drawn anew."""
    store = make_store(tmp_path, {"a": runs(1) * 10, "b": runs(1, 0.01) * 10})
    store.write_job(replace(store.job, vary=()))
    row = frame(store).iloc[0]
    assert row["p"] is None
    assert row["verdict"] == "all pairs differ alike: cannot tell"


def test_holm_with_dropped_variants_holds_its_level():
    """Of three null variants the one that differs most after five pairs is kept, and looked at again at eight."""
    made = np.random.default_rng(17).normal(size=(20000, 8, 4))
    d = made[..., 1:] - made[..., :1]
    best = np.abs(d[:, :5].mean(axis=1)).argmax(axis=1)
    kept = np.take_along_axis(d, best[:, None, None], axis=2)[..., 0]
    t = kept.mean(axis=1) / (kept.std(axis=1, ddof=1) / np.sqrt(8))
    p = 2 * stats.t.sf(np.abs(t), 7)
    assert (p < 0.05).mean() == pytest.approx(0.095, abs=0.01), "what a report says that knows the kept one alone"
    assert cnnjobs.statistics.holm([0.01], dropped=2) == pytest.approx([3 * 0.01])
    assert (3 * p < 0.05).mean() < 0.05
