"""What is set around a command and does not reach its trials: said before anything runs."""

import os
import sys
from pathlib import Path
from typing import Any

from cnnjobs.process.keras_home import SETTINGS, ignored_settings, keras_home
from cnnjobs.process.machine import missing_gpus
from cnnjobs.process.numeric_environment import without_effect
from cnnjobs.process.private_folder import MOST_BASE_BYTES, temporary_base


def surroundings_notes() -> tuple[str, ...]:
    """Return a sentence for each kind of setting that a person may count on and that trials do not see.

    Raises:
        UserError: for a `keras.json` with which Keras cannot be imported, or without a place for temporary files.
    """
    notes = []
    if variables := without_effect(os.environ):
        notes.append(f"Trials do not use {', '.join(variables)}: they are pinned, because they can change numbers")
    if settings := ignored_settings():
        notes.append(
            f"Trials do not use {', '.join(settings)} of {keras_home() / 'keras.json'}: they are trained with "
            f"{_listed(SETTINGS)} and TensorFlow"
        )
    if settings := _of_this_process():
        notes.append(
            f"Trials do not use Keras's settings of this process ({', '.join(settings)}): they are trained with "
            f"{_listed(SETTINGS)}. Use `precision` of a variant to change its type of numbers"
        )
    notes += filter(None, (missing_gpus(), _temporary_folder()))
    return tuple(notes)


def _temporary_folder() -> str:
    """Say that temporary files go elsewhere than a person asked for; nothing where they do not.

    Raises:
        UserError: if they can go nowhere.
    """
    base = temporary_base()
    name = next((name for name in ("RAY_TMPDIR", "TMPDIR") if os.environ.get(name)), None)
    if name is None or Path(os.environ[name]).resolve() == base:
        return ""
    return (
        f"Temporary files go to {base}, not to {name}={os.environ[name]}, which must be a folder in which only you can "
        f"change files, or each user only their own, with a path of at most {MOST_BASE_BYTES} bytes"
    )


def _of_this_process() -> list[str]:
    """Return the settings that a job file or a notebook has changed by calls; nothing where Keras is not imported."""
    config: Any = getattr(sys.modules.get("keras"), "config", None)
    if config is None or ignored_settings():  # then they are those of the file
        return []
    found = {name: getattr(config, name)() for name in SETTINGS}
    found["dtype_policy"] = config.dtype_policy().name
    said = {**SETTINGS, "dtype_policy": found["floatx"]}
    return [f"{name}={value}" for name, value in found.items() if value != said[name]]


def _listed(settings: Any) -> str:
    return ", ".join(f"{name}={value}" for name, value in settings.items())
