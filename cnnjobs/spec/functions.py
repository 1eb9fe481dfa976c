"""User functions as values: a function and its hyperparameters."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.wording.sentences import cause


@dataclass(frozen=True)
class UserFunction:
    """A user function and its hyperparameters; both are part of a trial's identity.

    Args:
        function: a plain function (`def`) from a file.
        options: hyperparameters it is called with, by name.
        source_sha256: of what it is made of; None until the trials are planned.
    """

    kind: ClassVar[str] = ""
    """Names the class in identities and in the store, whatever it is called here."""

    maker: ClassVar[str] = ""
    """The public function that makes such a value, for messages."""

    role: ClassVar[str] = ""
    """What the function makes, for messages."""

    arguments: ClassVar[tuple[str, ...]] = ()
    """What it is called with before the options, for messages and for the check."""

    function: Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    source_sha256: str | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.function, FunctionType):
            raise SpecError(
                f"`{self.maker}(function)` must be a plain function (def), because its source text is part "
                f"of each trial's identity. Received: function={self.function!r}."
            )
        name = self.function.__name__
        if str(self.function.__module__).startswith("cnnjobs."):
            raise SpecError(
                f"`{self.role}` must be a {self.role}, not the function that describes one: write {name}(...)."
            )
        try:
            inspect.signature(self.function).bind(*self.arguments, **self.options)
        except TypeError as error:
            call = ", ".join([*self.arguments, *(f"{option}=..." for option in self.options)])
            raise SpecError(
                f"`{name}` must be callable as {name}({call}). Received: a function of "
                f"{inspect.signature(self.function)} ({cause(error)})."
            ) from error
