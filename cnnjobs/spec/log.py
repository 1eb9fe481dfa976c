"""Names of the experiment trackers that a job may send its runs to."""

from collections.abc import Iterable
from typing import Any

from cnnjobs.errors import SpecError

TRACKERS = ("tensorboard", "mlflow", "wandb")
"""TensorBoard, MLflow, Weights & Biases."""


def tracker_names(value: Any) -> tuple[str, ...]:
    """Return names of trackers, each once, in their order; one may stand for itself.

    Args:
        value: as a job, a call or a command has it.

    Raises:
        SpecError: for what is no name of a tracker.
    """
    several = [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)
    if not all(name in TRACKERS for name in several):
        expected = ", ".join(map(repr, TRACKERS))
        raise SpecError(f"`log` must be one of {expected}, or a tuple of them; () for none. Received: log={value!r}.")
    return tuple(dict.fromkeys(several))
