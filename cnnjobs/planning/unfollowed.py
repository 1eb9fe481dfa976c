"""What a function of the user's may depend on that the identity of its trials does not hold; a person is told."""

import ast
from collections.abc import Iterator

from cnnjobs.planning.imports import DYNAMIC, called, imported_by_call

READS = frozenset({"read_text", "read_bytes", "loadtxt", "genfromtxt", "fromfile", "load_weights", "load_model"}) | {
    *("read_csv", "read_parquet", "imread")
}
"""Methods that read a file."""

LOADS = frozenset({"np", "numpy", "json", "pickle", "joblib", "yaml", "torch"})
"""Modules whose `load` reads a file."""

OF_FILES = (
    "what is in it is no part of the identity of trials and does not travel with them: a change goes unnoticed. Read "
    "it at the top of the job file into numbers, text or arrays, or pass pretrained weights as `weights`"
)

OF_ENVIRONMENT = (
    "its variables are no part of the identity of trials: a change goes unnoticed. Pass it as a hyperparameter"
)

OF_IMPORTS = (
    "which module that is cannot be followed: an edit of it goes unnoticed, and it does not travel to workers. Import "
    "it by a statement"
)

OF_TEXTS = "code that is made of text cannot be followed: an edit of what it names goes unnoticed"

OF_DOCSTRINGS = "comments and docstrings are no part of the identity of trials: an edit goes unnoticed"


def notes_on(node: ast.AST) -> Iterator[str]:
    """Yield what cannot be followed in a definition, each with its line: `line 7: np.load(...): what is ...`."""
    for part in ast.walk(node):
        why = _of_call(part) if isinstance(part, ast.Call) else _of_attribute(part)
        if why:
            shown = ast.unparse(part.func) + "(...)" if isinstance(part, ast.Call) else ast.unparse(part)
            yield f"line {getattr(part, 'lineno', '?')}: {shown}: {why}"


def _of_call(call: ast.Call) -> str:
    name, function = called(call), call.func
    if name in DYNAMIC:
        return "" if imported_by_call(call) else OF_IMPORTS
    if isinstance(function, ast.Name):
        if name == "getenv":
            return OF_ENVIRONMENT
        return OF_FILES if name == "open" else OF_TEXTS if name in ("eval", "exec") else ""
    of = ast.unparse(function.value) if isinstance(function, ast.Attribute) else ""
    if (of, name) == ("os", "getenv"):
        return OF_ENVIRONMENT
    if of == "inspect" and name in ("getdoc", "getsource", "getsourcelines", "getcomments"):
        return OF_DOCSTRINGS
    return OF_FILES if name in READS or (name == "load" and of in LOADS) else ""


def _of_attribute(part: ast.AST) -> str:
    if isinstance(part, ast.Attribute) and part.attr == "environ" and ast.unparse(part.value) == "os":
        return OF_ENVIRONMENT
    if isinstance(part, ast.Attribute) and part.attr == "__doc__" and isinstance(part.ctx, ast.Load):
        return OF_DOCSTRINGS
    return ""
