"""`cnnjobs fit JOB`: train one variant on all of train, and save it as a model that predicts."""

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnjobs.cli.options import cluster_options, device_options, not_empty, run_options

if TYPE_CHECKING:
    from cnnjobs.engine.places import Here, Joined
    from cnnjobs.run.final_fit import FinalFit, Trained
    from cnnjobs.run.placement import Workshop
    from cnnjobs.spec import DatasetSpec
    from cnnjobs.store.checkpoints import Checkpoints
    from cnnjobs.store.files import Files
    from cnnjobs.store.store import Store


@click.command(short_help="Train one variant on all of train and save it.")
@click.argument("job", metavar="JOB")
@click.option("--variant", metavar="NAME", help="Which variant.  [default: the only one]")
@click.option("--repeat", type=click.IntRange(min=1), default=1, show_default=True, help="Whose seeds.")
@click.option(
    "--output",
    metavar="FILE.keras",
    callback=not_empty,
    help="Where to save it.  [default: RESULTS/<job>/models/<variant>-<identity>.keras]",
)
@run_options
@device_options
@cluster_options
def fit(
    job: str,
    *,
    variant: str | None,
    repeat: int,
    output: str | None,
    cpus_per_trial: int | None,
    gpus_per_trial: float | None,
    checkpoint_every: float | None,
    results: str,
    verbose: bool,
    address: str | None,
    insecure: bool,
    **overrides: Any,
) -> None:
    """Train one variant of JOB on all of its training images, and save it as one .keras file.

    A variant whose callbacks decide by validation rows keeps those of the job for them. By default
    the fit uses all cores. The file carries class names, picture size and pixel scaling, for
    `cnnjobs evaluate` and `cnnjobs predict`.
    """
    from cnnjobs.engine.places import Here
    from cnnjobs.engine.resources import Wishes
    from cnnjobs.machine import this_machine
    from cnnjobs.run.final_fit import FinalFit, for_fit
    from cnnjobs.run.placement import Workshop
    from cnnjobs.run.prepare import Overrides, prepare, read_job, store_at
    from cnnjobs.run.progress import Waiting
    from cnnjobs.run.runner import as_interrupt
    from cnnjobs.store.checkpoints import Checkpoints
    from cnnjobs.store.files import plain_name

    signal.signal(signal.SIGTERM, as_interrupt)
    where = _where(address)
    asked = Overrides(gpus_per_trial=gpus_per_trial, **overrides)
    read = for_fit(read_job(job, asked), variant, repeat)
    store = store_at(results, read.job)
    if output is not None:
        _check_output(output)
    fit = FinalFit(prepare(read, asked, Waiting()))
    for note in fit.notes:
        click.echo(f"note: {note}", err=True)
    plain = plain_name(fit.trial.variant)
    folder, name = store.files.below("models"), f"{plain}-{fit.trial.trial_id[:8]}.keras"
    if output is None:
        folder.check_writable()
    checkpoints = Checkpoints(folder.below("checkpoints", plain), checkpoint_every)
    all_cores = this_machine().cpus if isinstance(where, Here) else None
    wishes = Wishes(1, cpus_per_trial or all_cores, gpus_per_trial, read.job.gpus_per_trial)
    with Workshop(where, wishes, insecure=insecure, verbose=verbose) as workshop:
        trained = _run(fit, read.dataset, store, checkpoints, workshop, verbose)
    place = _save(trained, folder, name, output)
    checkpoints.remove(fit.trial.trial_id)
    final = trained.final
    click.echo(
        f"{fit.trial.variant}: fitted on {final['train_rows']:,} images for {final['epochs_done']} epochs; test "
        f"accuracy {final['test_accuracy']:.2%}, test loss {final['test_loss']:.4f} on {final['test_rows']:,} images"
    )
    click.echo(f"model: {place} ({len(trained.model) / 1e6:.1f} MB)")


def _where(address: str | None) -> "Here | Joined":
    """Return where the fit runs; nothing is sent for it to a cluster elsewhere."""
    from cnnjobs.engine.places import Remote, find_place
    from cnnjobs.errors import ClusterError

    where = find_place(address)
    if isinstance(where, Remote):
        raise ClusterError(
            f"`fit` runs on this machine or on a cluster that it is a node of. Received: {where.url}. Fit on the head "
            "of the cluster, or here with `--address local`."
        )
    return where


def _check_output(output: str) -> None:
    """Refuse, before anything is trained, a place where the model could not be written."""
    from cnnjobs.errors import SpecError, StoreError

    path = Path(output.partition("?")[0] if "://" in output else output)
    if path.suffix != ".keras" or path.is_dir():
        what = "a folder" if path.is_dir() else repr(_shown(output))
        raise SpecError(f"`--output` must be a file whose name ends with .keras. Received: {what}.")
    try:
        _place(output)[0].check_writable()
    except StoreError as error:
        raise StoreError(f"`--output` {_shown(output)} cannot be written: {error}") from error


def _place(output: str) -> "tuple[Files, str]":
    """Return the folder and the name of a file, given as a path or a URI."""
    from cnnjobs.store.files import Files

    if "://" not in output:
        path = Path(output).absolute()
        return Files(path.parent), path.name
    plain, mark, settings = output.partition("?")
    folder, _, name = plain.rpartition("/")
    return Files(f"{folder}{mark}{settings}"), name


def _shown(output: str) -> str:
    from cnnjobs.store.remote import without_keys

    return without_keys(output)


def _run(
    fit: "FinalFit",
    source: "DatasetSpec",
    store: "Store",
    checkpoints: "Checkpoints",
    workshop: "Workshop",
    verbose: bool,
) -> "Trained":
    """Train; Ctrl-C keeps the last checkpoint.

    Raises:
        Interrupted: on Ctrl-C or SIGTERM.
    """
    from functools import partial

    from cnnjobs.errors import ClusterLost, Interrupted
    from cnnjobs.planning.identity import canonical
    from cnnjobs.run.backends import open_fitting_worker
    from cnnjobs.run.calling_machine import command_line
    from cnnjobs.run.progress import Display, Meter

    data = fit.prepared.dataset
    slot, _ = workshop.slot(fit.prepared, trials=1)
    images = fit.trial.spec.epochs * len(data.y_train)
    click.echo(f"{fit.prepared.job.name}: fitting {fit.trial.variant!r} on {data.name}", err=True)

    def go_on() -> str:
        kept = fit.trial.trial_id in checkpoints.trial_ids()
        how = "To go on from the last checkpoint" if kept else "There is no checkpoint yet. To start over"
        return f"{how}:\n  {command_line()}"

    try:
        with Display(Meter(1, images), lambda trial: images, verbose=verbose) as display:
            engine = workshop.engine(slot, at_once=1)
            workshop.when_stuck(lambda error: click.echo(f"{error} {go_on()}", err=True))
            make_worker = partial(open_fitting_worker, source=source, settings=canonical(fit.trial.spec))
            return fit.run(engine, make_worker, slot, store, checkpoints, display)
    except ClusterLost as lost:
        raise ClusterLost(f"{lost} {go_on()}") from lost
    except KeyboardInterrupt:
        raise Interrupted(f"Stopped. {go_on()}") from None


def _save(trained: "Trained", folder: "Files", name: str, output: str | None) -> str:
    """Write the model whole; return where it lies."""
    from cnnjobs.store.store import PATIENCE_S

    if output is None:
        folder.write(name, trained.model, PATIENCE_S)
        return f"{folder.location}/{name}"
    place, file = _place(output)
    place.write(file, trained.model, PATIENCE_S)
    return _shown(output)
