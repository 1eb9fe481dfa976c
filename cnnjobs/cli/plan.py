"""`cnnjobs plan JOB`: what there is, what is done, what would run; Ray is not started."""

import shlex
from typing import TYPE_CHECKING, Any

import click

from cnnjobs.cli.decide_option import DecideCommand, decide_option
from cnnjobs.cli.formats import end_with, format_option
from cnnjobs.cli.options import DEFAULT_RESULTS, override_options, words_of
from cnnjobs.wording.terminal import echo, note, visible

if TYPE_CHECKING:
    from cnnjobs.run.prepare import Prepared
    from cnnjobs.spec.half_width import HalfWidth


LEFT = ("job", "repeats", "results", "audit", "decide", "most_repeats", "sizes", "summary", "form")
"""Parameters that the command which goes on has in its own way, or not at all."""


@click.command(cls=DecideCommand, short_help="Show which trials are stored and which would run.")
@click.argument("job", metavar="JOB")
@override_options
@click.option("--audit", metavar="VARIANT", help="Show what `submit --audit VARIANT` would run.")
@decide_option("Show what `submit --decide [MARGIN]` would run, and which margin takes how many repeats.")
@click.option(
    "--most-repeats",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --decide: at most N repeats of each variant, as for `submit`.",
)
@click.option(
    "--sizes/--no-sizes",
    default=True,
    help="Build each network to check it and to count its parameters (loads TensorFlow, 4 to 13 s).",
)
@click.option("--summary", is_flag=True, help="Show the layers of each network (loads TensorFlow).")
@format_option()
@click.pass_context
def plan(
    context: click.Context,
    /,
    job: str,
    *,
    results: str,
    audit: str | None,
    decide: bool | float | None,
    most_repeats: int | None,
    sizes: bool,
    summary: bool,
    form: str,
    **overrides: Any,
) -> None:
    """Show the variants of JOB, which of their trials are stored, and which trials `submit` would run."""
    from cnnjobs.run.overrides import Overrides
    from cnnjobs.run.plan import plan_job
    from cnnjobs.run.submit import Goal

    def go_on(prepared: "Prepared", rule: "HalfWidth") -> str:
        return _command(context, prepared, rule)

    asked = Overrides(**overrides)
    goal = Goal(audit=audit, decide=False if decide is None else decide, most_repeats=most_repeats)
    planned = plan_job(job, results, asked, goal=goal, sizes=sizes, summary=summary, go_on=go_on)
    for one in planned.notes:
        note(one)
    if form == "json":
        from cnnjobs.run.documents.plan import plan_document

        end_with(plan_document(planned, summary=summary))
        return
    echo(planned.text(sizes=sizes), styled=True)
    for names, layers in planned.networks.summaries(asked.only) if summary else ():
        echo("\n" + click.style(visible(names), bold=True), styled=True)
        echo(layers)


def _command(context: click.Context, prepared: "Prepared", rule: "HalfWidth") -> str:
    """Return the command that runs what a half width still needs."""
    from cnnjobs.spec.half_width import MOST_REPEATS

    given = words_of(context, leave=LEFT)
    job, results = context.params["job"], context.params["results"]
    words = ["cnnjobs", "submit", job, "--half-width", f"{100 * rule.half_width:g}", *given]
    words += ["--most-repeats", str(rule.most)] if rule.most != MOST_REPEATS else []
    words += ["--repeats", str(rule.pilot)] if prepared.job.repeats != rule.pilot else []
    words += ["--results", results] if results != DEFAULT_RESULTS else []
    return shlex.join(words)
