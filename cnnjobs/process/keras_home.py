"""Where Keras keeps data sets, pretrained weights and its settings, found as Keras finds it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnjobs.errors import UserError

SETTINGS: Mapping[str, Any] = {"image_data_format": "channels_last", "floatx": "float32", "epsilon": 1e-7}
"""What trials are trained with, whatever `keras.json` says: its defaults."""

_FLOATS = ("float16", "float32", "float64")
_FORMATS = ("channels_first", "channels_last")


def keras_home() -> Path:
    """Return the folder: $KERAS_HOME, or .keras in the home folder, or in /tmp where that cannot be written."""
    chosen = os.environ.get("KERAS_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    home = os.path.expanduser("~")  # noqa: PTH111 - `Path` raises an error where there is no home
    return Path(home if os.access(home, os.W_OK) else "/tmp", ".keras")


def ignored_settings() -> list[str]:
    """Return the settings in `keras.json` that trials are not trained with, as name=value.

    Raises:
        UserError: for a file with which Keras cannot be imported.
    """
    file = keras_home() / "keras.json"
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []  # Keras takes its defaults
    if not isinstance(settings, dict):
        raise UserError(_broken(file, f"an object such as {json.dumps(dict(SETTINGS))}", json.dumps(settings)))
    _check(file, settings)
    said = {"backend": "tensorflow", **SETTINGS}
    return [f"{name}={settings[name]}" for name in said if settings.get(name, said[name]) != said[name]]


def _check(file: Path, settings: Mapping[str, Any]) -> None:
    """Refuse what Keras refuses while it is imported, in every process, without the name of the file."""
    for name, allowed in (("floatx", _FLOATS), ("image_data_format", _FORMATS)):
        if name in settings and settings[name] not in allowed:
            raise UserError(_broken(file, f"{name} as one of {', '.join(allowed)}", f"{settings[name]!r}"))
    if not isinstance(settings.get("epsilon", 1e-7), float):
        raise UserError(_broken(file, "epsilon as a number with a decimal point", f"{settings['epsilon']!r}"))


def _broken(file: Path, expected: str, received: str) -> str:
    return f"{file} must have {expected}: Keras cannot be imported with it. Received: {received}. Correct or remove it."
