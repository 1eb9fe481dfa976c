"""Options that several commands share."""

import math
from collections.abc import Callable, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from cnnjobs.cli.decide_option import Margin, decide_words
from cnnjobs.spec.log import TRACKERS

if TYPE_CHECKING:
    from cnnjobs.run.submit import RunOptions

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_RESULTS = "results"


def not_empty(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty text: a variable of the shell that is not set, most likely."""
    if value is not None and not value.strip():
        raise click.BadParameter("must not be empty.")
    return value


def finite(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """Refuse nan and infinity, which ranges let pass."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter("must be a finite number.")
    return value


class Epochs(click.ParamType):  # type: ignore[type-arg]
    """A whole number of at least 1, or a percentage, which the library reads."""

    name = "epochs"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return a number, or the text of a percentage."""
        if isinstance(value, str) and value.strip().endswith("%"):
            return value
        return click.IntRange(min=1).convert(value, param, ctx)


def results_option(about: str) -> Callable[[F], F]:
    """Return the option that names a results folder.

    Args:
        about: what for, for the help.
    """
    return click.option(
        "--results", metavar="PATH|URI", callback=not_empty, default=DEFAULT_RESULTS, show_default=True, help=about
    )


_DECODING = (
    click.option(
        "--image-size",
        type=click.IntRange(min=1),
        metavar="PX",
        help="Resize pictures that are read from files to PX x PX pixels.",
    ),
    click.option("--strict", is_flag=True, help="Refuse data with pictures that cannot be read."),
)

_RUN = (
    click.option(
        "--epochs",
        type=Epochs(),
        metavar="N|P%",
        help="Number of epochs of every variant, or a percentage of the epochs that each has, such as 20%.",
    ),
    click.option("--limit-train", type=click.IntRange(min=1), metavar="N", help="Train on N images only."),
    click.option(
        "--dataset",
        metavar="NAME|PATH",
        callback=not_empty,
        help="Use another data set: a name, an .npz file, a table or folder of pictures, Parquet files, TFRecords.",
    ),
    *_DECODING,
    results_option("Folder in which trials are stored."),
)


_TRIALS = (
    click.option("--repeats", type=click.IntRange(min=1), help="Number of times that each variant is trained."),
    click.option(
        "--only", metavar="VARIANT", multiple=True, help="Train only this variant; may be given several times."
    ),
)

_DEVICES = (
    click.option(
        "--cpus-per-trial",
        type=click.IntRange(min=1),
        metavar="N",
        help="Cores per trial.  [default: 1; with a GPU its share of the cores, at most 8; all cores for fit]",
    ),
    click.option(
        "--gpus-per-trial",
        type=click.FloatRange(min=0),
        metavar="X",
        help="GPUs per trial, or a fraction of one.  [default: the job's; 1 per replica if there are GPUs]",
    ),
    click.option(
        "--checkpoint-every",
        type=click.FloatRange(min=0),
        callback=finite,
        metavar="SECONDS",
        help="Time between checkpoints of a trial; 0: after every epoch.  [default: 30 s or more, about 1% of time]",
    ),
    click.option(
        "--trial-timeout",
        type=click.FloatRange(min=1),
        callback=finite,
        metavar="SECONDS",
        help="Stop a trial that makes no progress for so long, and count it as failed.  [default: report it and wait]",
    ),
    click.option("-v", "--verbose", is_flag=True, help="Show the logs of Ray and of each trial."),
)


_LOG = (
    click.option(
        "--log",
        type=click.Choice(TRACKERS),
        multiple=True,
        help="Send finished trials to this experiment tracker; may be given several times.  [default: the job's]",
    ),
)


_CLUSTER = (
    click.option(
        "--address",
        metavar="ADDRESS",
        callback=not_empty,
        help="A cluster: the URL of its dashboard, or host:port if this machine is a node of it.  [default: "
        "$RAY_ADDRESS, or the Ray that runs here, or this machine alone (local)]",
    ),
    click.option("--insecure", is_flag=True, help="Accept a cluster that asks for no token."),
)


def cluster_options(command: F) -> F:
    """Add the options that say which cluster is meant."""
    return _with(_CLUSTER, command)


def override_options(command: F) -> F:
    """Add the options that change a job."""
    return _with((*_TRIALS, *_RUN), command)


def log_option(command: F) -> F:
    """Add the option that says to which experiment trackers trials are sent."""
    return _with(_LOG, command)


def run_options(command: F) -> F:
    """Add the options that change how each trial runs, but not which trials there are."""
    return _with(_RUN, command)


def device_options(command: F) -> F:
    """Add the options that say on what trials run, and what is kept and told meanwhile."""
    return _with(_DEVICES, command)


def decoding_options(command: F) -> F:
    """Add the options that say how encoded pictures are read."""
    return _with(_DECODING, command)


def _with(options: tuple[Callable[[F], F], ...], command: F) -> F:
    for option in reversed(options):
        command = option(command)
    return command


def words_of(context: click.Context, leave: Sequence[str]) -> list[str]:
    """Return the options of a command that were given, as words.

    Args:
        context: of the command.
        leave: names of parameters that are left out.
    """
    words: list[str] = []
    for parameter in context.command.params:
        name = str(parameter.name)
        if name in leave or context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        if isinstance(parameter.type, Margin):
            words += decide_words(value)
            continue
        if isinstance(parameter, click.Option) and parameter.is_flag:
            words.append(parameter.opts[-1] if value else parameter.secondary_opts[-1])
            continue
        for item in value if isinstance(value, tuple) else (value,):
            words += [max(parameter.opts, key=len), str(item)] if isinstance(parameter, click.Option) else [str(item)]
    return words


def run_options_of(given: MutableMapping[str, Any], **more: Any) -> "RunOptions":
    """Return how trials run, by the options of a command; takes them out of these, but for `gpus_per_trial`.

    Args:
        given: name -> value; what is left changes the job, and GPUs of a trial do so as well.
        more: that is no option.
    """
    from dataclasses import fields

    from cnnjobs.run.submit import RunOptions

    names = [field.name for field in fields(RunOptions) if field.name in given]
    taken = {name: given[name] if name == "gpus_per_trial" else given.pop(name) for name in names}
    return RunOptions(**taken | {"log": taken.get("log") or None}, **more)
