"""Optimizers with decoupled weight decay, which is not part of the gradient (Loshchilov and Hutter, 2019)."""

from dataclasses import dataclass
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import as_float, flag, whole


def check_rate(spec: Any) -> None:
    """Check the learning rate of an optimizer.

    Raises:
        SpecError: if it is not a number above 0; schedules belong into `Variant.schedule`.
    """
    rate = spec.learning_rate
    if callable(rate) or hasattr(rate, "factor_at"):
        raise SpecError(
            f"`{spec.kind}.learning_rate` must be a number above 0. Received: learning_rate={rate!r}. A schedule is a "
            f"setting of the variant: Variant(optimizer={spec.kind}(0.01), schedule=CosineDecay()), or another of "
            "cnnjobs, or schedule(function)."
        )
    as_float(spec, "learning_rate", above=0)


def check_decay(spec: Any) -> None:
    """Check the weight decay of a spec."""
    as_float(spec, "weight_decay", least=0)
    name = type(spec).__name__
    if flag(f"{name}.decay_all", spec.decay_all) and not spec.weight_decay:
        raise SpecError(
            f"`{name}.decay_all` needs a weight decay. Received: decay_all=True with weight_decay=0. Leave it out, or "
            "give a `weight_decay` above 0."
        )


@arguments_named
@dataclass(frozen=True)
class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as `keras.optimizers.AdamW`.

    Each update first subtracts `learning_rate * weight_decay * weight` from each weight, with the learning rate of the
    step, and then applies Adam's update. Unlike in Keras, biases and the parameters of normalisation layers are not
    decayed: weights with one dimension or none, and weights that are named bias, gamma, beta or alpha.

    Args:
        learning_rate: above 0, for the global batch: it is not scaled with the number of replicas.
        weight_decay: decay per update, in units of 1 / learning rate, at least 0; as in Keras and PyTorch.
        beta_1: decay of the moving mean of gradients, in [0, 1).
        beta_2: decay of the moving mean of squared gradients, in [0, 1).
        epsilon: added to the denominator, above 0.
        decay_all: whether all weights are decayed, including biases and normalisation parameters, as in Keras.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import AdamW
        >>> AdamW(0.001, weight_decay=0.05).decay_all
        False
    """

    kind: ClassVar[str] = "AdamW"

    learning_rate: float = 0.001
    weight_decay: float = 0.004
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    decay_all: bool = False

    def __post_init__(self) -> None:
        check_rate(self)
        as_float(self, "beta_1", least=0, below=1)
        as_float(self, "beta_2", least=0, below=1)
        as_float(self, "epsilon", above=0)
        check_decay(self)


@arguments_named
@dataclass(frozen=True)
class Lion:
    """Steps of equal size by the sign of a moving mean of gradients (Chen et al., 2023), as `keras.optimizers.Lion`.

    The authors advise a learning rate 3 to 10 times smaller than with AdamW, and a weight decay larger by the same
    factor.

    Args:
        learning_rate: above 0, for the global batch: it is not scaled with the number of replicas.
        beta_1: share of the moving mean in the interpolation with the gradient whose sign is taken, in (0, 1).
        beta_2: decay of the moving mean of gradients, in [0, 1).
        weight_decay: decoupled weight decay per update, in units of 1 / learning rate, at least 0.
        decay_all: whether all weights are decayed, not only those that `AdamW` decays.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import Lion
        >>> Lion(0.0001, weight_decay=0.1).beta_2
        0.99
    """

    kind: ClassVar[str] = "Lion"

    learning_rate: float = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.99
    weight_decay: float = 0.0
    decay_all: bool = False

    def __post_init__(self) -> None:
        check_rate(self)
        as_float(self, "beta_1", above=0, below=1)
        as_float(self, "beta_2", least=0, below=1)
        check_decay(self)


@arguments_named
@dataclass(frozen=True)
class Muon:
    """Orthogonalised momentum (Jordan et al., 2024; scaled as by Liu et al., 2025), as `keras.optimizers.Muon`.

    As in Keras, only matrices are orthogonalised, which are the kernels of dense layers. All other weights, including
    those of convolutions, and the last matrix, which computes the outputs, are updated by Adam with the same learning
    rate and weight decay: a network of convolutions with a single dense layer is therefore trained by AdamW alone.

    Args:
        learning_rate: above 0, for the global batch: it is not scaled with the number of replicas.
        momentum: fraction of the previous gradients that is kept, in [0, 1).
        nesterov: whether Nesterov momentum is used.
        steps: number of Newton-Schulz iterations, 1 to 100.
        weight_decay: decoupled weight decay per update, in units of 1 / learning rate, at least 0.
        decay_all: whether all weights are decayed, not only those that `AdamW` decays.

    Raises:
        SpecError: for a value out of range.

    Example:
        >>> from cnnjobs import Muon
        >>> Muon(0.002).momentum
        0.95
    """

    kind: ClassVar[str] = "Muon"

    learning_rate: float = 0.001
    momentum: float = 0.95
    nesterov: bool = True
    steps: int = 5
    weight_decay: float = 0.004
    decay_all: bool = False

    def __post_init__(self) -> None:
        check_rate(self)
        as_float(self, "momentum", least=0, below=1)
        flag("Muon.nesterov", self.nesterov)
        object.__setattr__(self, "steps", whole("Muon.steps", self.steps, least=1, most=100))
        check_decay(self)
