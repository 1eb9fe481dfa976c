"""The comparison of a job whose repeats ended by a rule: what it holds of it, and what it never computes."""

import pytest

from cnnjobs.comparison.table import BY_RULE, job_table
from tests.support.decided import A, B, decided_store


def test_pairs_are_those_that_decided(tmp_path):
    found = job_table(decided_store(tmp_path, {"wider": B}))
    difference = found.comparisons["wider"].difference
    assert found.ruling.decisions["wider"].pairs == difference.n == 8
    assert difference.mean == pytest.approx(0.004875)


@pytest.mark.parametrize("other", [{"metric": "test_loss"}, {"reference": "wider"}, {"alpha": 0.01}, {}])
def test_no_ordinary_test_of_a_difference_is_computed(tmp_path, other):
    found = job_table(decided_store(tmp_path, {"wider": B, "deeper": A}), **other)
    assert (found.ruling is None) == bool({"metric", "reference"} & other.keys())
    for comparison in found.comparisons.values():
        d = comparison.difference
        assert (d.low, d.high, d.d_z, d.t.statistic, d.t.p, d.t.why) == (None, None, None, None, None, BY_RULE)
        assert (comparison.holm, comparison.sign_flip.p, comparison.superiority.interval.low) == (None, None, None)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"alpha": 0.01}, "alpha of 0.05. They are not changed by an alpha of 0.01 given"),
        ({"alpha": 0.01, "margin": 1.0}, "alpha of 0.05. They are not changed by an alpha of 0.01 and a margin given"),
        ({}, None),
    ],
)
def test_what_is_asked_of_a_report_and_does_not_change_decisions_is_said(tmp_path, asked, said):
    found = job_table(decided_store(tmp_path, {"wider": B}), **asked)
    notes = [note for note in found.notes if note.startswith("Decisions use")]
    assert len(notes) == (said is not None)
    assert said is None or said in notes[0]
    assert found.ruling.decisions["wider"].alpha == 0.05
