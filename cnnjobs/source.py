"""The source text a user's function depends on, so that editing any of it makes a new trial."""

import ast
import linecache
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

from cnnjobs.errors import SpecError

_CONSTANTS = (str, bytes, int, float, complex, bool, type(None))


def source_of(function: FunctionType) -> str:
    """Return the text of `function` and of everything of the user's that it refers to.

    Of the function's own file: its top-level statement, and every top-level statement that binds a name
    used there, and so on: functions, classes, constants, imports. Of the user's other files: whole
    modules that are imported, at the top or inside a function, and those that they import. Values of
    defaults and closures are added. Installed libraries are not followed: their versions are recorded
    with each trial.

    Raises:
        SpecError: if the function has no source text (typed at a prompt, say) or is a lambda.
    """
    if function.__name__ == "<lambda>":
        raise SpecError(
            "A function in a job must have a name, because its source text is part of each trial's "
            "identity. Received: a lambda. Write it with `def`."
        )
    file = function.__code__.co_filename
    text = "".join(linecache.getlines(file))
    if not text:
        raise SpecError(
            f"A function in a job must come from a file, because its source text is part of each trial's identity. "
            f"Received: {function!r}, whose source cannot be read."
        )
    statements = _Statements(text)
    behind = statements.behind(function)
    parts = {"\n".join(statements.text_of(one) for one in behind)}
    for path in imported_files(behind, Path(file).resolve()):
        parts.add(f"# {path.name}\n{path.read_text(encoding='utf-8', errors='replace')}")
    return "\n".join(sorted(parts | set(_values(function))))


class _Statements:
    """The top-level statements of a file, and which names each binds."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines(keepends=True)
        self._body = ast.parse(text).body

    def behind(self, function: FunctionType) -> list[ast.stmt]:
        """Return the statement that holds `function` and all that it depends on."""
        line = function.__code__.co_firstlineno
        wanted = {index for index, one in enumerate(self._body) if _first_line(one) <= line <= (one.end_lineno or 0)}
        while True:
            names = {name for index in wanted for name in _used(self._body[index])}
            more = {index for index, one in enumerate(self._body) if names & _bound(one)} | wanted
            if more == wanted:
                break
            wanted = more
        return [self._body[index] for index in sorted(wanted)]

    def text_of(self, one: ast.stmt) -> str:
        """Return a statement as it is written, its decorators included."""
        return "".join(self._lines[_first_line(one) - 1 : one.end_lineno]).strip()


def _first_line(one: ast.stmt) -> int:
    """Return where a statement begins, its decorators included."""
    decorators: list[ast.expr] = getattr(one, "decorator_list", [])
    return min([one.lineno, *(decorator.lineno for decorator in decorators)])


def _used(tree: ast.AST) -> set[str]:
    """Return the names that are read anywhere in a statement."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def _bound(one: ast.stmt) -> set[str]:
    """Return the names that a top-level statement binds, in loops and conditions as well."""
    if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {one.name}
    names = {node.id for node in ast.walk(one) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(one):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
    return names


def imported_files(trees: list[ast.stmt], file: Path) -> set[Path]:
    """Return the user's files that the statements import, and those that these import, and so on."""
    seen: set[Path] = set()
    waiting: list[tuple[ast.AST, Path]] = [(tree, file) for tree in trees]
    while waiting:
        tree, origin = waiting.pop()
        for path in _files_imported_by(tree, origin):
            if path not in seen and path != file:
                seen.add(path)
                try:
                    waiting.append((ast.parse(path.read_text(encoding="utf-8", errors="replace")), path))
                except SyntaxError:
                    continue  # its text is part of the identity all the same
    return seen


def _files_imported_by(tree: ast.AST, origin: Path) -> Iterator[Path]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files_of(_root(origin), alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            base = _root(origin)
            if node.level:
                base = origin.parent
                for _ in range(node.level - 1):
                    base = base.parent
            parts = node.module.split(".") if node.module else []
            for alias in node.names:
                yield from _files_of(base, [*parts, alias.name])


def _files_of(base: Path, parts: list[str]) -> Iterator[Path]:
    """Return the files that importing `parts` below `base` runs; none if it is an installed library."""
    for length in range(1, len(parts) + 1):
        place = base.joinpath(*parts[:length])
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file() and "site-packages" not in path.parts:
                yield path.resolve()


def _root(file: Path) -> Path:
    """Return the folder from which a file's absolute imports are looked up: above its packages."""
    folder = file.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def _values(function: FunctionType) -> Iterator[str]:
    """Return what is not in the text: plain values of defaults and of the closure."""
    for index, value in enumerate(function.__defaults__ or ()):
        yield from _plain(f"default {index}", value)
    for name, value in (function.__kwdefaults__ or {}).items():
        yield from _plain(f"default {name}", value)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        value = cell.cell_contents
        if isinstance(value, FunctionType) and value is not function:
            yield f"# closure {name}\n{source_of(value)}"
        yield from _plain(f"closure {name}", value)


def _plain(name: str, value: Any) -> Iterator[str]:
    if _is_plain(value):
        yield f"# {name}: {value!r}"


def _is_plain(value: Any) -> bool:
    """Say whether `value` is a constant, or a list, tuple or dict of such, whose repr is its content."""
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    if isinstance(value, dict):
        return all(_is_plain(key) and _is_plain(item) for key, item in value.items())
    return isinstance(value, _CONSTANTS)
