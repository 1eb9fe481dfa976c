"""All pairs of variants: paired by repeat and fold, Holm over all of them, P(A > B), in every format and as a frame."""

from itertools import combinations
from math import comb, isnan
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from support.decided import A, B, decided_store
from support.stores import make_store, report_of, stored_job

from cnnjobs import statistics
from cnnjobs.comparison.all_pairs import all_pairs
from cnnjobs.comparison.table import job_table
from cnnjobs.report.frames import compare
from cnnjobs.report.sections.pairs import MOST_PAIRS, PAIR_COLUMNS, pairs_section
from cnnjobs.store.results import Results

RANDOM = np.random.default_rng(5)
COMMON = RANDOM.normal(0, 0.02, 8)
FOUR = {name: (0.9 + 0.004 * n + COMMON + RANDOM.normal(0, 0.004, 8)).tolist() for n, name in enumerate("abcd")}


def frame_of(store, **asked):
    return compare(Results((store,)), **asked).pairs


def test_every_two_variants_are_compared_in_pairs_of_runs(tmp_path):
    found = frame_of(make_store(tmp_path, FOUR, repeats=8))
    assert list(zip(found["other"], found["variant"], strict=True)) == list(combinations("abcd", 2))
    tests = [
        stats.ttest_rel(FOUR[own], FOUR[other]) for own, other in zip(found["variant"], found["other"], strict=True)
    ]
    assert found["p"].tolist() == pytest.approx([one.pvalue for one in tests])
    ends = [one.confidence_interval(0.95) for one in tests]
    assert found["ci_low"].tolist() == pytest.approx([one.low for one in ends])
    assert found["ci_high"].tolist() == pytest.approx([one.high for one in ends])
    assert set(found["level"]) == {0.95}, "of that pair alone, also where Holm leaves it standing"
    assert found["p_holm"].tolist() == pytest.approx(multipletests([one.pvalue for one in tests], method="holm")[1])
    assert (found["p_holm"] < 0.05).any()
    assert set(found["family"]) == {6}
    assert set(found["pairs"]) == {8}


def test_pairs_with_the_reference_are_those_of_the_differences(tmp_path):
    compared = compare(Results((make_store(tmp_path, FOUR, repeats=8),)))
    with_reference = compared.pairs[compared.pairs["other"] == "a"].set_index("variant")
    own = compared.differences.set_index("variant")
    for column in ("pairs", "mean", "sd", "t", "p", "d_z", "p_above", "p_above_low", "p_above_high"):
        assert with_reference[column].tolist() == own[column].tolist(), column
    assert "verdict" not in compared.pairs and "resolved" not in compared.pairs


def test_p_above_counts_ties_a_half_and_has_the_binomial_interval(tmp_path):
    values = {"a": [0.5, 0.5, 0.5, 0.5], "b": [0.6, 0.5, 0.4, 0.6], "c": [0.6, 0.6, 0.6, 0.6]}
    found = frame_of(make_store(tmp_path, values, repeats=4)).set_index(["variant", "other"])
    assert found.loc[("b", "a"), "p_above"] == 0.625
    one = statistics.superiority([0.1, 0.0, -0.1, 0.1], np.random.default_rng(0))
    assert found.loc[("b", "a"), ["p_above_low", "p_above_high"]].tolist() == [one.interval.low, one.interval.high]
    assert found.loc[("c", "a"), "p_above"] == 1.0
    assert found["why"].tolist() == ["4 pairs: a verdict needs five"] * 3
    assert found["p_holm"].isna().all()


def test_runs_without_a_partner_are_left_out_and_counted(tmp_path):
    values = FOUR | {"b": FOUR["b"][:6]}
    found = frame_of(make_store(tmp_path, values, repeats=8)).set_index(["variant", "other"])
    assert found.loc[("b", "a"), ["pairs", "unmatched"]].tolist() == [6, 2]
    assert found.loc[("c", "b"), ["pairs", "unmatched"]].tolist() == [6, 2]
    assert found.loc[("c", "a"), ["pairs", "unmatched"]].tolist() == [8, 0]


def test_a_variant_without_a_run_has_no_numbers_and_counts_in_the_family(tmp_path):
    store = make_store(tmp_path, FOUR | {"d": []}, repeats=8)
    found = frame_of(store).set_index(["variant", "other"])
    assert isnan(found.loc[("d", "a"), "mean"])
    assert found.loc[("d", "a"), "why"] == "no pairs yet"
    assert set(found["family"]) == {6}
    assert "| 4 d |  |  |  |  |" in report_of(store)


def test_folds_have_the_corrected_t_and_no_interval_of_p_above(tmp_path):
    values = {name: runs[:5] for name, runs in FOUR.items()}
    store = make_store(tmp_path, values, folds=5, repeats=1, validation=None)
    found = frame_of(store)
    d = np.subtract(values["c"], values["b"])
    t = statistics.corrected_t(d.tolist(), overlap=1 / 4)
    one = found.set_index(["variant", "other"]).loc[("c", "b")]
    assert (one["t"], one["p"]) == pytest.approx((t.statistic, t.p))
    assert one["p"] > stats.ttest_rel(values["c"], values["b"]).pvalue
    assert set(found["p_above_why"]) == {"runs share training rows"}
    assert found["p_above_low"].isna().all()
    assert "Nadeau and Bengio, 2003). p is adjusted by Holm over all 6 pairs" in report_of(store)
    assert "It has no interval: runs share training rows." in report_of(store)


def test_repeats_of_the_same_folds_are_averaged(tmp_path):
    store = make_store(
        tmp_path, {name: [*FOUR[name], 0.9, 0.91] for name in "abc"}, folds=5, repeats=2, validation=None
    )
    job = store.kept_job()
    store.write_job(stored_job("job", job.conditions, validation=None, folds=5, repeats=2, vary=("init",)))
    found = frame_of(store)
    assert (found[["pairs", "run_pairs"]].to_numpy() == [5, 10]).all()
    assert "| b | a | 10, 5 folds |" in report_of(store)


def test_variants_that_were_dropped_count_in_the_family(tmp_path):
    store = make_store(tmp_path, FOUR, repeats=8)
    kept = {name: own for name, own in store.kept_job().conditions.items() if name != "d"}
    store.write_job(stored_job("job", kept, repeats=8))
    found = frame_of(store)
    assert (len(found), set(found["family"])) == (3, {comb(4, 2)})
    assert "over all 6 pairs, with those of variants that were dropped from the job" in report_of(store)


def test_the_section_is_exploratory_and_in_every_format(tmp_path):
    store = make_store(tmp_path, FOUR, repeats=8)
    (page,) = compare(Results((store,))).report(str(tmp_path / "report"), predictions=False)
    files = {path.name for path in Path(page).parent.glob("tables/*")}
    assert {f"{name}.{kind}" for name in ("pairs", "pairs_above") for kind in ("csv", "tex", "parquet")} <= files
    text = (Path(page).parent / "report.md").read_text()
    section = text.split("## All pairs")[1].split("\n## ")[0]
    assert "\nExploratory: the verdicts are those of the comparison with the reference" in section
    assert "Nadeau" not in section
    assert section.count("\n| ") == 4 + 6 + 4, "a matrix of four, six pairs, and both heads with their lines"


def test_the_matrix_has_the_best_first_and_mirrors_itself(tmp_path):
    store = make_store(tmp_path, FOUR, repeats=8)
    table = next(one for one in pairs_section(job_table(store)).elements if getattr(one, "name", "") == "pairs_above")
    means = {name: np.mean(runs) for name, runs in FOUR.items()}
    names = [row["variant"] for row in table.rows]
    assert names == sorted(means, key=means.get, reverse=True)
    share = {(row["variant"], name): row[f"above {name}"] for row in table.rows for name in names}
    for own, other in combinations(names, 2):
        above = np.mean(np.array(FOUR[own]) > np.array(FOUR[other]))
        assert share[own, other] == above == 1 - share[other, own]
    assert all(share[name, name] is None for name in names)
    by_loss = pairs_section(job_table(store, "test_loss"))
    matrix = next(one for one in by_loss.elements if getattr(one, "name", "") == "pairs_above")
    assert [row["variant"] for row in matrix.rows] == names, "the lowest loss first"
    assert "Here less is better, so that low shares speak for A." in by_loss.elements[0].text


def test_another_metric_has_no_adjusted_p(tmp_path):
    store = make_store(tmp_path, FOUR, repeats=8)
    found = frame_of(store, metric="test_loss")
    assert found["p_holm"].isna().all() and found["p"].notna().all()
    section = pairs_section(job_table(store, "test_loss"))
    assert "There is no adjusted p, as the comparison is secondary" in section.elements[0].text
    assert not any("Holm" in header for header in section.elements[2].header)


def test_two_variants_have_a_row_in_python_and_no_section(tmp_path):
    store = make_store(tmp_path, {name: FOUR[name] for name in "ab"}, repeats=8)
    assert len(frame_of(store)) == 1
    assert pairs_section(job_table(store)) is None


def test_where_repeats_ended_by_a_rule_there_are_no_pairs(tmp_path):
    """Which runs there are depends on results: no usual test or interval of a difference holds."""
    store = decided_store(tmp_path, {"fast": A, "large": B, "third": B})
    found = frame_of(store)
    assert found.empty and list(found.columns) == ["job", "metric", *PAIR_COLUMNS]
    assert "All pairs" not in report_of(store)


def test_very_many_pairs_are_counted_and_left_to_python(tmp_path):
    store = make_store(tmp_path, {f"v{n}": [0.5, 0.6] for n in range(26)}, repeats=2)
    section = pairs_section(job_table(store))
    assert comb(26, 2) > MOST_PAIRS
    assert [one.text for one in section.elements] == [
        "325 pairs of variants are too many for a table. `cnnjobs.compare(...).pairs` is a data frame of all of them."
    ]
    assert len(all_pairs(job_table(store))) == 325


def test_equal_variants_have_a_half_and_no_interval_of_a_spread_that_is_not_there(tmp_path):
    found = frame_of(make_store(tmp_path, {"a": FOUR["a"], "b": FOUR["a"], "c": FOUR["c"]}, repeats=8))
    one = found.set_index(["variant", "other"]).loc[("b", "a")]
    assert (one["mean"], one["p_above"], one["p"], one["p_holm"]) == (0.0, 0.5, 1.0, 1.0)
    assert isnan(one["ci_low"])
