"""Whole groups stand on one side of a split, which is as near to what was asked for as they allow."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

from cnnjobs.datasets.group_splits import group_folds, group_holdout, numbered
from cnnjobs.datasets.splits import check_folds, holdout, kfold
from cnnjobs.datasets.training_rows import TrainingRows
from cnnjobs.errors import SpecError

SEEDS = range(60)


def made_up(seed):
    """Labels and groups: few or many groups, some large, each of one class or of several."""
    random = np.random.RandomState(seed)
    count, classes = random.randint(12, 80), random.randint(2, 6)
    shares = random.dirichlet(np.full(classes, 2.0))
    sizes = np.minimum(np.ceil(random.pareto(1.5, count) * 5 + 1), 150).astype(int)
    if random.rand() < 0.5:
        labels = np.repeat(random.choice(classes, count, p=shares), sizes)
    else:
        labels = np.concatenate([random.choice(classes, size, p=random.dirichlet(3 * shares)) for size in sizes])
    order = random.permutation(len(labels))
    return numbered(labels[order]), np.repeat(np.arange(count), sizes)[order].astype(np.int32)


def deviations(labels, fold_of_row, folds):
    """SD over folds of their shares of each class, mean over the classes; SD of their shares of all rows."""
    counts = np.array([np.bincount(labels[fold_of_row == fold], minlength=labels.max() + 1) for fold in range(folds)])
    return (counts / counts.sum(axis=0)).std(axis=0).mean(), (counts.sum(axis=1) / len(labels)).std()


def scikit_learns(splitter, labels, groups):
    fold_of_row = np.empty(len(labels), int)
    for fold, (_, validation) in enumerate(splitter.split(labels, labels, groups)):
        fold_of_row[validation] = fold
    return fold_of_row


@pytest.mark.parametrize("stratify", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_no_group_is_on_both_sides_and_every_row_on_one(seed, stratify):
    labels, groups = made_up(seed)
    kept, taken = group_holdout(labels, groups, round(0.2 * len(labels)), seed, stratify=stratify)
    assert sorted([*kept, *taken]) == list(range(len(labels)))
    assert len(kept)
    assert len(taken)
    assert not {*groups[kept]} & {*groups[taken]}
    fold_of_row = group_folds(labels, groups, 5, seed, stratify=stratify)
    assert all(len({*fold_of_row[groups == group]}) == 1 for group in np.unique(groups))
    assert {*fold_of_row} == set(range(5)), "no fold is empty"


def test_a_hold_out_has_its_share_of_rows_and_of_each_class_as_nearly_as_groups_allow():
    """Rows within the largest group in every case, classes to 0.06 of them in the mean."""
    classes = []
    for seed in SEEDS:
        labels, groups = made_up(seed)
        _, taken = group_holdout(labels, groups, round(0.2 * len(labels)), seed)
        assert abs(len(taken) - 0.2 * len(labels)) <= np.bincount(groups).max()
        held, every = np.bincount(labels[taken], minlength=labels.max() + 1), np.bincount(labels)
        classes.append(np.abs(held / every - 0.2).mean())
    assert np.mean(classes) < 0.06


def test_folds_are_as_even_as_those_of_scikit_learn():
    """On 300 made-up data sets: classes as even as StratifiedGroupKFold's, sizes as GroupKFold's to a hundredth."""
    ours, theirs, plain, plain_theirs = [], [], [], []
    for seed in range(300):
        labels, groups = made_up(seed)
        if np.bincount(labels).min() < 5:
            continue
        stratified = StratifiedGroupKFold(5, shuffle=True, random_state=seed)
        ours.append(deviations(labels, group_folds(labels, groups, 5, seed), 5))
        theirs.append(deviations(labels, scikit_learns(stratified, labels, groups), 5))
        plain.append(deviations(labels, group_folds(labels, groups, 5, seed, stratify=False), 5)[1])
        plain_theirs.append(deviations(labels, scikit_learns(GroupKFold(5), labels, groups), 5)[1])
    assert len(ours) > 250
    (by_class, size), (their_class, their_size) = np.mean(ours, axis=0), np.mean(theirs, axis=0)
    assert by_class <= 1.02 * their_class
    assert size <= 1.02 * their_size
    assert np.mean(plain) <= np.mean(plain_theirs) + 0.01


def test_every_group_validates_about_as_often_and_folds_differ_from_repeat_to_repeat():
    labels, groups = made_up(7)
    often, partitions = np.zeros(groups.max() + 1), set()
    for seed in range(300):
        _, taken = group_holdout(labels, groups, round(0.2 * len(labels)), seed)
        often[np.unique(groups[taken])] += 1 / 300
        partitions.add(tuple(numbered(group_folds(labels, groups, 5, seed))))
    assert often.min() > 0.08
    assert often.max() < 0.4
    assert len(partitions) == 300


def test_seeds_decide_and_names_of_groups_do_not():
    labels, groups = made_up(3)
    names = np.array([f"patient {997 * group % 1013}" for group in groups.tolist()])
    assert (holdout(labels, 0.2, 1, groups=numbered(names))[1] == holdout(labels, 0.2, 1, groups=groups)[1]).all()
    first, same, other = (kfold(labels, 2, 1, seed, groups=groups)[1].tolist() for seed in (1, 1, 2))
    assert first == same
    assert first != other


def test_the_rows_are_the_same_for_ever():
    """A hold-out that moved with a version of a library would silently make other trials of the same identity."""
    groups = np.repeat(np.arange(8, dtype=np.int32), [3, 1, 2, 4, 1, 2, 3, 2])
    labels = (groups % 3 == 0).astype(np.int32)
    assert holdout(labels, 0.3, 5, groups=groups)[1].tolist() == [0, 1, 2, 10, 16, 17]
    assert [group_folds(labels, groups, 3, 5)[groups == group][0] for group in range(8)] == [1, 2, 2, 0, 1, 0, 2, 1]


@pytest.mark.parametrize("seed", range(20))
def test_each_class_with_several_groups_is_on_both_sides(seed):
    """Also a class in two large groups, each more than the share."""
    groups = np.repeat(np.arange(12, dtype=np.int32), [30, 30, *[10] * 10])
    labels = np.repeat(np.array([1, 1, *[0] * 10], np.int32), [30, 30, *[10] * 10])
    kept, taken = group_holdout(labels, groups, 32, seed)
    assert {*labels[kept]} == {*labels[taken]} == {0, 1}


def test_a_class_in_one_group_is_always_trained():
    groups = np.repeat(np.arange(6, dtype=np.int32), 5)
    labels = np.where(groups == 4, 1, 0).astype(np.int32)
    for seed in range(30):
        assert 4 not in groups[holdout(labels, 0.3, seed, groups=groups)[1]]


def test_a_group_with_most_rows_is_trained_on():
    groups = np.array([0] * 90 + [1] * 6 + [2] * 4, np.int32)
    labels = np.resize(np.arange(2, dtype=np.int32), 100)
    for seed in range(10):
        kept, taken = holdout(labels, 0.2, seed, groups=groups)
        assert {*groups[kept]} >= {0}
        assert 0 < len(taken) <= 10


@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.99])
def test_two_groups_leave_one_on_each_side(fraction):
    groups = np.repeat(np.arange(2, dtype=np.int32), 50)
    labels = np.resize(np.arange(2, dtype=np.int32), 100)
    kept, taken = holdout(labels, fraction, 0, groups=groups)
    assert len(kept) == len(taken) == 50


@pytest.mark.parametrize(
    ("groups", "stratify", "said"),
    [
        (np.zeros(20, np.int32), True, "all pictures are of one group, which cannot be divided. Use `validation=None`"),
        (np.resize(np.arange(2, dtype=np.int32), 20), True, "each of the 2 groups has a class that no other group has"),
    ],
)
def test_groups_that_cannot_be_held_out_are_refused(groups, stratify, said):
    with pytest.raises(SpecError, match=said):
        holdout(np.resize(np.arange(2, dtype=np.int32), 20), 0.2, 0, stratify=stratify, groups=groups)


def test_groups_that_are_classes_can_be_held_out_where_that_is_asked_for():
    groups = np.resize(np.arange(2, dtype=np.int32), 20)
    _, taken = holdout(groups, 0.2, 0, stratify=False, groups=groups)
    assert len(taken) == 10


def test_more_folds_than_groups_are_refused():
    labels, groups = np.resize(np.arange(2, dtype=np.int32), 40), np.repeat(np.arange(4, dtype=np.int32), 10)
    with pytest.raises(SpecError, match=r"number of groups of training images, 4\. Received: folds=5\. Use `folds=4`"):
        check_folds(labels, 5, stratify=False, groups=groups)
    with pytest.raises(SpecError, match=r"images, 1\. Received: folds=5\. Use another `group`"):
        check_folds(labels, 5, stratify=False, groups=np.zeros(40, np.int32))


def test_more_folds_than_groups_of_a_class_are_refused_by_its_name():
    groups = np.repeat(np.arange(8, dtype=np.int32), 5)
    labels = np.where(groups < 3, 1, 0).astype(np.int32)
    said = r"Received: folds=5; 'rare' in 3\. Use `folds=3`, pictures of more groups, or `stratify=False`"
    with pytest.raises(SpecError, match=said):
        check_folds(labels, 5, stratify=True, class_names=("common", "rare"), groups=groups)
    check_folds(labels, 5, stratify=False, groups=groups)
    assert len({*group_folds(labels, groups, 5, 0, stratify=False)}) == 5


def test_groups_of_one_row_each_divide_as_no_groups_do():
    labels = np.resize(np.arange(3, dtype=np.int32), 60)
    plain, grouped = TrainingRows(labels), TrainingRows(labels, np.arange(60, dtype=np.int32))
    for one, other in zip(plain.holdout(0.2, 1, stratify=True), grouped.holdout(0.2, 1, stratify=True), strict=True):
        assert (one == other).all()
    assert (plain.fold(5, 2, 1, stratify=True)[1] == grouped.fold(5, 2, 1, stratify=True)[1]).all()
    assert grouped.group_count == 60
    assert not grouped.are_grouped
