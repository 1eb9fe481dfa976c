"""Settings of Keras and TensorFlow that a person, or a function of theirs, may have changed: pinned for trials."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf
from keras.src.backend.common import global_state
from tensorflow.python.eager import context

from cnnjobs.process.keras_home import SETTINGS

Setting = tuple[Callable[[], Any], Callable[[Any], None], Any]
"""How it is read, how it is set, and what trials are trained with."""


_ALL_ON = {"disable_model_pruning": False, "disable_meta_optimizer": False}
"""TensorFlow's own choice of what rewrites graphs, as it says it."""


def _settings() -> dict[str, Setting]:
    """Return what is pinned, by name; the type of layers last, because the type of numbers decides over it."""
    config = keras.config
    return {
        "image_data_format": (config.image_data_format, config.set_image_data_format, SETTINGS["image_data_format"]),
        "floatx": (config.floatx, config.set_floatx, SETTINGS["floatx"]),
        "epsilon": (config.epsilon, config.set_epsilon, SETTINGS["epsilon"]),
        "max_epochs": (config.max_epochs, config.set_max_epochs, None),
        "max_steps_per_epoch": (config.max_steps_per_epoch, config.set_max_steps_per_epoch, None),
        "flash_attention": (config.is_flash_attention_enabled, _set_flash_attention, None),
        "distribution": (keras.distribution.distribution, keras.distribution.set_distribution, None),
        "jit": (tf.config.optimizer.get_jit, tf.config.optimizer.set_jit, ""),
        "run_functions_eagerly": (tf.config.functions_run_eagerly, tf.config.run_functions_eagerly, False),
        "tensor_float_32": (
            tf.config.experimental.tensor_float_32_execution_enabled,
            tf.config.experimental.enable_tensor_float_32_execution,
            True,
        ),
        "graph_optimizers": (tf.config.optimizer.get_experimental_options, _set_graph_optimizers, _ALL_ON),
        "soft_device_placement": (tf.config.get_soft_device_placement, tf.config.set_soft_device_placement, True),
        "dtype_policy": (lambda: keras.config.dtype_policy().name, keras.config.set_dtype_policy, SETTINGS["floatx"]),
    }


def pin_settings() -> list[str]:
    """Give this process, which is ours, the settings that trials are trained with; return which it did not have."""
    changed = []
    for name, (get, put, value) in _settings().items():
        if get() != value:
            put(value)
            changed.append(name)
    return changed


def changed_for_good() -> list[str]:
    """Return what somebody has switched in TensorFlow that nothing switches back."""
    found = {"eager execution": not tf.executing_eagerly(), "NumPy behavior": hasattr(tf.Tensor, "astype")}
    return [name for name, is_changed in found.items() if is_changed]


@contextlib.contextmanager
def settings_pinned() -> Iterator[None]:
    """Pin the settings, and put back in the end what they were in a process that is a person's."""
    before = {name: get() for name, (get, _, _) in _settings().items()}
    pin_settings()
    try:
        yield
    finally:
        for name, (get, put, _) in _settings().items():
            if get() != before[name]:
                put(before[name])


def _set_flash_attention(value: bool | None) -> None:
    """Switch it on, off, or, which Keras has no function for, back to its own choice."""
    global_state.set_global_attribute("flash_attention", value)


def _set_graph_optimizers(options: dict[str, bool]) -> None:
    """Set the choices for graph optimizers; each that is not named goes back to TensorFlow's own."""
    context.context()._optimizer_experimental_options.clear()
    tf.config.optimizer.set_experimental_options(options)
