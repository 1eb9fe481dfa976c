"""The report says how many repeats would answer the question."""

import csv
import io

import numpy as np
import pytest
from stored import VALUES, make_store

from cnnjobs.analysis.report_planning import write_planning
from cnnjobs.analysis.statistics import repeats_to_resolve
from cnnjobs.analysis.tables import job_table


def planning_of(store, **asked):
    folder = store.files.below("report")
    part = write_planning(folder, job_table(store, **asked))
    text = folder.read("planning.csv")
    return "\n".join(part.paragraphs), list(csv.DictReader(io.StringIO(text.decode()))) if text else []


def test_repeats_needed_follow_from_the_spread_of_pairs_and_the_margin(tmp_path):
    """0.2 points; two minutes a run on one core, of the variant and of the reference."""
    text, rows = planning_of(make_store(tmp_path, VALUES, seconds=120.0, cpus=1))
    sd = np.std([0.02, 0.02, 0.01, 0.02, 0.02], ddof=1)
    assert int(rows[0]["needed"]) == repeats_to_resolve(sd, 0.002)
    assert int(rows[0]["more"]) == int(rows[0]["needed"]) - 5
    assert float(rows[0]["cpu_hours"]) == pytest.approx(int(rows[0]["more"]) * 240 / 3600)
    assert float(rows[0]["gpu_hours"]) == 0
    assert "To resolve a difference of 0.2 points in 80% of such studies" in text


def test_a_wide_margin_needs_no_more_and_may_hold_the_difference(tmp_path):
    _, rows = planning_of(make_store(tmp_path), margin=5)
    assert [row["more"] for row in rows] == ["0", "0"]
    assert float(rows[0]["p_within_margin"]) < 0.001
    assert rows[0]["cpu_hours"] == "", "runs that were not timed"


def test_a_loss_has_no_margin_unless_one_is_named(tmp_path):
    store = make_store(tmp_path)
    assert "cnnjobs aggregate --margin" in planning_of(store, metric="test_loss")[0]
    assert "a difference of 0.01 nats" in planning_of(store, metric="test_loss", margin=0.01)[0]


def test_one_pair_is_nothing_to_plan_with(tmp_path):
    assert "nothing to plan with yet" in planning_of(make_store(tmp_path, {"a": [0.5], "b": [0.6]}))[0]


def test_folds_are_not_planned(tmp_path):
    assert "share rows" in planning_of(make_store(tmp_path, folds=5, repeats=1))[0]
