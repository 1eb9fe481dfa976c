"""Data sets that a function of the user's returns."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.spec.arguments import arguments_named
from cnnjobs.spec.checks import number, one_of
from cnnjobs.spec.data import DEDUPE, DatasetSpec, value_range_of


class FunctionName(str):
    """The name of a function, where results or a model file know no more of it."""

    __slots__ = ()


@arguments_named
@dataclass(frozen=True)
class FromFunction(DatasetSpec):
    """Arrays that a function of yours returns: `(x_train, y_train), (x_test, y_test)`, as `keras.datasets` does.

    `Job(dataset=load_scans)` is short for it. The function is called once by the process that plans or submits, also on
    the head of a cluster that a job is sent to, and the arrays go to the workers. What it is made of is followed as for
    functions of networks; that and the content of the arrays are the identity of the data set. Before the call the
    global generators of Python and NumPy are seeded, so that an unseeded `train_test_split` is the same each time.

    It may also return `(x, y)`, of which a test set is held out; train, validation and test as three pairs; four or six
    arrays in a row, also in the order of `train_test_split`; or a dict of these (`x_train`, ... or `train`, `test`).
    `(x, y, w)` in the place of `(x, y)` gives weights of the pictures, numbers of at least 0, as `fit` of Keras takes
    `sample_weight`; in a dict `w_train` or `sample_weight_train`. They count in what is minimised, not in metrics.
    Pictures are arrays, tensors, or lists of these or of Pillow's pictures, all of one size. Types, ranges and labels
    are those of `Npz`.

    Args:
        function: a plain function (`def`) that needs no arguments.
        test: fraction held out as test set, stratified, one of each class at least, if it returns none; in (0, 1).
        value_range: as for `Npz`.
        dedupe: as for `Npz`.
        source_sha256: of what it is made of; None until a job is planned, "" where that cannot be told.

    Raises:
        SpecError: for what is no such function, or a value out of range. `DatasetError` is raised for what it returns
            when the job is planned or submitted.

    Example:
        >>> from cnnjobs import FromFunction
        >>> def load_scans():
        ...     from keras.datasets import mnist
        ...     return mnist.load_data()
        >>> FromFunction(load_scans, value_range=(0, 255)).test
        0.2
    """

    kind: ClassVar[str] = "FromFunction"

    function: Callable[[], Any] | FunctionName
    test: float = 0.2
    value_range: tuple[float, float] | None = None
    dedupe: str | None = None
    source_sha256: str | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.function, FunctionName):
            _check(self.function)
        number("FromFunction.test", self.test, above=0, below=1)
        one_of("FromFunction.dedupe", self.dedupe, DEDUPE)
        object.__setattr__(self, "value_range", value_range_of("FromFunction", self.value_range))

    @property
    def name(self) -> str:
        """Name of the function; with that of its module where a library has it: "cifar10.load_data"."""
        if isinstance(self.function, str):
            return str(self.function)
        own, module = self.function.__name__, str(self.function.__module__).rpartition(".")
        return f"{module[2]}.{own}" if module[0] and own == "load_data" else own


def _check(function: object) -> None:
    """Raise a SpecError for what cannot be called without arguments, or has no name."""
    if not isinstance(function, FunctionType) or function.__name__ == "<lambda>":
        what = "a lambda" if isinstance(function, FunctionType) else repr(function)
        raise SpecError(
            "`FromFunction.function` must be a plain function (def) that returns (x_train, y_train), (x_test, y_test). "
            f"Received: {what}."
        )
    try:
        inspect.signature(function).bind()
    except TypeError as error:
        raise SpecError(
            f"`{function.__name__}` must be callable as {function.__name__}(). Received: a function of "
            f"{inspect.signature(function)}. Give its arguments defaults, or write a function that calls it with them."
        ) from error
