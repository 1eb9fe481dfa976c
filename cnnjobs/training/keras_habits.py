"""What authors of networks count on that training does not do: methods that `fit` calls, arguments that Keras drops."""

import inspect
from collections.abc import Iterator

import keras

OF_FIT = ("fit", "train_step", "train_on_batch", "make_train_function", "compute_loss")
"""Methods that only `fit` calls, or that are it."""


def own_training_notes(model: keras.Model) -> Iterator[str]:
    """Say which methods of a subclass are not used."""
    own = [f"{name}()" for name in OF_FIT if getattr(type(model), name) is not getattr(keras.Model, name)]
    if own:
        yield f"methods of its own are not used, {', '.join(own)}: it trains with the variant's loss and optimizer"


def unheeded_notes(model: keras.Model) -> Iterator[str]:
    """Say where a functional network calls a layer with training=False: Keras calls it as it calls the whole network.

    A layer whose own default that is, as that of Dropout, is called so by everybody.

    Source: keras-team/keras, issue 20285.
    """
    told: set[int] = set()  # with all that is inside
    for layer in model._flatten_layers():
        if id(layer) in told:
            continue
        arguments = [getattr(node, "arguments", None) for node in layer._inbound_nodes]
        asked = any(one is not None and one.kwargs.get("training") is False for one in arguments)
        if asked and not _is_default(layer):
            inside = list(layer._flatten_layers())
            told.update(id(one) for one in inside)
            kept = any(isinstance(one, keras.layers.BatchNormalization) and one.trainable for one in inside)
            drawn = any(one._seed_generators for one in inside)
            does = [
                *(["normalises each batch by itself (set layer.trainable = False of what normalises)"] if kept else []),
                *(["draws at random, dropout for example (leave it out)"] if drawn else []),
            ]
            if does:
                yield (
                    f"{layer.name!r} is called with training=False, which Keras ignores within a network of "
                    f"layers: in training it {' and '.join(does)}"
                )


def _is_default(layer: keras.Layer) -> bool:
    """Say whether Keras notes training=False for a layer that is called without it."""
    written = inspect.signature(layer.call).parameters.get("training")
    return written is not None and written.default is False
