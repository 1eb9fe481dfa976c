"""The numbers of docs/decide.md are those of the rule."""

import re
from pathlib import Path

import pytest

from cnnjobs.stats.sequential import bound_of_x, critical_t, nominal_level, until_better, until_equal

PAGE = (Path(__file__).parents[4] / "docs" / "decide.md").read_text(encoding="utf-8")


def rows_below(heading):
    """Return the cells of the table whose first line begins so."""
    lines = PAGE[PAGE.index(f"| {heading}") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_its_constants():
    rows = rows_below("alpha | x_alpha")
    assert len(rows) == 6
    for level, x, _, pairs, p, effect, _ in rows:
        alpha, _, parts = level.partition(" / ")
        assert bound_of_x(float(alpha) / float(parts or 1)) == pytest.approx(float(x), abs=6e-8)
        assert nominal_level(int(pairs), 0.05) == pytest.approx(float(p), abs=6e-6)
        assert critical_t(int(pairs), 0.05) / int(pairs) ** 0.5 == pytest.approx(float(effect), abs=0.006)


def test_what_differences_need():
    rows = rows_below("true effect")
    assert len(rows) == 5
    for effect, shares, pairs, needed in rows:
        for most, share in zip((20, 50, 100), shares.split(" / "), strict=True):
            assert until_better(float(effect), 1, most_pairs=most).share == pytest.approx(float(share), abs=0.015)
        found = until_better(float(effect), 1, most_pairs=20)
        assert found.pairs == pytest.approx(float(pairs), abs=0.15)
        assert found.needed == (int(needed) if needed.isdigit() else None)


def test_what_margins_need():
    rows = rows_below("margin, no difference")
    assert len(rows) == 4
    for margin, shares, pairs in rows:
        for most, share in zip((20, 50, 100), shares.split(" / "), strict=True):
            assert until_equal(float(margin), 1, most_pairs=most).share == pytest.approx(float(share), abs=0.025)
        assert until_equal(float(margin), 1).pairs == pytest.approx(float(pairs), abs=0.6)


def test_its_example_of_a_margin():
    points, sd, pairs = re.search(
        r"margin of ([\d.]+) points at an SD of ([\d.]+) needs about (\d+) pairs", PAGE
    ).groups()
    assert until_equal(float(points), float(sd)).typical == pytest.approx(int(pairs), abs=3)
