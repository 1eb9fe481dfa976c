"""Names of the experiment trackers to which a job can send its runs."""

from collections.abc import Iterable
from typing import Any

from cnnjobs.errors import SpecError

TRACKERS = ("tensorboard", "mlflow", "wandb")
"""TensorBoard, MLflow, Weights & Biases."""


def tracker_names(value: Any) -> tuple[str, ...]:
    """Return names of trackers in their order and without duplicates; a single name need not be in a tuple.

    Args:
        value: the value in a job, a call or a command.

    Raises:
        SpecError: for a value that is not a name of a tracker.
    """
    several = [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)
    if not all(name in TRACKERS for name in several):
        expected = ", ".join(map(repr, TRACKERS))
        raise SpecError(f"`log` must be one of {expected}, or a tuple of them; () for none. Received: log={value!r}.")
    return tuple(dict.fromkeys(several))
