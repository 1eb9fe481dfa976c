"""A user's own optimizer as a value, and advice for values that are no optimizer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.functions import UserFunction


@dataclass(frozen=True)
class CustomOptimizer(UserFunction):
    """An optimizer that is made by a user's function; made by `optimizer()`.

    Args:
        function: is called as `function(**options)` and returns a new `keras.optimizers.Optimizer`.
        options: hyperparameters of the function; part of the trial's identity.
    """

    kind: ClassVar[str] = "CustomOptimizer"
    maker: ClassVar[str] = "optimizer"
    role: ClassVar[str] = "optimizer"


@arguments_named
def optimizer(function: Callable[..., Any], **options: Any) -> CustomOptimizer:
    """Return an optimizer of your own: `optimizer(lamb, learning_rate=0.002)`.

    The optimizer receives the gradient of the whole step, summed over replicas, so that its own `clipnorm`,
    `global_clipnorm`, `clipvalue` and `weight_decay` mean the same with several replicas as with one. Schedules
    multiply its initial learning rate. It must not do anything that `Variant` does: `use_ema`,
    `gradient_accumulation_steps`, a `LearningRateSchedule` as its learning rate, and a `LossScaleOptimizer` around it
    are refused.

    Args:
        function: a `def` that is called as `function(**options)` and returns a new `keras.optimizers.Optimizer`, of
            Keras or of a class of your own. Import Keras inside the function.
        **options: hyperparameters of the function, by name: numbers, text, tuples, dicts or dataclasses. The function,
            its options and everything they refer to are part of a trial's identity.

    Raises:
        SpecError: if it is not a plain function, or cannot be called in this way.

    Example:
        >>> from cnnjobs import optimizer
        >>> def lamb(learning_rate):
        ...     import keras
        ...     return keras.optimizers.Lamb(learning_rate, weight_decay=0.01)
        >>> optimizer(lamb, learning_rate=0.002).options
        {'learning_rate': 0.002}
        >>> optimizer(lamb, rate=0.002)
        Traceback (most recent call last):
        cnnjobs.errors.SpecError: `lamb` must be callable as lamb(rate=...). Received: a function of (learning_rate) ...
    """
    return CustomOptimizer(function, options)


def advice_for(value: Any, names: tuple[str, ...]) -> str:
    """Return advice on what to write instead of a value that is not an optimizer of this package.

    Args:
        value: the value that was given.
        names: names of the package's optimizers.
    """
    known = {name.lower(): name for name in names}
    kind = value if isinstance(value, type) else type(value)
    name = known.get(str(value).lower() if isinstance(value, str) else kind.__name__.lower())
    if isinstance(value, str) or (isinstance(value, type) and name == kind.__name__):
        return f"Write {name}(...)." if name else ""
    library = kind.__module__.partition(".")[0]
    if library not in ("keras", "tf_keras", "tensorflow", "torch", "optax"):
        return ""
    instead = f"Write {name}(...) of cnnjobs, or return" if name else "Return"
    of_keras = "it" if library == "keras" else "one of keras.optimizers"
    return f"{instead} {of_keras} from a function, which is called anew for each training: optimizer(my_function)."
