"""Data sets that a user's function returns."""

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
    """The name of a function, for results and model files that store nothing else of it."""

    __slots__ = ()


@arguments_named
@dataclass(frozen=True)
class FromFunction(DatasetSpec):
    """Arrays that your function returns: `(x_train, y_train), (x_test, y_test)`, as in `keras.datasets`.

    `Job(dataset=load_scans)` is short for `Job(dataset=FromFunction(load_scans))`. The function is called once by the
    process that plans or submits the job, also on the head node of a cluster to which a job is sent, and the arrays are
    sent to the workers. The code that the function uses is tracked, as for functions that build networks; this code and
    the content of the arrays are the identity of the data set. The global generators of Python and NumPy are seeded
    before the call, so that an unseeded `train_test_split` always gives the same result.

    The function may also return `(x, y)`, of which a test set is held out; training, validation and test set as three
    pairs; four or six arrays in a row, also in the order of `train_test_split`; or a dict of these (`x_train`, ... or
    `train`, `test`). `(x, y, w)` in place of `(x, y)` adds weights of the pictures, numbers of at least 0, like
    `sample_weight` in Keras's `fit`; in a dict, they are `w_train` or `sample_weight_train`. The weights apply to the
    training loss and not to metrics. Pictures are arrays, tensors, or lists of these or of Pillow images, all of one
    size. Types, ranges and labels are those of `Npz`.

    Args:
        function: a plain function (`def`) that can be called without arguments.
        test: fraction that is held out as the test set if the function returns none, in (0, 1); stratified, with at
            least one image of each class.
        value_range: as for `Npz`.
        dedupe: as for `Npz`.
        source_sha256: digest of its code; None until a job is planned, "" if the code is not available.

    Raises:
        SpecError: for anything else than such a function, or a value out of range. When the job is planned or
            submitted, wrong return values raise a `DatasetError`.

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
        """Name of the function, with the name of its module if it is part of a library: "cifar10.load_data"."""
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
