"""What `job.json` keeps of a rule of deciding comes back as it was; what no rule can have written is refused."""

import json
import math

import pytest
from support.stores import stored_job

from cnnjobs.errors import StoreError
from cnnjobs.store.decision_rule import DecisionRule, StoredDecision
from cnnjobs.store.stored_job import StoredJob

MADE = StoredDecision(
    verdict="equal", repeats=6, pairs=5, x=0.001, q=0.008, alpha=0.025, family=2, trial_ids=tuple("abcdefghijkl")
)
RULE = DecisionRule(
    alpha=0.05,
    margin=0.005,
    most_repeats=20,
    metric="test_accuracy",
    reference="ref",
    variants={"c1": "one", "c2": "two"},
    decisions={"c1": MADE},
)


def read(document):
    return StoredJob.from_json(json.loads(json.dumps(document))).decide


def document():
    return json.loads(json.dumps(stored_job(decide=RULE).to_json()))


def test_a_rule_comes_back_as_it_was():
    assert read(document()) == RULE


def test_a_rule_without_a_margin_and_decisions_comes_back():
    changed = document()
    changed["decide"] |= {"margin": None, "decisions": {}}
    assert read(changed) == DecisionRule(**(vars(RULE) | {"margin": None, "decisions": {}}))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("alpha", 7, "a number from 0.001 to 0.2. Received: 7"),
        ("alpha", 0, "a number from 0.001"),
        ("alpha", math.nan, "a number from 0.001"),
        ("alpha", "0.05", "a number from 0.001"),
        ("alpha", True, "a number from 0.001"),
        ("margin", 0, "a number above 0 and below 1"),
        ("margin", -0.1, "a number above 0"),
        ("margin", 1, "a number above 0 and below 1"),
        ("margin", math.inf, "a number above 0"),
        ("margin", 10**400, "a number above 0"),
        ("most_repeats", 3, "a whole number from 5 to 100. Received: 3"),
        ("most_repeats", 101, "a whole number from 5 to 100"),
        ("most_repeats", 20.5, "a whole number"),
        ("metric", "accuracy", "test_accuracy. Received: 'accuracy'"),
        ("metric", "val_loss", "test_accuracy"),
        ("reference", 5, "text"),
        ("variants", {"c1": "one", "ref": "two"}, "the conditions that are compared with the reference"),
        ("variants", {"c1": 5}, "`decide.variants.c1` must be text"),
        ("variants", {"c2": "two"}, "decisions on conditions among `variants`"),
        ("decisions", [], "an object"),
        ("decisions", {"c1": []}, "an object"),
    ],
)
def test_what_no_rule_can_be_is_refused_by_name(name, value, expected):
    changed = document()
    changed["decide"][name] = value
    with pytest.raises(StoreError) as error:
        read(changed)
    assert "job.json is not a job of cnnjobs: `decide." in str(error.value)
    assert expected in str(error.value)


@pytest.mark.parametrize("name", ["alpha", "most_repeats", "metric", "reference", "variants", "decisions"])
def test_what_is_missing_of_a_rule_is_named(name):
    changed = document()
    del changed["decide"][name]
    with pytest.raises(StoreError, match=rf"`decide\.{name}` is missing"):
        read(changed)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("verdict", "open", "one of better, worse, equal"),
        ("repeats", 4, "a whole number from 5 to 100"),
        ("repeats", 7, "`decide.decisions.c1.trial_ids` must be those of 7 repeats of two variants"),
        ("pairs", 7, "a whole number from 5 to 6"),
        ("pairs", 4, "a whole number from 5 to 6"),
        ("x", -1, "a number of at least 0"),
        ("x", math.inf, "a number of at least 0"),
        ("x", 10**400, "a number of at least 0"),
        ("q", 1.5, "a number from 0 to 1"),
        ("alpha", 0.3, "a number from 0 to 0.2"),
        ("family", 0, "a whole number from 1"),
        ("trial_ids", ["a"], "those of 6 repeats"),
        ("trial_ids", [1] * 12, "a list of texts"),
    ],
)
def test_what_no_decision_can_be_is_refused_by_name(name, value, expected):
    changed = document()
    changed["decide"]["decisions"]["c1"][name] = value
    with pytest.raises(StoreError) as error:
        read(changed)
    assert "`decide.decisions.c1." in str(error.value)
    assert expected in str(error.value)
