"""What a function of the user's may depend on that the identity of its trials does not hold; a person is told.

Signs of it are found by syntax: a function may depend on such in other ways, and what looks like it may be none.
"""

import ast
from collections.abc import Iterator

from cnnjobs.planning.imports import DYNAMIC, called, imported_by_call

READS = frozenset({"read_text", "read_bytes", "loadtxt", "genfromtxt", "fromfile", "memmap", "read_csv"}) | {
    *("read_parquet", "imread", "read_image", "load_weights", "load_model", "iterdir", "glob")
}
"""Methods that read files."""

FETCHES = frozenset({"urlopen", "urlretrieve", "get_file"})
"""Functions that read from the network."""

LOADS = frozenset({"np", "numpy", "json", "pickle", "joblib", "yaml", "torch"})
"""Modules whose `load` reads a file."""

CLOCKS = frozenset({"time.time", "time.time_ns", "time.perf_counter", "datetime.now", "date.today"}) | {
    *("datetime.datetime.now", "datetime.date.today")
}

CHANCE = ("secrets.", "uuid.", "os.urandom", "random.SystemRandom")
"""What calls of chance without a seed begin with."""

OF_FILES = (
    "its content is no part of the identity of trials and is not sent to workers: a change goes unnoticed. Read "
    "it at the top of the job file into numbers, text or arrays, or pass pretrained weights as `weights`"
)

OF_ENVIRONMENT = (
    "its variables are no part of the identity of trials: a change goes unnoticed. Pass it as a hyperparameter"
)

OF_CHANGE = "it gives another value each time, so that a trial cannot be repeated to the bit"

OF_IMPORTS = (
    "the module that it imports cannot be followed: an edit of it goes unnoticed, and it is not sent to workers. "
    "Import it by a statement"
)

OF_TEXTS = "code that is made of text cannot be followed: an edit of what it names goes unnoticed"

OF_DOCSTRINGS = "comments and docstrings are no part of the identity of trials: an edit goes unnoticed"


def notes_on(node: ast.AST) -> Iterator[str]:
    """Yield what cannot be followed in a definition, each with its line: `line 7: np.load(...): what is ...`."""
    for part in ast.walk(node):
        why = _of_call(part) if isinstance(part, ast.Call) else _of_name(part)
        if why:
            shown = f"{ast.unparse(part.func)}(...)" if isinstance(part, ast.Call) else ast.unparse(part)
            yield f"line {getattr(part, 'lineno', '?')}: {shown}: {why}"


def _of_call(call: ast.Call) -> str:
    name, whole = called(call), ast.unparse(call.func)
    of, is_name = whole.rpartition(".")[0], isinstance(call.func, ast.Name)
    if name in DYNAMIC:
        return "" if imported_by_call(call) else OF_IMPORTS
    if name == "getenv":
        return OF_ENVIRONMENT
    if name in FETCHES or of == "requests" or (is_name and name == "open"):
        return OF_FILES
    if not is_name and (name in READS or (name == "load" and of in LOADS)):
        return OF_FILES
    if whole in CLOCKS or whole.startswith(CHANCE) or (name == "default_rng" and not call.args and not call.keywords):
        return OF_CHANGE
    if is_name and name in ("eval", "exec"):
        return OF_TEXTS
    return OF_DOCSTRINGS if of == "inspect" and name in ("getdoc", "getsource", "getsourcelines", "getcomments") else ""


def _of_name(part: ast.AST) -> str:
    is_read = isinstance(getattr(part, "ctx", None), ast.Load)
    if isinstance(part, ast.Name) and part.id == "environ" and is_read:
        return OF_ENVIRONMENT
    if isinstance(part, ast.Attribute) and part.attr == "environ":
        return OF_ENVIRONMENT
    return OF_DOCSTRINGS if isinstance(part, ast.Attribute) and part.attr == "__doc__" and is_read else ""
