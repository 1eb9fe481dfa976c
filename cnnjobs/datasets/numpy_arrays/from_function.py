"""Data sets that a function of the user's returns."""

import contextlib
import hashlib
import random
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.datasets.numpy_arrays.array_origin import ArrayOrigin
from cnnjobs.datasets.numpy_arrays.array_sets import ArraySet
from cnnjobs.datasets.numpy_arrays.pixel_values import SURE
from cnnjobs.datasets.numpy_arrays.returned_arrays import arrays_of
from cnnjobs.datasets.source import OnProgress, Source
from cnnjobs.errors import CnnjobsError, DatasetError
from cnnjobs.process.numeric_environment import while_pinned
from cnnjobs.spec.from_function import FromFunction, FunctionName
from cnnjobs.wording.sentences import clause


class FunctionSource(Source[FromFunction]):
    """Arrays that a function returns."""

    spec_type = FromFunction
    noun = "a function"
    has_all_parts = True

    @classmethod
    def from_json(cls, options: Mapping[str, Any]) -> FromFunction:
        """Return what is known of a function by its name alone."""
        return FromFunction(**{**options, "function": FunctionName(options["function"])})

    def load(self, on_progress: OnProgress) -> Dataset:
        """Return what the function returns, checked and converted.

        Raises:
            DatasetError: if it raises an error, or returns what is no data set.
        """
        spec = self.spec
        if not isinstance(spec.function, FunctionType):
            raise DatasetError(
                f"The function {spec.name} returned this data set, and only its name is kept, so that it cannot be "
                "loaded again."
            )
        on_progress(f"calling {spec.name}()", 0, 0)
        origin = ArrayOrigin(f"{spec.name}()", spec.name, f"FromFunction({spec.name}")
        arrays = arrays_of(_called(spec.function), origin.place)
        data = ArraySet(arrays, origin, spec.test, spec.value_range, spec.dedupe).dataset()
        if not spec.source_sha256:
            return data
        both = f"{data.fingerprint} of {spec.source_sha256}"
        return replace(data, fingerprint=hashlib.sha256(both.encode()).hexdigest()[:20])

    def describe(self) -> str:
        """Return the name of the function."""
        return self.spec.name

    def why_not_at_hand(self) -> str:
        """Say that the function would have to be called."""
        return f"it is what the function {self.spec.name} returned, of which only the name is kept"

    def lock(self) -> tuple[str, str]:
        """Say that a function makes it, which nobody calls to find out."""
        return "made by a function of the job", ""

    def as_loaded(self, data: Dataset) -> FromFunction:
        """Return its name, with the values of black and white where other arrays could be taken to have others."""
        known = self.spec.value_range if data.value_range in (None, *SURE) else data.value_range
        return replace(self.spec, function=FunctionName(self.spec.name), value_range=known)


def _called(function: FunctionType) -> Any:
    """Return what a function returns.

    Raises:
        DatasetError: for any error in it, with its line.
    """
    try:
        with while_pinned(), _seeded(), _importable(Path(function.__code__.co_filename).parent):
            return function()
    except (CnnjobsError, KeyboardInterrupt):
        raise
    except BaseException as error:  # SystemExit is no reason to end without a word
        what = f"{type(error).__name__}: {clause(error)}" if str(error) else type(error).__name__
        raise DatasetError(f"{_where(function, error)} raised {what}.") from error


def _where(function: FunctionType, error: BaseException) -> str:
    """Return function, file and the last line of the file that an error passed through."""
    file = function.__code__.co_filename
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    place = Path(file).name if Path(file).is_file() else "a cell"
    return f"{function.__name__}() ({place}, line {lines[-1]})" if lines else f"{function.__name__}()"


@contextlib.contextmanager
def _seeded() -> Iterator[None]:
    """Seed the global generators for a while, so that what takes rows by chance takes the same ones each time."""
    before, numpy_before = random.getstate(), np.random.get_state()
    random.seed(0)
    np.random.seed(0)
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(numpy_before)


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let a function import the files beside its own, as it could when its file was read."""
    path = str(folder)
    if not folder.is_dir() or path in sys.path:
        yield
        return
    sys.path.insert(0, path)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(path)
