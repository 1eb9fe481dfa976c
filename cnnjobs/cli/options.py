"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_RESULTS = "results"

_OVERRIDES = (
    click.option("--repeats", type=click.IntRange(min=1), help="Train each variant this often."),
    click.option("--epochs", type=click.IntRange(min=1), help="Epochs of every variant."),
    click.option("--only", metavar="VARIANT", multiple=True, help="Only this variant; may be given several times."),
    click.option("--limit-train", type=click.IntRange(min=1), metavar="N", help="Use only N training images."),
    click.option("--dataset", metavar="NAME|PATH", help="Another data set: a name, an .npz file, an image folder."),
    click.option("--image-size", type=click.IntRange(min=1), metavar="PX", help="Resize an image folder's pictures."),
    click.option("--strict", is_flag=True, help="A picture that cannot be read is an error."),
    click.option(
        "--results", metavar="PATH|URI", default=DEFAULT_RESULTS, show_default=True, help="Where trials are stored."
    ),
)


def override_options(command: F) -> F:
    """Add the options that change a job."""
    for option in reversed(_OVERRIDES):
        command = option(command)
    return command
