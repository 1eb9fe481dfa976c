"""Which code is the user's, and where it was written; the rest is of Python, of libraries, or of this project."""

import contextlib
import dataclasses
import functools
import linecache
import os
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from cnnjobs.planning.value_text import NoContent, content_of

Definition = FunctionType | type

DESCRIPTORS = (functools.cached_property, functools.partialmethod, functools.singledispatchmethod)
"""What holds a method of a class in `func`."""

STDLIB = sysconfig.get_paths()["stdlib"]
"""Folder of Python's own modules."""

GENERATED = frozenset(
    {"_generate_next_value_", "_member_map_", "_member_names_", "_unhashable_values_", "_unhashable_values_map_"}
    | {"_value2member_map_", "_hashable_values_", "_new_member_", "_use_args_", "_value_repr_", "_member_type_"}
    | {"_field_defaults", "_fields"}
)
"""What `Enum` and `NamedTuple` put into their classes."""


def file_of_class(one: type) -> str:
    """Return where a class was written; empty if nothing says it."""
    files = sorted(method.__code__.co_filename for method in _methods(one))
    return files[0] if files else str(getattr(sys.modules.get(one.__module__), "__file__", None) or "")


def globals_of_class(one: type) -> Mapping[str, Any]:
    """Return the global names of a class's module; the job file is no module that could be asked."""
    methods = _methods(one)
    if methods:
        return methods[0].__globals__
    module = sys.modules.get(one.__module__)
    return {} if module is None else vars(module)


def _methods(one: type) -> list[FunctionType]:
    """Return the methods that the user wrote; dataclasses make others."""
    methods = [member for member in vars(one).values() if isinstance(member, FunctionType)]
    return [method for method in methods if method.__module__ == one.__module__ and not is_installed(method)]


def functions_of(module: ModuleType) -> Iterator[FunctionType]:
    """Yield the functions and methods that a module of the user's defines."""
    for value in list(vars(module).values()):
        if isinstance(value, FunctionType) and value.__module__ == module.__name__:
            yield value
        elif isinstance(value, type) and value.__module__ == module.__name__:
            yield from _methods(value)


def members_of(one: type, of_code: Callable[[Any], str]) -> Iterator[str]:
    """Return what a class has: it may have been made in a function, of what that was given."""
    for place, item in enumerate(dataclasses.fields(one) if dataclasses.is_dataclass(one) else ()):
        with contextlib.suppress(NoContent):
            default = content_of([item.default, item.default_factory], of_code)
            yield f"# {one.__qualname__}, field {place} {item.name}: {default}"
    for name, value in vars(one).items():
        if isinstance(value, property):
            held: Any = [value.fget, value.fset]
        elif isinstance(value, staticmethod | classmethod):
            held = value.__func__
        else:
            held = getattr(value, "func", value) if type(value) in DESCRIPTORS else value
        if name in GENERATED or (name.startswith("_") and isinstance(value, FunctionType) and is_installed(value)):
            continue  # made by `dataclass` or `Enum`, otherwise in each version of Python
        if held is not value or not name.startswith("__") or isinstance(value, FunctionType):
            with contextlib.suppress(NoContent):
                yield f"# {one.__qualname__}.{name}: {content_of(held, of_code)}"


def is_ours(value: Any) -> bool:
    """Say whether a value is a part of this project."""
    return str(getattr(value, "__module__", "")).partition(".")[0] == "cnnjobs"


def is_installed(value: Definition | ModuleType) -> bool:
    """Say whether code is of Python, of an installed library, or of this project."""
    if is_ours(value):
        return True
    if isinstance(value, FunctionType):
        return is_installed_file(value.__code__.co_filename, typed=value.__module__ == "__main__")
    if isinstance(value, ModuleType):
        name = str(value.__name__).partition(".")[0]  # a job file may have set it to anything
        return name == "cnnjobs" or is_installed_file(_place_of(value))
    if value.__module__ in ("builtins", "__main__"):
        return value.__module__ == "builtins"
    file = str(getattr(sys.modules.get(value.__module__), "__file__", None) or "")
    return is_installed_file(file) if file else value.__module__ in sys.builtin_module_names


def _place_of(module: ModuleType) -> str:
    """Return the file of a module, or the first folder of one without a file; some modules answer to any name."""
    file, folders = (vars(module).get(name) for name in ("__file__", "__path__"))
    if isinstance(file, str):
        return file
    return str(next(iter(folders), "<built-in")) if isinstance(folders, Iterable) else "<built-in"


def is_installed_file(file: str, *, typed: bool = False) -> bool:
    """Say whether a file is of Python or of an installed library.

    Args:
        file: its name; that of code that was typed into a prompt or a cell begins with "<".
        typed: whether the code in it may have been typed.
    """
    if file.startswith("<"):
        return not (typed and linecache.getlines(file))
    if not INSTALLED.isdisjoint(Path(file).parts) or file.startswith(STDLIB):
        return True
    return any(
        file.startswith(folder) and Path(file[len(folder) :]).parts[0].partition(".")[0] in installed_names()
        for folder in _library_folders(tuple(sys.path))
    )


@functools.cache
def _library_folders(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return the folders, ending with a separator, where `pip install --target` has put libraries, whatever their name.

    Args:
        path: where Python looks for modules.
    """
    others = (entry for entry in path if entry and INSTALLED.isdisjoint(Path(entry).parts))
    return tuple(f"{entry.rstrip(os.sep)}{os.sep}" for entry in others if any(Path(entry).glob("*.dist-info")))


@functools.cache
def installed_names() -> frozenset[str]:
    """Return the names of installed packages, those too that are installed from where they are edited.

    Reading what every installed package says of itself takes 0.1 s.
    """
    return frozenset(packages_distributions())


INSTALLED = frozenset({"site-packages", "dist-packages"})
"""Folders of installed libraries; the second is Debian's, and that of Colab."""
