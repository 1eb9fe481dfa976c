"""Python's syntax without its layout: what a definition says, what changes a name, which files are imported."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from cnnjobs.planning.user_code import is_installed_file


def shape_of(node: Any) -> str:
    """Return a text that is equal for equal syntax: without positions, comments and docstrings.

    Unlike `ast.dump` it is the same in every version of Python: fields that are empty are left out.

    Args:
        node: a node, a list of nodes, or a constant in one.
    """
    if isinstance(node, ast.JoinedStr):  # some versions of Python add empty parts
        return f"JoinedStr({', '.join(shape_of(part) for part in node.values if not _is_empty(part))})"
    if isinstance(node, ast.AST):
        fields = (
            (name, getattr(node, name, None)) for name in node._fields if name not in ("ctx", "type_comment", "kind")
        )
        return (
            f"{type(node).__name__}({', '.join(f'{name}={shape_of(v)}' for name, v in fields if v not in (None, []))})"
        )
    if isinstance(node, list):
        return f"[{', '.join(shape_of(one) for one in node if not _is_text(one))}]"
    return repr(node)


def _is_empty(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == ""


def _is_text(node: Any) -> bool:
    """Say whether a statement is a docstring, or another text that does nothing."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def changes_of(tree: ast.Module, name: str) -> list[ast.stmt]:
    """Return the top-level statements of a file that bind a name or may change its value.

    These are `c = 1`, `import c`, `c["w"] = 1`, `c.w = 1`, `c.append(1)` and `f(c)`. Printing changes nothing.
    """
    return [
        statement
        for statement in tree.body
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and any(name in _changed(node) for node in ast.walk(statement))
    ]


def _changed(node: ast.AST) -> set[str]:
    """Return the names whose values a part of a statement binds or may change."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return {node.id}
    if isinstance(node, ast.alias):
        return {(node.asname or node.name).partition(".")[0]}
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


def module_files(module: ModuleType) -> set[Path]:
    """Return the file of a module of the user's and those of the user's that it imports, and so on."""
    if not getattr(module, "__file__", None):
        return set()  # a folder without __init__: its modules are found by the import statements
    path = Path(str(module.__file__)).resolve()
    if path.suffix != ".py":
        return set()
    return {path, *files_imported([_parse(path)], path)}


def files_imported(trees: list[ast.AST], file: Path) -> set[Path]:
    """Return the user's files that statements import, and those that these import, and so on.

    Args:
        trees: the statements.
        file: where they are written, resolved; it is not among those that are returned.
    """
    seen: set[Path] = set()
    waiting: list[tuple[ast.AST, Path]] = [(tree, file) for tree in trees]
    while waiting:
        tree, origin = waiting.pop()
        for path in _files_imported_by(tree, origin, file):
            if path not in seen and path != file:
                seen.add(path)
                waiting.append((_parse(path), path))
    return seen


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8-sig", errors="replace"))
    except SyntaxError:
        return ast.Module([], [])


def _files_imported_by(tree: ast.AST, origin: Path, first: Path) -> Iterator[Path]:
    """Return the files that the imports in a file may mean: beside its package, or beside the file that came first."""
    near = {_root(origin), _root(first), first.parent}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files_found(near, alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            parts = node.module.split(".") if node.module else []
            own = origin.parents[min(node.level, len(origin.parents)) - 1]
            for alias in node.names:
                yield from _files_found({own} if node.level else near, [*parts, alias.name], far=not node.level)


def _files_found(near: set[Path], parts: list[str], *, far: bool = True) -> list[Path]:
    """Return the files that importing `parts` runs: near the importing one, or else where Python looks for modules."""
    files = [file for base in near for file in _files_of(base, parts)]
    if files or not far or parts[0] in sys.stdlib_module_names or parts[0] == "cnnjobs":
        return files
    return [file for base in _search_path() for file in _files_of(base, parts)]


def _search_path() -> list[Path]:
    """Return the folders of the user's among those where Python looks for modules: PYTHONPATH, a `src` layout."""
    own = Path(__file__).resolve().parents[2]
    folders = [Path(entry or ".").resolve() for entry in sys.path]
    return [folder for folder in folders if folder.is_dir() and folder != own and not is_installed_file(str(folder))]


def _files_of(base: Path, parts: list[str]) -> Iterator[Path]:
    """Return the files that importing `parts` below `base` runs; none if it is an installed library."""
    for length in range(1, len(parts) + 1):
        place = base.joinpath(*parts[:length])
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file() and not is_installed_file(str(path)):
                yield path.resolve()


def _root(file: Path) -> Path:
    """Return the folder from which a file's absolute imports are looked up: above its packages."""
    folder = file.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder
