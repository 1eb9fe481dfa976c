"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_RESULTS = "results"


def not_empty(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty text: a variable of the shell that is not set, most likely."""
    if value is not None and not value.strip():
        raise click.BadParameter("must not be empty.")
    return value


_DECODING = (
    click.option("--image-size", type=click.IntRange(min=1), metavar="PX", help="Resize an image folder's pictures."),
    click.option("--strict", is_flag=True, help="A picture that cannot be read is an error."),
)

_OVERRIDES = (
    click.option("--repeats", type=click.IntRange(min=1), help="Train each variant this often."),
    click.option("--epochs", type=click.IntRange(min=1), help="Epochs of every variant."),
    click.option("--only", metavar="VARIANT", multiple=True, help="Only this variant; may be given several times."),
    click.option("--limit-train", type=click.IntRange(min=1), metavar="N", help="Use only N training images."),
    click.option(
        "--dataset",
        metavar="NAME|PATH",
        callback=not_empty,
        help="Another data set: a name, an .npz file, an image folder.",
    ),
    *_DECODING,
    click.option(
        "--results",
        metavar="PATH|URI",
        callback=not_empty,
        default=DEFAULT_RESULTS,
        show_default=True,
        help="Where trials are stored.",
    ),
)


def override_options(command: F) -> F:
    """Add the options that change a job."""
    return _with(_OVERRIDES, command)


def decoding_options(command: F) -> F:
    """Add the options that say how a folder of pictures is read."""
    return _with(_DECODING, command)


def _with(options: tuple[Callable[[F], F], ...], command: F) -> F:
    for option in reversed(options):
        command = option(command)
    return command
