"""Versions of Python and of the libraries that results, pickles and job files depend on."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

COMPARED = ("python", "ray", "tensorflow", "keras", "numpy", "cnnjobs")
"""What must be the same on all machines that work together."""


def installed_versions() -> dict[str, str]:
    """Return name -> version of what is compared; "unknown" for what is not installed."""
    return {name: platform.python_version() if name == "python" else _version(name) for name in COMPARED}


def differences(there: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    """Return what is of another version there than here, such as "keras 3.14.0"; of what is not known, nothing."""
    return [f"{name} {there[name]}" for name in COMPARED if name in there and there[name] != here.get(name)]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
