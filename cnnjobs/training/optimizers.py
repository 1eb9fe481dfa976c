"""Keras's optimizers, with one operation a weight tensor where TensorFlow has one.

Keras computes an update of Adam by some fourteen small operations for each weight tensor and replica. In
small networks these take as long as the gradients. The fused kernels compute the same formulas.
"""

from dataclasses import asdict
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cnnjobs.spec import Optimizer


def make_optimizer(spec: Optimizer) -> keras.optimizers.Optimizer:
    """Return the optimizer for a spec, which has the name and the arguments of Keras's class."""
    name = type(spec).__name__
    made: keras.optimizers.Optimizer = _FUSED.get(name, getattr(keras.optimizers, name))(**asdict(spec))
    return made


class _FusedSGD(keras.optimizers.SGD):
    """`keras.optimizers.SGD`: m = momentum * m - rate * gradient, weight += m."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable on the device that is being traced."""
        rate = tf.cast(learning_rate, variable.dtype)
        gradient = tf.cast(gradient, variable.dtype)
        if not self.momentum:
            tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=rate, delta=gradient)
            return
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=self.momentums[self._get_variable_index(variable)].value.handle,
            lr=rate,
            grad=gradient,
            momentum=tf.constant(self.momentum, variable.dtype),
            use_nesterov=self.nesterov,
        )


class _FusedAdam(keras.optimizers.Adam):
    """`keras.optimizers.Adam`, by the formulas of Kingma and Ba (2015), section 2, last paragraph.

    The kernel takes 1 - beta_2 of a float32, 0.00100005 for 0.999, where Keras takes 0.001. All second
    moments are larger by that factor, so the rate is too, by its root.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable on the device that is being traced."""
        index = self._get_variable_index(variable)
        dtype = variable.dtype
        step = tf.cast(self.iterations.value + 1, dtype)
        beta_1, beta_2 = tf.constant(self.beta_1, dtype), tf.constant(self.beta_2, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=tf.cast(learning_rate, dtype) * float(np.sqrt((1 - np.float32(self.beta_2)) / (1 - self.beta_2))),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.constant(self.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )


_FUSED = {"SGD": _FusedSGD, "Adam": _FusedAdam}
