"""The source text a user's function depends on, so that editing any of it makes a new trial."""

import ast
import functools
import linecache
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from cnnjobs.content import NoContent, content_of
from cnnjobs.errors import SpecError

_under_way: set[FunctionType] = set()
"""Functions whose text is asked for, which may hold each other."""


@functools.cache  # once a function: a value that it changes when it is called would make it another one
def source_of(function: FunctionType) -> str:
    """Return the text of `function` and of everything of the user's that it refers to.

    Of the function's own file: its top-level statement, and every top-level statement that binds or changes
    a name used there, and so on: functions, classes, constants, imports. Of the user's other files: whole
    modules that are imported, at the top or inside a function, and those that they import. Values are added:
    of defaults and closures, and of the data that the names stand for. Installed libraries are not followed:
    their versions are recorded with each trial.

    Raises:
        SpecError: if the function has no source text (typed at a prompt, say), is a lambda, or holds in its
            closure what has no content that can be told.
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
    _under_way.add(function)
    try:
        values = {*_data(function, behind), *_values(function)}
    finally:
        _under_way.remove(function)
    parts |= {one.replace(str(Path(file).parent), ".") for one in values}  # wherever the folder lies
    return "\n".join(sorted(parts))


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
            more = {index for index, one in enumerate(self._body) if names & _bound(one) or _binds_all(one)} | wanted
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
    """Return the names that a top-level statement binds, or changes the value of, in loops and conditions as well."""
    if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {one.name}
    names = {node.id for node in ast.walk(one) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(one):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        else:
            names |= _changed(node)
    return names


def _changed(node: ast.AST) -> set[str]:
    """Return the names whose values a part of a statement may change: `c["w"] = 1`, `c.w = 1`, `c.append(1)`, `f(c)`.

    Printing changes nothing.
    """
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return _root_name(node)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _root_name(node.value.func) != {"print"}:
        call = node.value
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        return _root_name(call.func).union(*map(_root_name, given))
    return set()


def _root_name(node: ast.AST) -> set[str]:
    """Return the name that `a.b["c"].d` begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _binds_all(one: ast.stmt) -> bool:
    """Say whether a statement may bind any name: `from blocks import *`."""
    return any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(one))


def imported_files(trees: list[ast.stmt], file: Path) -> set[Path]:
    """Return the user's files that the statements import, and those that these import, and so on."""
    seen: set[Path] = set()
    waiting: list[tuple[ast.AST, Path]] = [(tree, file) for tree in trees]
    while waiting:
        tree, origin = waiting.pop()
        for path in _files_imported_by(tree, origin, file):
            if path not in seen and path != file:
                seen.add(path)
                try:
                    waiting.append((ast.parse(path.read_text(encoding="utf-8", errors="replace")), path))
                except SyntaxError:
                    continue  # its text is part of the identity all the same
    return seen


def _files_imported_by(tree: ast.AST, origin: Path, first: Path) -> Iterator[Path]:
    """Return the files that the imports in a file may mean: beside its package, or beside the file that came first."""
    bases = {_root(origin), _root(first)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                for base in bases:
                    yield from _files_of(base, alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            parts = node.module.split(".") if node.module else []
            own = origin.parents[min(node.level, len(origin.parents)) - 1]
            for base in {own} if node.level else bases:
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


def _data(function: FunctionType, behind: list[ast.stmt]) -> Iterator[str]:
    """Return the values of the data that names in the statements stand for: they may be read from a file, say."""
    for name in sorted({name for one in behind for name in _used(one)}):
        value = function.__globals__.get(name)
        if name not in function.__globals__ or isinstance(value, FunctionType | ModuleType | type):
            continue  # the text of code is there
        try:
            yield f"# global {name}: {content_of(value, _name)}"
        except NoContent:
            continue  # that of what makes it is there


def _values(function: FunctionType) -> Iterator[str]:
    """Return what is not in the text: the values of defaults and of the closure."""
    held = [(f"default {index}", value) for index, value in enumerate(function.__defaults__ or ())]
    held += [(f"default {name}", value) for name, value in (function.__kwdefaults__ or {}).items()]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:  # not bound yet
            continue
        if value is not function:
            held.append((f"closure {name}", value))
    for name, value in held:
        try:
            yield f"# {name}: {content_of(value, _code)}"
        except NoContent as error:
            if "<locals>" not in function.__qualname__:
                continue  # the text of a default says what it is
            raise SpecError(
                f"The function {function.__name__} holds in its {name} a value of type {error}, which cannot be part "
                "of a trial's identity: it could change unseen. Let it hold numbers, text, lists, dicts, dataclasses "
                "or functions, or pass them as hyperparameters: custom(net, width=64)."
            ) from None


def _name(value: Any) -> str:
    """Return the name of a function or class, whose text is elsewhere."""
    if isinstance(value, FunctionType | BuiltinFunctionType | ModuleType | type):
        return value.__name__
    raise NoContent(type(value).__name__)


def _code(value: Any) -> str:
    """Return the text of a function or class of the user's, the name of another or of a module."""
    if isinstance(value, FunctionType) and not _is_installed(value):
        return value.__name__ if value in _under_way else source_of(value)
    if isinstance(value, ModuleType):
        return value.__name__
    if isinstance(value, type):
        own = [one for one in vars(value).values() if isinstance(one, FunctionType) and one.__name__ != "<lambda>"]
        return "\n".join([f"{value.__module__}.{value.__qualname__}", *map(_code, own)])
    if isinstance(value, FunctionType | BuiltinFunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    raise NoContent(type(value).__name__)


def _is_installed(function: FunctionType) -> bool:
    file = function.__code__.co_filename
    return "site-packages" in file or file.startswith(("<", sysconfig.get_paths()["stdlib"]))
