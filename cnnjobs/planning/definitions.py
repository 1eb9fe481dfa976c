"""Finds the definitions of functions and classes in the text of their files, and what they read and call."""

import ast
import copy
import functools
import linecache
import symtable
import sys
from collections.abc import Iterator
from types import CodeType, ModuleType
from typing import Any

from cnnjobs.planning.imports import imported_by_call
from cnnjobs.planning.user_code import is_installed


def tree_of(file: str) -> ast.Module:
    """Return the syntax of a file or a cell; of what is no Python its text alone."""
    return _parsed(_text_of(file))


def _text_of(file: str) -> str:
    """Return the text of a file as it is now, of the job file as it was when it ran."""
    linecache.checkcache(file)
    return "".join(linecache.getlines(file))


@functools.lru_cache(maxsize=64)
def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module([ast.Assign([], ast.Constant(text))], [])


def nodes_at(tree: ast.Module, code: CodeType) -> list[ast.AST]:
    """Return the definition of a function; of lambdas in the same line all."""
    kinds: Any = ast.Lambda if code.co_name == "<lambda>" else (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    return [node for node in nodes if _first_line(node) == code.co_firstlineno]


def _first_line(node: Any) -> int:
    """Return where a definition begins, its decorators included."""
    return int(min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))]))


def nodes_named(tree: ast.AST, qualname: str) -> list[ast.AST]:
    """Return the definitions of a qualified name; several where branches define it."""
    found: list[ast.AST] = [tree]
    for part in qualname.replace(".<locals>", "").split("."):
        found = [
            node
            for outer in found
            for node in ast.walk(outer)
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == part
        ]
    return found


def is_written_in(code: CodeType, file: str) -> bool:
    """Say whether code is what its file says: it may have been edited after it was imported."""
    return code in _codes_of(_text_of(file), file)


@functools.lru_cache(maxsize=64)
def _codes_of(text: str, file: str) -> frozenset[CodeType]:
    """Return all code objects of a file."""
    try:
        found = [compile(text, file, "exec", dont_inherit=True)]
    except SyntaxError:
        return frozenset()
    for one in found:  # grows while it is gone through
        found += [part for part in one.co_consts if isinstance(part, CodeType)]
    return frozenset(found)


def global_names(node: ast.AST) -> set[str]:
    """Return the global names that a definition or a statement reads."""
    top = symtable.symtable(ast.unparse(_WithoutNonlocal().visit(copy.deepcopy(node))), "job", "exec")
    used = {name.get_name() for name in top.get_symbols() if name.is_referenced()}
    scopes = list(top.get_children())
    for scope in scopes:  # grows while it is gone through
        scopes += scope.get_children()
        is_class = scope.get_type() == "class"  # `width = width` in its body reads the global
        used |= {one.get_name() for one in scope.get_symbols() if one.is_global() or (is_class and one.is_referenced())}
    return used


def attributes_of(node: ast.AST) -> Iterator[tuple[str, ...]]:
    """Return (name, attribute, ...) for each `name.attribute` in a definition."""
    for part in ast.walk(node):
        chain: list[str] = []
        while isinstance(part, ast.Attribute):
            chain.append(part.attr)
            part = part.value
        if chain and isinstance(part, ast.Name):
            yield (part.id, *reversed(chain))


def names_handed_on(node: ast.AST) -> set[str]:
    """Return the names that code reads without an attribute, as in `s = settings` or `vars(settings)`."""
    of_attributes = {id(part.value) for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    loads = (part for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load))
    return {part.id for part in loads if id(part) not in of_attributes}


def reads_all_globals(node: ast.AST) -> bool:
    """Say whether code asks for global names by a text that no syntax tells: `globals()[name]`, `eval(text)`."""
    calls = (part.func for part in ast.walk(node) if isinstance(part, ast.Call))
    return any(isinstance(one, ast.Name) and one.id in ("globals", "eval", "exec") for one in calls)


def imported_in(node: ast.AST) -> dict[str, tuple[ModuleType, str | None]]:
    """Return what import statements inside a definition bind of modules of the user's that are loaded.

    Returns:
        Name -> the module, and the name of what is taken from it; None for the module itself.
    """
    bound: dict[str, tuple[ModuleType | None, str | None]] = {}
    for part in ast.walk(node):
        if isinstance(part, ast.Import):
            for alias in part.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                bound[alias.asname or name] = sys.modules.get(name), None
        elif (named := imported_by_call(part)) is not None:
            bound[named] = sys.modules.get(named), None
        elif isinstance(part, ast.ImportFrom) and not part.level:
            for alias in part.names:
                bound[alias.asname or alias.name] = sys.modules.get(str(part.module)), alias.name
    return {name: (module, own) for name, (module, own) in bound.items() if module and not is_installed(module)}


class _WithoutNonlocal(ast.NodeTransformer):
    """Takes `nonlocal` out of a function that was cut out of the one around it."""

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.Pass:
        """Replace it by nothing."""
        return ast.Pass()
