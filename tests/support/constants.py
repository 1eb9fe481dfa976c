"""Constants of the package, which a test must not have changed for those that come after it in the same process."""

import ast
import sys
from functools import cache
from pathlib import Path


@cache
def written(file):
    """Return the constants of a module that its source writes as literals: name -> value."""
    found = {}
    for node in ast.parse(Path(file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


def changed():
    """Return the constants of imported modules that are not what their source says: name -> (source, now)."""
    modules = [(name, module) for name, module in sys.modules.items() if name.partition(".")[0] == "cnnjobs"]
    return {
        f"{name}.{constant}": (value, vars(module).get(constant))
        for name, module in modules
        if getattr(module, "__file__", None)
        for constant, value in written(module.__file__).items()
        if vars(module).get(constant) != value
    }
