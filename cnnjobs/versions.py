"""Versions of Python, of libraries and of this package: what results, pickles and job files depend on."""

import functools
import hashlib
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import TYPE_CHECKING

import cnnjobs

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

COMPARED = ("python", "ray", "tensorflow", "keras", "numpy", "cnnjobs")
"""What should be the same on all machines that work together."""

DECISIVE = ("tensorflow", "keras", "numpy", "cnnjobs")
"""What must be the same in all processes of a run: each can change the bits of a result."""

SAME_LIBRARY = {"tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tf-nightly")}
"""Packages that one library is installed from."""

HASH_DIGITS = 12

NO_SOURCES = ("examples",)
"""What a wheel has in the package, and a checkout beside it: bundled jobs, which change no result of others."""


def installed_versions() -> dict[str, str]:
    """Return name -> version of what is compared; "unknown" for what is not installed."""
    found = {"python": platform.python_version(), "cnnjobs": package_version()}
    return {name: found.get(name) or _version(name) for name in COMPARED}


@functools.cache
def package_version() -> str:
    """Return the version of this package with a hash of its sources, which tells two commits of a version apart.

    It is the same however the package was installed: as a wheel, from where it is edited, or with other line ends.
    """
    digest = hashlib.sha256()
    for name, content in sorted(_sources(files("cnnjobs"), "")):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return f"{cnnjobs.__version__}+{digest.hexdigest()[:HASH_DIGITS]}"


def _sources(folder: "Traversable", name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the Python files below a folder of a package, by their names in it."""
    for item in folder.iterdir():
        inner = f"{name}{item.name}"
        if item.name.endswith(".py"):
            yield inner, item.read_bytes().replace(b"\r\n", b"\n")
        elif f"{name}{item.name}" not in NO_SOURCES and item.name != "__pycache__" and item.is_dir():
            yield from _sources(item, f"{inner}/")


def differences(there: Mapping[str, str], here: Mapping[str, str], names: tuple[str, ...] = COMPARED) -> list[str]:
    """Return what is of another version there than here, such as "keras 3.14.0"; of what is not known, nothing.

    Args:
        there: name -> version.
        here: name -> version.
        names: what is compared.
    """
    return [f"{name} {there[name]}" for name in names if name in there and there[name] != here.get(name)]


def _version(name: str) -> str:
    for package in SAME_LIBRARY.get(name, (name,)):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "unknown"
