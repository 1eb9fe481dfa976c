"""Repeats of the same folds: how much of the spread is between folds, and when that cannot be said."""

from dataclasses import replace

import numpy as np
import pytest
from support.stores import make_store

from cnnjobs.comparison.table import job_table
from cnnjobs.report.sections.folds import DRAWN_ANEW, ONE_REPEAT, fold_components_section


def table_of(tmp_path, values, repeats=2, vary=("init",), folds=3):
    store = make_store(tmp_path, values, folds=folds, repeats=repeats)
    store.write_job(replace(store.job, vary=vary))
    return job_table(store)


def test_components_by_hand(tmp_path):
    """Repeats differ by 0.02 in each fold: variance 0.0002 within; fold means .51 .61 .71 vary by 0.01."""
    table = table_of(tmp_path, {"a": [0.50, 0.60, 0.70, 0.52, 0.62, 0.72]})
    report_table = fold_components_section(table).elements[0]
    assert report_table.rows[0]["repeat_in_fold_variance"] == pytest.approx(0.0002)
    assert report_table.rows[0]["fold_variance"] == pytest.approx(0.01 - 0.0002 / 2)
    assert report_table.cells == [("a", "2", "3", "9.95", "1.41")]


def test_a_negative_component_is_kept_and_called_not_resolved(tmp_path):
    table = table_of(tmp_path, {"a": [0.50, 0.60, 0.55, 0.60, 0.50, 0.55]})
    report_table = fold_components_section(table).elements[0]
    assert report_table.rows[0]["fold_variance"] < 0
    assert report_table.cells[0][3] == "not resolved (negative variance)"


def test_a_repeat_that_lacks_a_fold_is_not_counted(tmp_path):
    values = [0.50, 0.60, 0.70, 0.52, 0.62, 0.72, 0.9]
    whole, broken = (
        fold_components_section(table_of(tmp_path / str(n), {"a": values[:n]}, repeats=3)).elements[0] for n in (6, 7)
    )
    assert broken.rows == whole.rows


def test_one_whole_repeat_says_so(tmp_path):
    report_table = fold_components_section(
        table_of(tmp_path, {"a": [0.5, 0.6, 0.7], "b": list(np.linspace(0, 1, 6))})
    ).elements[0]
    assert report_table.cells[0] == ("a", "1", "3", *["fewer than 2 repeats that have all folds"] * 2)
    assert report_table.cells[1][1] == "2"


@pytest.mark.parametrize(
    ("repeats", "vary", "text"), [(1, ("init",), ONE_REPEAT), (1, ("split",), ONE_REPEAT), (2, ("split",), DRAWN_ANEW)]
)
def test_where_folds_have_no_repeats_it_is_said(tmp_path, repeats, vary, text):
    table = table_of(tmp_path, {"a": [0.5, 0.6, 0.7] * repeats}, repeats, vary)
    assert [element.text for element in fold_components_section(table).elements] == [text]


def test_without_folds_there_is_no_section(tmp_path):
    assert fold_components_section(job_table(make_store(tmp_path))) is None
