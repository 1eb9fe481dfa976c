"""Keras's optimizers, with one operation a weight tensor where TensorFlow has one.

Keras computes an update of Adam by some fourteen small operations for each weight tensor and replica. In
small networks these take as long as the gradients. The fused kernels compute the same formulas.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnjobs.spec import SGD, Adam, AdamW, CustomOptimizer, Muon, Optimizer

UNDECAYED = ("bias", "gamma", "beta", "alpha")
"""Names that Keras's layers give to biases, to scale and offset of normalisations, and to slopes of `PReLU`."""

KERAS_NAMES = {"steps": "ns_steps"}
"""Field of a spec -> Keras's argument, where they differ."""


def make_optimizer(spec: Optimizer, weights: Sequence[keras.Variable]) -> keras.optimizers.Optimizer:
    """Return the optimizer for a spec: one of Keras's class of that name, or what the user's function returns.

    It stays of Keras's class, so that what callbacks save loads anywhere.

    Args:
        spec: which.
        weights: those that it will train, in the order of the network.

    Raises:
        TypeError: if the user's function returns no optimizer.
        ValueError: if it returns one that does what `Variant` does, or is not new; if this Keras has none of that name.
    """
    if isinstance(spec, CustomOptimizer):
        return _made_by_user(spec)
    name = type(spec).__name__
    if not hasattr(keras.optimizers, name):
        raise ValueError(
            f"Keras {keras.__version__} has no optimizer {name}. Use another optimizer, or a newer version of Keras."
        )
    settings = {KERAS_NAMES.get(field, field): value for field, value in asdict(spec).items()}
    decay_all = settings.pop("decay_all", True)
    if isinstance(spec, Muon):
        settings |= {"adam_weight_decay": spec.weight_decay, "exclude_layers": _last_matrix(weights)}
    made: keras.optimizers.Optimizer = getattr(keras.optimizers, name)(**settings)
    if isinstance(spec, Muon):  # its own decays each weight on one replica after the other
        made._apply_weight_decay = super(type(made), made)._apply_weight_decay
    if not made.weight_decay and not isinstance(spec, AdamW):
        made.weight_decay = None
    if not decay_all:
        made.exclude_from_weight_decay(var_list=[one for one in weights if not is_decayed(one)])
    fused = {SGD: _step_of_sgd, Adam: _step_of_adam, AdamW: _step_of_adam}.get(type(spec))
    if fused is not None:
        made.update_step = functools.partial(fused, made)
    return made


def is_decayed(weight: keras.Variable) -> bool:
    """Say whether weight decay is meant for a weight: no bias, and no parameter of a normalisation."""
    return len(weight.shape) > 1 and weight.name not in UNDECAYED


def rate_of(optimizer: keras.optimizers.Optimizer) -> float:
    """Return an optimizer's learning rate, the number that its float32 was made of."""
    return float(str(np.float32(keras.ops.convert_to_numpy(optimizer.learning_rate))))


def _last_matrix(weights: Sequence[keras.Variable]) -> list[str]:
    """Return a pattern of the path of the last matrix, which gives the outputs; none if there is none."""
    return [f"^{re.escape(one.path)}$" for one in weights if len(one.shape) == 2][-1:]


def _made_by_user(spec: CustomOptimizer) -> keras.optimizers.Optimizer:
    """Return what the user's function returns, if it can be used."""
    made, name = spec.function(**spec.options), f"{spec.function.__name__}()"
    if not isinstance(made, keras.optimizers.Optimizer):
        received = "nothing: it has no `return`" if made is None else repr(made)
        raise TypeError(f"{name} must return a keras.optimizers.Optimizer. Received: {received}.")
    if isinstance(made, keras.optimizers.LossScaleOptimizer):
        raise ValueError(
            f"{name} must return the optimizer without a LossScaleOptimizer around it. "
            'Use Variant(precision="float16"), which scales the loss.'
        )
    if made.built or made._distribution_strategy is not tf.distribute.get_strategy():
        raise ValueError(f"{name} must return a new optimizer whenever it is called: make it inside of the function.")
    if not isinstance(made._learning_rate, keras.Variable):
        raise ValueError(
            f"{name} must return an optimizer whose learning rate is a number. Received: "
            f"learning_rate={made._learning_rate!r}. Use Variant(schedule=...), which multiplies that number."
        )
    for setting, instead in {"use_ema": "ema", "gradient_accumulation_steps": "accumulate"}.items():
        if getattr(made, setting):
            raise ValueError(
                f"{name} must return an optimizer without `{setting}`. "
                f"Received: {setting}={getattr(made, setting)!r}. Use Variant({instead}=...)."
            )
    return made


def bound_gradients(optimizer: keras.optimizers.Optimizer, norm: float | None, value: float | None) -> None:
    """Let an optimizer clip the gradients it is given.

    Args:
        optimizer: which.
        norm: longest gradient of all weights together.
        value: bound of each of its numbers.

    Raises:
        ValueError: if it clips them already.
    """
    if norm is None and value is None:
        return
    own = [name for name in ("clipnorm", "global_clipnorm", "clipvalue") if getattr(optimizer, name) is not None]
    if own:
        asked = "clip_norm" if value is None else "clip_value"
        raise ValueError(
            f"`{asked}` and an optimizer with `{own[0]}` exclude each other. Received: {asked}={norm or value:g} and "
            f"{own[0]}={getattr(optimizer, own[0])!r}. Remove one of them."
        )
    optimizer.global_clipnorm, optimizer.clipvalue = norm, value


def _step_of_sgd(optimizer: keras.optimizers.SGD, gradient: Any, variable: Any, learning_rate: Any) -> None:
    """Update one variable: m = momentum * m - rate * gradient, variable += m; as `keras.optimizers.SGD`."""
    rate = tf.cast(learning_rate, variable.dtype)
    gradient = tf.cast(gradient, variable.dtype)
    if not optimizer.momentum:
        tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=rate, delta=gradient)
        return
    tf.raw_ops.ResourceApplyKerasMomentum(
        var=variable.handle,
        accum=optimizer.momentums[optimizer._get_variable_index(variable)].value.handle,
        lr=rate,
        grad=gradient,
        momentum=tf.constant(optimizer.momentum, variable.dtype),
        use_nesterov=optimizer.nesterov,
    )


def _step_of_adam(optimizer: keras.optimizers.Adam, gradient: Any, variable: Any, learning_rate: Any) -> None:
    """Update one variable by the formulas of Kingma and Ba (2015), end of section 2; as `keras.optimizers.Adam`.

    The kernel takes 1 - beta_2 of a float32, 0.00100005 for 0.999, where Keras takes 0.001. All second
    moments are larger by that factor, so the rate is too, by its root.
    """
    index, dtype = optimizer._get_variable_index(variable), variable.dtype
    beta_1, beta_2 = tf.constant(optimizer.beta_1, dtype), tf.constant(optimizer.beta_2, dtype)
    step = tf.cast(optimizer.iterations.value + 1, dtype)
    larger = float(np.sqrt((1 - np.float32(optimizer.beta_2)) / (1 - optimizer.beta_2)))
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=optimizer._momentums[index].value.handle,
        v=optimizer._velocities[index].value.handle,
        beta1_power=tf.pow(beta_1, step),
        beta2_power=tf.pow(beta_2, step),
        lr=tf.cast(learning_rate, dtype) * larger,
        beta1=beta_1,
        beta2=beta_2,
        epsilon=tf.constant(optimizer.epsilon, dtype),
        grad=tf.cast(gradient, dtype),
    )
