"""MixUp and CutMix: which images are mixed with which, what becomes of their labels, and what is trained on them."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from support.training_runs import AUGMENT, BUNDLED, outcome, plain, trial_of

from cnnjobs import SGD, Augment, CrossEntropy, CutMix, MixUp, custom
from cnnjobs.planning.rows import split_rows

EITHER = (AUGMENT, MixUp(alpha=1, probability=0.5), CutMix(probability=0.4))
"""Every tenth image or so is not mixed."""

EPOCHS = 2


def blocks_of(data, trial, *, replica=0, replicas=1, block=None, epochs=1):
    """The blocks of the first epochs, by the pipeline that trains."""
    import tensorflow as tf

    from cnnjobs.training.input_pipeline import Pipeline, fit_pixel_scaling, lay_out

    spec = trial.spec
    rows, _ = split_rows(data.training_rows, trial)
    layout = lay_out(len(rows), spec.batch_size, replicas, data.image_shape)
    layout = layout if block is None else replace(layout, block=block)
    scaling = fit_pixel_scaling(spec.scaling, data.x_train, rows)
    arrays = (tf.constant(data.x_train), tf.constant(data.y_train))
    pipeline = Pipeline(*arrays, layout, spec.transforms, spec.mixings)
    blocks = pipeline.iterators(rows, np.ones(len(data.y_train), np.float32), scaling, trial.seeds)[replica]
    return [next(blocks) for _ in range(layout.blocks * epochs)]


def joined(blocks):
    """Images, labels, labels of partners and shares of the rows that exist, one after the other."""
    kept = [block.row_mask.numpy() > 0 for block in blocks]
    columns = [(block.images, block.labels, *block.mixed) for block in blocks]
    return [
        np.concatenate([one[index].numpy()[there] for one, there in zip(columns, kept, strict=True)])
        for index in range(4)
    ]


def replayed(data, trial, epoch):
    """The same of one epoch: each image transformed by itself, then mixed by NumPy."""
    import tensorflow as tf

    from cnnjobs.training.augmentation.mixing import draw_mix
    from cnnjobs.training.augmentation.transforms import apply_drawn, draw_epoch
    from cnnjobs.training.epoch_images import draw_order
    from cnnjobs.training.input_pipeline import fit_pixel_scaling

    spec, seeds = trial.spec, trial.seeds
    rows, _ = split_rows(data.training_rows, trial)
    order = draw_order(tf.constant(rows), tf.constant(seeds.order), epoch).numpy()
    augment = tf.constant(seeds.augment)
    drawn = draw_epoch(spec.transforms, len(rows), data.image_shape[:2], augment, epoch)
    mix = draw_mix(spec.mixings, len(rows), data.image_shape[:2], augment, epoch)
    partners, shares, blends, boxes = (part.numpy() for part in mix)
    each = [
        apply_drawn(spec.transforms, tf.constant(data.x_train[[row]], tf.float32), [d[[i]] for d in drawn], 255.0)
        for drawn in [[part.numpy() for part in drawn]]
        for i, row in enumerate(order)
    ]
    images = np.concatenate(each)
    mixed = np.empty_like(images)
    for place, (partner, blend, (top, bottom, left, right)) in enumerate(zip(partners, blends, boxes, strict=True)):
        mixed[place] = blend * images[place] + (1 - blend) * images[partner]
        mixed[place, top:bottom, left:right] = images[partner, top:bottom, left:right]
    labels = data.y_train[order]
    scaling = fit_pixel_scaling(spec.scaling, data.x_train, rows)
    return scaling(mixed), labels, labels[partners], shares


@pytest.fixture(scope="module")
def few(digits):
    """129 rows: the last step of 64 has a single one."""
    return replace(digits, x_train=digits.x_train[:129], y_train=digits.y_train[:129])


@pytest.fixture(scope="module")
def trial():
    return trial_of(plain(BUNDLED["mlp"], augment=EITHER, scaling="standardize"), validation="test")


def test_an_epoch_is_what_a_replay_of_its_draws_gives(worker, few, trial):
    blocks = blocks_of(few, trial, epochs=2)
    found = joined(blocks)
    expected = [np.concatenate(parts) for parts in zip(*(replayed(few, trial, epoch) for epoch in (0, 1)), strict=True)]
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.shape == theirs.shape
        assert mine == pytest.approx(theirs, abs=1e-4)
    shares = found[-1]
    assert 0.05 * 258 < (shares == 1).sum() < 0.25 * 258, "some are not mixed, or their box is empty"
    assert (found[0][:129] != found[0][129:]).any(), "epochs differ"


@pytest.mark.parametrize(("replicas", "block"), [(1, 100), (2, 2), (3, 1)])
def test_neither_blocks_nor_replicas_change_what_is_mixed(worker, few, trial, replicas, block):
    whole = joined(blocks_of(few, trial, block=1))
    steps = [joined(blocks_of(few, trial, block=block, replicas=replicas, replica=one)) for one in range(replicas)]
    parts = [np.concatenate(columns) for columns in zip(*steps, strict=True)]

    def sorted_rows(columns):
        flat = np.column_stack([columns[0].reshape(len(columns[0]), -1), *columns[1:]])
        return flat[np.lexsort(flat.T)]

    assert (sorted_rows(parts) == sorted_rows(whole)).all()


def test_images_that_are_not_mixed_are_those_without_mixing(worker, few, trial):
    plainly = [
        blocks.images.numpy() for blocks in blocks_of(few, trial_of(trial.spec.but(augment=AUGMENT), validation="test"))
    ]
    images, _, _, shares = joined(blocks_of(few, trial))
    assert 0 < (shares == 1).sum() < len(shares)
    assert (images[shares == 1] == np.concatenate(plainly)[shares == 1]).all(), "to the bit"


def drawn(*mixings, count=20_000, size=(32, 24), epoch=0):
    from cnnjobs.training.augmentation.mixing import draw_mix

    return [part.numpy() for part in draw_mix(mixings, count, size, 5, epoch)]


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1, 3, 1000])
def test_shares_are_from_the_beta_distribution(worker, alpha):
    """Below one half, where floats are dense; a share of nearly 1 is rounded to it."""
    _, shares, blends, boxes = drawn(MixUp(alpha=alpha))
    assert (shares == blends).all()
    assert not boxes.any()
    lower = shares[shares < 0.5]
    assert stats.binomtest(len(lower), len(shares)).pvalue > 1e-3
    assert stats.kstest(lower, lambda x: 2 * stats.beta.cdf(x, alpha, alpha)).pvalue > 1e-3
    assert np.isfinite(shares).all()


def test_the_smallest_alpha_gives_one_image_or_the_other(worker):
    _, shares, *_ = drawn(MixUp(alpha=1e-6))
    assert np.minimum(shares, 1 - shares).max() < 1e-3
    assert 0.45 < shares.mean() < 0.55


def test_a_box_has_the_pixels_that_are_not_of_the_images_share(worker):
    _, shares, blends, boxes = drawn(CutMix())
    top, bottom, left, right = boxes.T
    assert (blends == 1).all()
    assert ((top >= 0) & (top <= bottom) & (bottom <= 32) & (left >= 0) & (left <= right) & (right <= 24)).all()
    assert 1 - shares == pytest.approx((bottom - top) * (right - left) / (32 * 24), abs=1e-6)
    inside = (top > 0) & (bottom < 32) & (left > 0) & (right < 24)
    heights, widths = (bottom - top)[inside] / 32, (right - left)[inside] / 24
    assert np.abs(heights - widths).max() <= 1 / 24 + 1e-6, "the shape of the image"
    full = (bottom - top == 32) & (right - left == 24)
    assert full.mean() < 0.01
    middle = ((top + bottom) / 2)[inside]
    assert abs(middle.mean() - 16) < 0.5


def test_an_image_is_once_a_partner_and_partners_change_with_the_epoch(worker):
    partners, *_ = drawn(MixUp())
    assert sorted(partners) == list(range(20_000))
    assert (partners != drawn(MixUp(), epoch=1)[0]).mean() > 0.99
    assert abs(np.corrcoef(partners, np.arange(20_000))[0, 1]) < 0.03


def test_each_image_is_mixed_in_one_way_with_its_probability(worker):
    alone, both = drawn(MixUp(probability=0.3)), drawn(MixUp(probability=0.3), CutMix(probability=0.6))
    places = np.arange(20_000)
    blended, boxed = both[2] < 1, both[3].any(axis=1)
    assert not (blended & boxed).any()
    assert blended.mean() == pytest.approx(0.3, abs=0.02)
    assert boxed.mean() == pytest.approx(0.6, abs=0.02)
    assert (both[0] == places)[~blended & ~boxed & (both[1] == 1)].mean() > 0.8, "their own partners"
    assert (both[2] == alone[2]).all(), "one leaves the draws of the other alone"
    assert (drawn(CutMix(probability=0.6), MixUp(probability=0.3))[3] == both[3]).all()
    assert (drawn(CutMix(probability=0.6))[3] == both[3]).all()


# --- training --------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*shuffle=True.*")
@pytest.mark.parametrize("smoothing", [0, 0.2])
def test_weights_are_those_of_fit_on_the_same_images_and_soft_labels(worker, smoothing):
    import keras
    import tensorflow as tf

    from cnnjobs.models.networks import build_model

    variant = plain(BUNDLED["small_cnn"], epochs=EPOCHS, augment=EITHER, batch_size=100, optimizer=SGD(0.05))
    variant = variant.but(loss=CrossEntropy(label_smoothing=smoothing))
    trial = trial_of(variant)
    found = outcome(worker, trial)
    ours = worker.train_graph.model.get_weights()
    batches = []
    for block in blocks_of(worker.dataset, trial, epochs=EPOCHS):
        labels, others, shares = (one.numpy() for one in (block.labels, *block.mixed))
        soft = shares[:, None] * np.eye(10)[labels] + (1 - shares)[:, None] * np.eye(10)[others]
        cuts = itertools.pairwise(block.edges.numpy())
        batches += [(block.images[a:b], soft[a:b].astype(np.float32)) for a, b in cuts]
    keras.utils.set_random_seed(trial.seeds.init)
    model = build_model(variant.network, (8, 8, 1), 10)
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    model.compile(keras.optimizers.SGD(0.05), loss)
    shapes = (tf.TensorSpec([None, 8, 8, 1]), tf.TensorSpec([None, 10]))
    data = tf.data.Dataset.from_generator(lambda: batches, output_signature=shapes)
    history = model.fit(data, epochs=EPOCHS, steps_per_epoch=len(batches) // EPOCHS, shuffle=False, verbose=0).history
    for mine, theirs in zip(ours, model.get_weights(), strict=True):
        assert np.abs(mine - theirs).max() < 1e-5
    assert found["objective"] == pytest.approx(history["loss"], rel=1e-5)
    assert (found["loss"] == pytest.approx(history["loss"], rel=1e-5)) == (smoothing == 0)


def constant(input_shape, classes, *, always):
    import keras

    bias = keras.initializers.Constant([4.0 if each == always else 0.0 for each in range(classes)])
    dense = keras.layers.Dense(classes, kernel_initializer="zeros", bias_initializer=bias, activation="softmax")
    return keras.Sequential([keras.Input(input_shape), keras.layers.Flatten(), dense])


def test_metrics_of_mixed_rows_count_both_labels_by_their_shares(worker, few):
    """A network that gives every image the same probabilities, and does not learn."""
    from cnnjobs.training.trial import TrialWorker

    variant = plain(custom(constant, always=3), augment=EITHER, epochs=1, optimizer=SGD(1e-30))
    trial = trial_of(variant, validation="test")
    found = outcome(TrialWorker(few, cpus=1, gpus=0, replicas=1), trial)
    _, labels, others, shares = joined(blocks_of(few, trial))
    probabilities = np.exp(np.where(np.arange(10) == 3, 4.0, 0.0))
    probabilities /= probabilities.sum()
    soft = shares[:, None] * np.eye(10)[labels] + (1 - shares)[:, None] * np.eye(10)[others]
    assert found["accuracy"] == pytest.approx([soft[:, 3].mean()])
    assert found["loss"] == pytest.approx([-(soft * np.log(probabilities)).sum(axis=1).mean()])
    assert found["mse"] == pytest.approx([((soft - probabilities) ** 2).mean()])


def test_half_precision_and_xla_follow_the_plain_graph(worker):
    variant = plain(BUNDLED["mlp"], augment=EITHER, epochs=1, batch_size=300)
    full = outcome(worker, trial_of(variant))
    for settings, tolerance in [({"xla": True}, 1e-4), ({"precision": "float16"}, 0.02)]:
        found = outcome(worker, trial_of(variant.but(**settings)))
        assert found["loss"] == pytest.approx(full["loss"], rel=tolerance), settings


def test_one_training_row_is_mixed_with_itself(worker, digits):
    from cnnjobs.training.trial import TrialWorker

    single = replace(digits, x_train=digits.x_train[:1], y_train=digits.y_train[:1])
    variant = plain(BUNDLED["mlp"], augment=MixUp(), batch_size=1)
    trial = trial_of(variant, validation="test")
    found = outcome(TrialWorker(single, cpus=1, gpus=0, replicas=1), trial)
    plainly = outcome(
        TrialWorker(single, cpus=1, gpus=0, replicas=1), trial_of(variant.but(augment=None), validation="test")
    )
    assert found["loss"] == pytest.approx(plainly["loss"], rel=1e-5)
    assert found["accuracy"] == pytest.approx(plainly["accuracy"])


def test_images_on_a_disk_are_mixed_to_the_same_bits(worker, digits, tmp_path):
    from support.datasets import stored
    from support.training_runs import same

    from cnnjobs.training.trial import TrialWorker

    trial = trial_of(plain(BUNDLED["mlp"], augment=(Augment(shift=0.1), *EITHER[1:])))
    fetching = TrialWorker(stored(digits, tmp_path / "images.bin"), cpus=1, gpus=0, replicas=1)
    assert same(outcome(fetching, trial), outcome(worker, trial))
