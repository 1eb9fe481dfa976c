"""Which pictures look alike: copies of whatever quality do, others do not."""

import io

import numpy as np
import pytest
from PIL import Image

from cnnjobs.datasets.duplicates import perceptual
from cnnjobs.datasets.duplicates.perceptual import LEAST_SIDE, MOST_BITS, alike


def quiet(what, done, total):
    """Progress that nobody watches."""


def scenes(count, side=32, seed=0, channels=3):
    """Pictures that are smooth as photographs are, no two of which have to do with one another."""
    random = np.random.RandomState(seed)
    made = []
    for _ in range(count):
        coarse = [random.randint(0, 256, (side >> shift, side >> shift, channels)) for shift in (2, 1)]
        parts = [Image.fromarray(part.astype(np.uint8).squeeze()).resize((side, side), 2) for part in coarse]
        mixed = np.array(Image.blend(*parts, 0.35))
        made.append(mixed.reshape(side, side, channels))
    return np.stack(made)


SCENES = scenes(60)


def encoded(image):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=50)
    return np.array(Image.open(stream))


def smaller(image):
    return np.array(Image.fromarray(image).resize((26, 26), 2).resize((32, 32), 2))


def brighter(image):
    return np.clip(image.astype(int) + 25, 0, 255).astype(np.uint8)


def paler(image):
    return (128 + 0.7 * (image.astype(float) - 128)).astype(np.uint8)


def noisy(image):
    return np.clip(image + np.random.RandomState(0).normal(0, 8, image.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("change", [encoded, smaller, brighter, paler, noisy])
def test_changed_copies_look_like_their_originals_and_nothing_else_does(change):
    copies = np.stack([change(image) for image in SCENES])
    found = alike([SCENES, copies], quiet)
    pairs = {tuple(pair) for pair in found.pairs.tolist()}
    right = {(row, row + len(SCENES)) for row in range(len(SCENES))}
    assert len(pairs & right) >= 0.9 * len(SCENES)
    assert pairs <= right
    assert found.compared == 2 * len(SCENES)
    assert found.likeness.min() >= perceptual.ALIKE


def test_pictures_that_have_nothing_to_do_with_one_another_are_not_alike():
    assert not len(alike([scenes(400, seed=1)], quiet).pairs)


def test_floats_and_bytes_are_the_same_pictures():
    found = alike([SCENES, SCENES / np.float32(255)], quiet)
    assert len(found.pairs) == len(SCENES)
    assert found.likeness.min() > 0.999


def test_photographs_are_compared_in_one_size():
    large = np.stack([np.array(Image.fromarray(image).resize((150, 90), 2)) for image in SCENES])
    copies = np.stack([np.array(Image.fromarray(image).resize((40, 24), 2).resize((150, 90), 2)) for image in large])
    assert len(alike([large, copies], quiet).pairs) >= 0.9 * len(SCENES)


def test_many_that_are_nearly_alike_are_not_each_others_copies():
    """Handwritten ones: a stroke, a little moved and bent. A fixed bound of 0.94 makes pairs of most of them."""
    random, y, x = np.random.RandomState(2), *np.mgrid[:28, :28]
    angles, places, widths = random.uniform(-0.1, 0.1, 300), random.uniform(13, 15, 300), random.uniform(1.6, 2.4, 300)
    strokes = [
        255 * np.exp(-(((x - place - angle * (y - 14)) / width) ** 2)) * (abs(y - 14) < 10)
        for angle, place, width in zip(angles, places, widths, strict=True)
    ]
    ones = np.stack(strokes).astype(np.uint8)[..., None]
    flat = ones.reshape(300, -1) - ones.reshape(300, -1).mean(axis=1, keepdims=True)
    correlations = np.corrcoef(flat)[np.triu_indices(300, 1)]
    found = alike([ones], quiet)
    between = (found.likeness < perceptual.SURELY_ALIKE).sum()
    assert ((correlations > perceptual.ALIKE) & (correlations < perceptual.SURELY_ALIKE)).sum() > 1000
    assert between < 50


def test_pictures_of_another_colour_are_no_copies():
    grey = scenes(20, channels=1)
    red, blue = (
        np.concatenate([grey if own else np.zeros_like(grey) for own in which], axis=-1)
        for which in ((1, 0, 0), (0, 0, 1))
    )
    assert not len(alike([red, blue], quiet).pairs)


def test_pictures_of_one_colour_are_counted_and_not_compared():
    plain = np.full((50, 32, 32, 3), 200, np.uint8)
    found = alike([np.concatenate([plain, SCENES])], quiet)
    assert (found.flat, found.compared, len(found.pairs)) == (50, len(SCENES), 0)


def test_small_pictures_are_not_compared():
    tiny = np.zeros((20, LEAST_SIDE - 1, 40, 1), np.uint8)
    assert alike([tiny], quiet).compared == 0
    assert alike([np.zeros((0, 32, 32, 3), np.uint8)], quiet).compared == 0


def test_a_search_that_finds_nearly_everything_alike_ends(monkeypatch):
    film = np.stack([noisy(SCENES[0]) for _ in range(300)])
    whole = alike([film], quiet)
    assert len(whole.pairs) == 300 * 299 / 2
    monkeypatch.setattr(perceptual, "MOST_PAIRS", 1000)
    ended = alike([film], quiet)
    assert ended.compared < 300
    assert 1000 <= len(ended.pairs) < len(whole.pairs)


def test_hashes_are_compared_as_a_plain_loop_does():
    """With tiles of whatever size, all pairs within `MOST_BITS` are candidates that differ little enough."""
    reduced = perceptual._reduced([SCENES, np.stack([encoded(image) for image in SCENES])], quiet)
    rows = np.arange(len(reduced.hashes))
    pairs, _ = perceptual._candidates(reduced, rows, quiet)
    expected = [
        (one, other)
        for one in rows
        for other in rows[one + 1 :]
        if bin(int(reduced.hashes[one]) ^ int(reduced.hashes[other])).count("1") <= MOST_BITS
    ]
    kept = np.array(expected)[reduced.may_be_alike(np.array(expected))]
    assert sorted(map(tuple, pairs.tolist())) == sorted(map(tuple, kept.tolist()))
