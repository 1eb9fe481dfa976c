"""`cnnjobs submit JOB`: run what is missing, then show the comparison."""

import shlex
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from cnnjobs.cli.decide_option import DecideCommand, decide_option
from cnnjobs.cli.formats import events_of, format_option, output
from cnnjobs.cli.options import cluster_options, device_options, log_option, override_options, run_options_of, words_of
from cnnjobs.errors import Interrupted
from cnnjobs.wording.terminal import echo, note, unsaid

if TYPE_CHECKING:
    from cnnjobs.run.events import Events
    from cnnjobs.run.submit import Submitted


@click.command(cls=DecideCommand, short_help="Train what is missing, then show the comparison.")
@click.argument("job", metavar="JOB")
@override_options
@click.option(
    "--half-width",
    type=float,
    metavar="POINTS",
    help="Take the job's repeats as a pilot, then train as many more as a 95% interval of test accuracy of +- POINTS "
    "percentage points needs.",
)
@decide_option(
    "Repeat each variant only until it is better or worse than the first, or equal within MARGIN percentage points."
)
@click.option(
    "--most-repeats",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --decide or --half-width: at most N repeats of each variant.  [default: 20; 100 with --half-width]",
)
@click.option(
    "--audit",
    metavar="VARIANT",
    help="Train only this variant, with one source of chance varying at a time (split, initialisation, order, "
    "augmentation, dropout), as a job of its own.",
)
@click.option(
    "--keep-going",
    is_flag=True,
    help="Run all trials, also where the first, one of each variant at least, all fail with the same error.",
)
@click.option("--max-concurrent", type=click.IntRange(min=1), metavar="N", help="At most N trials at once.")
@click.option("--watch", is_flag=True, help="Serve a page that shows the trials while they run.")
@device_options
@log_option
@cluster_options
@format_option()
@click.pass_context
def submit(
    context: click.Context,
    /,
    job: str,
    *,
    results: str,
    half_width: float | None,
    decide: bool | float | None,
    most_repeats: int | None,
    audit: str | None,
    address: str | None,
    insecure: bool,
    form: str,
    **given: Any,
) -> None:
    """Train the trials of JOB that are missing, then show the comparison.

    JOB is a Python file that defines `job = Job(...)`. Stored trials do not run again: after an interruption the same
    command continues, and a higher --repeats trains only the repeats that are missing.

    If --address is the URL of a cluster's dashboard, JOB and the files beside it that it imports are uploaded, and the
    job runs on the cluster's head. Relative paths, also of data, then start at ~/cnnjobs on the head.
    """
    from cnnjobs.engine.places import Remote, find_place
    from cnnjobs.remote.remote_submit import submit_remotely
    from cnnjobs.run.calling_machine import same_command, version_notes
    from cnnjobs.run.interrupts import signals_as_interrupts
    from cnnjobs.run.overrides import Overrides
    from cnnjobs.run.submit import Goal, submit_job

    with signals_as_interrupts(), events_of(form) as events:
        place = find_place(address)
        if isinstance(place, Remote):
            words = words_of(context, leave=("job", "address", "insecure", "watch"))
            reader = None if form == "text" else output()
            submit_remotely(
                words, job, audit, results, place.url, insecure=insecure, watch=given["watch"], output=reader
            )
            return
        for one in version_notes():
            note(one)
        options = run_options_of(given, insecure=insecure, events=events)
        asked = Overrides(**given)
        goal = Goal(
            half_width=half_width, most_repeats=most_repeats, audit=audit, decide=False if decide is None else decide
        )
        with submit_job(
            job, results, asked, goal, options, place, same_command(), meanwhile=_import_report
        ) as submitted:
            _show(submitted, None if form == "text" else events, asked.only)


def _import_report() -> None:
    """Import what shows the comparison: 1.6 s of SciPy and Matplotlib."""
    import cnnjobs.run.aggregate  # noqa: F401


def _show(submitted: "Submitted", events: "Events | None", only: Collection[str] = ()) -> None:
    """Show what is stored now, to a person or a program.

    Args:
        submitted: what came of it.
        events: what is told of it to a program; None for a person.
        only: variants whose rows a person sees; empty for all. The report and a program get all.

    Raises:
        Interrupted: on Ctrl-C; the trials are stored.
        TrialsFailed: if some trials failed.
        DamagedResults: if files of the results could not be read.
    """
    say = echo if events is None else unsaid
    if not submitted.tried:
        say(f"Nothing to run: every trial of {submitted.job} that was asked for is stored.")
    from cnnjobs.report.options import ReportOptions
    from cnnjobs.run.calling_machine import shown_place
    from cnnjobs.run.interrupts import why_stopped
    from cnnjobs.run.progress import while_doing
    from cnnjobs.run.tables import show_table
    from cnnjobs.run.verify import refuse_damaged

    options = ReportOptions()
    if events is not None:
        events.summarise(job=submitted.job, results=shown_place(submitted.store.files.location))
    try:
        table = show_table(submitted.store, options, say, only)
        with while_doing("drawing figures", quiet=events is not None):
            from cnnjobs.run.aggregate import show_comparison
            from cnnjobs.run.class_sections import with_classes

        classes, about = with_classes(submitted.store, table)
        if about:
            note(about)
        options = replace(options, with_predictions=classes)
        shown = show_comparison(submitted.store, options, table=table, page_or_note=True, say=say)
    except KeyboardInterrupt:
        place = shown_place(submitted.store.files.address)
        raise Interrupted(
            f"{why_stopped()} before the report was written. The results are stored; to write it: "
            f"cnnjobs aggregate {shlex.quote(place)}"
        ) from None
    if events is not None:
        from cnnjobs.run.documents.comparison import comparison_object

        events.summarise(comparison=comparison_object(shown))
    if submitted.failed is not None:
        raise submitted.failed
    refuse_damaged(shown.damaged)
