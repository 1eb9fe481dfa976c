"""Builders of the bundled networks, registered by name."""

import inspect
from collections.abc import Callable

import keras

from cnnjobs.models.network_facts import NetworkFacts
from cnnjobs.models.networks.applications import application, vgg16
from cnnjobs.models.networks.layer_names import numbered_from_one
from cnnjobs.models.networks.plain import Shape, cnn
from cnnjobs.models.networks.residual import resnet
from cnnjobs.process.variables import variables
from cnnjobs.spec import CustomModel, Model

SUMMARY_WIDTH = 100
"""Columns of a network's summary."""


def build_model(spec: Model | CustomModel, image_shape: Shape, classes: int) -> keras.Model:
    """Return a freshly initialised network, whose layers have the same names in every process.

    Args:
        spec: which one, and its options.
        image_shape: (height, width, channels).
        classes: number of outputs.

    Raises:
        TypeError: if a user's function returns no `keras.Model`, or one for other pictures or classes.
    """
    with numbered_from_one():
        if isinstance(spec, Model):
            return BUILDERS[spec.builder](image_shape, classes, **spec.options)
        return finished(spec, returned_by(spec, image_shape, classes), image_shape, classes)


def returned_by(spec: CustomModel, image_shape: Shape, classes: int) -> keras.Model:
    """Return what a user's function returns, as it is.

    Raises:
        TypeError: if it is no `keras.Model`.
    """
    model = spec.function(image_shape, classes, **spec.options)
    if not isinstance(model, keras.Model):
        received = "nothing: it has no `return`" if model is None else repr(model)
        raise TypeError(f"{spec.function.__name__}() must return a keras.Model. Received: {received}.")
    return model


def finished(spec: CustomModel, model: keras.Model, image_shape: Shape, classes: int) -> keras.Model:
    """Return what a user's function has returned as a network that is built, with known inputs and outputs.

    Raises:
        TypeError: if it is one for other pictures or classes.
    """
    if isinstance(model, keras.Sequential) and not model.built:
        model.build((None, *image_shape))
    if not getattr(model, "outputs", None):  # a subclass: its layers are known only when it runs
        _check_call(model)
        inputs = keras.Input(image_shape)
        model = keras.Model(inputs, model(inputs))
    _check_interface(spec.function.__name__, model, image_shape, classes)
    return model


def _check_interface(name: str, model: keras.Model, image_shape: Shape, classes: int) -> None:
    """Refuse a network that takes something else than the pictures, or gives something else than a value a class.

    Of two classes one value is enough.
    """
    taken = [tuple(one.shape) for one in model.inputs]
    fits = len(taken) == 1 and len(taken[0]) == 4 and taken[0][0] is None
    if not fits or any(side not in (None, own) for side, own in zip(taken[0][1:], image_shape, strict=True)):
        raise TypeError(
            f"{name}() must return a network that takes pictures of its argument `input_shape`, {image_shape}. "
            f"Received: one that takes {_shapes(taken)}. Begin it with keras.Input(input_shape)."
        )
    if not str(model.inputs[0].dtype).startswith(("float", "bfloat")):
        raise TypeError(
            f"{name}() must return a network that takes float pixels in [0, 1]. Received: an input of "
            f"{model.inputs[0].dtype}, which would make nearly all of them 0. Leave the dtype of keras.Input out."
        )
    given = [tuple(one.shape) for one in model.outputs]
    alone = isinstance(model, keras.Sequential) or not isinstance(model.output, list | tuple | dict)
    if given not in [[(None, classes)], [(None, 1)] if classes == 2 else []] or not alone:
        received = f"output shape {_shapes(given)}"
        if not alone:
            received = f"a {type(model.output).__name__} of outputs, of shape {_shapes(given)}"
        elif given == [(None, 1)]:
            received += ": one unit tells two classes apart"
        raise TypeError(
            f"The network must return (batch, {classes}), a value for each of the {classes} classes. "
            f"Received: {name}() with {received}. {_advice(given[0], classes, alone=alone)}"
        )


def _advice(shape: tuple[int | None, ...], classes: int, *, alone: bool) -> str:
    """Say what to do about outputs of a shape that is none of classes."""
    if not alone:
        return "Return one of them, as a tensor, and leave others out."
    if set(shape[1:-1]) == {1} and shape[-1] == classes:
        return "End it with keras.layers.Flatten()."
    if len(shape) > 2:
        return "Put keras.layers.Flatten() or GlobalAveragePooling2D() before keras.layers.Dense(classes)."
    one_unit = ', or with one unit for the second class, keras.layers.Dense(1, activation="sigmoid")'
    return f"End it with keras.layers.Dense(classes){one_unit if classes == 2 else ''}."


def _check_call(model: keras.Model) -> None:
    """Refuse a subclass that is called with more than pictures."""
    arguments = list(inspect.signature(model.call).parameters.values())
    needed = [one.name for one in arguments[1:] if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD]
    if needed:
        raise TypeError(
            f"{type(model).__name__}.call() must take pictures alone, and may take `training`. Received: it needs "
            f"{', '.join(needed)} too. Give that a default: def call(self, inputs, training=None)."
        )


def _shapes(shapes: list[tuple[int | None, ...]]) -> str:
    return ", ".join(str(shape) for shape in shapes)


def describe_network(model: keras.Model) -> NetworkFacts:
    """Return what there is to say of a network that is built."""
    return NetworkFacts(int(model.count_params()), _summary(model))


def _summary(model: keras.Model) -> str:
    """Return the table of layers; Keras asks the terminal, or COLUMNS, how wide it may be."""
    lines: list[str] = []
    with variables({"COLUMNS": str(SUMMARY_WIDTH)}):
        model.summary(line_length=SUMMARY_WIDTH, print_fn=lines.append, expand_nested=True, show_trainable=True)
    return "\n".join(line.rstrip() for line in "\n".join(lines).rstrip().splitlines())


BUILDERS: dict[str, Callable[..., keras.Model]] = {
    "application": application,
    "cnn": cnn,
    "resnet": resnet,
    "vgg16": vgg16,
}
"""Builder by the name that `Model.builder` carries."""
