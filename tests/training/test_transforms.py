"""What each transform makes of an image, against NumPy and SciPy; how it draws, and that nothing else counts."""

import numpy as np
import pytest
from scipy import ndimage, stats
from support.transformed import draws_of, pictures, transformed

from cnnjobs import (
    Augment,
    ColorJitter,
    Cutout,
    Flip,
    GaussianBlur,
    GaussianNoise,
    Grayscale,
    PadCrop,
    RandAugment,
    RandomErasing,
    RandomResizedCrop,
    TrivialAugment,
    transform,
)


def faded(images, seeds, least):
    import tensorflow as tf

    def one(seed):
        return tf.random.stateless_uniform([1, 1, 1], seed, least)

    return images * tf.map_fn(one, seeds, fn_output_signature=tf.float32)


EVERY = (
    Augment(flip="horizontal", rotation=20, probability=0.5),
    Flip("both"),
    PadCrop(3, fill="reflect"),
    RandomResizedCrop(),
    ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.2, probability=0.8),
    Grayscale(probability=0.3),
    GaussianBlur(probability=0.5),
    GaussianNoise(0.1),
    Cutout(5, fill="mean"),
    RandomErasing(),
    RandAugment(n=2, magnitude=20),
    TrivialAugment(probability=0.9),
    transform(faded, least=0.5),
)

PLACES = np.arange(64)[::-1]


@pytest.fixture(scope="module")
def images():
    return pictures(64)


@pytest.mark.parametrize("spec", EVERY, ids=lambda spec: spec.kind)
@pytest.mark.parametrize("shape", [(8, 8, 1), (7, 31, 3)], ids=str)
def test_images_keep_shape_and_range_and_are_each_on_their_own(spec, shape):
    """Whatever the others of a batch are, an image is the same; colours of one or two channels are left."""
    given = pictures(32, shape)
    made = transformed(spec, given)
    assert made.shape == given.shape
    assert np.isfinite(made).all()
    assert made.min() >= 0
    assert made.max() <= 255
    if spec.kind != "Grayscale" or shape[2] != 1:
        assert (made != given).any()
    few = np.array([29, 3, 17])
    alone = transformed(spec, given[few], places=few, count=32)
    assert np.abs(alone - made[few]).max() < 1e-2, "of 255"
    assert (made[1:] != made[:-1]).any()


def test_images_of_two_channels_go_through_all_that_is_no_matter_of_colours():
    given = pictures(16, (6, 6, 2))
    made = transformed(tuple(one for one in EVERY if one.kind != "Grayscale"), given)
    assert np.isfinite(made).all()
    assert 0 <= made.min() < made.max() <= 255


@pytest.mark.parametrize("spec", EVERY, ids=lambda spec: spec.kind)
def test_floats_are_transformed_as_bytes_are(spec, images):
    of_floats = transformed(spec, images / np.float32(255), white=1.0)
    difference = np.abs(255 * of_floats - transformed(spec, images))
    assert np.quantile(difference, 0.99) < 1e-2
    assert "Augment" in spec.kind or difference.max() < 0.05, "what posterising and nearest pixels do has edges"


@pytest.mark.parametrize("spec", EVERY, ids=lambda spec: spec.kind)
def test_epoch_and_seed_and_place_decide_and_other_transforms_do_not(spec, images):
    """Taking another transform out leaves the draws; two of a kind draw differently."""
    (alone,) = draws_of(spec, 50, (12, 10))
    others = tuple(one for one in EVERY if one.kind != spec.kind)
    among = draws_of((*others[:4], spec, *others[4:], spec), 50, (12, 10))
    if alone.size:
        assert (among[4] == alone).all()
        assert (among[-1] != alone).any()
        assert (draws_of(spec, 50, (12, 10), epoch=2)[0] != alone).any()
        assert (draws_of(spec, 50, (12, 10), seed=4)[0] != alone).any()
    assert (transformed(spec, images, epoch=2) != transformed(spec, images)).any()


@pytest.mark.parametrize(
    "spec",
    [one for one in EVERY if one.kind not in ("Flip", "OwnTransform")],
    ids=lambda spec: spec.kind,
)
def test_a_probability_passes_over_the_others_and_leaves_all_draws_alone(spec):
    from dataclasses import replace

    given = pictures(400, (8, 8, 3))
    always, seldom = (transformed(replace(spec, probability=chance), given) for chance in (1, 0.25))
    same = (np.abs(seldom - always) < 1e-2).reshape(400, -1).all(axis=1)
    kept = (seldom == given).reshape(400, -1).all(axis=1)
    assert (same | kept).all()
    unchanged = (np.abs(always - given) < 1e-2).reshape(400, -1).all(axis=1)
    share = (~kept).sum() / (~unchanged).sum()
    assert 0.17 < share < 0.33, "3.5 SD about a quarter"


@pytest.mark.parametrize("direction", ["horizontal", "vertical", "both"])
def test_flips_mirror_exactly_half_of_the_images(direction, images):
    made = transformed(Flip(direction), np.repeat(images[:1], 400, axis=0))
    one = images[0]
    ways = {"horizontal": [one, one[:, ::-1]], "vertical": [one, one[::-1]]}
    ways["both"] = [one, one[:, ::-1], one[::-1], one[::-1, ::-1]]
    counts = [int((made == way).reshape(400, -1).all(axis=1).sum()) for way in ways[direction]]
    assert sum(counts) == 400
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize(
    ("fill", "mode"), [("constant", "constant"), ("reflect", "symmetric"), ("nearest", "edge"), ("wrap", "wrap")]
)
def test_pad_and_crop_is_a_crop_of_what_numpy_pads_and_all_places_are_as_likely(fill, mode):
    image = pictures(1, (7, 5, 2))[0]
    made = transformed(PadCrop(2, fill=fill), np.repeat(image[None], 1000, axis=0))
    padded = np.pad(image, ((2, 2), (2, 2), (0, 0)), mode=mode)
    crops = np.stack([padded[top : top + 7, left : left + 5] for top in range(5) for left in range(5)])
    found = (np.abs(made[:, None] - crops[None]) < 1e-3).reshape(1000, 25, -1).all(axis=2)
    assert (found.sum(axis=1) >= 1).all()
    assert stats.chisquare(found[found.sum(axis=1) == 1].sum(axis=0)).pvalue > 1e-3


def test_resized_crops_are_parts_enlarged_as_torchvision_does():
    """One draw at a time, in plain Python: up to ten attempts, then bilinear with middles of pixels at halves."""
    given = pictures(300, (20, 14, 3))
    spec = RandomResizedCrop(scale=(0.1, 0.9), ratio=(0.5, 2))
    (draws,) = draws_of(spec, 300, (20, 14))
    made = transformed(spec, given)
    fallbacks = 0
    for image, own, result in zip(given, draws, made, strict=True):
        for area, shape in zip(own[:10], own[10:20], strict=True):
            target = 280 * (0.1 + area * 0.8)
            ratio = np.exp(np.log(0.5) + shape * np.log(4))
            width, height = round(np.sqrt(target * ratio)), round(np.sqrt(target / ratio))
            if 0 < width <= 14 and 0 < height <= 20:
                top, left = int(own[20] * (20 - height + 1)), int(own[21] * (14 - width + 1))
                break
        else:
            top, left, height, width, fallbacks = 0, 0, 20, 14, fallbacks + 1
        part = image[top : top + height, left : left + width]
        rows = np.clip((np.arange(20) + 0.5) * height / 20 - 0.5, 0, height - 1)
        columns = np.clip((np.arange(14) + 0.5) * width / 14 - 0.5, 0, width - 1)
        grid = np.meshgrid(rows, columns, indexing="ij")
        expected = np.stack([ndimage.map_coordinates(part[..., one], grid, order=1) for one in range(3)], axis=-1)
        assert np.abs(result - expected).max() < 0.01


def test_a_crop_that_never_fits_is_the_largest_in_the_middle():
    """A panorama of 4 x 40, of which at least 90 percent are asked for in a shape near the square."""
    given = pictures(3, (4, 40, 1))
    made = transformed(RandomResizedCrop(scale=(0.9, 1)), given)
    middle = given[:, :, 17:22]  # round(4 * 4 / 3) = 5 columns
    places = np.clip((np.arange(40) + 0.5) * 5 / 40 - 0.5, 0, 4)
    low = np.floor(places).astype(int)
    expected = middle[:, :, low] + (places - low)[:, None] * (middle[:, :, np.minimum(low + 1, 4)] - middle[:, :, low])
    assert np.abs(made - expected).max() < 0.01


def test_areas_of_crops_are_uniform_where_all_fit():
    from cnnjobs.training.augmentation.boxes import drawn_boxes

    (draws,) = draws_of(RandomResizedCrop(), 5000, (200, 200))
    import tensorflow as tf

    box = drawn_boxes(tf.constant(draws), (200, 200), (0.1, 0.5), (3 / 4, 4 / 3), (200, 200), (200, 200))
    top, left, height, width = (np.asarray(one) for one in box)
    assert stats.kstest(height * width / 40000, stats.uniform(0.1, 0.4).cdf).pvalue > 1e-3
    low, high = np.log(3 / 4), np.log(4 / 3)
    assert stats.kstest(np.log(width / height), stats.uniform(low, high - low).cdf).pvalue > 1e-3
    assert stats.kstest(top / (200 - height), "uniform").pvalue > 1e-3
    assert ((top >= 0) & (top + height <= 200) & (left >= 0) & (left + width <= 200)).all()


def mean_grey(image):
    return (image @ [0.299, 0.587, 0.114])[..., None]


def test_colours_change_in_order_each_clipped(images):
    import colorsys

    spec = ColorJitter(brightness=0.4, contrast=0.6, saturation=1.5, hue=0.2)
    (draws,) = draws_of(spec, 64, (12, 10))
    for image, own, result in zip(images, draws.astype(float), transformed(spec, images), strict=True):
        brightness, contrast, saturation = 0.6 + own[0] * 0.8, 0.4 + own[1] * 1.2, own[2] * 2.5
        bright = np.clip(image.astype(float) * brightness, 0, 255)
        mean = mean_grey(bright).mean()
        contrasted = np.clip(mean + contrast * (bright - mean), 0, 255)
        grey = mean_grey(contrasted)
        saturated = np.clip(grey + saturation * (contrasted - grey), 0, 255)
        turn = (2 * own[3] - 1) * 0.2
        for pixel, changed in zip(saturated.reshape(-1, 3)[::7], result.reshape(-1, 3)[::7], strict=True):
            hue, part, value = colorsys.rgb_to_hsv(*pixel / 255)
            expected = 255 * np.array(colorsys.hsv_to_rgb((hue + turn) % 1, part, value))
            assert changed == pytest.approx(expected, abs=0.05)


def test_factors_of_colours_are_uniform_about_one():
    flat = np.full((2000, 1, 1, 1), 100, np.float32)
    factors = transformed(ColorJitter(brightness=0.5), flat).ravel() / 100
    assert stats.kstest(factors, stats.uniform(0.5, 1).cdf).pvalue > 1e-3
    factors = transformed(ColorJitter(brightness=1.5), flat).ravel() / 100
    assert stats.kstest(factors, stats.uniform(0, 2.5).cdf).pvalue > 1e-3, "none below black"


def test_digits_keep_their_grey_whatever_the_hue():
    given = pictures(8, (8, 8, 1))
    both = ColorJitter(brightness=0.2, hue=0.5, saturation=1)
    assert (transformed(both, given) == transformed(ColorJitter(brightness=0.2), given)).all()


def test_grey_is_luminance_in_every_channel(images):
    made = transformed(Grayscale(probability=1), images)
    assert np.abs(made - mean_grey(images)).max() < 0.01


@pytest.mark.parametrize("shape", [(12, 10, 3), (4, 33, 1), (1, 5, 2)], ids=str)
def test_blur_is_that_of_scipy_also_where_the_kernel_is_larger_than_the_image(shape):
    spec = GaussianBlur(sigma=(0.3, 2.2))
    given = pictures(20, shape)
    (draws,) = draws_of(spec, 20, shape[:2])
    for image, own, result in zip(given, draws[:, 0], transformed(spec, given), strict=True):
        sigma = 0.3 + own * 1.9
        expected = ndimage.gaussian_filter(image, (sigma, sigma, 0), mode="reflect", radius=(7, 7, 0))
        assert np.abs(result - expected).max() < 0.02


def test_noise_is_normal_in_every_pixel_and_clipped():
    grey = np.full((200, 6, 5, 3), 128, np.float32)
    made = (transformed(GaussianNoise(0.1), grey) - 128) / 25.5
    assert stats.kstest(made.ravel(), "norm").pvalue > 1e-3
    assert abs(np.corrcoef(made[..., 0].ravel(), made[..., 1].ravel())[0, 1]) < 0.06, "channels are separate"
    assert abs(np.corrcoef(made[:-1].ravel(), made[1:].ravel())[0, 1]) < 0.04, "and so are images"
    loud = transformed(GaussianNoise(1), grey)
    assert {0, 255} <= set(np.unique(loud))


def test_cutout_hides_a_square_about_any_pixel():
    white = np.full((3000, 9, 7, 2), 255, np.float32)
    holes = transformed(Cutout(3), white) == 0
    assert (holes[..., 0] == holes[..., 1]).all()
    rows, columns = holes[..., 0].any(axis=2), holes[..., 0].any(axis=1)
    assert (
        rows.sum(axis=1)[:, None, None] * columns.sum(axis=1)[:, None, None] == holes[..., 0].sum((1, 2), keepdims=True)
    ).all()
    assert set(rows.sum(axis=1)) == {2, 3}, "at the border a part lies outside"
    starts = rows.argmax(axis=1) + (rows.sum(axis=1) - 3) * (rows.argmax(axis=1) == 0) + 1
    assert stats.chisquare(np.bincount(starts, minlength=9)).pvalue > 1e-3


@pytest.mark.parametrize(
    "spec", [Cutout(4, fill="mean"), Cutout(4, fill=0.5), RandomErasing(fill="mean", probability=1)]
)
def test_a_box_may_hold_a_value_or_the_mean_of_its_image(spec, images):
    made = transformed(spec, images)
    mean = images.mean(axis=(1, 2), keepdims=True)
    content = np.full_like(mean, 127.5) if spec.fill == 0.5 else mean
    assert (np.abs(made - np.where(made == images, images, content)) < 0.01).all()
    assert ((made != images).any(axis=(1, 2, 3))).mean() > 0.95


def test_erased_boxes_have_their_area_and_shape_and_lie_inside():
    given = np.full((1500, 30, 20, 1), -1, np.float32)  # below black: no noise is as low
    made = transformed(RandomErasing(scale=(0.05, 0.2), ratio=(0.5, 2), probability=1), given)
    hidden = made[..., 0] >= 0
    heights, widths = hidden.any(axis=2).sum(axis=1), hidden.any(axis=1).sum(axis=1)
    assert (heights * widths == hidden.sum(axis=(1, 2))).all(), "one box an image"
    areas = heights * widths / 600
    assert 0.04 < areas.min() < 0.06
    assert 0.19 < areas.max() < 0.22, "sides are whole"
    assert np.log(heights / widths).mean() == pytest.approx(0, abs=0.06)
    assert stats.kstest(made[made >= 0][:5000] / 255, "uniform").pvalue > 1e-3


def test_the_order_of_a_tuple_is_the_order_of_application():
    white = np.full((16, 8, 8, 1), 255, np.float32)
    dark = transformed((GaussianNoise(0.3), Cutout(8)), white)
    noisy = transformed((Cutout(8), GaussianNoise(0.3)), white)
    assert (dark == 0).sum() >= (transformed(Cutout(8), white) == 0).sum()
    assert ((noisy > 0) & (noisy < 255)).any(axis=(1, 2, 3)).all()
    assert (dark != noisy).any()


def test_a_function_of_ones_own_gets_images_from_0_to_1_and_a_seed_for_each(images):
    made = transformed(transform(faded, least=0.5), images)
    factors = (made / np.maximum(images, 1)).max(axis=(1, 2, 3))
    assert 0.5 <= factors.min() < factors.max() <= 1
    assert len(np.unique(factors)) == 64
    assert np.abs(made - factors[:, None, None, None] * images).max() < 0.01
