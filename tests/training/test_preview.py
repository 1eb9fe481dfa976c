"""What `show` draws of augmentation is what training sees."""

import numpy as np
import pytest

from cnnjobs import Augment, CutMix, Job, MixUp, Variant, vgg
from cnnjobs.planning.rows import split_rows
from cnnjobs.planning.trials import make_plan

MOVED = Variant(
    model=vgg(blocks=1), augment=Augment(flip="horizontal", shift=0.2, rotation=20, zoom=0.1), batch_size=50
)


def first_trial(digits, **settings):
    job = Job(name="job", dataset="digits", variants={"moved": MOVED}, **settings)
    return make_plan(job, digits.fingerprint).trials[0]


@pytest.mark.parametrize("settings", [{}, {"folds": 3}, {"validation": "test"}], ids=str)
def test_versions_are_those_that_the_epochs_train_on(digits, settings):
    import tensorflow as tf

    from cnnjobs.training.input_pipeline import Pipeline, fit_pixel_scaling, lay_out
    from cnnjobs.training.preview import epoch_versions

    trial = first_trial(digits, **settings)
    rows, versions, mixes = epoch_versions(digits, trial, count=4, epochs=2)
    assert mixes == [[""] * 2] * 4
    assert versions.shape == (4, 2, 8, 8, 1)
    trained, _ = split_rows(digits.training_rows, trial)
    layout = lay_out(len(trained), 50, 1, digits.image_shape)
    # labels that are row numbers tell which image of a block is which
    numbers = tf.range(len(digits.y_train))
    pixel_scaling = fit_pixel_scaling("unit", digits.x_train, trained)
    pipeline = Pipeline(tf.constant(digits.x_train), numbers, layout, MOVED.transforms)
    (blocks,) = pipeline.iterators(trained, np.ones(len(numbers), np.float32), pixel_scaling, trial.seeds)
    for epoch in range(2):
        parts = [next(blocks)[:2] for _ in range(layout.blocks)]
        images, seen = (np.concatenate([part[index].numpy() for part in parts]) for index in (0, 1))
        for place, row in enumerate(rows):
            expected = np.round(images[seen == row][0] * 255)
            assert np.abs(expected - versions[place, epoch]).max() <= 1


def test_mixed_versions_say_with_what(digits):
    import tensorflow as tf

    from cnnjobs.training.input_pipeline import Pipeline, fit_pixel_scaling, lay_out
    from cnnjobs.training.preview import epoch_versions

    mixed = MOVED.but(augment=(Augment(shift=0.1), MixUp(alpha=1, probability=0.5), CutMix(probability=0.3)))
    job = Job(name="job", dataset="digits", variants={"mixed": mixed})
    trial = make_plan(job, digits.fingerprint).trials[0]
    rows, versions, mixes = epoch_versions(digits, trial, count=20, epochs=1)
    trained, _ = split_rows(digits.training_rows, trial)
    layout = lay_out(len(trained), 50, 1, digits.image_shape)
    pixel_scaling = fit_pixel_scaling("unit", digits.x_train, trained)
    numbers = tf.range(len(digits.y_train))
    pipeline = Pipeline(tf.constant(digits.x_train), numbers, layout, mixed.transforms, mixed.mixings)
    (blocks,) = pipeline.iterators(trained, np.ones(len(numbers), np.float32), pixel_scaling, trial.seeds)
    parts = [next(blocks) for _ in range(layout.blocks)]
    images, seen, partners, shares = (
        np.concatenate(column) for column in zip(*((one.images, one.labels, *one.mixed) for one in parts), strict=True)
    )
    said = set()
    for place, row in enumerate(rows):
        (at,) = np.flatnonzero(seen == row)
        assert np.abs(np.round(images[at] * 255) - versions[place, 0]).max() <= 1
        share, name = round(100 * float(shares[at])), digits.class_names[digits.y_train[partners[at]]]
        assert mixes[place] == ["" if shares[at] == 1 else f"{share}% + {100 - share}% of {name}"]
        said.add(bool(mixes[place][0]))
    assert said == {True, False}


def test_versions_of_one_picture_differ(digits):
    from cnnjobs.training.preview import epoch_versions

    _, versions, _ = epoch_versions(digits, first_trial(digits), count=1, epochs=3)
    assert versions.dtype == np.uint8
    assert len(np.unique(versions[0].reshape(3, -1), axis=0)) == 3
