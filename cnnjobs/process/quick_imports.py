"""Imports large libraries in less time."""

import contextlib
import gc
import sys
from collections.abc import Collection, Iterator
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import LazyLoader, find_spec
from types import ModuleType
from typing import Any


@contextlib.contextmanager
def quick_imports(unused: Collection[str]) -> Iterator[None]:
    """Import some modules only when something in them is used, and collect no garbage meanwhile.

    Modules, classes and functions stay for good, so that collections go through ever more objects and find nothing:
    of the time that TensorFlow takes, a third.

    Args:
        unused: modules that are executed when an attribute of theirs is read, which may be never.
    """
    finder, collected = _Later(unused), gc.isenabled()
    sys.meta_path.insert(0, finder)
    gc.disable()
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        if collected:
            gc.enable()


def names_in(module: ModuleType) -> dict[str, Any]:
    """Return the global names of a module; one that is to be executed later is not for that, as it is by `vars`."""
    held: dict[str, Any] = object.__getattribute__(module, "__dict__")
    return held


class _Later(MetaPathFinder):
    """Finds modules as Python does, but has them executed later.

    Args:
        names: of the modules.
    """

    def __init__(self, names: Collection[str]) -> None:
        self._left = set(names)

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Return how to load one of the modules."""
        if name not in self._left:
            return None
        self._left.discard(name)  # else this finder would be asked again below
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec
