"""Values with functions of the user's as bytes: by value, and each module that they are of as one module again."""

import importlib
import io
import marshal
import pickle
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import CodeType, ModuleType
from typing import Any

import cloudpickle
import numpy as np

from cnnjobs.planning.user_modules import MADE, NO_MODULES, UserModules, refuse_name_of_library

LARGEST = 16 << 20
"""Bytes of an array that goes with its module though no function refers to it."""

DEVICES = frozenset({"tensorflow", "keras", "torch", "jax"})
"""Libraries whose values take the devices of a process when they are made."""

_OF_IMPORT = frozenset({"__builtins__", "__loader__", "__spec__", "__cached__", "__path__", "__name__", "__package__"})


@dataclass(frozen=True)
class Packed:
    """A value as it travels to another process of this package.

    Args:
        modules: of the user's, that the value imports there.
        content: what it is made of there.
    """

    modules: UserModules
    content: bytes

    def unpacked(self) -> Any:
        """Return the value; what was unpacked before is forgotten.

        Raises:
            Exception: of any kind: code of the user's may run.
        """
        self.modules.install()
        value, _ = pickle.loads(self.content)
        return value


def packed(value: Any, modules: Iterable[ModuleType], user_modules: UserModules = NO_MODULES) -> Packed:
    """Return a value as it travels, with the functions of the user's in it.

    Functions and classes of the user's modules go by value, because that process cannot import the modules. There
    each module is one again: what a function sets in it, others see, and who imports it gets this one.

    Args:
        value: whatever refers to them.
        modules: of the user's, that are loaded.
        user_modules: what the functions import when they are called.

    Raises:
        Exception: of any kind, if a function refers to what cannot be sent.
    """
    own = [module for module in modules if str(vars(module).get("__file__") or ".py").endswith(".py")]
    stream = io.BytesIO()
    with _by_value(own):
        _Pickler(stream, own, user_modules).dump((value, user_modules.loaded))
    return Packed(replace(user_modules, loaded=()), stream.getvalue())


@contextmanager
def _by_value(modules: Iterable[ModuleType]) -> Iterator[None]:
    """Have modules pickled by value for a while."""
    known = [module for module in modules if sys.modules.get(module.__name__) is module]
    for module in known:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in known:
            cloudpickle.unregister_pickle_by_value(module)


class _Empty:
    """Stands for a module without what it holds."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module


class _Globals(dict[str, Any]):
    """Stands for the global names of a module in the pickler, which gives each function a dict of its own."""

    def __init__(self, module: ModuleType) -> None:
        super().__init__()
        self.of = _Empty(module)


class _Pickler(cloudpickle.Pickler):
    """Pickles modules of the user's as modules.

    Args:
        stream: takes the bytes.
        modules: of the user's.
        user_modules: says what of modules is needed.
        trial: leave out what modules hold: only one value of one is tried.
    """

    def __init__(
        self,
        stream: Any,
        modules: list[ModuleType],
        user_modules: UserModules,
        *,
        trial: bool = False,
    ) -> None:
        super().__init__(stream, protocol=5)
        self._user_modules, self._trial = user_modules, trial
        self._modules = {module.__name__: module for module in modules}
        self._own = {id(module): _Empty(module) for module in modules}
        self.globals_ref.update({id(vars(module)): _Globals(module) for module in modules})

    def reducer_override(self, value: Any) -> Any:
        """Return how to make a value again."""
        if isinstance(value, CodeType):  # cloudpickle forgets the file that it is written in
            return marshal.loads, (marshal.dumps(value),)
        if isinstance(value, _Globals):
            return vars, (value.of,)
        if isinstance(value, _Empty):
            name, path = value.module.__name__, vars(value.module).get("__path__")
            if name in self._user_modules.whole:
                return _import_module, (name,)
            parent = self._modules.get(name.rpartition(".")[0])
            folders = None if path is None else [str(folder) for folder in path]
            return _make_module, (name, vars(value.module).get("__file__"), folders, parent and self._own[id(parent)])
        if isinstance(value, ModuleType) and id(value) in self._own:
            made = _itself, (self._own[id(value)],)
            return made if self._trial else (*made, self._state_of(value), None, None, _set_state)
        return super().reducer_override(value)

    def _state_of(self, module: ModuleType) -> tuple[dict[str, Any], list[str]]:
        """Return what is read of a module and can be sent, and the names of what cannot."""
        names = self._user_modules.read.get(module.__name__)
        held = {name: value for name, value in vars(module).items() if name not in _OF_IMPORT}
        wanted = {name: value for name, value in held.items() if names is None or name in names}
        sent = {name: value for name, value in wanted.items() if self._can_go(value)}
        return sent, sorted(held.keys() - sent.keys())

    def _can_go(self, value: Any) -> bool:
        if value is None or isinstance(value, str | int | float | ModuleType):
            return True
        if isinstance(value, np.ndarray) and value.nbytes > LARGEST:
            return False
        if not isinstance(value, type) and type(value).__module__.partition(".")[0] in DEVICES:
            return False
        try:
            _Pickler(_Nowhere(), [*self._modules.values()], self._user_modules, trial=True).dump(value)
        except Exception:
            return False
        return True


class _Nowhere:
    """Takes bytes and keeps none."""

    def write(self, content: bytes) -> int:
        """Take them."""
        return len(content)


def _itself(module: ModuleType) -> ModuleType:
    return module


def _import_module(name: str) -> ModuleType:
    """Return a module of the user's, imported; it is told apart from one of a library by that it was sent."""
    module = importlib.import_module(name)
    setattr(module, MADE, True)
    return module


def _make_module(name: str, file: str | None, folders: list[str] | None, parent: ModuleType | None) -> ModuleType:
    """Return the module of that name in this process, the one that imports find as well."""
    there = sys.modules.get(name)
    if there is None:
        there = sys.modules[name] = ModuleType(name)
        there.__package__ = name.rpartition(".")[0] if folders is None else name
        vars(there).update({MADE: True} | ({} if file is None else {"__file__": file}))
        if folders is not None:
            there.__path__ = folders
    elif not hasattr(there, MADE):
        refuse_name_of_library(name)
    if parent is not None:
        setattr(parent, name.rpartition(".")[2], there)
    return there


def _set_state(module: ModuleType, state: tuple[dict[str, Any], list[str]]) -> None:
    """Put into a module what it held where it was pickled."""
    held, left = state
    vars(module).update(held)
    if left and "__getattr__" not in held:

        def missing(name: str) -> Any:
            what = "was not sent to workers: make it inside the function that uses it" if name in left else "is none"
            raise AttributeError(f"module {module.__name__!r}: its attribute {name!r} {what}")

        vars(module)["__getattr__"] = missing
