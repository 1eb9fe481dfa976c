"""`cnnjobs plan JOB`: what there is, what is done, what would run; Ray is not started."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnjobs.cli.options import override_options

if TYPE_CHECKING:
    from cnnjobs.preparation import Prepared
    from cnnjobs.spec import Job
    from cnnjobs.store.store import Store


@click.command(short_help="Show what there is, what is stored, what would run.")
@click.argument("job", metavar="JOB")
@override_options
@click.option("--sizes/--no-sizes", default=True, help="Count each model's parameters (loads TensorFlow, 4 to 13 s).")
def plan(job: str, *, results: str, sizes: bool, **overrides: Any) -> None:
    """Show the variants of JOB, which of their trials are stored, and what `submit` would run."""
    from cnnjobs.cli.progress import Waiting
    from cnnjobs.datasets import needs_download
    from cnnjobs.preparation import Overrides, prepare, read_job, store_at

    asked = Overrides(**overrides)
    read = read_job(job, asked)
    away = needs_download(read.dataset)
    if away is not None:
        counted = _parameters(read.job, *away) if sizes else {}
        _show(read.job, [_cells(read.job, name, counted, "?", "?", "?", "?") for name in read.job.variants])
        click.echo(
            "The data set is not on this machine yet: `submit` downloads it. Which trials are stored cannot be told "
            "until then, because a trial's identity holds the content of its data set."
        )
        return
    prepared = prepare(read, asked, Waiting())
    for note in prepared.notes:
        click.echo(f"note: {note}", err=True)
    counted = {}
    if sizes:
        counted = _parameters(prepared.job, prepared.dataset.image_shape, len(prepared.dataset.class_names))
    _show_counts(prepared, store_at(results, prepared.job), counted)


def _show_counts(prepared: "Prepared", store: "Store", counted: dict[str, int]) -> None:
    """Print the table with what is stored and what would run."""
    from cnnjobs.submission import missing_trials

    job, trials = prepared.job, prepared.plan.trials
    missing, state = missing_trials(prepared, store)
    rows = []
    for name in job.variants:
        own = [trial.trial_id for trial in trials if trial.variant == name]
        done = sum(identity in state.finished for identity in own)
        would = sum(trial.variant == name for trial in missing)
        stale = state.stale.get(name, 0)
        rows.append(_cells(job, name, counted, str(done), str(len(own) - done), str(stale), str(would)))
    _show(job, rows)
    data = prepared.dataset
    click.echo(
        f"{data.name}: {len(data.y_train):,} training and {len(data.y_test):,} test images of "
        f"{len(data.class_names)} classes; {prepared.plan.protocol.describe()}."
    )
    failed = f" ({len(state.failed)} of them failed before)" if state.failed else ""
    if missing:
        click.echo(
            f"`submit` would run {len(missing)} of {len(trials)} trials{failed}; results: {store.files.location}"
        )
    else:
        click.echo(f"`submit` would run nothing: all is stored in {store.files.location}")
    for name in state.damaged:
        click.echo(f"note: not readable, counts as missing: {name}", err=True)


def _cells(job: "Job", name: str, counted: dict[str, int], *counts: str) -> tuple[str, ...]:
    variant = job.variants[name]
    size = f"{counted[name]:,}" if name in counted else "-"
    return (name, str(job.repeats), str(job.folds or "-"), str(variant.epochs), size, *counts)


def _show(job: "Job", rows: list[tuple[str, ...]]) -> None:
    from cnnjobs.cli.tables import show_table

    header = ("variant", "repeats", "folds", "epochs", "parameters", "done", "missing", "stale", "would run")
    show_table(job.name, header, rows)


def _parameters(job: "Job", image_shape: tuple[int, int, int], classes: int) -> dict[str, int]:
    """Return the number of weights of each variant's network; one that cannot be built is told."""
    from cnnjobs.cli.doors import open_parameter_counter
    from cnnjobs.engine.capture import Capture

    counted: dict[str, int] = {}
    notes = []
    with Capture(Path(os.devnull)):  # TensorFlow prints while it is imported and first used
        count = open_parameter_counter()
        for name, variant in job.variants.items():
            try:
                counted[name] = count(variant, image_shape, classes)
            except Exception as error:  # the user's function may raise anything
                notes.append(f"note: the network of {name!r} cannot be built: {type(error).__name__}: {error}")
    for note in notes:
        click.echo(note, err=True)
    return counted
