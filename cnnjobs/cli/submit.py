"""`cnnjobs submit JOB`: run what is missing, then show the comparison."""

import signal
from typing import TYPE_CHECKING, Any

import click

from cnnjobs.cli.options import cluster_options, device_options, override_options

if TYPE_CHECKING:
    from cnnjobs.run.prepare import Prepared, ReadJob
    from cnnjobs.run.runner import Runner
    from cnnjobs.spec.half_width import HalfWidth
    from cnnjobs.store.store import Store


@click.command(short_help="Train what is missing, then show the comparison.")
@click.argument("job", metavar="JOB")
@override_options
@click.option(
    "--half-width",
    type=float,
    metavar="POINTS",
    help="Then train as many more repeats as a 95% interval of test accuracy of +- POINTS percentage points needs.",
)
@click.option(
    "--most-repeats",
    type=click.IntRange(min=1),
    metavar="N",
    help="With --half-width: at most N repeats of a variant.  [default: 100]",
)
@click.option(
    "--audit",
    metavar="VARIANT",
    help="Instead, train this variant with one source of chance varying at a time, as a job of its own.",
)
@click.option("--max-concurrent", type=click.IntRange(min=1), metavar="N", help="At most N trials at once.")
@device_options
@cluster_options
@click.pass_context
def submit(
    context: click.Context,
    /,
    job: str,
    *,
    results: str,
    half_width: float | None,
    most_repeats: int | None,
    audit: str | None,
    max_concurrent: int | None,
    cpus_per_trial: int | None,
    gpus_per_trial: float | None,
    checkpoint_every: float | None,
    verbose: bool,
    address: str | None,
    insecure: bool,
    **overrides: Any,
) -> None:
    """Train the trials of JOB that are missing, then show the comparison.

    JOB is a Python file that defines `job = Job(...)`. Trials that are stored already do not run
    again: an interrupted submit continues, and a higher --repeats adds repeats. With --half-width
    those of JOB are a pilot: their spread fixes how many each variant needs in all.

    With the URL of a cluster as --address, JOB and the files beside it that it imports are uploaded, and this runs
    on the cluster's head; relative paths, of data as well, are then taken from ~/cnnjobs there.
    """
    from cnnjobs.engine.places import Remote, find_place
    from cnnjobs.engine.resources import Wishes
    from cnnjobs.remote.remote_submit import submit_remotely
    from cnnjobs.run.audit import for_audit
    from cnnjobs.run.placement import Workshop
    from cnnjobs.run.prepare import Overrides, prepare, read_job, store_at
    from cnnjobs.run.progress import Waiting
    from cnnjobs.run.runner import Runner, as_interrupt
    from cnnjobs.store.checkpoints import Checkpoints

    signal.signal(signal.SIGTERM, as_interrupt)
    place = find_place(address)
    if isinstance(place, Remote):
        submit_remotely(context, job, results, place.url, insecure=insecure)
        return
    asked = Overrides(gpus_per_trial=gpus_per_trial, **overrides)
    read = read_job(job, asked)
    plain, rule = read.job, _rule(read, half_width, most_repeats, audit)
    prepared = prepare(read if audit is None else for_audit(read, audit, asked.only), asked, Waiting())
    store = store_at(results, prepared.job)
    if rule is not None:
        prepared, rule = _first_stage(prepared, store, rule)
    for note in prepared.notes:
        click.echo(f"note: {note}", err=True)
    keeps = prepared.job.keep == "state"
    finals = store.files.below("states")
    checkpoints = Checkpoints(store.files.below("checkpoints"), checkpoint_every, finals=finals, keeps_final=keeps)
    wishes = Wishes(max_concurrent, cpus_per_trial, gpus_per_trial, prepared.job.gpus_per_trial)
    with Workshop(place, wishes, insecure=insecure, verbose=verbose) as workshop:
        runner = Runner(store, checkpoints, workshop, verbose=verbose)
        runner.run(prepared, None if audit is None else store_at(results, plain))
        if rule is not None:
            _run_second_stage(prepared, store, rule, runner)
    _end(store, runner, prepared)


def _rule(read: "ReadJob", half_width: float | None, most_repeats: int | None, audit: str | None) -> "HalfWidth | None":
    """Return the rule for a half width, if one is asked for.

    Raises:
        SpecError: if options do not go together, or the rule does not hold for the job.
    """
    from cnnjobs.errors import SpecError
    from cnnjobs.spec.half_width import half_width_of

    if half_width is None:
        if most_repeats is not None:
            raise SpecError(
                f"`--most-repeats` goes with `--half-width POINTS`. Received: --most-repeats {most_repeats} alone. "
                "Use `--repeats N` to set the number of repeats."
            )
        return None
    if audit is not None:
        raise SpecError("`--half-width` and `--audit` exclude each other. Submit the job twice, once with each.")
    return half_width_of(read.job, half_width, most_repeats)


def _first_stage(prepared: "Prepared", store: "Store", asked: "HalfWidth") -> "tuple[Prepared, HalfWidth]":
    """Return the job of the pilot, and the rule with the pilot that holds.

    Raises:
        SpecError: if that has more repeats than are allowed.
        StoreError: if `job.json` has no sound rule.
    """
    from cnnjobs.run.two_stage import first_stage, settled

    rule = settled(asked, prepared, store)
    if rule.pilot != asked.pilot:
        click.echo(
            f"note: the pilot stays the first {rule.pilot} repeats, not {asked.pilot}: runs beyond it are stored, and "
            "a pilot that is chosen after that gives no interval that covers at its level",
            err=True,
        )
    return first_stage(prepared, rule), rule


def _run_second_stage(prepared: "Prepared", store: "Store", rule: "HalfWidth", runner: "Runner") -> None:
    from cnnjobs.run.two_stage import second_stage

    stage = second_stage(prepared, store, rule)
    missing = runner.missing(stage.prepared)
    _, at_once = runner.slot(stage.prepared, max(len(missing), 1))
    for line in (*stage.announcement(), f"  {stage.estimate(missing, at_once)}"):
        click.echo(line, err=True)
    runner.run(stage.prepared)


def _end(store: "Store", runner: "Runner", prepared: "Prepared") -> None:
    """Show what is stored now.

    Raises:
        TrialsFailed: if some trials failed.
    """
    from cnnjobs.cli.comparison import Asked, show_comparison
    from cnnjobs.errors import TrialsFailed

    if not runner.tried:
        click.echo(f"Nothing to run: every trial of {prepared.job.name} that was asked for is stored.")
    show_comparison(store, Asked(with_predictions=False))
    if runner.failures:
        raise TrialsFailed(
            f"{runner.failures} of {runner.tried} trials failed; their logs: {store.files.location}/logs/. "
            "The others are stored; submitting again tries the failed ones again."
        )
