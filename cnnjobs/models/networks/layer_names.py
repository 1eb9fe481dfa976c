"""Layers of a network by how their names begin, or by their place from the end."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import keras
from keras.src.backend.common import global_state
from keras.src.utils import naming

MOST_NAMES = 24
"""So many names of layers are told; of more, how they begin."""

BEHIND = re.compile(r"(?<=[0-9])[^0-9].*|(?<=[^0-9])_[^0-9].*")
"""What is left out of a name then: all behind its first number, or behind its first word: block_16, conv5, stem."""


@dataclass(frozen=True)
class Holder:
    """A layer that holds weights itself.

    Args:
        layer: it.
        names: of the networks and layers that it is in, from the outermost, and its own.
        around: those networks and layers.
    """

    layer: keras.layers.Layer
    names: tuple[str, ...]
    around: tuple[keras.layers.Layer, ...]

    def begins_with(self, beginning: str) -> bool:
        """Say whether its name begins so, or that of what it is in; a digit at the end is a whole number."""
        paths = ("/".join(self.names[first:]) for first in range(len(self.names)))
        tails = [path[len(beginning) :] for path in paths if path.startswith(beginning)]
        return any(not (beginning[-1].isdigit() and tail[:1].isdigit()) for tail in tails)


def holders_of(container: keras.layers.Layer, around: tuple[keras.layers.Layer, ...] = ()) -> Iterator[Holder]:
    """Yield the layers that hold weights, also of networks and layers inside, in their order."""
    for layer in container._flatten_layers(include_self=False, recursive=False):
        if layer._trainable_variables:
            yield Holder(layer, tuple(one.name for one in (*around, layer)), around)
        yield from holders_of(layer, (*around, layer))


def named(argument: str, beginning: str, holders: Sequence[Holder], listed: Sequence[Holder] = ()) -> list[Holder]:
    """Return the layers whose names begin so.

    Args:
        argument: in which the beginning was given, for the message.
        beginning: of the names of layers, or of what they are in: "block5", "base/block5".
        holders: the layers with weights.
        listed: those that the message lists; empty for all.

    Raises:
        ValueError: if there is none.
    """
    found = [one for one in holders if one.begins_with(beginning)]
    if found:
        return found
    raise ValueError(
        f"`{argument}` must name layers with weights of the network, or say how their names begin. "
        f"Received: {beginning!r}. {'Frozen are' if listed else 'It has'} "
        f"{shortened([one.names[-1] for one in listed or holders])}."
    )


def shortened(names: Sequence[str]) -> str:
    """Return names as text; of many how they begin, as far as the first number."""
    if len(names) > MOST_NAMES:
        names = list(dict.fromkeys(f"{BEHIND.sub('', one)}..." for one in names))
    return ", ".join(names)


@contextlib.contextmanager
def numbered_from_one() -> Iterator[None]:
    """Have Keras number the layers that are given no name from 1, as in a process that has built nothing else.

    So a name that `plan --summary` shows is that of the same layer in every trial.
    """
    before = global_state.get_global_attribute("object_name_uids")
    naming.reset_uids()
    try:
        yield
    finally:
        global_state.set_global_attribute("object_name_uids", before)
