"""Python's syntax without its layout: what a definition says, what changes a name."""

import ast
from typing import Any


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
