"""Names of variants in files: of the files themselves, and of marks within the figures."""

import hashlib
from collections.abc import Iterable

from cnnjobs.store.files import plain_name


def plain_names(variants: Iterable[str]) -> dict[str, str]:
    """Return a plain name for the files of each variant, no two alike."""
    names: dict[str, str] = {}
    for variant in variants:
        names[variant] = _unlike(plain_name(variant), set(names.values()))
    return names


def _unlike(name: str, taken: set[str]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def variant_mark(name: str) -> str:
    """Return what the parts of a figure that belong to a variant are marked with: readable, and no other's."""
    return f"variant.{plain_name(name)[:40]}.{hashlib.sha256(name.encode('utf-8', 'backslashreplace')).hexdigest()[:8]}"
