"""What comes out of a network: probabilities or logits, from a last layer that is understood."""

from typing import Any

import keras


def output_operation(model: keras.Model) -> Any:
    """Return the layer or operation that the network's output comes from, inside nested networks too."""
    operation = model.outputs[0]._keras_history.operation
    return output_operation(operation) if isinstance(operation, keras.Model) else operation


def gives_logits(model: keras.Model, classes: int) -> bool:
    """Say whether the outputs are logits; softmax and linear last layers are understood.

    Raises:
        ValueError: any other last layer, or not one output a class.
    """
    if len(model.outputs) != 1 or tuple(model.outputs[0].shape) != (None, classes):
        shapes = ", ".join(str(output.shape) for output in model.outputs)
        raise ValueError(f"The network must return (batch, {classes}). Received: output shape {shapes}.")
    last = output_operation(model)
    if type(last).__name__ == "Softmax":  # the layer, or `keras.ops.softmax`
        return False
    name = getattr(getattr(last, "activation", None), "__name__", None)
    if name not in ("softmax", "linear"):
        raise ValueError(
            "The network's last layer must be softmax, or a layer without activation that gives logits. "
            f"Received: {type(last).__name__} with activation={name}. Give the last Dense layer the classes' "
            "probabilities (activation='softmax') or logits (no activation)."
        )
    return bool(name == "linear")
