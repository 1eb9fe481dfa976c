"""Modules of the user's in a process that cannot find them: from the texts that the identity of trials holds."""

import copy
import importlib
import linecache
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import decode_source
from pathlib import Path
from types import FunctionType, ModuleType

from cnnjobs.errors import SpecError
from cnnjobs.process.quick_imports import names_in


@dataclass(frozen=True)
class SourceFile:
    """A file of the user's.

    Args:
        path: where it lies on the submitting side.
        content: what it says.
    """

    path: str
    content: bytes

    @property
    def is_package(self) -> bool:
        """Whether it is the `__init__` of a package."""
        return Path(self.path).name == "__init__.py"


@dataclass(frozen=True)
class UserModules:
    """What functions of the user's need in another process, beside themselves.

    Args:
        sources: files that they import when they are called, by the names of the modules.
        loaded: modules that they import when they are called, and that the job has imported before: they go as they
            are now, with what the job has changed in them.
        read: names that are read of modules, by these; None for all, and nothing of those that are not here.
        whole: names of modules of packages that lie elsewhere: they are imported whole before they get what was read.
        texts: what the files say that functions are written in, by the names of these: for tracebacks, and for
            libraries that read the source of a function.
    """

    sources: Mapping[str, SourceFile] = field(default_factory=dict)
    loaded: tuple[ModuleType, ...] = ()
    read: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)

    def install(self) -> None:
        """Let this process import them, before all other places, until it ends.

        Raises:
            SpecError: if a library has the name of one.
        """
        forget()
        for name in self.sources:
            if name in sys.modules:
                refuse_name_of_library(name)
        sys.meta_path.insert(0, _Finder(self.sources))
        for file, text in self.texts.items():
            linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)

    @contextmanager
    def importable(self) -> Iterator[None]:
        """Let this process import them for a while; it forgets those that are imported meanwhile."""
        finder = _Finder(self.sources)
        sys.meta_path.insert(0, finder)
        try:
            yield
        finally:
            sys.meta_path.remove(finder)
            finder.forget()


NO_MODULES = UserModules()

MADE = "__cnnjobs_made__"
"""Marks modules of the user's that were made in this process of what was sent."""


def forget() -> None:
    """Forget all that was installed and sent before."""
    for finder in [one for one in sys.meta_path if isinstance(one, _Finder)]:
        sys.meta_path.remove(finder)
        finder.forget()
    for name, module in [*sys.modules.items()]:
        if isinstance(module, ModuleType) and MADE in names_in(module):
            del sys.modules[name]


class HeldState:
    """What modules that were sent, and functions, hold in their global names, to be put back for the next trial.

    Args:
        functions: some, that are of no module.
    """

    def __init__(self, functions: Iterable[FunctionType]) -> None:
        modules = [names_in(one) for one in [*sys.modules.values()] if isinstance(one, ModuleType)]
        made = [names for names in modules if MADE in names]
        names = {id(held): held for held in (*made, *(function.__globals__ for function in functions))}
        self._held = [(held, dict(held)) for held in names.values()]
        of_user = (value for _, held in self._held for name, value in held.items() if not name.startswith("__"))
        values = {id(value): value for value in of_user}
        self._containers = [(value, copy.copy(value)) for value in values.values() if type(value) in (list, dict, set)]

    def restore(self) -> None:
        """Put it back; what was imported meanwhile of what was sent as text is imported anew."""
        for held, before in self._held:
            held.clear()
            held.update(before)
        for value, before in self._containers:
            value.clear()
            value.extend(before) if isinstance(value, list) else value.update(before)
        for finder in sys.meta_path:
            if isinstance(finder, _Finder):
                finder.forget()


def refuse_name_of_library(name: str) -> None:
    """Refuse a module of the user's in the place of one that this process has loaded.

    Raises:
        SpecError: always.
    """
    file = getattr(sys.modules[name], "__file__", None) or "Python itself"
    raise SpecError(
        f"The module {name} beside the job has the name of one that is loaded in each worker, from {file}, so that "
        "an import could mean either. Give it another name."
    )


class _Finder(MetaPathFinder, Loader):
    """Finds modules among files that were read before, and folders of them.

    Args:
        sources: name of a module -> its file.
    """

    def __init__(self, sources: Mapping[str, SourceFile]) -> None:
        self._sources = sources
        self._folders = _folders_of(sources)
        self.imported: list[str] = []

    def forget(self) -> None:
        """Forget the modules that were imported."""
        for name in self.imported:
            parent, _, child = name.rpartition(".")
            module = sys.modules.pop(name, None)
            if module is not None and vars(sys.modules.get(parent, self)).get(child) is module:
                delattr(sys.modules[parent], child)
        self.imported.clear()
        importlib.invalidate_caches()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load a module; None if it is another's."""
        source = self._sources.get(name)
        if source is None and name not in self._folders:
            return None
        self.imported.append(name)
        if source is None:
            spec = ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = [self._folders[name]]
            return spec
        spec = ModuleSpec(name, self, origin=source.path, is_package=source.is_package)
        spec.has_location = True
        if source.is_package:
            spec.submodule_search_locations = [str(Path(source.path).parent)]
        return spec

    def exec_module(self, module: ModuleType) -> None:
        """Run a module."""
        source = self._sources[module.__name__]
        exec(compile(source.content, source.path, "exec", dont_inherit=True), vars(module))

    def get_source(self, name: str) -> str:
        """Return the text of a module, for tracebacks."""
        return decode_source(self._sources[name].content)


def _folders_of(sources: Mapping[str, SourceFile]) -> dict[str, str]:
    """Return the packages without an `__init__` that modules are in: their names, and where they lie."""
    folders: dict[str, str] = {}
    for name, source in sources.items():
        place = Path(source.path).parent
        if source.is_package:
            place = place.parent
        while "." in name:
            name = name.rpartition(".")[0]
            if name not in sources:
                folders.setdefault(name, str(place))
            place = place.parent
    return folders
