"""The command line: one module a command; each imports what it needs inside the command."""

import functools
import sys
from collections.abc import Callable
from typing import Any, cast

import click

import cnnjobs
from cnnjobs.cli.aggregate import aggregate
from cnnjobs.cli.doctor import doctor
from cnnjobs.cli.evaluate import evaluate
from cnnjobs.cli.fetch import fetch, send
from cnnjobs.cli.fit import fit
from cnnjobs.cli.flags import explain
from cnnjobs.cli.jobs import logs, stop
from cnnjobs.cli.plan import plan
from cnnjobs.cli.predict import predict
from cnnjobs.cli.show import show
from cnnjobs.cli.status import status
from cnnjobs.cli.submit import submit
from cnnjobs.cli.verify import verify
from cnnjobs.errors import CnnjobsError, Interrupted, UserError
from cnnjobs.process.streams import steady_streams
from cnnjobs.run.calling_machine import error_for_elsewhere, is_elsewhere
from cnnjobs.wording.sentences import cause
from cnnjobs.wording.terminal import echo, visible


class _Group(click.Group):
    """Turns errors into one message: those of the package with the exit code that lives on their class."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command on streams that never fail: one that trains goes on when nobody reads it any more."""
        with steady_streams() as streams:
            try:
                return self._main(*arguments, **options)
            except SystemExit as end:
                lost = streams.lost_output
                if lost is None or end.code:
                    raise
                echo(f"The output is not complete: it could not be written ({cause(lost)}).", err=True)
                sys.exit(CnnjobsError.exit_code)

    def _main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command; of an error that nobody foresaw the traceback goes to a file."""
        try:
            return super().main(*arguments, **options)
        except (click.ClickException, click.Abort, click.exceptions.Exit):  # without click's standalone mode
            raise
        except Exception as error:
            from cnnjobs.cli.unexpected import describe

            echo(f"{click.style('error:', fg='red', bold=True)} {visible(describe(error))}", err=True, styled=True)
            sys.exit(CnnjobsError.exit_code)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stopped:
            echo(str(stopped) or "Stopped.", err=True)
            ctx.exit(Interrupted.exit_code)
        except CnnjobsError as error:
            echo(_shown(error), err=True, styled=True)
            ctx.exit(error.exit_code)


def _shown(error: CnnjobsError) -> str:
    if error.exit_code != UserError.exit_code:
        return visible(error)
    if is_elsewhere():
        return visible(error_for_elsewhere(error))
    return f"{click.style('error:', fg='red', bold=True)} {visible(error)}"


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(cnnjobs.__version__, prog_name="cnnjobs")
def main() -> None:
    """Repeat CNN variants over seeds and folds, in parallel, and see how much of a difference is chance.

    \b
    cnnjobs show digits                    a data set: sizes, classes, pictures
    cnnjobs plan jobs/quickstart.py        what would run
    cnnjobs submit jobs/quickstart.py      train what is missing, then show the comparison
    cnnjobs status results/                done, running, failed
    cnnjobs aggregate results/             tables, figures, reports
    cnnjobs verify results/                is every stored file what was written
    cnnjobs fit JOB --variant NAME         the final model, on all of train, as one file
    cnnjobs evaluate MODEL                 accuracy, loss, per-class report
    cnnjobs predict MODEL IMAGE...         label and probability of pictures

    \b
    With --address http://127.0.0.1:8265, a cluster:
    cnnjobs submit JOB, status             as above, there
    cnnjobs logs, stop [JOB]               follow a job there, end it
    cnnjobs fetch [JOB]                    bring its results home
    cnnjobs doctor                         what is wrong with this machine, or with a cluster
    """  # noqa: D301 - click reads the backspace


def _explained(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Return what runs a command, and names what a person typed where an error names a parameter of the library."""

    @functools.wraps(callback)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return callback(*args, **options)
        except CnnjobsError as error:
            error.args = (explain(error, click.get_current_context()),)
            raise

    return run


for command in (show, plan, submit, status, aggregate, verify, fit, evaluate, predict, logs, stop, fetch, send, doctor):
    command.callback = _explained(cast("Callable[..., Any]", command.callback))
    main.add_command(command)

if __name__ == "__main__":
    sys.exit(main())
