"""How many runs a store is to hold: what the job asks for, and no fewer than it has."""

import pytest
from support.stores import stored_job

from cnnjobs.store.expectation import expected_runs
from cnnjobs.store.stored_job import StoredVariant

VARIANTS = {
    "a": StoredVariant(condition_id="A", settings={}),
    "b": StoredVariant(condition_id="B", settings={}, repeats=12),
}


def stored(condition, repeats):
    return [{"condition_id": condition, "repeat": repeat} for repeat in range(repeats)]


@pytest.mark.parametrize(
    ("trials", "folds", "expected"),
    [
        ([], None, {"a": 5, "b": 12}),
        (stored("A", 3), None, {"a": 5, "b": 12}),
        (stored("A", 8), None, {"a": 8, "b": 12}),
        (stored("A", 8) + stored("another", 20), 2, {"a": 16, "b": 24}),
    ],
)
def test_each_variant_has_its_own_number(trials, folds, expected):
    assert expected_runs(stored_job(variants=VARIANTS, folds=folds, repeats=5), trials) == expected
