"""Optimizers as values, with the names and hyperparameters of Keras."""

from dataclasses import dataclass
from typing import ClassVar

from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float, flag
from cnnjobs.spec.decayed import AdamW, Lion, Muon, check_decay, check_rate
from cnnjobs.spec.fields import later_field
from cnnjobs.spec.own_optimizer import CustomOptimizer


@arguments_named
@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent with momentum, as `keras.optimizers.SGD`.

    Source: momentum as in Sutskever et al. (2013): `m = momentum * m - rate * gradient; weight += m`.

    Args:
        learning_rate: above 0, for the global batch: it is not scaled with the number of replicas.
        momentum: fraction of the previous update that is kept, in [0, 1).
        nesterov: whether Nesterov momentum is used.
        weight_decay: decoupled weight decay, at least 0: each update first subtracts `learning_rate * weight_decay *
            weight` from each weight, as in Keras. PyTorch adds the decay to the gradient instead, where momentum makes
            it 1 / (1 - momentum) times as strong; so does `weight_decay` of `vgg` and other networks.
        decay_all: whether all weights are decayed, not only those that `AdamW` decays.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import SGD
        >>> SGD(0.01, momentum=0.9)
        SGD(learning_rate=0.01, momentum=0.9, nesterov=False, weight_decay=0.0, decay_all=False)
    """

    kind: ClassVar[str] = "SGD"

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = later_field(0.0)
    decay_all: bool = later_field(False)

    def __post_init__(self) -> None:
        check_rate(self)
        as_float(self, "momentum", least=0, below=1)
        flag("SGD.nesterov", self.nesterov)
        check_decay(self)


@arguments_named
@dataclass(frozen=True)
class RMSprop:
    """Gradients divided by the root of their recent mean square (Hinton, 2012), as `keras.optimizers.RMSprop`.

    Args:
        learning_rate: above 0, for the global batch: it is not scaled with the number of replicas.
        rho: decay of the moving mean of squared gradients, in [0, 1).
        momentum: fraction of the previous update that is kept, in [0, 1).
        epsilon: small number that is added to the denominator, above 0.
        centered: whether gradients are divided by their standard deviation instead of their root mean square.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import RMSprop
        >>> RMSprop(rho=1)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `RMSprop.rho` must be a number at least 0 and below 1. Received: rho=1.
    """

    kind: ClassVar[str] = "RMSprop"

    learning_rate: float = 0.001
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False

    def __post_init__(self) -> None:
        check_rate(self)
        as_float(self, "rho", least=0, below=1)
        as_float(self, "momentum", least=0, below=1)
        as_float(self, "epsilon", above=0)
        flag("RMSprop.centered", self.centered)


@arguments_named
@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba, 2015), as `keras.optimizers.Adam`.

    Args:
        learning_rate: above 0, for the global batch: it is not scaled with the number of replicas.
        beta_1: decay of the moving mean of gradients, in [0, 1).
        beta_2: decay of the moving mean of squared gradients, in [0, 1).
        epsilon: small number that is added to the denominator, above 0.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import Adam
        >>> Adam().learning_rate
        0.001
    """

    kind: ClassVar[str] = "Adam"

    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        check_rate(self)
        as_float(self, "beta_1", least=0, below=1)
        as_float(self, "beta_2", least=0, below=1)
        as_float(self, "epsilon", above=0)


@arguments_named
@dataclass(frozen=True)
class Nadam(Adam):
    """Adam with Nesterov momentum (Dozat, 2016), as `keras.optimizers.Nadam`.

    Args:
        learning_rate: above 0, for the global batch: it is not scaled with the number of replicas.
        beta_1: decay of the moving mean of gradients, in [0, 1).
        beta_2: decay of the moving mean of squared gradients, in [0, 1).
        epsilon: small number that is added to the denominator, above 0.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import Nadam
        >>> Nadam(0.002).beta_1
        0.9
    """

    kind: ClassVar[str] = "Nadam"


@arguments_named
@dataclass(frozen=True)
class Adamax(Adam):
    """Adam with the largest recent gradient in place of the root mean square (Kingma and Ba, 2015, section 7).

    It is `keras.optimizers.Adamax`.

    Args:
        learning_rate: above 0, for the global batch: it is not scaled with the number of replicas.
        beta_1: decay of the moving mean of gradients, in [0, 1).
        beta_2: decay of the largest gradient, in [0, 1).
        epsilon: small number that is added to the denominator, above 0.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import Adamax
        >>> Adamax(0.002).beta_2
        0.999
    """

    kind: ClassVar[str] = "Adamax"


@arguments_named
@dataclass(frozen=True)
class Adagrad:
    """Gradients divided by the root of the sum of their squares (Duchi et al., 2011), as `keras.optimizers.Adagrad`.

    Args:
        learning_rate: above 0, for the global batch: it is not scaled with the number of replicas. It is usually larger
            than with Adam; PyTorch's default is 0.01.
        initial_accumulator_value: initial sum of squares, at least 0.
        epsilon: small number that is added to the sum under the root, above 0.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import Adagrad
        >>> Adagrad(0.01).initial_accumulator_value
        0.1
    """

    kind: ClassVar[str] = "Adagrad"

    learning_rate: float = 0.001
    initial_accumulator_value: float = 0.1
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        check_rate(self)
        as_float(self, "initial_accumulator_value", least=0)
        as_float(self, "epsilon", above=0)


BUILTIN_OPTIMIZERS = (SGD, RMSprop, Adam, Nadam, AdamW, Adamax, Adagrad, Lion, Muon)
"""Optimizers with the names of Keras's classes."""

OPTIMIZERS = (*BUILTIN_OPTIMIZERS, CustomOptimizer)
"""All optimizers."""

Optimizer = SGD | RMSprop | Adam | Nadam | AdamW | Adamax | Adagrad | Lion | Muon | CustomOptimizer
