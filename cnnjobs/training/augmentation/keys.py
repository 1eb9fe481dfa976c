"""Seeds of what draws by itself, so that taking one thing out leaves the draws of the others alone."""

import hashlib
from typing import Any

import tensorflow as tf


def key_of(key: Any, name: str) -> Any:
    """Return the seed of what has a name, (2,) integers.

    Args:
        key: (2,) integers, of all that draw.
        name: of one of them.
    """
    word = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") >> 1
    return tf.random.experimental.stateless_fold_in(key, word)
