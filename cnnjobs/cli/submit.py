"""`cnnjobs submit JOB`: run what is missing, then show the comparison."""

import shlex
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from cnnjobs.cli.options import device_options, override_options, replicas_of

if TYPE_CHECKING:
    from cnnjobs.engine.protocol import Slot
    from cnnjobs.engine.resources import Wishes
    from cnnjobs.plan import Trial
    from cnnjobs.preparation import Prepared
    from cnnjobs.store.checkpoints import Checkpoints
    from cnnjobs.store.store import Store


@click.command(short_help="Train what is missing, then show the comparison.")
@click.argument("job", metavar="JOB")
@override_options
@click.option("--max-concurrent", type=click.IntRange(min=1), metavar="N", help="At most N trials at once.")
@device_options
def submit(
    job: str,
    *,
    results: str,
    max_concurrent: int | None,
    cpus_per_trial: int | None,
    gpus_per_trial: float | None,
    checkpoint_every: float | None,
    verbose: bool,
    **overrides: Any,
) -> None:
    """Train the trials of JOB that are missing, then show the comparison.

    JOB is a Python file that defines `job = Job(...)`. Trials that are stored already do not run
    again: an interrupted submit continues, and a higher --repeats adds repeats.
    """
    from cnnjobs.cli.comparison import show_comparison
    from cnnjobs.cli.progress import Waiting
    from cnnjobs.engine.resources import Wishes
    from cnnjobs.preparation import Overrides, prepare, read_job, store_at
    from cnnjobs.store.checkpoints import Checkpoints
    from cnnjobs.store.compaction import compact_if_possible
    from cnnjobs.store.presence import Presence
    from cnnjobs.submission import continuations, missing_trials, sweep

    signal.signal(signal.SIGTERM, as_interrupt)
    asked = Overrides(replicas=replicas_of(gpus_per_trial), **overrides)
    prepared = prepare(read_job(job, asked), asked, Waiting())
    store = store_at(results, prepared.job)
    missing, state = missing_trials(prepared, store)
    for note in (*prepared.notes, *(f"not readable, runs again: {name}" for name in state.damaged)):
        click.echo(f"note: {note}", err=True)
    keeps = prepared.job.keep == "state"
    finals = store.files.below("states")
    checkpoints = Checkpoints(store.files.below("checkpoints"), checkpoint_every, finals=finals, keeps_final=keeps)
    for note in continuations(missing, checkpoints.kept_epochs()):
        click.echo(f"note: {note}", err=True)
    if missing:
        wishes = Wishes(max_concurrent, cpus_per_trial, gpus_per_trial)
        _run(prepared, store, missing, wishes, checkpoints, verbose)
    else:
        with Presence(store.files):
            store.write_job(prepared.document())
            sweep(store, checkpoints)
            compact_if_possible(store, Waiting())
        click.echo(f"Nothing to run: every trial of {prepared.job.name} that was asked for is stored.")
        show_comparison(store, with_classes=False)


def _run(
    prepared: "Prepared",
    store: "Store",
    trials: list["Trial"],
    wishes: "Wishes",
    checkpoints: "Checkpoints",
    verbose: bool,
) -> None:
    """Run the trials, then show the comparison.

    Raises:
        TrialsFailed: if some failed.
        Interrupted: on Ctrl-C or SIGTERM; what was finished is stored.
    """
    from cnnjobs.cli.comparison import show_comparison
    from cnnjobs.cli.doors import open_engine, open_worker
    from cnnjobs.cli.progress import Display, Meter
    from cnnjobs.engine.resources import divide
    from cnnjobs.errors import Interrupted, TrialsFailed
    from cnnjobs.machine import this_machine
    from cnnjobs.preparation import training_rows
    from cnnjobs.store.presence import Presence
    from cnnjobs.submission import Submission, missing_trials

    machine = this_machine()
    slot, at_once = divide(
        machine, wishes, trials=len(trials), replicas=prepared.job.replicas, data_bytes=prepared.dataset.nbytes
    )
    store.files.check_writable()
    rows = training_rows(prepared.job, len(prepared.dataset.y_train))
    meter = Meter(len(trials), sum(trial.spec.epochs * rows for trial in trials))
    try:
        with Presence(store.files) as presence:
            trials, _ = missing_trials(prepared, store)  # another submit may have finished some before the claim
            click.echo(_announcement(prepared, trials, slot, at_once), err=True)
            submission = Submission(prepared, store, tuple(trials), slot, at_once, checkpoints)
            with Display(meter, lambda trial: trial.spec.epochs * rows, verbose=verbose) as display:
                engine = open_engine(cpus=at_once * slot.cpus, gpus=machine.gpus if slot.gpus else 0, verbose=verbose)
                failures = submission.run(engine, open_worker, display, presence)
    except KeyboardInterrupt:
        raise Interrupted(
            f"Stopped. {meter.done} of {len(trials)} trials were finished and are stored in {store.files.location}. "
            f"To continue, run the same command again:\n  {command_line()}"
        ) from None
    show_comparison(store, with_classes=False)
    if failures:
        raise TrialsFailed(
            f"{failures} of {len(trials)} trials failed; their logs: {store.files.location}/logs/. "
            "The others are stored; submitting again tries the failed ones again."
        )


def _announcement(prepared: "Prepared", trials: list["Trial"], slot: "Slot", at_once: int) -> str:
    total = len(prepared.plan.trials)
    stored = f" ({total - len(trials)} of {total} not asked for or stored already)" if len(trials) < total else ""
    device = f"{slot.gpus:g} GPU" if slot.gpus else f"{slot.cpus} core{'s' if slot.cpus > 1 else ''}"
    data = f"{prepared.dataset.name}, {len(prepared.dataset.y_train):,} training images"
    count = f"{len(trials)} trial" + ("s" if len(trials) != 1 else "")
    return f"{prepared.job.name}: {count}{stored} on {data}; {at_once} at once, {device} each"


def command_line() -> str:
    """Return the command as it was typed."""
    return shlex.join(["cnnjobs", *sys.argv[1:]])


def as_interrupt(number: int, frame: FrameType | None) -> None:
    """Treat SIGTERM as Ctrl-C."""
    raise KeyboardInterrupt
