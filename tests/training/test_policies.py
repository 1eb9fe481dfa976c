"""`RandAugment` and `TrivialAugment` do what Pillow does, as often as their papers say."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from scipy import stats
from support.transformed import draws_of, pictures, transformed

from cnnjobs import RandAugment, TrivialAugment

SIZE = (22, 20)


def moved(image, matrix):
    return image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST)


PILLOW = {
    "none": lambda image, fraction, sign, wide: image,
    "shear x": lambda image, fraction, sign, wide: moved(image, (1, sign * fraction * wide.shear, 0, 0, 1, 0)),
    "shear y": lambda image, fraction, sign, wide: moved(image, (1, 0, 0, sign * fraction * wide.shear, 1, 0)),
    "translate x": lambda image, fraction, sign, wide: moved(
        image, (1, 0, -int(sign * fraction * wide.shift[1]), 0, 1, 0)
    ),
    "translate y": lambda image, fraction, sign, wide: moved(
        image, (1, 0, 0, 0, 1, -int(sign * fraction * wide.shift[0]))
    ),
    "rotate": lambda image, fraction, sign, wide: image.rotate(sign * fraction * wide.angle),
    "brightness": lambda image, fraction, sign, wide: ImageEnhance.Brightness(image).enhance(
        1 + sign * fraction * wide.factor
    ),
    "colour": lambda image, fraction, sign, wide: ImageEnhance.Color(image).enhance(1 + sign * fraction * wide.factor),
    "contrast": lambda image, fraction, sign, wide: ImageEnhance.Contrast(image).enhance(
        1 + sign * fraction * wide.factor
    ),
    "sharpness": lambda image, fraction, sign, wide: ImageEnhance.Sharpness(image).enhance(
        1 + sign * fraction * wide.factor
    ),
    "posterize": lambda image, fraction, sign, wide: ImageOps.posterize(image, 8 - round(fraction * wide.bits)),
    "solarize": lambda image, fraction, sign, wide: ImageOps.solarize(image, 255 * (1 - fraction)),
    "autocontrast": lambda image, fraction, sign, wide: ImageOps.autocontrast(image),
    "equalize": lambda image, fraction, sign, wide: ImageOps.equalize(image),
}
"""What each operation is in Pillow, as torchvision calls it."""

EXACT = ("none", "shear x", "shear y", "translate x", "translate y", "rotate", "posterize", "solarize", "equalize")


def in_pillow(name, image, fraction, sign, strengths):
    """Return what Pillow makes of an image (height, width, channels) float32 with values of 8 bits."""
    grey = image.shape[2] == 1
    given = Image.fromarray(image.astype(np.uint8)[..., 0] if grey else image.astype(np.uint8))
    made = np.asarray(PILLOW[name](given, fraction, sign, strengths), np.float32)
    return made[..., None] if grey else made


def off_by(name, made, expected):
    """Return by how much the pixels differ; nearest pixels may be others where two are equally near."""
    difference = np.abs(made - expected)
    return difference.max() if name != "rotate" else np.quantile(difference, 0.95)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", PILLOW)
def test_operations_are_those_of_pillow(name, channels):
    """At 31 magnitudes, in both directions: to the bit, or to the rounding of 8 bits."""
    import tensorflow as tf

    from cnnjobs.training.augmentation.policies import OPERATIONS, Strengths, operated

    strengths = Strengths(0.99, (9.5, 8.3), 135, 0.99, 6)
    images = pictures(62, (*SIZE, channels))
    fractions = np.tile(np.arange(31) / 30, 2).astype(np.float32)
    signs = np.repeat([-1.0, 1.0], 31).astype(np.float32)
    chosen = tf.fill([62], OPERATIONS.index(name))
    made = operated(tf.constant(images), chosen, tf.constant(fractions), tf.constant(signs), strengths, 255.0).numpy()
    expected = np.stack(
        [in_pillow(name, *own, strengths) for own in zip(images, fractions.astype(float), signs, strict=True)]
    )
    off = [off_by(name, one, other) for one, other in zip(made, expected, strict=True)]
    assert max(off) <= (1e-2 if name in EXACT else 2), "Pillow cuts decimals off, and rounds the mean grey"
    assert name == "none" or (channels == 1 and name == "colour") or (made != images).any()


def test_small_pictures_are_not_equalised_as_in_pillow():
    from cnnjobs.training.augmentation.eight_bit import equalized

    images = pictures(3, (8, 8, 1))
    assert (equalized(images, 255.0).numpy() == images).all()
    assert (in_pillow("equalize", images[0], 0, 1, None) == images[0]).all()
    flat = np.full((1, 20, 20, 3), 7, np.float32)
    assert (equalized(flat, 255.0).numpy() == flat).all()


def replayed(images, draws, strengths, magnitude=None):
    """Return what Pillow makes of images by their draws, (n, rounds, 2), or (n, 1, 3) with magnitudes."""
    names, made = list(PILLOW), []
    for image, rounds in zip(images, draws, strict=True):
        for own in rounds.astype(float):
            fraction = magnitude / 30 if magnitude is not None else int(own[2] * 31) / 30
            sign = -1 if own[1] < 0.5 else 1
            image = np.clip(in_pillow(names[int(own[0] * 14)], image.round(), fraction, sign, strengths), 0, 255)
        made.append(image)
    return np.stack(made)


def test_rand_augment_is_a_sequence_of_these():
    """Decimals that Pillow cuts off after the first operation make a few pixels differ by more."""
    from cnnjobs.training.augmentation.policies import Strengths

    images = pictures(200, (*SIZE, 3))
    draws = draws_of(RandAugment(n=2, magnitude=12), 200, SIZE)[0].reshape(200, 2, 2)
    strengths = Strengths(0.3, (150 / 331 * 22, 150 / 331 * 20), 30, 0.9, 4)
    expected = replayed(images, draws, strengths, magnitude=12)
    difference = np.abs(transformed(RandAugment(n=2, magnitude=12), images) - expected)
    assert np.median(difference.max(axis=(1, 2, 3))) <= 2
    assert (difference > 3).mean() < 0.04


def test_trivial_augment_draws_its_magnitude_as_well():
    from cnnjobs.training.augmentation.policies import Strengths

    images = pictures(200, (*SIZE, 3))
    draws = draws_of(TrivialAugment(), 200, SIZE)[0].reshape(200, 1, 3)
    expected = replayed(images, draws, Strengths(0.99, (22, 20), 135, 0.99, 6))
    difference = np.abs(transformed(TrivialAugment(), images) - expected)
    assert (difference > 2).mean() < 0.008


@pytest.mark.parametrize(("spec", "columns"), [(RandAugment(n=3), (0, 2, 4)), (TrivialAugment(), (0,))], ids=str)
def test_operations_directions_and_magnitudes_are_uniform(spec, columns):
    (draws,) = draws_of(spec, 7000, SIZE)
    for column in columns:
        assert stats.chisquare(np.bincount((draws[:, column] * 14).astype(int), minlength=14)).pvalue > 1e-3
        assert abs((draws[:, column + 1] < 0.5).mean() - 0.5) < 0.02
    if spec.kind == "TrivialAugment":
        assert stats.chisquare(np.bincount((draws[:, 2] * 31).astype(int), minlength=31)).pvalue > 1e-3


def test_more_rounds_leave_the_first_ones_alone():
    (two,), (three,) = (draws_of(RandAugment(n=n), 50, SIZE) for n in (2, 3))
    assert (three[:, :4] == two).all()
    assert (draws_of(RandAugment(magnitude=3), 50, SIZE)[0] == two).all()
