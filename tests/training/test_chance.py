"""Each source of chance decides one thing, and nothing else does."""

import numpy as np
import pytest
from support.training_runs import AUGMENT, everything, trials_of

from cnnjobs import vgg
from cnnjobs.spec import SOURCES

VARIANT = everything(vgg(blocks=1, filters=4, dense=8, dropout=0.5), augment=AUGMENT)


@pytest.fixture(scope="module")
def train_graph(worker):
    """The network of these trials."""
    import tensorflow as tf

    from cnnjobs.training.devices import make_strategy
    from cnnjobs.training.train_graph import TrainGraph

    images = tf.TensorSpec([None, 8, 8, 1], tf.uint8)
    return TrainGraph(make_strategy(1, 0, 1), VARIANT, images, 10, trials_of(VARIANT)[0].seeds)


def fingerprints(digits, train_graph, trial):
    """What each source of chance decides of a trial, seen without the others."""
    import tensorflow as tf

    from cnnjobs.planning.rows import split_rows
    from cnnjobs.training.augmentation.affine import draw_transforms
    from cnnjobs.training.devices import make_strategy
    from cnnjobs.training.epoch_images import Sources
    from cnnjobs.training.input_pipeline import Layout, PixelScaling, training_blocks

    rows, _ = split_rows(digits.training_rows, trial)
    train_graph.restart(trial.seeds)
    weights = [value for value in train_graph.variables() if value.dtype == np.float32]
    dropout = next(layer for layer in train_graph.model.layers if hasattr(layer, "rate"))
    masked = make_strategy(1, 0, 1).run(lambda: dropout(tf.ones([1, 200]), training=True)).numpy()
    pixel_scaling = PixelScaling(np.ones(1, np.float32), np.zeros(1, np.float32))
    fixed = np.arange(64)
    images = tf.constant(np.random.RandomState(0).randint(0, 255, (64, 8, 8, 1)).astype(np.uint8))
    seeds = (trial.seeds.order, trial.seeds.augment)
    sources = Sources(images, tf.range(64), fixed, tf.ones(64), pixel_scaling, trial.spec.transforms, *seeds)
    _, labels, *_ = next(iter(training_blocks(sources, Layout(64, 64, 1, 1), 0)))
    return {
        "split": rows,
        "init": np.concatenate([value.ravel() for value in weights]),
        "order": labels.numpy(),
        "augment": draw_transforms(trial.spec.augment, 16, 8, 8, [trial.seeds.augment, 0]).numpy(),
        "dropout": masked,
    }


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_that_varies_alone_changes_only_what_is_its_own(digits, train_graph, source):
    one, other = (fingerprints(digits, train_graph, trial) for trial in trials_of(VARIANT, vary=(source,)))
    changed = {name for name in SOURCES if not np.array_equal(one[name], other[name])}
    assert changed == {source}


def first_batch(digits, trial):
    import tensorflow as tf

    from cnnjobs.planning.rows import split_rows
    from cnnjobs.training.input_pipeline import Pipeline, fit_pixel_scaling, lay_out

    rows, _ = split_rows(digits.training_rows, trial)
    pixel_scaling = fit_pixel_scaling(trial.spec.scaling, digits.x_train, rows)
    layout = lay_out(len(rows), trial.spec.batch_size, 1, digits.image_shape)
    pipeline = Pipeline(tf.constant(digits.x_train), tf.constant(digits.y_train), layout, trial.spec.transforms)
    return next(pipeline.iterators(rows, np.ones(len(digits.y_train), np.float32), pixel_scaling, trial.seeds)[0])[
        0
    ].numpy()


@pytest.mark.parametrize(("source", "same"), [("init", True), ("dropout", True), ("order", False), ("augment", False)])
def test_the_first_batch_of_a_trial_depends_on_order_and_augmentation_alone(digits, source, same):
    one, other = (first_batch(digits, trial) for trial in trials_of(VARIANT, vary=(source,)))
    assert np.array_equal(one, other) == same


def test_nothing_varies_when_all_sources_are_frozen(worker):
    from support.training_runs import outcome
    from support.training_runs import same as equal

    one, other = trials_of(VARIANT.but(epochs=1), vary=())
    assert one.trial_id != other.trial_id
    assert equal(outcome(worker, one), outcome(worker, other))
