"""How gradients change the weights: the optimizer of a variant, and what surrounds it."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnjobs.spec import Variant
from cnnjobs.training.averages import Averages
from cnnjobs.training.mirrored import change_mirrored, summed_over_replicas, variable_like
from cnnjobs.training.optimizers import bound_gradients, make_optimizer, rate_of


class Updates:
    """Changes the weights of a network; made, and called, in the scope of its strategy.

    Args:
        variant: whose optimizer.
        model: the network.
        weights: all of it that are ever trained.

    Raises:
        TypeError: if the optimizer of the user's is none.
        ValueError: if the variant's settings and its optimizer exclude each other.
    """

    def __init__(self, variant: Variant, model: keras.Model, weights: Sequence[keras.Variable]) -> None:
        self.scheduled, self.accumulates = variant.schedule is not None, variant.accumulate > 1
        optimizer = make_optimizer(variant.optimizer, weights)
        bound_gradients(optimizer, variant.clip_norm, variant.clip_value)
        optimizer._all_reduce_sum_gradients = lambda pairs: pairs  # are summed before they come
        self.base_rate = rate_of(optimizer) if variant.optimizer_rate is None else variant.optimizer_rate
        self.optimizer = optimizer
        if variant.precision == "float16":
            self.optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        self.optimizer.build(list(weights))
        self._sums = {id(weight): variable_like(weight, "accumulated") for weight in weights if self.accumulates}
        self.averages = Averages(model, weights, variant.ema) if variant.ema is not None else None
        self._start = [variable.numpy() for variable in self.optimizer.variables]

    @property
    def variables(self) -> list[Any]:
        """All that updates change beside the weights: what a checkpoint keeps of them."""
        averages = self.averages.variables if self.averages else []
        return [*self.optimizer.variables, *self._sums.values(), *averages]

    def start(self, model: keras.Model) -> list[NDArray[Any]]:
        """Return their values before the first step of a network like this one, which has its first weights."""
        sums = [np.zeros(one.shape, one.dtype) for one in self._sums.values()]
        return [*self._start, *sums, *(self.averages.start(model) if self.averages else [])]

    @property
    def learning_rate(self) -> float:
        """What is used now."""
        return float(keras.ops.convert_to_numpy(self.optimizer.learning_rate))

    def begin_anew(self, learning_rate: float) -> None:
        """Forget all steps, as an optimizer that is just made, and go on at another learning rate."""
        for variable, value in zip(self.optimizer.variables, self._start, strict=True):
            variable.assign(value)
        self.optimizer.learning_rate = learning_rate

    def follow(self, rate: Any) -> None:
        """Set the learning rate of the step that is next, () float32."""
        self.optimizer.learning_rate = rate

    def scaled(self, objective: Any) -> Any:
        """Return the objective as it is differentiated: multiplied for half precision."""
        return self.optimizer.scale_loss(objective)

    def apply(self, gradients: Sequence[Any], weights: Sequence[keras.Variable]) -> None:
        """Make an update, on a replica, of one step.

        Args:
            gradients: of the replica's shard, one a weight, None for one that the loss does not depend on; those of all
                replicas are added.
            weights: those that are trained now.
        """
        self._apply(summed_over_replicas(gradients), weights)

    def accumulate(self, gradients: Sequence[Any], weights: Sequence[keras.Variable], share: Any) -> None:
        """Keep the gradients of a step, on a replica, for the update that it is part of.

        Args:
            gradients: as in `apply`.
            weights: likewise.
            share: () float32, how much the step counts in the update.
        """
        pairs = [
            (self._sums[id(weight)], tf.convert_to_tensor(gradient) * share)
            for weight, gradient in zip(weights, summed_over_replicas(gradients), strict=True)
            if gradient is not None
        ]
        change_mirrored(pairs, lambda sums, gradient: sums.assign_add(gradient))

    def apply_accumulated(self, weights: Sequence[keras.Variable]) -> None:
        """Make an update, on a replica, of the steps that were kept since the last.

        Args:
            weights: those that gradients were kept of.
        """
        kept = [self._sums[id(weight)] for weight in weights]
        self._apply([tf.identity(sums.value) for sums in kept], weights)
        change_mirrored([(sums, tf.zeros_like(sums.value)) for sums in kept], lambda sums, zeros: sums.assign(zeros))

    def _apply(self, gradients: Sequence[Any], weights: Sequence[keras.Variable]) -> None:
        """Change the weights, and follow them with their averages; gradients are of all replicas."""
        self.optimizer.apply(gradients, weights)
        if self.averages:
            self.averages.follow(self.optimizer.iterations)
