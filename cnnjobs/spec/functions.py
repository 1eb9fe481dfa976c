"""User functions as values: a function and its hyperparameters."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from types import FunctionType
from typing import Any, ClassVar

from cnnjobs.errors import SpecError
from cnnjobs.wording.nearest import near_it
from cnnjobs.wording.sentences import cause


@dataclass(frozen=True)
class UserFunction:
    """A user function and its hyperparameters; both are part of a trial's identity.

    Args:
        function: a plain function (`def`) from a file.
        options: hyperparameters that are passed to it by name.
        source_sha256: digest of its code; None until the trials are planned.
    """

    kind: ClassVar[str] = ""
    """Name of the class in identities and in the store, which does not change if the class is renamed."""

    maker: ClassVar[str] = ""
    """The public function that makes such a value, for messages."""

    role: ClassVar[str] = ""
    """The kind of object that the function makes, for messages."""

    arguments: ClassVar[tuple[str, ...]] = ()
    """Names of the arguments before the options, for messages and for the check."""

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
                f"`{self.role}` must be {_with_article(self.role)}, not the function that describes one: "
                f"write {name}(...)."
            )
        try:
            inspect.signature(self.function).bind(*self.arguments, **self.options)
        except TypeError as error:
            call = ", ".join([*self.arguments, *(f"{option}=..." for option in self.options)])
            known = list(inspect.signature(self.function).parameters)[len(self.arguments) :]
            near = next((near_it(one, known) for one in self.options if one not in known), "")
            raise SpecError(
                f"`{name}` must be callable as {name}({call}). Received: a function of "
                f"{inspect.signature(self.function)} ({cause(error)}).{near}"
            ) from error


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def functions_in(spec: Any) -> Iterator[UserFunction]:
    """Yield all user functions within a spec."""
    if isinstance(spec, UserFunction):
        yield spec
    for part in _parts(spec).values():
        yield from functions_in(part)


def with_functions(spec: Any, change: Callable[[UserFunction], UserFunction]) -> Any:
    """Return a spec with each of its user functions changed."""
    if isinstance(spec, UserFunction):
        return change(spec)
    if not any(True for _ in functions_in(spec)):
        return spec
    parts = {name: with_functions(part, change) for name, part in _parts(spec).items()}
    return tuple(parts.values()) if isinstance(spec, tuple) else replace(spec, **parts)


def _parts(spec: Any) -> dict[Any, Any]:
    """Return the items of a tuple, or the fields of a spec; not the options of a function, which are the user's."""
    if isinstance(spec, tuple):
        return dict(enumerate(spec))
    if isinstance(spec, UserFunction) or not is_dataclass(spec) or not hasattr(spec, "kind"):
        return {}
    return {item.name: getattr(spec, item.name) for item in fields(spec) if item.init}
