"""`cnnjobs completion SHELL`: what a shell needs to complete commands, options, job files and names of variants."""

import contextlib
import io
import os
import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class, split_arg_string

from cnnjobs.wording.terminal import echo

SHELLS = ("bash", "zsh", "fish")

VARIABLE = "_CNNJOBS_COMPLETE"
"""Tells the command that a shell asks, and which."""

SLOW = re.compile(r"^\s*(import|from)\s+(tensorflow|keras|torch|ray)\b", re.M)
"""A job file that imports these is not run for the names of its variants: it takes seconds."""

Complete = Callable[[click.Context, str], Sequence[str] | str]
"""Returns what can stand in the place of a beginning, or "file" or "dir" for what the shell knows itself."""


@click.command(short_help="Print what bash, zsh or fish need to complete commands.")
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what SHELL, one of bash, zsh and fish, needs to complete commands, options, files and names of variants.

    \b
    bash, in ~/.bashrc:                   eval "$(cnnjobs completion bash)"
    zsh, in ~/.zshrc, after compinit:     eval "$(cnnjobs completion zsh)"
    fish, once:  cnnjobs completion fish > ~/.config/fish/completions/cnnjobs.fish
    """  # noqa: D301 - click reads the backspace
    made = get_completion_class(shell)
    assert made is not None
    echo(made(click.get_current_context().find_root().command, {}, "cnnjobs", VARIABLE).source())


def _variants(context: click.Context, begun: str) -> list[str]:
    """Return the names of the variants of the job file in the line, if it is quickly read."""
    from cnnjobs.planning.job_file import load_job

    # click has no arguments yet where an option without its value ends the line
    words = split_arg_string(os.environ.get("COMP_WORDS", ""))
    file = next((word for word in words if word.endswith(".py") and Path(word).is_file()), "")
    try:
        with open(file, encoding="utf-8") as stream:
            if SLOW.search(stream.read()):
                return []
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return list(load_job(file).job.variants)
    except Exception:  # half a job file, most likely: it is the next command that says what is wrong
        return []


def _datasets(context: click.Context, begun: str) -> Sequence[str] | str:
    """Return the known names that begin so, or else files."""
    from cnnjobs.spec.data import BUILTIN_DATASETS

    names = [name for name in BUILTIN_DATASETS if begun and name.startswith(begun)]
    return "file" if os.path.lexists(begun) or not names else names


def _examples(context: click.Context, begun: str) -> list[str]:
    """Return the names of the bundled jobs."""
    from cnnjobs.planning.examples import example_files

    return list(example_files())


def _metrics(context: click.Context, begun: str) -> list[str]:
    """Return the names of metrics."""
    from cnnjobs.spec.metrics import METRICS

    return list(METRICS)


def _kind(what: str, context: click.Context, begun: str) -> str:
    return what


FILE, FOLDER = partial(_kind, "file"), partial(_kind, "dir")

OF_PARAMETERS: dict[str, Complete] = {
    "job": FILE,
    "model": FILE,
    "images": FILE,
    "output": FILE,
    "ledger": FILE,
    "results": FOLDER,
    "annotate": FOLDER,
    "dataset": _datasets,
    "example": _examples,
    "metric": _metrics,
    "curves": _metrics,
    **dict.fromkeys(("variant", "only", "audit", "candidate", "reference"), _variants),
}
"""Parameter of a command -> what completes it; what has choices of its own completes itself."""


def complete(command: click.Command) -> None:
    """Let a shell complete the parameters of a command.

    Args:
        command: one of cnnjobs.
    """
    for parameter in command.params:
        made = OF_PARAMETERS.get(str(parameter.name))
        if made is not None and not isinstance(parameter.type, click.Choice):
            parameter.shell_complete = partial(_items, made)  # type: ignore[method-assign]


def _items(made: Complete, context: click.Context, begun: str) -> list[CompletionItem[str]]:
    found = made(context, begun)
    if isinstance(found, str):
        return [CompletionItem(begun, type=found)]
    return [CompletionItem(name) for name in _written(one for one in found if one.startswith(begun))]


def _written(names: Iterable[str]) -> Iterable[str]:
    """Return names as a shell takes them: bash writes down what it is given, the others quote it themselves."""
    return map(shlex.quote, names) if os.environ.get(VARIABLE, "").startswith("bash") else names
