"""Keras's optimizers, with one operation a weight tensor where TensorFlow has one.

Keras computes an update of Adam by some fourteen small operations for each weight tensor and replica. In
small networks these take as long as the gradients. The fused kernels compute the same formulas.
"""

import functools
from dataclasses import asdict
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnjobs.spec import SGD, Adam, Optimizer


def make_optimizer(spec: Optimizer) -> keras.optimizers.Optimizer:
    """Return the optimizer for a spec, which has the name and the arguments of Keras's class.

    It stays of Keras's class, so that what callbacks save loads anywhere.
    """
    made: keras.optimizers.Optimizer = getattr(keras.optimizers, type(spec).__name__)(**asdict(spec))
    fused = {SGD: _step_of_sgd, Adam: _step_of_adam}.get(type(spec))
    if fused is not None:
        made.update_step = functools.partial(fused, made)
    return made


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
