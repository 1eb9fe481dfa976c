"""`cnnjobs gate JOB --candidate NAME`: is it better; the exit code is the answer."""

from typing import Any

import click

from cnnjobs.cli.answers import Answer
from cnnjobs.cli.flags import as_flags
from cnnjobs.cli.formats import end_with, format_option
from cnnjobs.cli.options import (
    cluster_options,
    device_options,
    finite,
    log_option,
    not_empty,
    run_options,
    run_options_of,
)
from cnnjobs.wording.terminal import echo


@click.command(short_help="Test whether a variant is better; the exit code is the answer.")
@click.argument("job", metavar="JOB")
@click.option("--candidate", metavar="VARIANT", required=True, help="The proposed variant.")
@click.option(
    "--reference", metavar="VARIANT", help="The variant that it is compared with.  [default: the first of JOB]"
)
@click.option(
    "--margin",
    type=float,
    callback=finite,
    metavar="POINTS",
    help="The two count as equal if they differ by less than this many percentage points of test accuracy.",
)
@click.option("--no-worse", is_flag=True, help="Accept a candidate that is worse by less than --margin.")
@click.option(
    "--most-repeats",
    type=click.IntRange(min=5, max=100),
    metavar="N",
    help="At most N repeats of each variant.  [default: 20; with --ledger as many as its level needs for the same "
    "power, up to 100]",
)
@click.option(
    "--ledger",
    metavar="FILE",
    callback=not_empty,
    help="A file that records all proposals, and gives each a level: at most 5% of the accepted ones are chance.",
)
@click.option(
    "--confirm",
    type=click.IntRange(min=0),
    metavar="N",
    help="Train an accepted candidate N more times with fresh seeds.  [default: 5 with --ledger, else 0]",
)
@run_options
@click.option("--max-concurrent", type=click.IntRange(min=1), metavar="N", help="At most N trials at once.")
@device_options
@log_option
@cluster_options
@format_option()
@click.pass_context
def gate(
    context: click.Context,
    /,
    job: str,
    *,
    candidate: str,
    reference: str | None,
    margin: float | None,
    no_worse: bool,
    most_repeats: int | None,
    ledger: str | None,
    confirm: int | None,
    results: str,
    address: str | None,
    form: str,
    **given: Any,
) -> None:
    """Test whether one variant of JOB is better than another, with as few repeats as that takes.

    It trains both variants, one repeat after another, until the rule of `submit --decide` gives an answer. After an
    interruption the same command continues.

    \b
    Exit codes:
      0    yes: better, or with --no-worse not worse by --margin or more
      1    no: worse, or equal within --margin
      2    a mistake in the command or the job; nothing was tested
      3    undecided after the repeats that are allowed
      4    no answer: trials failed, the cluster was lost, or there is a bug; try again
      130  interrupted
    """  # noqa: D301 - click reads the backspace
    from cnnjobs.run.calling_machine import same_command
    from cnnjobs.run.gate import gate_job
    from cnnjobs.run.interrupts import signals_as_interrupts
    from cnnjobs.run.overrides import Overrides
    from cnnjobs.run.placement import near_place
    from cnnjobs.spec.gate import Gate

    with signals_as_interrupts():
        asked = Gate(
            candidate=candidate,
            reference=reference,
            margin=margin,
            no_worse=no_worse,
            most_repeats=most_repeats,
            confirm=confirm,
        )
        options = run_options_of(given)
        changes = Overrides(**given)
        place = near_place(address, "A gate")
        with gate_job(job, results, changes, asked, ledger, options, place, same_command()) as found:
            if form == "json":
                from cnnjobs.run.documents.gate import gate_document

                end_with(gate_document(found))
            else:
                echo(as_flags(str(found), {"most_repeats": "--most-repeats"}, set()))
    if found.failed is not None:
        raise found.failed
    raise Answer(found.exit_code)
