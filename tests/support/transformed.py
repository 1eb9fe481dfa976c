"""Images, and what transforms make of them, alone or as the input pipeline applies them."""

import numpy as np


def pictures(count, shape=(12, 10, 3), seed=0, white=255):
    """Return images (count, *shape) float32 with values of 8 bits, whose lower half is dark and smooth."""
    random = np.random.default_rng(seed)
    made = random.integers(0, 256, (count, *shape)).astype(np.float32)
    half = shape[0] // 2
    made[:, half:] = (made[:, half:] // 4 + np.arange(shape[1], dtype=np.float32)[:, None]).round()
    return made if white == 255 else made / np.float32(255)


def transformed(transforms, images, white=255.0, seed=3, epoch=1, places=None, count=None):
    """Return what an epoch makes of images.

    Args:
        transforms: one or a tuple.
        images: (n, height, width, channels) float32.
        white: value of a white pixel.
        seed: of augmentation.
        epoch: from 0.
        places: where in the order of the epoch they stand; None for the first ones.
        count: places of the epoch; None for as many as there are images.
    """
    import tensorflow as tf

    from cnnjobs.training.augmentation.transforms import apply_drawn, draw_epoch

    transforms = transforms if isinstance(transforms, tuple) else (transforms,)
    places = np.arange(len(images)) if places is None else places
    count = count or len(images)

    @tf.function(autograph=False)
    def made(given):
        drawn = draw_epoch(transforms, count, images.shape[1:3], tf.constant(seed), tf.constant(epoch))
        return apply_drawn(transforms, given, [tf.gather(one, places) for one in drawn], white)

    return made(tf.constant(images)).numpy()


def draws_of(transforms, count, size, seed=3, epoch=1):
    """Return what each of the transforms draws for an epoch."""
    import tensorflow as tf

    from cnnjobs.training.augmentation.transforms import draw_epoch

    transforms = transforms if isinstance(transforms, tuple) else (transforms,)
    return [one.numpy() for one in draw_epoch(transforms, count, size, tf.constant(seed), tf.constant(epoch))]
