"""What augmentation makes of some pictures: the versions that the first epochs of a trial train on."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.datasets import Dataset
from cnnjobs.datasets.overview import first_rows
from cnnjobs.errors import SpecError
from cnnjobs.planning.rows import split_rows
from cnnjobs.planning.trials import Trial
from cnnjobs.spec import OwnTransform
from cnnjobs.training.augmentation.mixing import Mix, draw_mix, mix_images
from cnnjobs.training.augmentation.own_probe import check_own
from cnnjobs.training.augmentation.transforms import apply_drawn, draw_epoch
from cnnjobs.training.epoch_images import draw_order, white_of
from cnnjobs.training.network_probe import explained


class Versions(NamedTuple):
    """Pictures, and what each of some epochs makes of them.

    Args:
        rows: (n,) which of the training rows.
        images: (n, epochs, height, width, channels), before scaling: dtype as stored.
        mixes: (n, epochs) how the labels are mixed, "70% + 30% of cat", in words; empty where they are not.
    """

    rows: NDArray[np.int64]
    images: NDArray[np.generic]
    mixes: list[list[str]]


def epoch_versions(dataset: Dataset, trial: Trial, count: int, epochs: int) -> Versions:
    """Return some of the trial's training rows, and what each of the first epochs makes of them.

    Args:
        dataset: where the pictures are.
        trial: whose variant has augmentation.
        count: how many rows.
        epochs: how many versions of each.

    Raises:
        SpecError: for a function of the user's that is no transform.
    """
    trained, _ = split_rows(dataset.training_rows, trial)
    chosen = first_rows(dataset.y_train[trained], count)
    _check_own(trial, dataset.x_train[trained[chosen]])
    with tf.device("CPU:0"):  # where the pipeline of training runs
        found = [_of_epoch(dataset, trial, trained, chosen, epoch) for epoch in range(epochs)]
    images, mixes = zip(*found, strict=True)
    return Versions(trained[chosen], np.stack(images, axis=1), [list(of_row) for of_row in zip(*mixes, strict=True)])


def _check_own(trial: Trial, images: NDArray[np.generic]) -> None:
    """Refuse a function of the user's that is no transform, as before training."""
    for one in trial.spec.transforms:
        if isinstance(one, OwnTransform):
            try:
                check_own(one, images)
            except Exception as error:  # the user's function may raise anything
                raise SpecError(
                    f"Variant {trial.variant!r}: its transform cannot be used: {explained(error)}"
                ) from error


def _of_epoch(
    dataset: Dataset, trial: Trial, trained: NDArray[np.int64], chosen: NDArray[np.int64], epoch: int
) -> tuple[NDArray[np.generic], list[str]]:
    """Return the images of an epoch, and how each is mixed.

    Args:
        dataset: where the pictures are.
        trial: whose variant has augmentation.
        trained: its training rows, sorted.
        chosen: which of these.
        epoch: counted from 0.
    """
    spec, seed, size = trial.spec, tf.constant(trial.seeds.augment), dataset.image_shape[:2]
    order = draw_order(tf.constant(trained), tf.constant(trial.seeds.order), epoch).numpy()
    drawn = draw_epoch(spec.transforms, len(trained), size, seed, epoch)

    def images_at(places: NDArray[np.int64]) -> Any:
        images = tf.constant(dataset.x_train[order[places]], tf.float32)
        own = [tf.gather(each, places) for each in drawn]
        return apply_drawn(spec.transforms, images, own, white_of(dataset.x_train.dtype))

    places = np.argsort(order)[chosen]  # where in the order each stands
    images, mixes = images_at(places), [""] * len(chosen)
    if spec.mixings:
        mix = Mix(*(tf.gather(each, places) for each in draw_mix(spec.mixings, len(trained), size, seed, epoch)))
        partners = mix.partners.numpy()
        images = mix_images(spec.mixings, images, images_at(partners), mix)
        names = [dataset.class_names[label] for label in dataset.y_train[order[partners]]]
        mixes = [_in_words(float(share), name) for share, name in zip(mix.shares.numpy(), names, strict=True)]
    return _as_stored(images.numpy(), dataset.x_train.dtype), mixes


def _in_words(share: float, partner: str) -> str:
    """Return how a label is mixed."""
    percent = round(100 * share)
    return "" if share == 1 else f"{percent}% + {100 - percent}% of {partner}"


def _as_stored(images: NDArray[np.float32], dtype: np.dtype[Any]) -> NDArray[np.generic]:
    """Return moved images as uint8, or as float32 in [0, 1]."""
    if dtype == np.uint8:
        return np.clip(np.round(images), 0, 255).astype(np.uint8)
    return np.clip(images, 0, 1)
