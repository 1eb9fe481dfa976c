"""What a user's function is made of, as text: editing any of it makes a new trial, and editing anything else does not.

The function is followed by what it refers to, as Python sees it after the job file has run: functions and classes by
the syntax of their definitions, data by their values, modules of the user's by the syntax of their whole files. So
comments and layout have no part in it, and what a loop or a decorator has made is known as it is.
"""

import ast
import contextlib
import linecache
import logging
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from cnnjobs.errors import SpecError
from cnnjobs.planning.definitions import (
    attributes_of,
    global_names,
    imported_in,
    is_written_in,
    names_handed_on,
    nodes_at,
    nodes_named,
    reads_all_globals,
    tree_of,
)
from cnnjobs.planning.imports import Origin, files_imported, module_files
from cnnjobs.planning.syntax import changes_of, shape_of
from cnnjobs.planning.unfollowed import notes_on
from cnnjobs.planning.user_code import (
    Definition,
    file_of_class,
    functions_of,
    globals_of_class,
    is_installed,
    is_ours,
    members_of,
)
from cnnjobs.planning.value_text import NoContent, content_of, made_of, path_like, state_of


def source_of(definition: Definition) -> str:
    """Return what `definition` and everything of the user's that it refers to are made of, as text.

    Args:
        definition: a function or a class of the user's.

    Raises:
        SpecError: if that cannot be told.
    """
    return reach(definition).text


def reach(definition: Definition) -> "Reached":
    """Return what `definition` and everything of the user's that it refers to are made of.

    Installed libraries are not followed: their versions are recorded with each trial.

    Args:
        definition: a function or a class of the user's.

    Raises:
        SpecError: if it has no source text (made by `exec`, say), is a lambda, or holds what has no content that
            can be told and no text that says what it is.
    """
    if definition.__name__ == "<lambda>":
        raise SpecError(
            "A function in a job must have a name, because its source text is part of each trial's "
            "identity. Received: a lambda. Write it with `def`."
        )
    if isinstance(definition, FunctionType) and not linecache.getlines(definition.__code__.co_filename):
        raise SpecError(
            f"A function in a job must come from a file or a cell of a notebook, because its source text is part of "
            f"each trial's identity. Received: {definition!r}, whose source cannot be read."
        )
    return Reached(definition)


class Reached:
    """What a definition of the user's is made of, itself among it.

    Args:
        first: the function or class.
    """

    def __init__(self, first: Definition) -> None:
        self._module = first.__module__
        self._globals = first.__globals__ if isinstance(first, FunctionType) else globals_of_class(first)
        self._file = first.__code__.co_filename if isinstance(first, FunctionType) else file_of_class(first)
        self._found: list[Definition] = [first]
        self._parts: set[str] = set()
        self._late: list[tuple[ast.AST, str, Mapping[str, Any], Mapping[str, Any]]] = []
        self._own: dict[int, ModuleType] = {}
        self.modules: dict[str, Path] = {}
        self.imported_late: dict[str, ModuleType] = {}
        self.read: dict[str, set[str] | None] = {}
        self.files: set[str] = {self._file}
        self.notes: set[str] = set()
        self.text = self._follow()

    def _follow(self) -> str:
        done, before = 0, -1
        while before != len(self._found) + len(self._own):
            before = len(self._found) + len(self._own)
            while done < len(self._found):  # grows meanwhile
                one = self._found[done]
                done += 1
                if isinstance(one, FunctionType):
                    self._add_function(one)
                else:
                    self._add_class(one)
            for late in [*self._late]:
                self._add_imported(*late)
        return "\n".join(sorted(self._parts))

    def _add_function(self, function: FunctionType) -> None:
        module = sys.modules.get(function.__module__)
        if isinstance(module, ModuleType) and function.__globals__ is vars(module):
            self._own[id(module)] = module
        file = function.__code__.co_filename
        nodes = nodes_at(tree_of(file), function.__code__)
        self._parts |= set(self._held_by(function))
        own = {name: part for name, part in vars(function).items() if not name.startswith("__")}
        if own:
            self._add_value(f"{function.__qualname__}, attributes", own)
        if len(nodes) != 1 or not is_written_in(function.__code__, file):
            self._parts.add(f"# code {function.__qualname__}: {self._code(function.__code__)}")
        self._add_nodes(nodes, file, function.__globals__, leave=frozenset(function.__code__.co_freevars))

    def _add_class(self, one: type) -> None:
        module = sys.modules.get(one.__module__)
        if isinstance(module, ModuleType) and vars(module).get(one.__name__) is one:
            self._own[id(module)] = module
        for base in one.__bases__:
            self._of_code(base)
        self._parts |= set(members_of(one, self._of_code))
        file = file_of_class(one) or (self._file if one.__module__ == self._module else "")
        names = globals_of_class(one) or (self._globals if one.__module__ == self._module else {})
        if file:
            self._add_nodes(nodes_named(tree_of(file), one.__qualname__), file, names)

    def _add_nodes(
        self,
        nodes: list[ast.AST],
        file: str,
        names: Mapping[str, Any],
        leave: frozenset[str] = frozenset(),
    ) -> None:
        """Add definitions and what they refer to: their syntax, files that they import, and global names.

        Args:
            nodes: the definitions.
            file: where they are written.
            names: the global names there.
            leave: names that are not global.
        """
        path = Path(file)
        self.files.add(file)
        name = str(names.get("__name__", "")) if names.get("__spec__") is not None else ""
        origin = Origin(path.resolve(), name) if path.is_file() else Origin(Path.cwd() / "cell")
        if file != self._file and path.is_file():
            self._add_files({name or file: origin.path, **files_imported([tree_of(file)], origin)})
        for node in nodes:
            self._parts.add(shape_of(node))
            late = files_imported([node], origin)
            self._add_files(late)
            self._late.append((node, file, names, names))
            self._late += [(tree_of(str(one)), str(one), {}, names) for one in late.values()]
            used = global_names(node) - leave
            for name in sorted(used & names.keys()):
                self._add_global(name, names[name], file, names)
            for name in sorted(names.keys() - used) if reads_all_globals(node) else ():
                if not name.startswith("__") and not isinstance(names[name], ModuleType):
                    self._add_value(name, names[name])
            self.notes |= {f"{_place(file)}, {note}" for note in notes_on(node)}
            self._add_attributes(node, {name: names[name] for name in used & names.keys()})

    def _add_imported(
        self, node: ast.AST, file: str, names: Mapping[str, Any], of_importing: Mapping[str, Any]
    ) -> None:
        """Add what code imports when it is called, of modules that the job has imported as well.

        It may have changed these. Others count by their files alone: whether they are loaded already is chance.

        Args:
            node: the code.
            file: where it is written.
            names: the global names there.
            of_importing: those of the function that imports it.
        """
        bound = {}
        for name, (module, part) in imported_in(node).items():
            self._add_module(module)
            if self._is_own(module, of_importing):
                self.imported_late[module.__name__] = module
                self._read_of(module, part)
                bound[name] = module if part is None else getattr(module, part, None)
        for name, value in sorted(bound.items()):
            self._add_global(name, value, file, names)
        self._add_attributes(node, bound)
        if isinstance(node, ast.Module):
            self.notes |= {f"{_place(file)}, {note}" for note in notes_on(node)}

    def _is_own(self, module: ModuleType, names: Mapping[str, Any]) -> bool:
        """Say whether the job has imported a module itself, or a package with it in it."""
        own = [*self._own.values(), *(value for value in names.values() if isinstance(value, ModuleType))]
        parent, _, child = module.__name__.rpartition(".")
        return any(module is one or (one.__name__ == parent and vars(one).get(child) is module) for one in own)

    def _read_of(self, module: ModuleType, name: str | None) -> None:
        """Note what is read of a module; all of it where a statement does not tell."""
        if name == "*":
            self.read[module.__name__] = None
        known = self.read.setdefault(module.__name__, set())
        if known is not None and name is not None:
            known.add(name)

    def _add_attributes(self, node: ast.AST, names: Mapping[str, Any]) -> None:
        """Add what code reads of modules of the user's: `settings.depth`, `package.blocks.build`.

        Of a module that it hands on, as in `s = settings` or `getattr(settings, name)`, that may be anything.
        """
        modules = {name: one for name, one in names.items() if isinstance(one, ModuleType) and not is_installed(one)}
        for name in sorted(names_handed_on(node) & modules.keys()):
            self._add_all_of(modules[name])
        for first, *attributes in attributes_of(node):
            value, told = modules.get(first), first
            for attribute in attributes:
                if not isinstance(value, ModuleType) or is_installed(value) or not hasattr(value, attribute):
                    break
                self._read_of(value, attribute)
                value, told = getattr(value, attribute), f"{told}.{attribute}"
                if isinstance(value, ModuleType) and not is_installed(value):
                    self._add_module(value, own=True)
                elif not isinstance(value, ModuleType):
                    self._add_value(told, value)

    def _add_all_of(self, module: ModuleType) -> None:
        """Add all that a module holds."""
        if self.read.get(module.__name__, ()) is None:
            return
        self._add_module(module, own=True)
        self.read[module.__name__] = None
        for name, value in [*vars(module).items()]:
            if not name.startswith("__") and not isinstance(value, ModuleType):
                self._add_value(f"{module.__name__}.{name}", value)

    def _add_module(self, module: ModuleType, *, own: bool = False) -> None:
        """Add the files of a module, and code that is not what they say: it was imported before an edit.

        Args:
            module: of the user's.
            own: whether the job has imported it itself.
        """
        if own:
            self._own[id(module)] = module
            self.read.setdefault(module.__name__, set())
        self._add_files(module_files(module))
        for function in functions_of(module):
            if not is_written_in(function.__code__, function.__code__.co_filename):
                self._parts.add(f"# code {function.__qualname__}: {self._code(function.__code__)}")

    def _add_global(self, name: str, value: Any, file: str, names: Mapping[str, Any]) -> None:
        """Add what a global name stands for; what has no content, or is a path, by the text that makes it.

        A path is another on another machine. In a notebook no text says which cell made a value, so a path counts as
        it is, and what has no content is refused.
        """
        if isinstance(value, ModuleType):
            if not is_installed(value):
                self._add_module(value, own=True)
            return
        if is_ours(value) or is_ours(type(value)):
            return  # a job's own parts are no data
        if self._add_value(name, value):
            return
        if not Path(file).is_file():
            raise SpecError(
                f"The function {self._found[0].__name__} uses {name}, a value of type {type(value).__name__}, which "
                "cannot be part of a trial's identity: it could change unseen. Make it inside the function, or pass "
                "numbers, text, lists, dicts or dataclasses as hyperparameters: custom(net, width=64)."
            )
        done = {name}
        waiting = [name]
        for waited in waiting:  # grows while it is gone through
            for statement in changes_of(tree_of(file), waited):
                self._parts.add(shape_of(statement))
                for used in sorted((global_names(statement) & names.keys()) - done):
                    done.add(used)
                    other = names[used]
                    if isinstance(other, ModuleType) or is_ours(other) or is_ours(type(other)):
                        continue
                    if not self._add_value(used, other):
                        waiting.append(used)

    def _add_value(self, name: str, value: Any) -> bool:
        """Add the content of a value; return whether it says all there is to say."""
        paths: list[str] = []
        in_file = Path(self._file).is_file()

        def of_text(text: Any) -> str:
            if in_file and path_like(text):
                paths.append(str(text))
                return "path"
            return repr(text)

        def of_code(part: Any) -> str:
            if is_ours(part) or is_ours(type(part)):
                return type(part).__name__  # a job's own parts are no data
            return self._of_code(part)

        try:
            self._parts.add(f"# {name}: {content_of(value, of_code, of_text)}")
        except NoContent:
            return False
        return not paths

    def _add_files(self, files: Mapping[str, Path]) -> None:
        """Add whole files of the user's; of that of the first definition only what it refers to."""
        self.modules |= {name: path for name, path in files.items() if name not in self.modules}
        for path in {*files.values()} - {Path(self._file).resolve()}:
            self._parts.add(f"# {path.name}\n{shape_of(tree_of(str(path)))}")

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
            except NoContent as kind:
                if "<locals>" not in function.__qualname__:
                    continue  # the text of a default says what it is
                raise SpecError(
                    f"The function {function.__name__} holds in its {name} a value of type {kind}, which cannot be "
                    "part of a trial's identity: it could change unseen. Let it hold numbers, text, lists, dicts, "
                    "dataclasses or functions, or pass them as hyperparameters: custom(net, width=64)."
                ) from None

    def _of_code(self, value: Any) -> str:
        """Return the name of code, or the content of an object; what is the user's is reached thereby."""
        if isinstance(value, ModuleType):
            if not is_installed(value):
                self._add_all_of(value)
            return value.__name__
        if isinstance(value, FunctionType) and hasattr(value, "registry") and hasattr(value, "dispatch"):
            return f"singledispatch {content_of(dict(value.registry), self._of_code)}"
        while "__wrapped__" in getattr(value, "__dict__", {}) and is_installed(
            value if isinstance(value, FunctionType) else type(value)
        ):
            value = value.__wrapped__  # what was decorated by functools.cache, say
        if isinstance(value, MethodType):
            return f"{self._of_code(value.__func__)} of {content_of(value.__self__, self._of_code)}"
        if isinstance(value, FunctionType | type):
            if is_installed(value):
                return f"{value.__module__.partition(':')[0]}.{value.__qualname__}"  # job:NAME is the name of a file
            if not any(value is one for one in self._found):
                self._found.append(value)
            return value.__qualname__
        if isinstance(value, BuiltinFunctionType) and not isinstance(value.__self__, ModuleType | type(None)):
            return f"{value.__name__} of {content_of(value.__self__, self._of_code)}"
        if not is_installed(type(value)):
            return f"{self._of_code(type(value))}({content_of(state_of(value), self._of_code)})"
        if isinstance(value, logging.Logger):
            return f"logger {value.name}"
        if type(value).__name__ == "vectorize" and hasattr(value, "pyfunc"):
            return f"vectorize of {content_of(value.pyfunc, self._of_code)}"
        if callable(value) and hasattr(value, "__qualname__"):
            return f"{value.__module__}.{value.__qualname__}"
        if type(value).__module__.partition(".")[0] == "numpy" and (hasattr(value, "itemsize") or callable(value)):
            return str(value) if hasattr(value, "itemsize") else str(value.__name__)  # a dtype, or a ufunc
        if callable(getattr(value, "get_config", None)):  # an initializer of Keras's, a regularizer, a layer
            return f"{self._of_code(type(value))}({content_of(made_of(value), self._of_code)})"
        if type(value).__module__.partition(".")[0] in sys.stdlib_module_names:  # Namespace, Fraction, deque
            return f"{type(value).__qualname__}({content_of(state_of(value), self._of_code)})"
        raise NoContent(type(value).__name__)

    def _code(self, code: CodeType) -> str:
        """Return compiled code as text."""
        held = [self._code(one) if isinstance(one, CodeType) else one for one in code.co_consts]
        return content_of([code.co_code, code.co_names, held], self._of_code)


def _place(file: str) -> str:
    """Return what a file is called in a note."""
    return Path(file).name if Path(file).is_file() else "a cell"
