"""The source text a user's function depends on, so that editing any of it makes a new trial."""

import ast
import contextlib
import dataclasses
import functools
import io
import linecache
import os
import symtable
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from cnnjobs.content import NoContent, content_of
from cnnjobs.errors import SpecError


@functools.cache  # once a function: a value that it changes when it is called would make it another one
def source_of(function: FunctionType) -> str:
    """Return the text of `function` and of everything of the user's that it refers to.

    Of the function's own file: its top-level statement, and every top-level statement that binds or changes
    a global name used there, and so on: functions, classes, constants, imports. Of the user's other files: whole
    modules that are imported, at the top or inside a function, and those that they import. Values are added:
    of defaults and closures, and of the numbers and words that global names stand for; what is code among them is
    looked at in the same way. Installed libraries are not followed: their versions are recorded with each trial.

    Raises:
        SpecError: if the function has no source text (typed at a prompt, say), is a lambda, or holds in its
            closure what has no content that can be told.
    """
    if function.__name__ == "<lambda>":
        raise SpecError(
            "A function in a job must have a name, because its source text is part of each trial's "
            "identity. Received: a lambda. Write it with `def`."
        )
    if not linecache.getlines(function.__code__.co_filename):
        raise SpecError(
            f"A function in a job must come from a file, because its source text is part of each trial's identity. "
            f"Received: {function!r}, whose source cannot be read."
        )
    return _Reached(function).text()


class _Reached:
    """The functions and classes of the user's that a function reaches through values, itself among them."""

    def __init__(self, function: FunctionType) -> None:
        self._module, self._file = function.__module__, function.__code__.co_filename
        self._found: list[FunctionType | type] = [function]

    def text(self) -> str:
        """Return all that they are made of."""
        parts: set[str] = set()
        for one in self._found:  # grows while it is gone through
            file = self._file_of(one)
            statements = _statements_of("".join(linecache.getlines(file)))
            behind = statements.behind(one)
            parts.add("\n".join(statements.text_of(statement) for statement in behind))
            for path in imported_files(behind, Path(file).resolve()):
                parts.add(f"# {path.name}\n{path.read_text(encoding='utf-8', errors='replace')}")
            if isinstance(one, FunctionType):
                parts |= {*self._data(one, statements.used_in(behind)), *self._held_by(one)}
            else:  # of one without functions the file may not be known
                parts |= set(self._members(one))
        here = Path(self._file).parent
        return "\n".join(sorted(part.replace(str(here), ".").replace(str(here.resolve()), ".") for part in parts))

    def _data(self, function: FunctionType, names: set[str]) -> Iterator[str]:
        """Return what global names stand for: data that are read from a file, say, and code that no name leads to.

        Not what may be a path, which is another on another machine, nor what cannot be told: what makes them is in
        the text.
        """

        def of_code(value: Any) -> str:
            if _is_ours(value) or _is_ours(type(value)):
                return type(value).__name__  # a job's own parts are no data
            try:
                return self._of_code(value)
            except NoContent:
                return type(value).__name__

        for name in sorted(names & function.__globals__.keys()):
            value = function.__globals__[name]
            if dataclasses.is_dataclass(value) and _is_ours(type(value)):
                continue
            with contextlib.suppress(NoContent):
                yield f"# global {name}: {content_of(value, of_code, _unless_path)}"

    def _members(self, one: type) -> Iterator[str]:
        """Return what a class has: it may have been made in a function, of what that was given."""
        for base in one.__bases__:
            self._of_code(base)
        for name, value in vars(one).items():
            if isinstance(value, property):
                for part in (value.fget, value.fset):
                    if part is not None:
                        self._of_code(part)
            elif isinstance(value, staticmethod | classmethod):
                self._of_code(value.__func__)
            elif not name.startswith("__") or isinstance(value, FunctionType):
                with contextlib.suppress(NoContent):
                    yield f"# {one.__qualname__}.{name}: {content_of(value, self._of_code)}"

    def _held_by(self, function: FunctionType) -> Iterator[str]:
        """Return what is in no text: the values of defaults and of the closure."""
        held = [(f"default {index}", value) for index, value in enumerate(function.__defaults__ or ())]
        held += [(f"default {name}", value) for name, value in (function.__kwdefaults__ or {}).items()]
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            with contextlib.suppress(ValueError):  # not bound yet
                held.append((f"closure {name}", cell.cell_contents))
        for name, value in held:
            try:
                yield f"# {function.__qualname__}, {name}: {content_of(value, self._of_code)}"
            except NoContent as error:
                if "<locals>" not in function.__qualname__:
                    continue  # the text of a default says what it is
                raise SpecError(
                    f"The function {function.__name__} holds in its {name} a value of type {error}, which cannot be "
                    "part of a trial's identity: it could change unseen. Let it hold numbers, text, lists, dicts, "
                    "dataclasses or functions, or pass them as hyperparameters: custom(net, width=64)."
                ) from None

    def _of_code(self, value: Any) -> str:
        """Return the name of code, or the content of an object; what is the user's is reached thereby."""
        if isinstance(value, ModuleType):
            return value.__name__
        while hasattr(value, "__wrapped__") and (not isinstance(value, FunctionType) or _is_installed(value)):
            value = value.__wrapped__  # what was decorated by functools.cache, say
        if isinstance(value, MethodType):
            return f"{self._of_code(value.__func__)} of {content_of(value.__self__, self._of_code)}"
        if isinstance(value, FunctionType | type):
            if _is_installed(value):
                return f"{value.__module__.partition(':')[0]}.{value.__qualname__}"  # job:NAME is the name of a file
            if not any(value is one for one in self._found):
                self._found.append(value)
            return value.__qualname__
        if isinstance(value, BuiltinFunctionType) and not isinstance(value.__self__, ModuleType | type(None)):
            return f"{value.__name__} of {content_of(value.__self__, self._of_code)}"
        if callable(value) and hasattr(value, "__qualname__"):
            return f"{value.__module__}.{value.__qualname__}"
        if not _is_installed(type(value)):
            return f"{self._of_code(type(value))}({content_of(vars(value), self._of_code)})"
        if type(value).__module__.partition(".")[0] == "numpy" and (hasattr(value, "itemsize") or callable(value)):
            return str(value) if hasattr(value, "itemsize") else str(value.__name__)  # a dtype, or a ufunc
        raise NoContent(type(value).__name__)

    def _file_of(self, one: FunctionType | type) -> str:
        """Return where code was written; the job file is no module that could be asked."""
        if isinstance(one, FunctionType):
            return one.__code__.co_filename
        module = sys.modules.get(one.__module__)
        files = {member.__code__.co_filename for member in vars(one).values() if isinstance(member, FunctionType)}
        for file in sorted(files):
            if not file.startswith("<"):  # what dataclasses make
                return file
        return self._file if one.__module__ == self._module else str(getattr(module, "__file__", None) or "")


@functools.lru_cache(maxsize=16)
def _statements_of(text: str) -> "_Statements":
    return _Statements(text)


class _Statements:
    """The top-level statements of a file, and which names each binds."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text).readlines()  # as Python counts them; `splitlines` knows more ends of lines
        self._body = ast.parse(text).body
        self._names = [_names_of(one, self.text_of(one)) for one in self._body]

    def behind(self, code: FunctionType | type) -> list[ast.stmt]:
        """Return the statement that holds a function or class, and all that it depends on."""
        if isinstance(code, FunctionType):
            line = code.__code__.co_firstlineno
            wanted = {
                index for index, one in enumerate(self._body) if _first_line(one) <= line <= (one.end_lineno or 0)
            }
        else:
            name = code.__qualname__.partition(".")[0]
            wanted = {index for index, names in enumerate(self._names) if name in names.bound}
        while True:
            used = {name for index in wanted for name in self._names[index].used}
            more = {index for index, names in enumerate(self._names) if used & names.bound or names.binds_all} | wanted
            if more == wanted:
                break
            wanted = more
        return [self._body[index] for index in sorted(wanted)]

    def used_in(self, some: list[ast.stmt]) -> set[str]:
        """Return the global names that statements read."""
        return {name for one, names in zip(self._body, self._names, strict=True) if one in some for name in names.used}

    def text_of(self, one: ast.stmt) -> str:
        """Return a statement as it is written, its decorators included."""
        return "".join(self._lines[_first_line(one) - 1 : one.end_lineno]).strip()


def _first_line(one: ast.stmt) -> int:
    """Return where a statement begins, its decorators included."""
    decorators: list[ast.expr] = getattr(one, "decorator_list", [])
    return min([one.lineno, *(decorator.lineno for decorator in decorators)])


@dataclasses.dataclass(frozen=True)
class _Names:
    """What a top-level statement does with global names.

    Args:
        used: those that it reads, in functions too.
        bound: those that it binds, or whose values it may change.
        binds_all: whether it may bind any: `from blocks import *`.
    """

    used: set[str]
    bound: set[str]
    binds_all: bool


def _names_of(one: ast.stmt, text: str) -> _Names:
    top = symtable.symtable(text, "job", "exec")
    used = {name.get_name() for name in top.get_symbols() if name.is_referenced()}
    bound = {name.get_name() for name in top.get_symbols() if name.is_assigned() or name.is_imported()}
    scopes = list(top.get_children())
    for scope in scopes:  # grows while it is gone through
        scopes += scope.get_children()
        is_class = scope.get_type() == "class"  # `width = width` in its body reads the global
        used |= {one.get_name() for one in scope.get_symbols() if one.is_global() or (is_class and one.is_referenced())}
    stars = [node for node in ast.walk(one) if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"]
    if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        bound |= {name for node in ast.walk(one) for name in _changed(node)}
    return _Names(used, bound, bool(stars))


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
                    waiting.append((ast.parse(path.read_text(encoding="utf-8-sig", errors="replace")), path))
                except SyntaxError:
                    continue  # its text is part of the identity all the same
    return seen


def _files_imported_by(tree: ast.AST, origin: Path, first: Path) -> Iterator[Path]:
    """Return the files that the imports in a file may mean: beside its package, or beside the file that came first."""
    bases = {_root(origin), _root(first), first.parent}
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


def _unless_path(text: Any) -> str:
    return "" if os.sep in str(text) else repr(text)


def _is_ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).partition(".")[0] == "cnnjobs"


def _is_installed(value: FunctionType | type) -> bool:
    """Say whether code is of Python, of an installed library, or of this project."""
    if _is_ours(value):
        return True
    if isinstance(value, FunctionType):
        file = value.__code__.co_filename
    elif value.__module__ == "builtins":
        return True
    else:
        file = str(getattr(sys.modules.get(value.__module__), "__file__", None) or "")
        if not file:
            return value.__module__ in sys.builtin_module_names
    return "site-packages" in file or file.startswith(("<", sysconfig.get_paths()["stdlib"]))
