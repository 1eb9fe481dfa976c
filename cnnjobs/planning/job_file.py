"""Loads a job file, and explains a broken one."""

import importlib
import io
import linecache
import re
import sys
import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from cnnjobs.errors import CnnjobsError, JobFileError
from cnnjobs.files.regular_files import refuse_special
from cnnjobs.planning.examples import example_named
from cnnjobs.planning.user_code import installed_names, is_installed, is_installed_file
from cnnjobs.spec import Job
from cnnjobs.spec.arguments import WORDS
from cnnjobs.spec.keras_applications import how_to_write
from cnnjobs.wording.nearest import near_it
from cnnjobs.wording.sentences import cause, clause, sentences

SLOW = {"keras": "Keras", "tensorflow": "TensorFlow", "torch": "PyTorch", "jax": "JAX"}
"""Modules that take seconds to import -> what they are called; the first that is imported is named."""

MOST_BYTES = 16 << 20
"""Of a job file, which people write."""


@dataclass(frozen=True)
class JobFile:
    """A job file that was read and run, or a job that a script or a notebook has made.

    Args:
        path: where it lies, absolute; None for a job that comes from no file of its own.
        text: what it says.
        job: the `job` it defines.
        neighbours: modules it imported from its own folder.
        imported: modules it imported from whatever file, its neighbours among them.
        modules: modules of the user's that are loaded now, from whatever file.
    """

    path: Path | None
    text: str
    job: Job
    neighbours: tuple[ModuleType, ...]
    imported: tuple[ModuleType, ...] = ()
    modules: tuple[ModuleType, ...] = ()

    @property
    def name(self) -> str:
        """Name of the file; empty without one."""
        return "" if self.path is None else self.path.name

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the file: that it imports what takes seconds."""
        slow = [name for name, known in SLOW.items() if any(one.__name__ == name for one in self.imported)]
        if not slow:
            return ()
        return (
            f"{self.name} imports {SLOW[slow[0]]} when it is read, which costs every command some seconds: import it "
            "inside the functions that use it",
        )

    @property
    def folder(self) -> Path:
        """The folder that it belongs to: its own, or the current one."""
        return Path.cwd() if self.path is None else self.path.parent


def job_of_session(job: Job) -> JobFile:
    """Return a job that a script or a notebook has made, with the modules of the user's that it has imported.

    Args:
        job: the job.
    """
    loaded = _loaded()
    return JobFile(None, "", job, loaded, loaded, loaded)


def _loaded() -> tuple[ModuleType, ...]:
    """Return the modules of the user's that are loaded."""
    return tuple(module for module in dict(sys.modules).values() if _is_of_user(module))


def is_far(module: ModuleType, file: JobFile) -> bool:
    """Say whether a module of the user's is of a package that lies elsewhere than the job: it is imported as a whole.

    Args:
        module: of the user's.
        file: where the job comes from.
    """
    if file.path is not None:
        return not any(module is one for one in file.neighbours)
    return module.__name__.partition(".")[0] in installed_names()


def _is_of_user(module: ModuleType) -> bool:
    """Say whether a module is no installed one; functions of `__main__` travel by themselves."""
    if not isinstance(module, ModuleType) or module.__name__ == "__main__":  # libraries put other things there as well
        return False
    return isinstance(vars(module).get("__file__"), str) and not is_installed(module)


def load_job(path: str | Path) -> JobFile:
    """Run the job file and return the `job` it defines.

    Raises:
        JobFileError: if there is no such file, it is no Python, it raises, or defines no job; the
            message names the line.
    """
    if "\0" in str(path):
        raise JobFileError(f"A path cannot hold a NUL character. Received: {str(path)!r}.")
    shown, file = Path(path), Path(path).absolute()
    text = _read(file, shown)
    folder = file.resolve().parent
    _forget_neighbours(folder)
    before = set(sys.modules)
    with _importable(folder):
        names = _run(text, file, shown)
    job = names.get("job")
    if not isinstance(job, Job):
        raise JobFileError(_explain_no_job(names, shown))
    fresh = [sys.modules[name] for name in sorted(set(sys.modules) - before)]
    neighbours = tuple(module for module in fresh if _is_neighbour(module, folder))
    imported = tuple(one for one in fresh if getattr(one, "__file__", None))
    return JobFile(file, text, job, neighbours, imported, _loaded())


def _forget_neighbours(folder: Path) -> None:
    """Have modules beside a job file imported anew: another job's may have their names, and files may have changed."""
    for name, module in list(sys.modules.items()):
        top = folder / name.partition(".")[0]
        beside = top.with_suffix(".py").is_file() or top.is_dir()
        if _is_of_user(module) and (beside or _is_neighbour(module, folder)):
            del sys.modules[name]
    importlib.invalidate_caches()


def _read(file: Path, shown: Path) -> str:
    try:
        refuse_special(file, MOST_BYTES)
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise JobFileError(sentences(f"There is no job file {shown}", _meant(file, shown))) from None
    except IsADirectoryError:
        raise JobFileError(f"{shown} is a folder; a job is one Python file, such as jobs/quickstart.py.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise JobFileError(f"The job file {shown} cannot be read: {cause(error)}.") from error


def _meant(file: Path, shown: Path) -> str:
    """Return what to do about a job file that is not there: the suffix was left out, or a bundled job is meant."""
    near = sorted(item.name for item in file.parent.glob("*.py")) if file.parent.is_dir() else []
    if f"{file.name}.py" in near:
        return f"There is {shown}.py."
    example = example_named(shown.name)
    if example is not None:
        return (
            f"{example} is the name of a job that comes with cnnjobs. To write it to {example}.py: "
            f"cnnjobs new {example} --from {example}"
        )
    return f"{shown.parent}/ has: {', '.join(near)}." if near else ""


def _run(text: str, file: Path, shown: Path) -> dict[str, Any]:
    """Execute the text as a module of its own that is known only while it runs, and return its names."""
    linecache.cache[str(file)] = (len(text), None, io.StringIO(text).readlines(), str(file))
    name = f"job:{file.stem}"
    module = ModuleType(name)
    module.__file__ = str(file)
    names = vars(module)
    sys.modules[name] = module  # dataclasses look their module up while they are made
    try:
        exec(compile(text, str(file), "exec"), names)
    except SyntaxError as error:
        line = f"\n    {error.text.strip()}" if error.text else ""
        raise JobFileError(
            f"{_shown(error.filename, file, shown)}, line {error.lineno or 1}: {clause(error.msg)}.{line}"
        ) from error
    except CnnjobsError as error:
        raise JobFileError(f"{shown}, line {_line(error, file)}: {error}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise JobFileError(
            sentences(f"{shown}, line {_line(error, file)}, raised {what}", _advice(error, names))
        ) from error
    finally:
        sys.modules.pop(name, None)  # else its functions would travel to workers by a name they do not know
    return names


def _advice(error: BaseException, names: Collection[str]) -> str:
    """Return what to write where a name was not found: of a network that is described otherwise, or the nearest.

    Args:
        error: of the job file.
        names: that it has defined and imported so far.
    """
    missing = re.search(r"(?:name|attribute) '(\w+)'", str(error))
    if missing is None or not isinstance(error, NameError | AttributeError | ImportError):
        return ""
    own = [name for name in names if not name.startswith("__")] if isinstance(error, NameError) else []
    known = [*own, *WORDS] if own or "'cnnjobs'" in str(error) else []
    return how_to_write(missing[1]) or near_it(missing[1], known).strip()


def _shown(name: str | None, file: Path, shown: Path) -> str:
    return str(shown) if name in (None, str(file)) else str(name)


def _line(error: BaseException, file: Path) -> int | str:
    """Return the last line of the job file that the error passed through."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return lines[-1] if lines and lines[-1] is not None else "?"


def _explain_no_job(names: dict[str, Any], shown: Path) -> str:
    if "job" in names:
        return f"{shown}: `job` must be a Job. Received: job={names['job']!r}. Write `job = Job(name=..., ...)`."
    others = [name for name, value in names.items() if isinstance(value, Job)]
    hint = f" It has a Job named {others[0]!r}: rename it to `job`." if others else ""
    return f"{shown} defines no `job`.{hint} A job file ends with `job = Job(name=..., dataset=..., variants=...)`."


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let the job file import its neighbours."""
    path, streams = sys.path, (sys.stdin, sys.stdout, sys.stderr)
    path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams  # errors are told there
        sys.path = sys.path if isinstance(sys.path, list) else path
        with suppress(ValueError):  # the job file may have taken it away
            sys.path.remove(str(folder))


def _is_neighbour(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and not is_installed_file(file) and Path(file).resolve().is_relative_to(folder)
