"""Where repeats of the same folds are averaged, every count says both: 15 runs, 5 folds."""

from dataclasses import replace

import numpy as np
import pytest
from support.stores import make_store, stored_dataset

from cnnjobs.comparison.across_datasets import compare_over_datasets
from cnnjobs.comparison.table import job_table
from cnnjobs.report.figures.comparison import box_plot
from cnnjobs.report.frames import comparison_of
from cnnjobs.report.sections.differences_table import differences_table
from cnnjobs.report.sections.summary_table import summary_table
from cnnjobs.report.sections.verdicts import sentences
from cnnjobs.stats import fold_means

RANDOM = np.random.default_rng(3)
BASE = (0.9 + np.tile([0.0, 0.01, -0.01, 0.02, 0.005], 3) + RANDOM.normal(0, 0.002, 15)).tolist()
OTHER = (np.array(BASE) + 0.01 + RANDOM.normal(0, 0.002, 15)).tolist()


def store_of(root, vary=("init",), **more):
    """Three repeats of the same five folds of two variants."""
    store = make_store(root, {"a": BASE, "b": OTHER}, folds=5, repeats=3, validation=None)
    store.write_job(replace(store.job, vary=vary, **more))
    return store


def test_the_table_the_verdict_and_the_figure_say_both(tmp_path):
    store = store_of(tmp_path)
    table = job_table(store)
    assert [cells[1] for cells in summary_table(table).cells] == ["15/15, 5 folds"] * 2
    assert [(row["n"], row["folds"]) for row in summary_table(table).rows] == [(15, 5)] * 2
    (cells,) = differences_table(table).cells
    assert cells[1] == "15, 5 folds"
    assert "15 pairs, 5 folds)" in sentences(table)[0]
    assert [text.get_text() for text in box_plot(table).axes[0].get_xticklabels()] == [
        "a\nreference, n = 15, 5 folds",
        "b\nn = 15, 5 folds",
    ]
    (row,) = comparison_of(store).differences.to_dict("records")
    assert (row["pairs"], row["run_pairs"]) == (5, 15)


def test_one_variant_says_both(tmp_path):
    store = make_store(tmp_path, {"a": BASE}, folds=5, repeats=3, validation=None)
    store.write_job(replace(store.job, vary=("init",)))
    assert "SD over 5 fold means of 15 runs" in sentences(job_table(store))[0]


def test_folds_drawn_anew_are_runs(tmp_path):
    table = job_table(store_of(tmp_path, vary=("split", "init")))
    assert [cells[1] for cells in summary_table(table).cells] == ["15/15"] * 2
    assert summary_table(table).rows[0]["folds"] is None
    (row,) = differences_table(table).rows
    assert (row["pairs"], row["run_pairs"]) == (15, 15)


def test_over_data_sets_the_sd_is_the_one_of_the_summary(tmp_path):
    """It was the SD of fifteen runs pooled, beside one of five fold means in the report of the job."""
    tables = []
    for name in ("one", "other"):
        made = store_of(tmp_path / name, dataset=stored_dataset(name))
        tables.append(job_table(made))
    across = compare_over_datasets(tables)
    score = across.blocks[0].scores["a"]
    own = fold_means({divmod(place, 5): value for place, value in enumerate(BASE)})
    assert (score.n, score.folds) == (15, 5)
    assert score.sd == pytest.approx(np.std(list(own.values()), ddof=1))
    assert score.mean == pytest.approx(np.mean(BASE))
