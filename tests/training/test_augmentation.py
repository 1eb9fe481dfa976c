"""Augmentation moves pixels where it says, each image by its own draw."""

import numpy as np
import pytest

from cnnjobs import Augment

SIZE = 9


def moved(augment, image, count=64, seed=(1, 2)):
    import tensorflow as tf

    from cnnjobs.training.augmentation.affine import apply_transforms, draw_transforms

    transforms = draw_transforms(augment, count, *image.shape[:2], list(seed))
    images = tf.constant(np.repeat(image[None].astype(np.float32), count, axis=0))
    return apply_transforms(images, transforms, augment.fill).numpy()


@pytest.fixture
def image():
    return np.random.RandomState(0).uniform(0, 255, (SIZE, SIZE, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("flip", "expected"),
    [
        ("horizontal", [lambda x: x, lambda x: x[:, ::-1]]),
        ("vertical", [lambda x: x, lambda x: x[::-1]]),
        ("both", [lambda x: x, lambda x: x[:, ::-1], lambda x: x[::-1], lambda x: x[::-1, ::-1]]),
    ],
)
def test_flips_mirror_about_half_of_the_images(image, flip, expected):
    results = moved(Augment(flip=flip), image, count=400)
    counts = [sum(np.allclose(result, make(image), atol=1e-3) for result in results) for make in expected]
    assert sum(counts) == 400
    assert min(counts) > 0.7 * 400 / len(expected)


def centre_of(image):
    """Centre of mass, (row, column)."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(rows * image).sum(), (columns * image).sum()]) / image.sum()


def dot(row, column, size=41):
    image = np.zeros((size, size, 1), np.float32)
    image[row - 1 : row + 2, column - 1 : column + 2] = 1
    return image


def offsets(augment, image, **options):
    start = centre_of(image[..., 0])
    return np.array([centre_of(result[..., 0]) - start for result in moved(augment, image, count=300, **options)])


def test_shifts_stay_within_the_fraction_and_go_every_way():
    found = offsets(Augment(shift=0.1), dot(20, 20))
    assert np.abs(found).max() <= 4.1 + 0.05
    assert np.abs(found).max() > 3.5
    assert np.abs(found.mean(axis=0)).max() < 0.5
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.2, "height and width are drawn separately"


def test_rotation_turns_by_at_most_the_angle_about_the_centre():
    found = offsets(Augment(rotation=30, fill="constant"), dot(20, 35)) + np.array([0, 15])
    radius = np.hypot(*found.T)
    angle = np.degrees(np.arctan2(found[:, 0], found[:, 1]))
    assert radius == pytest.approx(np.full(300, 15), abs=0.3)
    assert 27 < np.abs(angle).max() <= 30.5
    assert abs(angle.mean()) < 3


def test_zoom_changes_distances_from_the_centre_by_at_most_the_factor():
    found = offsets(Augment(zoom=0.2, fill="constant"), dot(20, 32)) + np.array([0, 12])
    scale = 12 / found[:, 1]
    assert 0.8 - 0.02 <= scale.min() < 0.85
    assert 1.15 < scale.max() <= 1.2 + 0.02


def test_shear_moves_rows_sideways_in_proportion_to_their_height():
    found = offsets(Augment(shear=30, fill="constant"), dot(32, 20))
    assert np.abs(found[:, 1]).max() > 4
    assert abs(found[:, 1].mean()) < 1


@pytest.mark.parametrize(("fill", "expected"), [("nearest", 5.0), ("constant", 0.0), ("reflect", 5.0), ("wrap", 5.0)])
def test_what_lies_beyond_the_border_is_filled(fill, expected):
    flat = np.full((SIZE, SIZE, 1), 5, np.float32)
    assert moved(Augment(shift=0.5, fill=fill), flat).min() == pytest.approx(expected, abs=1e-4)


def test_equal_seeds_move_alike_and_others_do_not(image):
    one, same, other = (moved(Augment(shift=0.2), image, seed=seed) for seed in ((1, 2), (1, 2), (1, 3)))
    assert (one == same).all()
    assert (one != other).any()
    assert (one[0] != one[1]).any(), "each image draws its own"


def test_changing_one_range_leaves_the_other_draws_alone(image):
    from cnnjobs.training.augmentation.affine import draw_transforms

    alone = draw_transforms(Augment(shift=0.1), 8, SIZE, SIZE, [1, 2]).numpy()
    with_flip = draw_transforms(Augment(shift=0.1, flip="horizontal"), 8, SIZE, SIZE, [1, 2]).numpy()
    unflipped = with_flip[:, 0] > 0
    assert 0 < unflipped.sum() < 8
    assert (alone[unflipped] == with_flip[unflipped]).all()
    assert (alone[:, 5] == with_flip[:, 5]).all()
