"""Processes are killed and files damaged at any moment: short drills of `benchmarks/chaos.py`."""

import random
import runpy
from pathlib import Path

import pytest

CHAOS = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "chaos.py"))


def test_whatever_is_killed_while_it_commits_or_compacts_no_row_is_wrong_or_lost(tmp_path):
    """A submit is killed by the machine's owner, again and again, while it writes results."""
    met = CHAOS["kill_drill"](tmp_path / "store", random.Random(3), rounds=4, longest_s=0.15)
    assert sum(met.values()) > 0, "some were at work when they were killed"


@pytest.mark.parametrize("seed", [5])
def test_whatever_is_damaged_is_named_set_aside_and_run_again(tmp_path, seed):
    """Files are damaged one after the other; each time the store is repaired and what is missing run again."""
    outcomes = CHAOS["damage_drill"](tmp_path / "store", random.Random(seed), rounds=4)
    assert outcomes["named"] > 2
