"""The source text a user's function depends on, so that editing any of it makes a new trial."""

import inspect
import sys
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from cnnjobs.errors import SpecError

_CONSTANTS = (str, bytes, int, float, complex, bool, type(None))


def source_of(function: FunctionType) -> str:
    """Return the text of `function` and of everything of the user's that it refers to.

    Followed are functions, classes and modules whose file is the function's own or lies in the same
    folder, the plain constants it names, its defaults and its closure. Installed libraries are not
    followed: their versions are recorded with each trial.

    Raises:
        SpecError: if the function has no source text (typed at a prompt, say).
    """
    found = _Found(Path(function.__code__.co_filename).resolve().parent)
    found.add(function.__name__, function)
    return "\n".join(f"# {name}\n{text}" for name, text in sorted(found.parts))


class _Found:
    """The texts that were found so far.

    Args:
        folder: only what was written in it or below is followed.
    """

    def __init__(self, folder: Path) -> None:
        self.parts: set[tuple[str, str]] = set()
        self._folder = folder
        self._visited: set[int] = set()

    def add(self, name: str, value: Any) -> None:
        """Add the text behind `value`, and behind all that it refers to."""
        if isinstance(value, _CONSTANTS) or _is_plain(value):
            self.parts.add((f"constant {name}", repr(value)))
        elif isinstance(value, FunctionType | type | ModuleType) and id(value) not in self._visited:
            self._visited.add(id(value))
            if _is_written_in(value, self._folder):
                self._add_text(value)

    def _add_text(self, value: FunctionType | type | ModuleType) -> None:
        if isinstance(value, ModuleType):
            self.parts.add((value.__name__, Path(str(value.__file__)).read_text(encoding="utf-8")))
            return
        self.parts.add((value.__qualname__, _text(value)))
        functions = [value] if isinstance(value, FunctionType) else vars(value).values()
        for function in functions:
            if isinstance(function, FunctionType):
                self._follow(function)

    def _follow(self, function: FunctionType) -> None:
        """Visit the defaults, the closure and the globals that `function` names."""
        for index, default in enumerate(function.__defaults__ or ()):
            self.add(f"{function.__qualname__} default {index}", default)
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self.add(f"{function.__qualname__} closure {name}", cell.cell_contents)
        for name in _names(function.__code__) & set(function.__globals__):
            self.add(name, function.__globals__[name])


def _names(code: CodeType) -> set[str]:
    """Return the names that `code` and the functions written inside it look up."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*(_names(item) for item in inner))


def _is_plain(value: Any) -> bool:
    """Say whether `value` is a list, tuple, set or dict of constants, whose repr is its content."""
    if isinstance(value, list | tuple):
        return all(isinstance(item, _CONSTANTS) or _is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(k, _CONSTANTS) and (isinstance(v, _CONSTANTS) or _is_plain(v)) for k, v in value.items())
    return False


def _is_written_in(value: FunctionType | type | ModuleType, folder: Path) -> bool:
    """Say whether `value` was written in `folder` or below it (and is not an installed library)."""
    if isinstance(value, FunctionType):
        file: str | None = value.__code__.co_filename
    elif isinstance(value, ModuleType):
        file = getattr(value, "__file__", None)
    else:
        module = sys.modules.get(value.__module__)
        file = getattr(module, "__file__", None) if module else str(folder / "job")  # a job file is no known module
    return file is not None and "site-packages" not in file and Path(file).resolve().is_relative_to(folder)


def _text(value: Any) -> str:
    try:
        return inspect.getsource(value)
    except (OSError, TypeError) as error:
        raise SpecError(
            f"`custom(function)` must come from a file, because its source text is part of each trial's "
            f"identity. Received: {value!r}, whose source cannot be read ({error})."
        ) from error
