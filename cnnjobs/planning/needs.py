"""What the functions of a job need in another process, and what of it cannot be followed."""

import dataclasses
import linecache
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from cnnjobs.errors import SpecError
from cnnjobs.planning.job_file import JobFile, is_far
from cnnjobs.planning.user_code import Definition, is_installed, is_ours
from cnnjobs.planning.user_modules import SourceFile, UserModules
from cnnjobs.planning.user_source import reach
from cnnjobs.spec import Job
from cnnjobs.spec.functions import functions_in


@dataclass(frozen=True)
class Needs:
    """What the functions of a job need.

    Args:
        modules: of the user's.
        notes: what they may depend on that the identity of trials does not hold.
    """

    modules: UserModules = field(default_factory=UserModules)
    notes: tuple[str, ...] = ()


def needs_of(job: Job, file: JobFile) -> Needs:
    """Return what the functions and dataclasses in the variants of a job need.

    Args:
        job: whose functions have an identity.
        file: where it comes from.

    Raises:
        SpecError: if what a function is made of cannot be told.
    """
    modules: dict[str, Path] = {}
    late: dict[str, ModuleType] = {}
    read: dict[str, frozenset[str] | None] = {}
    files: set[str] = set()
    notes: dict[str, str] = {}
    for variant, definition in _definitions(job):
        try:
            reached = reach(definition)
        except SpecError as error:
            raise SpecError(f"Variant {variant!r}: {error}") from error
        modules = {**reached.modules, **modules}
        late |= reached.imported_late
        files |= reached.files
        notes |= dict.fromkeys(sorted(reached.notes - notes.keys()), definition.__name__)
        for name, names in reached.read.items():
            before = read.get(name, frozenset())
            read[name] = None if names is None or before is None else before | names
    found = {name: path for name, path in _with_packages(modules).items() if not Path(name).is_absolute()}
    whole = frozenset(module.__name__ for module in file.modules if module.__name__ in found and is_far(module, file))
    sources = {
        name: SourceFile(str(path), path.read_bytes())
        for name, path in found.items()
        if name not in late or name in whole
    }
    for name, source in sources.items():
        _refuse_name_of_library(name, source)
    texts = {file: "".join(lines) for file in sorted(files) if (lines := linecache.getlines(file))}
    return Needs(
        UserModules(sources, tuple(late.values()), read, whole, texts),
        tuple(f"{name}: {one}" for one, name in notes.items()),
    )


def _refuse_name_of_library(name: str, source: SourceFile) -> None:
    """Refuse a file with the name of a module that is loaded: an import of it could mean either.

    Raises:
        SpecError: if it has.
    """
    there = sys.modules.get(name)
    if there is not None and is_installed(there):
        raise SpecError(
            f"A function of the job imports {name}, and {source.path} has the name of a module that is loaded already, "
            f"from {getattr(there, '__file__', None) or 'Python itself'}, so that this could mean either. Give the "
            "file another name."
        )


def _with_packages(modules: Mapping[str, Path]) -> dict[str, Path]:
    """Return modules with the packages that they are in, which are imported before them."""
    found = dict(modules)
    for name, path in modules.items():
        folder = path.parent.parent if path.name == "__init__.py" else path.parent
        while "." in name and not Path(name).is_absolute():
            name = name.rpartition(".")[0]
            if (folder / "__init__.py").is_file():
                found.setdefault(name, folder / "__init__.py")
            folder = folder.parent
    return found


def _definitions(job: Job) -> Iterator[tuple[str, Definition]]:
    """Yield each function and class of the user's in the variants of a job once, after the name of a variant."""
    seen: set[int] = set()
    for name, variant in job.variants.items():
        for part in functions_in(variant):
            definitions: list[Any] = [part.function, *_classes(part.options)]
            for one in definitions:
                if id(one) not in seen:
                    seen.add(id(one))
                    yield name, one


def _classes(value: Any) -> Iterator[type]:
    """Yield the dataclasses of the user's in hyperparameters."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if not is_ours(type(value)):
            yield type(value)
        value = vars(value) if hasattr(value, "__dict__") else {}
    if isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _classes(item)
