"""How gradients change the weights: the optimizer of a variant, and what surrounds it."""

from collections.abc import Sequence
from typing import Any

import keras
from numpy.typing import NDArray

from cnnjobs.spec import Variant
from cnnjobs.training.optimizers import make_optimizer


class Updates:
    """Changes the weights of a network; made, and called, in the scope of its strategy.

    Args:
        variant: whose optimizer.
        weights: all of the network that are ever trained.
    """

    def __init__(self, variant: Variant, weights: Sequence[keras.Variable]) -> None:
        self.scheduled = variant.schedule is not None
        self.optimizer = make_optimizer(variant.optimizer)
        if variant.precision == "float16":
            self.optimizer = keras.optimizers.LossScaleOptimizer(self.optimizer)
        self.optimizer.build(list(weights))
        self._start = [variable.numpy() for variable in self.optimizer.variables]

    @property
    def variables(self) -> list[Any]:
        """All that updates change beside the weights: what a checkpoint keeps of them."""
        return list(self.optimizer.variables)

    @property
    def start(self) -> Sequence[NDArray[Any]]:
        """Their values before the first step."""
        return self._start

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
        """Take a step on one replica; gradients, one a weight, are summed over replicas."""
        self.optimizer.apply(gradients, weights)
