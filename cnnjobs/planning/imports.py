"""Which files of the user's import statements run, and by which names: those beside a job, and what these import."""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from cnnjobs.planning.user_code import is_installed_file

DYNAMIC = frozenset({"import_module", "__import__"})
"""Functions that import what they are told."""


@dataclass(frozen=True)
class Origin:
    """A file with import statements.

    Args:
        path: where it lies, resolved.
        name: of the module that it is; empty for a job file, a script or a cell, which are none.
    """

    path: Path
    name: str = ""

    @property
    def package(self) -> str:
        """The package that relative imports are taken from; empty for none."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    @property
    def roots(self) -> list[Path]:
        """Folders from which its absolute imports may be looked up, the likeliest first."""
        if not self.name:
            return [_above_packages(self.path)]
        depth = self.name.count(".") + (self.path.name == "__init__.py")
        found = [self.path.parents[depth]] if depth < len(self.path.parents) else []
        return [*found, _above_packages(self.path)]


def origin_of(module: ModuleType) -> Origin | None:
    """Return the file of a module of the user's; None for a folder without `__init__`, or what is no Python text."""
    file = vars(module).get("__file__")
    if not isinstance(file, str) or not file.endswith(".py"):
        return None
    return Origin(Path(file).resolve(), module.__name__)


def module_files(module: ModuleType) -> dict[str, Path]:
    """Return the file of a module of the user's and those of the user's that it imports, and so on, by name."""
    origin = origin_of(module)
    return {} if origin is None else {origin.name: origin.path, **files_imported([_parse(origin.path)], origin)}


def files_imported(trees: Iterable[ast.AST], first: Origin) -> dict[str, Path]:
    """Return the user's files that statements import, and those that these import, and so on.

    Args:
        trees: the statements.
        first: where they are written; it is not among those that are returned.

    Returns:
        Name of a module -> its file. Files that a name may mean beside that one are there by their paths.
    """
    found: dict[str, Path] = {}
    seen: set[tuple[str, Path]] = set()
    waiting: list[tuple[ast.AST, Origin]] = [(tree, first) for tree in trees]
    while waiting:
        tree, origin = waiting.pop(0)
        for name, path in _files_imported_by(tree, origin, first):
            if (name, path) not in seen and path != first.path:
                seen.add((name, path))
                found.setdefault(str(path) if found.get(name, path) != path else name, path)
                waiting.append((_parse(path), Origin(path, name)))
    return found


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8-sig", errors="replace"))
    except SyntaxError:
        return ast.Module([], [])


def _files_imported_by(tree: ast.AST, origin: Origin, first: Origin) -> Iterator[tuple[str, Path]]:
    """Yield the files that the imports in a file may mean: beside its package, or beside the file that came first."""
    roots, beside = [*origin.roots, *first.roots], first.path.parent
    near = list(dict.fromkeys(roots if first.name else [beside, *roots]))
    perhaps = [beside] if beside not in near else []  # of a module in a package: nothing that Python would import
    for node in ast.walk(tree):
        for parts, folders, prefix in _named_by(node, origin, [*near, *perhaps]):
            for folder, name, path in _files_found(folders, parts, prefix):
                yield str(path) if folder in perhaps else name, path


def _named_by(node: ast.AST, origin: Origin, near: list[Path]) -> Iterator[tuple[list[str], list[Path], str | None]]:
    """Yield what a node imports: its parts, the folders where it may lie, and for a relative import its package."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name.split("."), near, None
    elif isinstance(node, ast.ImportFrom):
        folders, prefix = near, None
        if node.level:
            folders = [origin.path.parents[min(node.level, len(origin.path.parents)) - 1]]
            prefix = ".".join(origin.package.split(".")[: -(node.level - 1) or None])
        for alias in node.names:
            yield [*(node.module.split(".") if node.module else []), alias.name], folders, prefix
    elif (named := imported_by_call(node)) is not None:
        yield named.split("."), near, None


def imported_by_call(node: ast.AST) -> str | None:
    """Return what `importlib.import_module("blocks")` imports; None for anything else, and where no text is given."""
    if not isinstance(node, ast.Call) or called(node) not in DYNAMIC or not node.args:
        return None
    given = node.args[0]
    if isinstance(given, ast.Constant) and isinstance(given.value, str) and not given.value.startswith("."):
        return given.value
    return None


def called(node: ast.Call) -> str:
    """Return the last name of what is called: `import_module` of `importlib.import_module(...)`."""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _files_found(near: list[Path], parts: list[str], prefix: str | None) -> list[tuple[Path, str, Path]]:
    """Return the files that importing `parts` runs: near the importing one, or else where Python looks for modules.

    Args:
        near: folders.
        parts: of the name.
        prefix: for a relative import the package that it is taken from.

    Returns:
        For each the folder from which it was found, its name, and the file.
    """
    files = [(base, *found) for base in near for found in _files_of(base, parts, prefix or "")]
    if files or prefix is not None or parts[0] in sys.stdlib_module_names or parts[0] == "cnnjobs":
        return files
    return [(base, *found) for base in _search_path() for found in _files_of(base, parts, "")]


def _search_path() -> list[Path]:
    """Return the folders of the user's among those where Python looks for modules: PYTHONPATH, a `src` layout."""
    own = Path(__file__).resolve().parents[2]
    folders = [Path(entry or ".").resolve() for entry in sys.path]
    return [folder for folder in folders if folder.is_dir() and folder != own and not is_installed_file(str(folder))]


def _files_of(base: Path, parts: list[str], prefix: str) -> Iterator[tuple[str, Path]]:
    """Yield the files that importing `parts` below `base` runs; none if it is an installed library."""
    for length in range(1, len(parts) + 1):
        place = base.joinpath(*parts[:length])
        for path in (place / "__init__.py", place.with_suffix(".py")):
            if path.is_file() and not is_installed_file(str(path)):
                yield ".".join([*([prefix] if prefix else []), *parts[:length]]), path.resolve()


def _above_packages(file: Path) -> Path:
    """Return the first folder above a file that is no package with an `__init__`."""
    folder = file.parent
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder
