"""Optimizers as values: which one, and its hyperparameters, under the names that Keras gives them."""

from dataclasses import dataclass
from typing import ClassVar

from cnnjobs.spec.checks import as_float, flag


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent, as `keras.optimizers.SGD`.

    Args:
        learning_rate: step size for the whole (global) batch; it does not scale with replicas.
        momentum: fraction of the last step that is carried over, in [0, 1).
        nesterov: look ahead along the momentum.
    """

    kind: ClassVar[str] = "SGD"

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        as_float(self, "learning_rate", above=0)
        as_float(self, "momentum", least=0, below=1)
        flag("SGD.nesterov", self.nesterov)


@dataclass(frozen=True)
class RMSprop:
    """Gradients divided by the root of their recent mean square (Hinton, 2012), as `keras.optimizers.RMSprop`.

    Args:
        learning_rate: step size for the whole (global) batch; it does not scale with replicas.
        rho: decay of the mean of squared gradients, in [0, 1).
        momentum: fraction of the last step that is carried over, in [0, 1).
        epsilon: keeps the division finite.
        centered: divide by the standard deviation instead of the root mean square.
    """

    kind: ClassVar[str] = "RMSprop"

    learning_rate: float = 0.001
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False

    def __post_init__(self) -> None:
        as_float(self, "learning_rate", above=0)
        as_float(self, "rho", least=0, below=1)
        as_float(self, "momentum", least=0, below=1)
        as_float(self, "epsilon", above=0)
        flag("RMSprop.centered", self.centered)


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba, 2015), as `keras.optimizers.Adam`.

    Args:
        learning_rate: step size for the whole (global) batch; it does not scale with replicas.
        beta_1: decay of the mean of gradients, in [0, 1).
        beta_2: decay of the mean of squared gradients, in [0, 1).
        epsilon: keeps the division finite.
    """

    kind: ClassVar[str] = "Adam"

    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        as_float(self, "learning_rate", above=0)
        as_float(self, "beta_1", least=0, below=1)
        as_float(self, "beta_2", least=0, below=1)
        as_float(self, "epsilon", above=0)


@dataclass(frozen=True)
class Nadam(Adam):
    """Adam with Nesterov momentum (Dozat, 2016), as `keras.optimizers.Nadam`; arguments as those of `Adam`."""

    kind: ClassVar[str] = "Nadam"


OPTIMIZERS = (SGD, RMSprop, Adam, Nadam)
"""All of them; each has the name and the arguments of Keras's class."""

Optimizer = SGD | RMSprop | Adam | Nadam
