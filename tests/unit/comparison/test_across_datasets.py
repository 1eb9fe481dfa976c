"""Jobs on several data sets are compared over data sets, never over repeats, or it is said why not."""

from dataclasses import replace

import autorank
import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from support.published import DEMSAR
from support.stores import make_store

from cnnjobs.comparison.across_datasets import AcrossDatasets, Block, Score, compare_over_datasets
from cnnjobs.comparison.metric_format import metric_format
from cnnjobs.comparison.shown import shown_table
from cnnjobs.comparison.table import job_table
from cnnjobs.report.figures.critical_difference import critical_difference_plot, groups
from cnnjobs.report.figures.style import render
from cnnjobs.report.sections.across_datasets import across_datasets_document
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

CLASSIFIERS = ("C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf")


def table_on(folder, job, dataset, values, *, fingerprint=None, settings=None, metric="test_accuracy", **made):
    """The table of a job on a data set; `values` are the accuracies of each variant's runs."""
    store = make_store(folder / job, values, **made)
    about = replace(store.job.dataset, name=dataset, fingerprint=fingerprint or f"content of {dataset}")
    variants = {
        name: replace(variant, settings=(settings or {}).get(name, {"epochs": 5}))
        for name, variant in store.job.variants.items()
    }
    store.write_job(replace(store.job, name=job, dataset=about, variants=variants))
    return job_table(store, metric)


def made_up(scores, variants=None, metric="test_accuracy", alpha=0.05):
    """A comparison of one run a data set and variant, scores (data sets, variants)."""
    variants = variants or tuple(f"variant {index}" for index in range(np.shape(scores)[1]))
    blocks = tuple(
        Block(f"set {row}", "job", {name: Score(value, None, 1) for name, value in zip(variants, own, strict=True)})
        for row, own in enumerate(scores)
    )
    return AcrossDatasets(metric_format(metric), alpha, tuple(variants), blocks, ())


def texts(document):
    return "\n".join(element.text for element in document.elements if hasattr(element, "text"))


def report_table(document, name):
    return next(one for one in document.tables if one.name == name)


@pytest.fixture(scope="module")
def demsar(tmp_path_factory):
    """Demsar's table as fourteen jobs, each on a data set of its own, two runs that lie around the score."""
    folder = tmp_path_factory.mktemp("demsar")
    tables = [
        table_on(
            folder, f"job {row}", f"set {row}", {n: [v - 0.01, v + 0.01] for n, v in zip(CLASSIFIERS, own, strict=True)}
        )
        for row, own in enumerate(DEMSAR)
    ]
    return compare_over_datasets(tables)


def test_fourteen_jobs_give_demsars_ranks_tests_and_critical_difference(demsar):
    assert demsar.friedman.ranks == pytest.approx((3.143, 2.000, 2.893, 1.964), abs=5e-4)
    assert demsar.friedman.chi_squared.statistic == pytest.approx(9.28, abs=5e-3)
    assert demsar.friedman.f.statistic == pytest.approx(3.69, abs=5e-3)
    assert demsar.critical_difference == pytest.approx(1.25, abs=5e-3)
    assert demsar.notes == ()


def test_the_document_shows_them(demsar):
    document = across_datasets_document(demsar)
    assert document.title == "14 data sets together"
    assert [row[:2] for row in report_table(document, "ranks").cells] == [
        ("C4.5+m+cf", "1.964"),
        ("C4.5+m", "2.000"),
        ("C4.5+cf", "2.893"),
        ("C4.5", "3.143"),
    ]
    assert report_table(document, "tests").cells[1] == ("Iman and Davenport, F", "3.686", "3, 39", "0.020")
    assert "differ by more than chance (Iman and Davenport's F = 3.69, p = 0.020)" in texts(document)
    assert len(report_table(document, "scores").rows) == 14 * 4
    assert report_table(document, "scores").cells[0] == ("set 0", "C4.5", "2", "76.30", "1.41", "4")


def test_in_demsars_diagram_the_bars_join_what_his_do(demsar):
    """At 0.05 C4.5 and the two with m are no critical difference apart: 3.143 - 1.964 = 1.18 is below 1.25."""
    order = sorted(demsar.friedman.ranks)
    assert groups(order, demsar.critical_difference) == [(0, 3)]
    assert groups(order, 1.12) == [(0, 2), (2, 3)], "at 0.10: C4.5 apart from both with m"


@pytest.mark.parametrize(
    ("ranks", "limit", "bars"),
    [
        ([1, 2, 3], 0.5, []),
        ([1, 2, 3], 1.5, [(0, 1), (1, 2)]),
        ([1, 2, 3], 9, [(0, 2)]),
        ([1, 1, 3, 4], 1.0, [(0, 1)]),
    ],
)
def test_bars_are_the_longest_of_their_kind_and_end_below_the_critical_difference(ranks, limit, bars):
    assert groups(ranks, limit) == bars


def test_ranks_and_critical_difference_are_those_of_autorank():
    scores = pd.DataFrame(np.random.default_rng(3).normal(size=(15, 5)) + np.arange(5) / 2)
    other = autorank.autorank(scores, alpha=0.05, verbose=False, force_mode="nonparametric")
    found = made_up(scores.to_numpy())
    assert found.friedman.ranks == pytest.approx(other.rankdf["meanrank"].sort_index().tolist())
    assert found.friedman.chi_squared.p == pytest.approx(other.pvalue)
    assert found.critical_difference == pytest.approx(other.cd, abs=5e-3)


def test_pairs_are_those_of_scikit_posthocs():
    scores = np.random.default_rng(4).normal(size=(12, 4)) + np.arange(4) / 2
    p = scikit_posthocs.posthoc_wilcoxon(list(scores.T), p_adjust="holm").to_numpy()
    for (one, other), outcome in made_up(scores).pairs.items():
        assert outcome.p == pytest.approx(p[one, other])


def pairs_of(across):
    document = across_datasets_document(across)
    return texts(document), report_table(document, "pairs")


def test_a_secondary_comparison_has_ranks_and_no_verdict(tmp_path):
    values = {"a": [0.5, 0.6], "b": [0.7, 0.9]}
    tables = [table_on(tmp_path, f"job{n}", f"set{n}", values, metric="test_loss") for n in range(6)]
    across = compare_over_datasets(tables)
    said, pairs = pairs_of(across)
    assert across.secondary == "on test loss instead of test accuracy"
    assert "A secondary comparison: no verdict on mean ranks." in said
    assert "secondary comparison, on test loss" in said
    assert [(row["verdict"], row["p_holm"]) for row in pairs.rows] == [("secondary, no verdict", None)]
    assert across.friedman.ranks == (2, 1), "the lower loss has the first rank"


def test_a_variant_that_all_jobs_dropped_counts_among_the_pairs(tmp_path):
    values = {"a": [0.5, 0.6], "b": [0.7, 0.9], "c": [0.4, 0.3]}
    for number in range(6):
        table_on(tmp_path, f"job{number}", f"set{number}", values)
        kept = Store(Files(tmp_path / f"job{number}" / "job"))
        kept.write_job(replace(kept.job, variants={name: kept.job.variants[name] for name in "ab"}))
    across = compare_over_datasets([job_table(Store(Files(tmp_path / f"job{n}" / "job"))) for n in range(6)])
    assert (across.variants, across.dropped, across.family) == (("a", "b"), 1, 3)
    assert across.pairs[0, 1].p == pytest.approx(3 * 2.0**-5)
    assert "adjusted by Holm over 3 pairs, with a variant that the jobs no longer list" in pairs_of(across)[0]


def test_a_verdict_over_data_sets_says_after_how_many_looks_at_the_jobs_it_is(tmp_path):
    values = {"a": [0.5, 0.6, 0.55], "b": [0.7, 0.9, 0.8]}
    tables = []
    for number in range(6):
        for runs in (2, 3):
            table_on(tmp_path, f"job{number}", f"set{number}", {name: own[:runs] for name, own in values.items()})
            table = shown_table(Store(Files(tmp_path / f"job{number}" / "job")))
        tables.append(table)
    said, pairs = pairs_of(compare_over_datasets(tables))
    assert pairs.cells[0][-1] == "worse, after 2 looks"
    assert (pairs.rows[0]["verdict"], pairs.rows[0]["looks"]) == ("worse", 2)
    assert "differ by more than chance, after 2 looks" in said


def test_of_losses_the_lower_is_the_better():
    scores = np.random.default_rng(0).random((8, 3)) + np.array([0, 0, 5])
    lost, won = (made_up(scores, metric=metric) for metric in ("test_loss", "test_accuracy"))
    assert (lost.friedman.ranks[2], won.friedman.ranks[2]) == (3, 1)
    rows = report_table(across_datasets_document(lost), "pairs").rows
    assert [row["verdict"] for row in rows] == ["not resolved", "better", "better"]
    assert rows[1]["median_difference"] < 0, "differences stay those of the losses"


def test_scores_that_differ_by_rounding_tie():
    found = made_up([[0.1 + 0.2, 0.3], [0.5, 0.4]])
    assert found.ranks.tolist() == [[1.5, 1.5], [1, 2]]


def test_a_block_is_a_data_set_however_many_repeats_it_has(tmp_path):
    def found(copies):
        return compare_over_datasets(
            [
                table_on(tmp_path / str(copies), name, name, {"a": [0.5, 0.6] * copies, "b": [0.6, 0.8] * copies})
                for name in ("one", "two", "three")
            ]
        )

    assert len(found(3).blocks) == 3
    assert found(1).friedman == found(3).friedman


@pytest.mark.parametrize(
    ("datasets", "words"),
    [
        (2, "2 data sets: ranks describe these and say nothing of others. Wilcoxon's test of a pair is left out: at "),
        (4, "at this n it cannot reach a p below 0.125."),
        (2, "The critical difference, 2.34, is more than any two mean ranks of 3 variants can differ by, 2: it cannot"),
        (5, "The p of Friedman's chi-squared is an approximation for more than 10 data sets and 5 variants"),
    ],
)
def test_few_data_sets_say_what_they_cannot(datasets, words):
    scores = np.random.default_rng(1).random((datasets, 3))
    assert words in texts(across_datasets_document(made_up(scores)))


def test_fewer_than_five_data_sets_have_no_tests_of_pairs():
    document = across_datasets_document(made_up(np.random.default_rng(1).random((4, 2))))
    assert report_table(document, "pairs").cells[0][-2:] == ("fewer than 5 data sets: no test of pairs",) * 2


@pytest.mark.parametrize(("datasets", "variants", "can"), [(5, 2, False), (6, 2, True), (6, 3, False), (8, 3, True)])
def test_holm_over_pairs_is_counted_in_what_cannot_be_reached(datasets, variants, can):
    """Six data sets reach 0.031 with one pair, but three pairs make it 0.094."""
    scores = np.arange(datasets)[:, None] ** 2 + np.arange(variants) * (np.arange(datasets)[:, None] + 1)
    whys = {outcome.why for outcome in made_up(scores).pairs.values()}
    assert whys == ({""} if can else {"cannot reach 0.05 at this n"})


def test_data_sets_on_which_a_pair_ties_do_not_help_to_reach_it():
    scores = [[1, 2], [2, 4], [3, 7], [4, 9], [5, 11], [6, 6], [7, 7], [8, 8]]
    outcome = made_up(np.array(scores, float)).pairs[0, 1]
    assert (outcome.p, outcome.why) == (0.0625, "cannot reach 0.05 at this n")


def test_ranks_that_are_all_alike_have_no_f_and_are_judged_by_counting_orders():
    document = across_datasets_document(made_up([[1, 2, 3]] * 6))
    assert (
        "Every data set ranks the variants alike: mean ranks differ by more than chance (of all orders, p < 0.001)."
        in texts(document)
    )
    two = texts(across_datasets_document(made_up([[1, 2]] * 5)))
    assert "mean ranks are not resolved from chance (of all orders, p = 0.062)." in two
    assert made_up([[1, 2, 3]] * 6).friedman.f.p == pytest.approx(6.0**-5)


def test_few_data_sets_have_no_verdict():
    assert "Fewer than 5 data sets: no verdict on mean ranks." in texts(across_datasets_document(made_up([[1, 2]] * 4)))


def refusal(*tables):
    found = compare_over_datasets(tables)
    assert isinstance(found, str)
    return found


AB = {"a": [0.5, 0.6], "b": [0.7, 0.9]}


def test_one_data_set_has_nothing_to_rank(tmp_path):
    one, other = (table_on(tmp_path, job, "digits", AB) for job in ("one", "other"))
    assert refusal(one) == "one: one data set; ranks need two data sets"
    assert refusal() == "no job; ranks need two data sets"
    assert refusal(one, other) == "one and other: one data set; ranks need two data sets"


def test_the_same_content_under_two_names_is_one_data_set(tmp_path):
    tables = [table_on(tmp_path, name, name, AB, fingerprint="same") for name in ("one", "two")]
    assert "one data set" in refusal(*tables)


def test_fewer_than_two_shared_variants(tmp_path):
    tables = [table_on(tmp_path, "one", "digits", AB), table_on(tmp_path, "two", "mnist", {"b": [0.5], "c": [0.6]})]
    assert refusal(*tables) == "one and two: no two data sets share two variants of the same names"


def test_jobs_on_different_metrics(tmp_path):
    tables = [
        table_on(tmp_path, "one", "digits", AB),
        table_on(tmp_path, "folds", "mnist", {name: runs * 5 for name, runs in AB.items()}, folds=5, metric=None),
    ]
    assert refusal(*tables) == (
        "jobs are compared on one metric, but one by test_accuracy; folds by val_accuracy: choose one for all with "
        "`metric`"
    )


def test_data_sets_without_a_run_of_a_shared_variant_are_left_out_and_named(tmp_path):
    whole = [table_on(tmp_path, name, name, AB) for name in ("one", "two")]
    part = table_on(tmp_path, "three", "three", {"a": [0.5], "b": []})
    found = compare_over_datasets([*whole, part])
    assert [block.dataset for block in found.blocks] == ["one", "two"]
    note = "three is left out: no completed run with a finite test accuracy of b in three"
    assert found.notes == (note,)
    assert note in texts(across_datasets_document(found))
    assert refusal(whole[0], part) == f"fewer than two data sets have runs of a and b; {note}"


def test_of_two_jobs_on_one_data_set_the_fuller_is_taken_and_named(tmp_path):
    grid_job, small, other = (
        table_on(tmp_path, "regularization-grid", "cifar10", AB),
        table_on(tmp_path, "small-cnn", "cifar10", {name: [*runs, 0.8] for name, runs in AB.items()}),
        table_on(tmp_path, "digits-job", "digits", AB),
    )
    found = compare_over_datasets([grid_job, small, other])
    assert [block.job for block in found.blocks] == ["small-cnn", "digits-job"]
    assert found.notes == (
        "regularization-grid and small-cnn are both on cifar10, which counts once: small-cnn is taken, with 6 runs of "
        "these variants",
    )


def test_two_data_sets_of_one_name_are_told_apart_by_their_jobs(tmp_path):
    tables = [table_on(tmp_path, job, "data", AB, fingerprint=job) for job in ("one", "two")]
    assert [block.dataset for block in compare_over_datasets(tables).blocks] == ["data (one)", "data (two)"]


def test_the_largest_table_of_data_sets_and_variants_is_compared(tmp_path):
    """Three data sets x three variants is larger than four x two."""
    abc = AB | {"c": [0.4]}
    tables = [table_on(tmp_path, name, name, abc) for name in ("one", "two", "three")]
    tables.append(table_on(tmp_path, "four", "four", AB))
    found = compare_over_datasets(tables)
    assert (found.variants, len(found.blocks)) == (("a", "b", "c"), 3)
    assert found.notes == ("four is left out: it lacks c",)


def test_a_variant_whose_settings_differ_between_data_sets_is_named(tmp_path):
    settings = {"a": {"epochs": 5, "optimizer": {"kind": "SGD", "learning_rate": 0.1}}}
    other = {"a": {"epochs": 9, "optimizer": {"kind": "SGD", "learning_rate": 0.2}}}
    tables = [
        table_on(tmp_path, "one", "one", AB, settings=settings),
        table_on(tmp_path, "two", "two", AB, settings=other),
    ]
    assert compare_over_datasets(tables).notes == (
        "a: settings that differ between data sets: epochs, optimizer.learning_rate",
    )


@pytest.mark.parametrize("count", [2, 4, 12])
def test_every_name_of_the_diagram_lies_inside_the_picture(count):
    names = tuple(f"increasing dropout + augmentation + batch norm $number$ {index}" for index in range(count))
    random = np.random.default_rng(count)
    figure = critical_difference_plot(made_up(random.normal(size=(10, count)) + np.arange(count) / 3, names))
    assert render(figure, "png").startswith(b"\x89PNG")
    figure.draw_without_rendering()
    whole = figure.bbox
    for words in (words for axes in figure.axes for words in axes.texts):
        box = words.get_window_extent()
        assert whole.x0 <= box.x0 < box.x1 <= whole.x1, words.get_text()
        assert whole.y0 <= box.y0 < box.y1 <= whole.y1, words.get_text()


def test_the_diagram_draws_what_its_table_says(demsar):
    chart = across_datasets_document(demsar).charts[0]
    assert chart.name == "critical-difference"
    drawn = {words.get_text() for words in chart.draw().axes[0].texts}
    assert {f"{rank:.2f}" for _, rank, _ in chart.rows()} | {name for name, _, _ in chart.rows()} < drawn
    assert "critical difference 1.25" in drawn
