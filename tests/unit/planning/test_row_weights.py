"""How much the rows of a trial count: by their class, in each split."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from cnnjobs import Job, Variant, mlp
from cnnjobs.datasets.arrays import make_dataset
from cnnjobs.planning.row_weights import class_weights, sample_weights
from cnnjobs.planning.rows import plan_on, split_rows

NAMES = ("cat", "dog", "eel")


def data(counts=(60, 30, 6)):
    labels = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    images = np.arange(len(labels) * 4, dtype=np.uint8).reshape(-1, 2, 2, 1)
    return make_dataset("pets", (images, labels), (images + 1, labels), NAMES[: len(counts)])


def test_balanced_weights_are_those_of_scikit_learn():
    labels = np.array([0] * 7 + [1] * 2 + [2], np.int32)
    assert class_weights("balanced", labels, NAMES) == pytest.approx(
        compute_class_weight("balanced", classes=np.arange(3), y=labels)
    )


def test_a_class_without_training_rows_has_no_part_in_the_balance():
    labels = np.array([0] * 6 + [2] * 2, np.int32)
    found = class_weights("balanced", labels, NAMES)
    assert found[[0, 2]] == pytest.approx(compute_class_weight("balanced", classes=np.array([0, 2]), y=labels))
    assert np.isfinite(found).all()
    assert found[labels].mean() == pytest.approx(1)


def test_classes_that_are_not_named_count_1():
    assert class_weights({"dog": 3.0}, np.array([0, 1, 2]), NAMES).tolist() == [1, 3, 1]


@pytest.mark.parametrize("protocol", [{"folds": 3, "stratify": False}, {"validation": 0.5, "stratify": False}])
def test_the_training_rows_of_each_split_decide(protocol):
    pets = data()
    job = Job(
        name="a", dataset="pets", repeats=2, variants={"v": Variant(model=mlp(), class_weight="balanced")}, **protocol
    )
    seen = set()
    for trial in plan_on(job, pets).trials:
        rows, _ = split_rows(pets.training_rows, trial)
        weights = sample_weights(pets, rows, trial.spec.class_weight)
        expected = compute_class_weight("balanced", classes=np.unique(pets.y_train[rows]), y=pets.y_train[rows])
        assert weights[rows] == pytest.approx(expected[pets.y_train[rows]])
        seen.add(tuple(expected))
    assert len(seen) > 1, "splits differ"


def test_rows_that_a_limit_leaves_decide():
    pets = data().limited(12)
    weights = sample_weights(pets, np.arange(12), "balanced")
    counts = np.bincount(pets.y_train)
    assert weights == pytest.approx((12 / (3 * counts))[pets.y_train])


def test_a_trial_none_of_whose_rows_counts_is_refused():
    pets = data((5, 5))
    with pytest.raises(ValueError, match="None of the rows that this trial trains on counts"):
        sample_weights(pets, np.arange(5), {"cat": 0.0})


def test_without_weights_every_row_counts_1():
    pets = data()
    assert sample_weights(pets, np.arange(9), None).tolist() == [1] * len(pets.y_train)
    assert sample_weights(replace(pets, name="other"), np.arange(9), None).dtype == np.float32
