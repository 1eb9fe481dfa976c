"""Exponential moving averages of the weights of a network."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.training.mirrored import change_mirrored, variable_like

FIRST, LATER = 1.0, 10.0
"""The decay of update n is at most (FIRST + n) / (LATER + n), as in `tf.train.ExponentialMovingAverage` and timm."""


class Averages:
    """Averages of the weights that are trained, and of the moving statistics of batch normalisation.

    Statistics are averaged with the weights, as in timm, because they are of what those weights make. Nothing else that
    a layer keeps is: averages of the vectors of a spectral normalisation, for example, are too short.

    Args:
        model: the network, with its first weights.
        weights: all of it that are ever trained.
        decay: in (0, 1).
    """

    def __init__(self, model: keras.Model, weights: Sequence[keras.Variable], decay: float) -> None:
        followed = {id(one) for one in [*weights, *_statistics(model)]}
        self._places = [place for place, one in enumerate(model.variables) if id(one) in followed]
        self._decay, self.followed = decay, [model.variables[place] for place in self._places]
        self.variables = [variable_like(one, "average") for one in self.followed]
        for average, one in zip(self.variables, self.followed, strict=True):
            average.assign(one)
        self._swap = tf.function(self._swapped, autograph=False)

    def start(self, model: keras.Model) -> list[NDArray[Any]]:
        """Return their values before the first update of a network like this one, which has its first weights."""
        return [model.variables[place].numpy() for place in self._places]

    def follow(self, update: Any) -> None:
        """Move towards the weights, on a replica.

        Args:
            update: () number of the update that was made last, counted from 1.
        """
        number = tf.cast(tf.convert_to_tensor(update), tf.float32)
        rest = 1 - tf.minimum(tf.constant(self._decay), (FIRST + number) / (LATER + number))

        def move(average: Any, weight: Any) -> None:
            step = tf.cast(rest, average.dtype) * (average - weight)
            average.assign_sub(step)

        change_mirrored(list(zip(self.variables, self.followed, strict=True)), move)

    def swap(self) -> None:
        """Put the averages into the network and what it had into their place; the same again undoes that."""
        self._swap()

    def take(self) -> None:
        """Put the averages into the network, for good."""
        for average, one in zip(self.variables, self.followed, strict=True):
            one.assign(average)

    def _swapped(self) -> None:
        for average, one in zip(self.variables, self.followed, strict=True):
            before = tf.identity(one.value)
            one.value.assign(average.value)
            average.value.assign(before)


def _statistics(model: keras.Model) -> list[keras.Variable]:
    """Return mean and variance of each batch normalisation."""
    normalisations = [one for one in model._flatten_layers() if isinstance(one, keras.layers.BatchNormalization)]
    return [moving for one in normalisations for moving in (one.moving_mean, one.moving_variance)]
