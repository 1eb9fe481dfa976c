"""What augmentation makes of some pictures: the versions that the first epochs of a trial train on."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.datasets import Dataset
from cnnjobs.datasets.overview import first_rows
from cnnjobs.planning.rows import split_rows
from cnnjobs.planning.trials import Trial
from cnnjobs.training.augmentation.transforms import apply_drawn, draw_epoch
from cnnjobs.training.input_pipeline import draw_order, white_of


def epoch_versions(
    dataset: Dataset, trial: Trial, count: int, epochs: int
) -> tuple[NDArray[np.int64], NDArray[np.generic]]:
    """Return some of the trial's training rows, and what each of the first epochs makes of them.

    Args:
        dataset: where the pictures are.
        trial: whose variant has augmentation.
        count: how many rows.
        epochs: how many versions of each.

    Returns:
        rows (n,) and versions (n, epochs, height, width, channels), before scaling: dtype as stored.
    """
    transforms = trial.spec.transforms
    trained, _ = split_rows(dataset.training_rows, trial)
    chosen = first_rows(dataset.y_train[trained], count)
    images = dataset.x_train[trained[chosen]]
    versions = []
    with tf.device("CPU:0"):  # where the pipeline of training runs
        for epoch in range(epochs):
            order = draw_order(tf.constant(trained), tf.constant(trial.seeds.order), epoch).numpy()
            places = np.argsort(order)[chosen]  # the trained rows are sorted: where in the order each stands
            seed = tf.constant(trial.seeds.augment)
            drawn = draw_epoch(transforms, len(trained), images.shape[1:3], seed, epoch)
            own = [tf.gather(each, places) for each in drawn]
            moved = apply_drawn(transforms, tf.constant(images, tf.float32), own, white_of(images.dtype))
            versions.append(_as_stored(moved.numpy(), images.dtype))
    return trained[chosen], np.stack(versions, axis=1)


def _as_stored(images: NDArray[np.float32], dtype: np.dtype[Any]) -> NDArray[np.generic]:
    """Return moved images as uint8, or as float32 in [0, 1]."""
    if dtype == np.uint8:
        return np.clip(np.round(images), 0, 255).astype(np.uint8)
    return np.clip(images, 0, 1)
