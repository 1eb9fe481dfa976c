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
    parts: dict[str, str] = {}
    _collect(function, function.__name__, _folder(function), parts)
    return "\n".join(f"# {name}\n{parts[name]}" for name in sorted(parts))


def _collect(value: Any, name: str, folder: Path, parts: dict[str, str]) -> None:
    """Add to `parts` the text behind `value`, once."""
    if isinstance(value, FunctionType):
        key = f"{value.__module__}:{value.__qualname__}:{value.__code__.co_firstlineno}"
        if key not in parts and _in_folder(value, folder):
            parts[key] = _text(value)
            _follow(value, folder, parts)
    elif isinstance(value, type):
        key = f"{value.__module__}:{value.__qualname__}"
        if key not in parts and _in_folder(value, folder):
            parts[key] = _text(value)
            for item in vars(value).values():
                if isinstance(item, FunctionType):
                    _follow(item, folder, parts)
    elif isinstance(value, ModuleType):
        if value.__name__ not in parts and _in_folder(value, folder):
            parts[value.__name__] = Path(str(value.__file__)).read_text(encoding="utf-8")
    elif isinstance(value, _CONSTANTS) or _is_plain(value):
        parts[f"constant {name}"] = repr(value)


def _follow(function: FunctionType, folder: Path, parts: dict[str, str]) -> None:
    """Visit the defaults, the closure and the globals that `function` names."""
    for index, default in enumerate(function.__defaults__ or ()):
        _collect(default, f"{function.__qualname__} default {index}", folder, parts)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        _collect(cell.cell_contents, f"{function.__qualname__} closure {name}", folder, parts)
    for name in sorted(_names(function.__code__)):
        if name in function.__globals__:
            _collect(function.__globals__[name], name, folder, parts)


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


def _folder(function: FunctionType) -> Path:
    return Path(function.__code__.co_filename).resolve().parent


def _in_folder(value: Any, folder: Path) -> bool:
    """Say whether `value` was written in `folder` or below it (and is not an installed library)."""
    if isinstance(value, FunctionType):
        file: str | None = value.__code__.co_filename
    elif isinstance(value, type):
        module = sys.modules.get(value.__module__)
        file = getattr(module, "__file__", None) if module else str(folder / "job")
    else:
        file = getattr(value, "__file__", None)
    if file is None or "site-packages" in file:
        return False
    return Path(file).resolve().is_relative_to(folder)


def _text(value: Any) -> str:
    try:
        return inspect.getsource(value)
    except (OSError, TypeError) as error:
        raise SpecError(
            f"`custom(function)` must come from a file, because its source text is part of each trial's "
            f"identity. Received: {value!r}, whose source cannot be read ({error})."
        ) from error
