"""Each epoch is a function of numbers: which rows, in which order, moved how, on which replica."""

import dataclasses
import itertools

import numpy as np
import pytest

from cnnjobs import Augment
from cnnjobs.planning.trials import seeds_of


def sources(rows, seeds, transforms=()):
    """Images that carry their row number, and labels that are it."""
    import tensorflow as tf

    from cnnjobs.training.epoch_images import Sources
    from cnnjobs.training.input_pipeline import fit_pixel_scaling

    images = np.zeros((rows, 8, 8, 1), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 1, 0] = np.arange(rows) // 256, np.arange(rows) % 256
    pixel_scaling = fit_pixel_scaling("unit", images, np.arange(rows))
    weights = tf.range(rows, dtype=tf.float32)
    seeded = (seeds.order, seeds.augment)
    return Sources(tf.constant(images), tf.range(rows), np.arange(rows), weights, pixel_scaling, transforms, *seeded)


def steps_of(rows, batch, replicas=1, block=4, *, epochs=1, first_epoch=0, seed=0, augment=(), replica=0):
    """Return (images, labels, row mask, sample weights, rows of the whole step) of each step that one replica sees."""
    from cnnjobs.training.input_pipeline import Layout, training_blocks

    layout = Layout(rows, batch, replicas, block)
    blocks = training_blocks(sources(rows, seeds_of(seed, 0), augment), layout, replica, first_epoch)
    steps = []
    for *columns, edges, totals, _ in blocks.take(layout.blocks * epochs).as_numpy_iterator():
        cuts = [slice(a, b) for a, b in itertools.pairwise(edges)]
        steps += [(*(column[c] for column in columns), int(n)) for c, n in zip(cuts, totals, strict=True)]
    return steps


@pytest.mark.parametrize("replicas", [1, 2, 3])
@pytest.mark.parametrize("block", [1, 5, 100])
def test_an_epoch_sees_every_row_once_with_its_own_label(worker, replicas, block):
    parts = [step for r in range(replicas) for step in steps_of(1000, 64, replicas, block, replica=r)]
    seen = np.concatenate([labels[row_mask > 0] for _, labels, row_mask, *_ in parts])
    assert sorted(seen) == list(range(1000))
    assert (seen != np.arange(1000)).any(), "shuffled"
    for images, labels, *_ in parts:
        pixels = np.round(images[:, 0, :2, 0] * 255).astype(int)
        assert (pixels[:, 0] * 256 + pixels[:, 1] == labels).all()


def test_blocks_change_nothing(worker):
    one, other = (steps_of(300, 64, block=block, epochs=2, augment=(Augment(shift=0.2),)) for block in (1, 3))
    assert len(one) == len(other) == 10
    for left, right in zip(one, other, strict=True):
        for a, b in zip(left, right, strict=True):
            assert np.array_equal(a, b)


@pytest.mark.parametrize("augment", [(), (Augment(flip="horizontal", rotation=20),)])
def test_shards_of_a_step_are_what_one_replica_would_see(worker, augment):
    one = steps_of(1000, 64, augment=augment)
    three = [steps_of(1000, 64, 3, augment=augment, replica=replica) for replica in range(3)]
    for step, (images, labels, *_, count) in enumerate(one):
        parts = [shards[step] for shards in three]
        assert (np.concatenate([part[1] for part in parts]) == labels).all()
        assert (np.concatenate([part[0] for part in parts]) == images).all(), "moved alike"
        sizes = [len(part[1]) for part in parts]
        assert max(sizes) - min(sizes) <= 1, "cut evenly"
        assert {part[-1] for part in parts} == {count}
    assert [count for *_, count in one] == [64] * 15 + [40]


def test_a_replica_without_a_row_gets_one_that_is_masked(worker):
    last = [steps_of(65, 64, 3, replica=replica)[-1] for replica in range(3)]
    assert [len(labels) for _, labels, *_ in last] == [1, 1, 1]
    assert [float(row_mask.sum()) for _, _, row_mask, *_ in last] == [0, 0, 1]
    assert [count for *_, count in last] == [1, 1, 1]


@pytest.mark.parametrize("replicas", [1, 3])
def test_each_row_brings_its_own_sample_weight_whether_it_is_masked_or_not(worker, replicas):
    parts = [step for r in range(replicas) for step in steps_of(65, 64, replicas, epochs=2, replica=r)]
    for _, labels, row_mask, sample_weights, _ in parts:
        assert (sample_weights == labels).all(), "the weight of row r is r here"
        assert set(row_mask) <= {0, 1}, "no weight is in the mask"


@pytest.mark.parametrize("image_shape", [(8, 8, 1), (32, 32, 3), (96, 96, 3), (1000, 1000, 3)])
def test_blocks_are_of_bounded_size(worker, image_shape):
    from cnnjobs.training.input_pipeline import BLOCK_BYTES, BLOCK_STEPS, lay_out

    layout = lay_out(5000, 32, 1, image_shape)
    assert 1 <= layout.block <= BLOCK_STEPS
    assert layout.block == 1 or layout.block * 32 * 4 * np.prod(image_shape) <= BLOCK_BYTES
    assert sum(layout.images_in(block, 1) for block in range(layout.blocks)) == 5000


def test_orders_of_epochs_and_of_seeds_have_nothing_in_common(worker):
    """Seeds that differ only in a high bit, and successive epochs of many rows, are where a weak shuffle fails."""
    from cnnjobs.training.input_pipeline import Layout, training_blocks

    rows, found = 50_000, []
    for seed in (5, 5 + 256, 5 + 2**30):
        seeds = dataclasses.replace(seeds_of(0, 0), order=seed)
        blocks = training_blocks(sources(rows, seeds), Layout(rows, rows, 1, 1), 0)
        found += [labels for _, labels, *_ in blocks.take(3).as_numpy_iterator()]
    assert (np.sort(found, axis=1) == np.arange(rows)).all()
    correlation = np.corrcoef(np.vstack([*found, np.arange(rows)]))
    assert np.abs(correlation - np.eye(10)).max() < 0.03, "chance is about 0.005"


def test_epochs_differ_and_a_run_that_continues_sees_the_same_epochs(worker):
    two = steps_of(200, 64, epochs=3, augment=(Augment(shift=0.2),))
    assert (two[0][1] != two[4][1]).any()
    for before, after in zip(
        two[4:], steps_of(200, 64, epochs=2, first_epoch=1, augment=(Augment(shift=0.2),)), strict=True
    ):
        assert (before[0] == after[0]).all()
        assert (before[1] == after[1]).all()


def scaled(images, rows):
    from cnnjobs.training.input_pipeline import fit_pixel_scaling

    values = images[rows].astype(np.float32)
    return [fit_pixel_scaling(name, images, rows)(values) for name in ("unit", "center", "standardize")]


def test_scaling_uses_the_training_rows_only(worker):
    images = np.random.RandomState(0).randint(0, 100, (50, 4, 4, 3)).astype(np.uint8)
    images[40:] = 255
    rows = np.arange(40)
    unit, center, standard = scaled(images, rows)
    assert unit.max() == pytest.approx(images[rows].max() / 255)
    assert center.mean(axis=(0, 1, 2)) == pytest.approx([0, 0, 0], abs=1e-6)
    assert standard.std(axis=(0, 1, 2)) == pytest.approx([1, 1, 1], abs=1e-5)
    assert (unit - center).std(axis=(0, 1, 2)) == pytest.approx([0, 0, 0], abs=1e-5)


def test_a_constant_channel_does_not_divide_by_zero(worker):
    assert np.isfinite(scaled(np.full((4, 2, 2, 1), 7, np.uint8), np.arange(4))[2]).all()


def test_no_thread_tunes_a_pipeline_whose_sizes_are_given(worker):
    """Such a thread ends late, so that a trial of a second waits half a second for it now and then."""
    from cnnjobs.training.input_pipeline import Layout, training_blocks

    blocks = training_blocks(sources(8, seeds_of(0, 0)), Layout(8, 4, 1, 1), 0)
    assert blocks.options().autotune.enabled is False
