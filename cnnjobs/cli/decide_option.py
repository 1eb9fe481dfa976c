"""`--decide [MARGIN]`: an option whose value may be left out, though an argument follows."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

NAME = "--decide"

WITHOUT = "none"
"""Its value where none is given."""

NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?|[-+]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
"""What is read as a margin."""

MEANT_AS_NUMBER = re.compile(
    rf"|({NUMBER.pattern}|[-+]?[0-9]*,[0-9]+)\s*(%|pts?|pps?|points?|percent)?", re.ASCII | re.IGNORECASE
)
"""What was meant as one: also with a unit, with a comma, or a variable of the shell that is not set."""


class Margin(click.ParamType):  # type: ignore[type-arg]
    """A number of percentage points; True where none is given."""

    name = "margin"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number; what range it has to be in, the library says."""
        if isinstance(value, bool | float):
            return value
        if value == WITHOUT:
            return True
        if NUMBER.fullmatch(value):
            return float(value)
        if not value.strip():
            raise self.refusal("must not be empty. Leave out the value for no margin.", param, ctx)
        raise self.refusal(
            "must be a number of percentage points of test accuracy, without a unit, such as 0.5, or nothing. "
            f"Received: {value!r}.",
            param,
            ctx,
        )

    @staticmethod
    def refusal(why: str, param: click.Parameter | None, ctx: click.Context | None) -> click.BadParameter:
        """Return the error for a value."""
        return click.BadParameter(why, ctx=ctx, param=param)


class DecideCommand(click.Command):
    """A command with `--decide`: what follows it is its value only if it looks like a number."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words of a command."""
        return super().parse_args(ctx, self._with_values(ctx, args))

    def _with_values(self, ctx: click.Context, args: Sequence[str]) -> list[str]:
        """Return the words with a value of `--decide` wherever that is."""
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option) and NAME not in one.opts]
        taking = {name for one in options if not one.is_flag and not one.count for name in one.opts}
        found: list[str] = []
        left = list(args)
        while left:
            word = left.pop(0)
            if word == "--":
                return [*found, word, *left]
            if word in taking:
                found += [word, *left[:1]]
                del left[:1]
            elif word == NAME:
                is_value = bool(left) and MEANT_AS_NUMBER.fullmatch(left[0]) is not None
                found.append(f"{NAME}={left.pop(0) if is_value else WITHOUT}")
            else:
                found.append(word)
        _refuse_two(ctx, [word for word in found if word.startswith(f"{NAME}=")])
        return found


def decide_option(about: str) -> Callable[[F], F]:
    """Return the option; the command is a `DecideCommand`.

    Args:
        about: what it does, for the help.
    """
    return click.option(NAME, type=Margin(), metavar="[MARGIN]", help=about)


def decide_words(value: bool | float) -> list[str]:
    """Return the option as it is typed for a value."""
    return [NAME] if isinstance(value, bool) else [f"{NAME}={value!r}"]


def _refuse_two(ctx: click.Context, given: Sequence[str]) -> None:
    """Refuse two margins, of which one would be ignored."""
    if len(set(given)) > 1 and not ctx.resilient_parsing:
        raise click.UsageError(f"{NAME} is given several times, with different margins. Give it once.", ctx)
