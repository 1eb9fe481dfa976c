"""The command line: one module a command; each imports what it needs inside the command."""

import functools
import sys
from collections.abc import Callable
from typing import Any, TextIO, cast

import click

import cnnjobs
from cnnjobs.cli.aggregate import aggregate
from cnnjobs.cli.answers import Answer, failure_code
from cnnjobs.cli.clean import clean
from cnnjobs.cli.completion import complete, completion
from cnnjobs.cli.doctor import doctor
from cnnjobs.cli.evaluate import evaluate
from cnnjobs.cli.examples import examples
from cnnjobs.cli.fetch import fetch, send
from cnnjobs.cli.fit import fit
from cnnjobs.cli.flags import explain
from cnnjobs.cli.formats import failing, wants_json
from cnnjobs.cli.gate import gate
from cnnjobs.cli.jobs import logs, stop
from cnnjobs.cli.new import new
from cnnjobs.cli.plan import plan
from cnnjobs.cli.predict import predict
from cnnjobs.cli.schema import schema
from cnnjobs.cli.show import show
from cnnjobs.cli.status import status
from cnnjobs.cli.submit import submit
from cnnjobs.cli.verify import verify
from cnnjobs.cli.watch import tell, watch
from cnnjobs.errors import CnnjobsError, Interrupted, UserError
from cnnjobs.process.exit import skip_last_collection
from cnnjobs.process.streams import steady_streams
from cnnjobs.run.calling_machine import error_for_elsewhere, for_elsewhere, is_elsewhere
from cnnjobs.schema.output import Output
from cnnjobs.wording.sentences import cause
from cnnjobs.wording.terminal import echo, heard_by, visible


class _Group(click.Group):
    """Turns errors into one message: those of the package with the exit code that lives on their class."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command on streams that never fail: one that trains goes on when nobody reads it any more."""
        given = arguments[0] if arguments else options.get("args")
        words = list(sys.argv[1:] if given is None else given)
        command = next((word for word in words if word in self.commands), "")
        skip_last_collection()
        with steady_streams() as streams:
            try:
                if not wants_json(words):
                    return self._main(command, *arguments, **options)
                with streams.data_apart() as stream:
                    return self._main_for_programs(stream, command, *arguments, **options)
            except SystemExit as end:
                lost = streams.lost_output
                if lost is None or end.code:
                    raise
                echo(f"The output is not complete: it could not be written ({cause(lost)}).", err=True)
                sys.exit(failure_code(command))

    def _main_for_programs(self, stream: TextIO, command: str, *arguments: Any, **options: Any) -> Any:
        """Run a command that ends with a document, whatever becomes of it."""
        written = Output(stream, command, for_elsewhere if is_elsewhere() else str)
        with heard_by(written.take_note):
            try:
                done = self._main(command, *arguments, **options, obj=written)
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
                written.finish(code, is_answer=isinstance(end, Answer))
                raise
            written.finish(done if isinstance(done, int) else 0)  # click returns the code without its standalone mode
            return done

    def _main(self, command: str, *arguments: Any, **options: Any) -> Any:
        """Run a command; of an error that nobody foresaw the traceback goes to a file."""
        try:
            return super().main(*arguments, **options)
        except Answer:
            raise
        except SystemExit as end:
            if end.code != CnnjobsError.exit_code:
                raise
            sys.exit(failure_code(command))
        except (click.ClickException, click.Abort, click.exceptions.Exit):  # without click's standalone mode
            raise
        except Exception as error:
            from cnnjobs.cli.unexpected import describe

            told = describe(error)
            _tell(options.get("obj"), error, told)
            echo(f"{click.style('error:', fg='red', bold=True)} {visible(told)}", err=True, styled=True)
            sys.exit(failure_code(command))

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Parse what comes before the command."""
        try:
            return super().make_context(*arguments, **options)
        except click.ClickException as error:
            _tell(options.get("obj"), error, error.format_message())
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            _tell(ctx.obj, error, error.format_message())
            raise
        except KeyboardInterrupt as stopped:
            message = str(stopped) or "Stopped."
            _tell(ctx.obj, stopped, message)
            echo(message, err=True)
            ctx.exit(Interrupted.exit_code)
        except CnnjobsError as error:
            _tell(ctx.obj, error, _said(error))
            echo(_shown(error), err=True, styled=True)
            ctx.exit(error.exit_code)


def _tell(written: Output | None, error: BaseException, message: str) -> None:
    """Tell a program of an error, if one reads."""
    if written is not None:
        written.fail(failing(error, message))


def _said(error: CnnjobsError) -> str:
    """Return an error as it is said where the command was typed."""
    is_of_head = is_elsewhere() and error.exit_code == UserError.exit_code
    return error_for_elsewhere(error) if is_of_head else str(error)


def _shown(error: CnnjobsError) -> str:
    if error.exit_code != UserError.exit_code or is_elsewhere():
        return visible(_said(error))
    return f"{click.style('error:', fg='red', bold=True)} {visible(error)}"


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(cnnjobs.__version__, prog_name="cnnjobs")
def main() -> None:
    """Repeat CNN variants over seeds and folds, in parallel, and see how much of a difference is chance.

    \b
    Typical use:
      cnnjobs new study --data photos/    write a job file for your pictures
      cnnjobs plan study.py               show what would run
      cnnjobs submit study.py             train what is missing, then compare the variants
      cnnjobs watch results/              follow it in a browser
      cnnjobs aggregate results/          write tables, figures and a report

    With --address http://127.0.0.1:8265, the dashboard of a cluster, submit, status, gate and doctor work there;
    logs, stop and fetch follow a job there, end it, and bring its results home.
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


LOCAL = (
    *(examples, new, show, plan, submit, gate, status, watch, aggregate, verify, clean, fit, evaluate, predict, schema),
    completion,
)
ELSEWHERE = (logs, stop, fetch, send, tell, doctor)
for command in (*LOCAL, *ELSEWHERE):
    command.callback = _explained(cast("Callable[..., Any]", command.callback))
    complete(command)
    main.add_command(command)

if __name__ == "__main__":
    sys.exit(main())
