"""MixUp and CutMix: which images of an epoch are mixed with which, and how, one draw for each place in its order."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from cnnjobs.spec import CutMix, Mixing, MixUp
from cnnjobs.training.augmentation.keys import key_of
from cnnjobs.training.augmentation.transforms import Size


class Mix(NamedTuple):
    """How images are mixed with their partners; of an image that is not, the partner is the image itself.

    Args:
        partners: (n,) int64, places in the order of the epoch.
        shares: (n,) float32, of an image's own label; the rest is its partner's.
        blends: (n,) float32, of the image's own value in each pixel outside of the box.
        boxes: (n, 4) int32, the box that is the partner's: first row and last, first column and last, each last one
            excluded.
    """

    partners: Any
    shares: Any
    blends: Any
    boxes: Any


class Mixed(NamedTuple):
    """The other label of rows whose images are mixed.

    Args:
        labels: (n,) int32, of the partners.
        shares: (n,) float32, of a row's own label, from 0 to 1.
    """

    labels: Any
    shares: Any

    def targets(self, labels: Any, classes: int) -> Any:
        """Return soft labels, (n, classes) float32, which sum to 1.

        Args:
            labels: (n,) int32, the rows' own.
            classes: number of classes.
        """
        own, other = (tf.one_hot(one, classes) for one in (labels, self.labels))
        return _by_share(self.shares[:, tf.newaxis], own, other)

    def of_both(self, own: Any, other: Any) -> Any:
        """Return the mean of what the rows' own labels give and what those of their partners do, (n,), by share."""
        return _by_share(self.shares, own, other)


def draw_mix(mixings: Sequence[Mixing], count: int, size: Size, seed: Any, epoch: Any) -> Mix:
    """Return how the images of an epoch are mixed, one for each place in its order, keyed by (seed, epoch).

    Each kind draws by itself, so that taking one out leaves the draws of the other alone. Partners are a permutation
    of all places: an image is once the partner of another, or of itself.

    Args:
        mixings: what mixes images.
        count: places.
        size: of the images.
        seed: of the transforms.
        epoch: counted from 0.
    """
    key = tf.stack([seed, tf.cast(epoch, tf.int32)])
    choice = tf.random.stateless_uniform([count], key_of(key, "mixing choice"))
    places = tf.range(count, dtype=tf.int64)
    partners = tf.random.experimental.stateless_shuffle(places, key_of(key, "mixing partners"))
    mixed, shares, blends = tf.zeros([count], tf.bool), tf.ones([count]), tf.ones([count])
    boxes = tf.zeros([count, 4], tf.int32)
    for one in mixings:
        own = key_of(key, f"mixing {one.kind}")
        if isinstance(one, MixUp):
            chosen = choice < one.probability
            share = draw_shares(one.alpha, count, own)
            blends = tf.where(chosen, share, blends)
        else:
            chosen = choice >= 1 - one.probability  # the other end: those that the other does not choose
            found, share = _draw_boxes(one, count, size, own)
            boxes = tf.where(chosen[:, tf.newaxis], found, boxes)
        shares, mixed = tf.where(chosen, share, shares), mixed | chosen
    return Mix(tf.where(mixed, partners, places), shares, blends, boxes)


def draw_shares(alpha: float, count: int, seed: Any) -> Any:
    """Return shares from Beta(alpha, alpha), (count,) float32.

    From the logarithms of two Gamma variables, g = g' u^(1/alpha) with g' of alpha + 1 and u uniform: those of a small
    alpha are themselves too small for floats.

    Args:
        alpha: above 0.
        count: how many.
        seed: (2,) integers.
    """
    raised = tf.random.stateless_gamma([2, count], key_of(seed, "mixing gamma"), alpha=alpha + 1)
    uniform = 1 - tf.random.stateless_uniform([2, count], key_of(seed, "mixing uniform"))  # above 0
    one, other = tf.unstack(tf.math.log(raised) + tf.math.log(uniform) / alpha)
    return tf.sigmoid(one - other)


def mix_images(mixings: Sequence[Mixing], images: Any, partners: Any, mix: Mix) -> Any:
    """Return the images, each mixed with its partner.

    Args:
        mixings: what mixes images.
        images: (n, height, width, channels) float32.
        partners: (n, height, width, channels) float32.
        mix: how, for each.
    """
    if any(isinstance(one, MixUp) for one in mixings):
        blend = tf.reshape(mix.blends, [-1, 1, 1, 1])
        images = _by_share(blend, images, partners)
    if any(isinstance(one, CutMix) for one in mixings):
        height, width = images.shape[1:3]
        top, bottom, left, right = tf.unstack(mix.boxes[:, :, tf.newaxis], axis=1)
        rows, columns = tf.range(height), tf.range(width)
        of_rows, of_columns = (rows >= top) & (rows < bottom), (columns >= left) & (columns < right)
        inside = of_rows[:, :, tf.newaxis] & of_columns[:, tf.newaxis, :]
        images = tf.where(inside[..., tf.newaxis], partners, images)
    return images


def _draw_boxes(cutmix: CutMix, count: int, size: Size, seed: Any) -> tuple[Any, Any]:
    """Return boxes, (count, 4) int32 as `Mix` has them, and the share of pixels outside of each, (count,) float32."""
    sides = tf.sqrt(1 - draw_shares(cutmix.alpha, count, seed))
    centres = tf.random.stateless_uniform([2, count], key_of(seed, "mixing centres"))
    edges, areas = [], tf.ones([count], tf.int32)
    for length, centre in zip(size, tf.unstack(centres), strict=True):
        cut = tf.cast(sides * length, tf.int32)
        middle = tf.cast(centre * length, tf.int32)
        first = tf.maximum(middle - cut // 2, 0)
        last = tf.minimum(middle - cut // 2 + cut, length)
        edges += [first, last]
        areas *= last - first
    return tf.stack(edges, axis=1), 1 - tf.cast(areas, tf.float32) / (size[0] * size[1])


def _by_share(share: Any, own: Any, other: Any) -> Any:
    return share * own + (1 - share) * other
