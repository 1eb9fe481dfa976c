"""`--format json`: what a command says, for a program."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cnnjobs.cli.flags import explain
from cnnjobs.errors import CnnjobsError, Interrupted
from cnnjobs.schema.output import Failing, Output
from cnnjobs.wording.terminal import heard_by

if TYPE_CHECKING:
    from cnnjobs.run.events import Events

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("text", "json")


def format_option(*more: str) -> Callable[[F], F]:
    """Return the option that chooses the format of standard output; the command takes it as `form`.

    Args:
        *more: further formats than those of `FORMATS`.
    """
    return click.option(
        "--format",
        "form",
        type=click.Choice([*FORMATS, *more]),
        default="text",
        show_default=True,
        help="The format of standard output; docs/automation.md describes json.",
    )


def wants_json(words: Sequence[str]) -> bool:
    """Say whether a command line asks for JSON, before it is parsed: it may be wrong in another place.

    Args:
        words: without the program.
    """
    options = list(words[: words.index("--")] if "--" in words else words)
    chosen = ""
    for word, following in pairwise([*options, ""]):
        if word in ("-h", "--help"):
            return False
        if word == "--format":
            chosen = following
        elif word.startswith("--format="):
            chosen = word.removeprefix("--format=")
    return chosen == "json"


def output() -> Output:
    """Return where the running command writes for a program; it was asked for JSON."""
    found = click.get_current_context().find_object(Output)
    if found is None:
        raise RuntimeError("The command runs without an output for programs.")
    return found


def end_with(fields: Mapping[str, Any]) -> None:
    """Have the running command end with a document; an error that comes later is added to it.

    Args:
        fields: of `cnnjobs.schema.output.document`.
    """
    output().end_with(lambda: fields)


@contextlib.contextmanager
def events_of(form: str) -> Iterator["Events"]:
    """Return where the running command tells of its trials, for a program if one reads.

    Args:
        form: the format that was chosen.
    """
    from cnnjobs.run.events import Events

    if form != "json":
        yield Events()
        return
    events = Events(output())
    with heard_by(events.note):
        yield events


def explained(errors: Iterable[CnnjobsError]) -> list[str]:
    """Return what errors of the library say, in the words of the running command."""
    context = click.get_current_context()
    return [explain(error, context) for error in errors]


def failing(error: BaseException, message: str) -> Failing:
    """Return what a program is told of an error.

    Args:
        error: of this package or of click.
        message: as it is said to a person.
    """
    if isinstance(error, CnnjobsError | Interrupted):
        return Failing(type(error).__name__, message, error.exit_code)
    if isinstance(error, click.ClickException):
        parameter = getattr(error, "param", None)
        names = {} if parameter is None else {"parameter": parameter.opts[-1]}
        return Failing("UsageError", message, error.exit_code, names)
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return Failing(Interrupted.__name__, message, Interrupted.exit_code)
    return Failing("UnexpectedError", message, CnnjobsError.exit_code)
