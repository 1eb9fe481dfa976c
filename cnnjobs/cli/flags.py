"""Turns the parameters that the library's errors name into what a person typed: `results` into `--results`."""

import re
from collections.abc import Mapping

import click
from click.core import ParameterSource

from cnnjobs.errors import CnnjobsError, JobFileError


def explain(error: CnnjobsError, context: click.Context | None) -> str:
    """Return an error's message in the words of the command that failed.

    What is wrong in a job file stays in the words of the job file.

    Args:
        error: of the library.
        context: of the command; None if it failed before there was one.
    """
    if context is None or isinstance(error, JobFileError):
        return str(error)
    names = {str(parameter.name): _typed(parameter) for parameter in context.command.params}
    given = {name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    return as_flags(str(error), names, given)


def as_flags(message: str, names: Mapping[str, str], given: set[str]) -> str:
    """Replace `` `name` `` and `` `name=value` ``, and `name=value` after "Received: " where it was typed.

    Args:
        message: of the library.
        names: parameter -> what is typed for it.
        given: parameters that were typed.
    """

    def typed(match: re.Match[str]) -> str:
        name, value = match["name"], match["value"]
        if name not in names:
            return match[0]
        return f"`{names[name]}`" if value is None else f"`{names[name]} {value[1:]}`"

    def received(match: re.Match[str]) -> str:
        return f"Received: {names[match['name']]} " if match["name"] in given else match[0]

    message = re.sub(r"`(?P<name>[a-z_]+)(?P<value>=[^`]+)?`", typed, message)
    return re.sub(r"Received: (?P<name>[a-z_]+)=", received, message)


def _typed(parameter: click.Parameter) -> str:
    """Return the longest form of an option, or what an argument is called in the help."""
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return (parameter.metavar or str(parameter.name).upper()).strip("[].")
