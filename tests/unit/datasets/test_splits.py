"""Splits are stratified, cover every row once, and depend on the seed alone."""

import numpy as np
import pytest

from cnnjobs.datasets.splits import always_on_both_sides, both_sides, holdout, kfold, stratified_order
from cnnjobs.errors import SpecError

LABELS = np.repeat(np.arange(4, dtype=np.int32), [100, 50, 30, 7])


def shares(rows):
    return np.bincount(LABELS[rows], minlength=4)


def test_a_hold_out_covers_every_row_once():
    train, validation = holdout(LABELS, 0.2, seed=3)
    assert sorted([*train, *validation]) == list(range(len(LABELS)))
    assert len(validation) == round(0.2 * len(LABELS))


@pytest.mark.parametrize("seed", range(5))
def test_a_hold_out_has_the_classes_in_proportion(seed):
    _, validation = holdout(LABELS, 0.2, seed)
    assert np.abs(shares(validation) - 0.2 * np.bincount(LABELS)).max() <= 1


def test_seeds_decide_the_rows():
    same, other = holdout(LABELS, 0.2, 1)[1], holdout(LABELS, 0.2, 2)[1]
    assert (holdout(LABELS, 0.2, 1)[1] == same).all()
    assert (same != other).any()


def test_the_order_is_the_same_for_ever():
    """A hold-out that moved with NumPy's version would silently make other trials of the same identity."""
    assert stratified_order(np.array([0, 1, 0, 1, 2, 0], dtype=np.int32), seed=7).tolist() == [3, 5, 0, 4, 2, 1]


def made_up(seed):
    """Labels of a few classes, some of them small, and how many rows to take."""
    random = np.random.RandomState(seed)
    sizes = random.choice([2, 3, 4, 7, 30, 200], random.randint(2, 8))
    labels = random.permutation(np.repeat(np.arange(len(sizes), dtype=np.int32), sizes))
    return labels, sizes, random.randint(1, len(labels))


@pytest.mark.parametrize("seed", range(200))
def test_each_class_is_on_both_sides_if_any_choice_can_do_that(seed):
    labels, sizes, count = made_up(seed)
    kept, taken = both_sides(labels, count, seed)
    assert sorted([*kept, *taken]) == list(range(len(labels)))
    assert len(taken) == count
    if len(sizes) <= count <= len(labels) - len(sizes):
        assert set(labels[kept]) == set(labels[taken]) == set(labels)


@pytest.mark.parametrize("seed", range(200))
def test_a_split_in_proportion_that_leaves_no_class_out_stays_as_it_was(seed):
    labels, _, count = made_up(seed)
    order = stratified_order(labels, seed)
    if set(labels[order[:count]]) == set(labels[order[count:]]) == set(labels):
        assert both_sides(labels, count, seed)[1].tolist() == sorted(order[:count])


@pytest.mark.parametrize("seed", range(50))
def test_where_no_class_can_be_left_out_none_is(seed):
    """What decides about the identity of trials holds for every seed."""
    labels, _, count = made_up(seed)
    if always_on_both_sides(labels, count / len(labels)):
        for other in range(100):
            order = stratified_order(labels, other)
            assert set(labels[order[:count]]) == set(labels[order[count:]]) == set(labels)


def test_some_made_up_labels_are_of_each_kind():
    kinds = [always_on_both_sides(labels, count / len(labels)) for labels, _, count in map(made_up, range(50))]
    assert 5 < sum(kinds) < 45


def test_a_hold_out_with_an_empty_side_is_refused():
    with pytest.raises(SpecError, match=r"Received: validation=0.001 of 187 training rows, which holds out 0\."):
        holdout(LABELS, 0.001, 0)


def test_folds_cover_every_row_once_and_are_stratified():
    parts = [kfold(LABELS, 5, fold, seed=1) for fold in range(5)]
    assert sorted(np.concatenate([validation for _, validation in parts])) == list(range(len(LABELS)))
    for train, validation in parts:
        assert not set(train) & set(validation)
        assert np.abs(shares(validation) - np.bincount(LABELS) / 5).max() < 1
    sizes = [len(validation) for _, validation in parts]
    assert max(sizes) - min(sizes) <= 1


def test_more_folds_than_the_smallest_class_are_refused():
    with pytest.raises(SpecError, match="`folds` must be at most the size of the smallest class, 7"):
        kfold(LABELS, 8, 0, seed=0)


def test_folds_that_are_not_stratified_are_only_shuffled():
    parts = [kfold(LABELS, 5, fold, seed=1, stratify=False)[1] for fold in range(5)]
    assert sorted(np.concatenate(parts)) == list(range(len(LABELS)))
    assert max(len(part) for part in parts) - min(len(part) for part in parts) <= 1
    assert max(np.abs(shares(part) - np.bincount(LABELS) / 5).max() for part in parts) > 1
    assert (kfold(LABELS, 8, 0, seed=1, stratify=False)[1] == kfold(LABELS, 8, 0, seed=1, stratify=False)[1]).all()


def test_a_hold_out_that_is_not_stratified_is_only_shuffled():
    train, validation = holdout(LABELS, 0.2, 3, stratify=False)
    assert sorted([*train, *validation]) == list(range(len(LABELS)))
    assert np.abs(shares(validation) - np.bincount(LABELS) * 0.2).max() > 1


def test_more_folds_than_rows_are_refused():
    with pytest.raises(SpecError, match=r"`folds` must be at most the training images, 187. Received: folds=188"):
        kfold(LABELS, 188, 0, seed=0, stratify=False)
