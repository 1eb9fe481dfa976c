"""`cnnjobs fit JOB`: train one variant on all of train, and save it as a model that predicts."""

import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnjobs.cli.options import override_options

if TYPE_CHECKING:
    from cnnjobs.final import FinalFit
    from cnnjobs.messages import Result
    from cnnjobs.preparation import ReadJob
    from cnnjobs.store.store import Store


@click.command(short_help="Train one variant on all of train and save it.")
@click.argument("job", metavar="JOB")
@click.option("--variant", metavar="NAME", help="Which variant.  [default: the only one]")
@click.option("--repeat", type=click.IntRange(min=1), default=1, show_default=True, help="Whose seeds.")
@click.option(
    "--output", metavar="FILE.keras", help="Where to save it.  [default: RESULTS/<job>/models/<variant>.keras]"
)
@click.option("--cpus-per-trial", type=click.IntRange(min=1), metavar="N", help="Cores.  [default: all]")
@click.option("--gpus-per-trial", type=click.FloatRange(min=0), metavar="X", help="GPUs.  [default: one a replica]")
@override_options
@click.option("-v", "--verbose", is_flag=True, help="Show the logs of Ray and of the fit.")
def fit(
    job: str,
    *,
    variant: str | None,
    repeat: int,
    output: str | None,
    cpus_per_trial: int | None,
    gpus_per_trial: float | None,
    results: str,
    verbose: bool,
    **overrides: Any,
) -> None:
    """Train one variant of JOB on all of its training images, and save it as one .keras file.

    The file carries class names, picture size and pixel scaling, for `cnnjobs evaluate` and
    `cnnjobs predict`.
    """
    from cnnjobs.cli.progress import Waiting
    from cnnjobs.cli.submit import as_interrupt
    from cnnjobs.engine.resources import Wishes
    from cnnjobs.final import final_fit
    from cnnjobs.preparation import Overrides, prepare, read_job, store_at

    signal.signal(signal.SIGTERM, as_interrupt)
    if output is not None and not output.endswith(".keras"):
        raise click.BadParameter(f"must end with .keras. Received: {output!r}.", param_hint="--output")
    asked = Overrides(**overrides)
    read = read_job(job, asked)
    fit = final_fit(prepare(read, asked, Waiting()), variant, repeat)
    for note in fit.notes:
        click.echo(f"note: {note}", err=True)
    store = store_at(results, read.job)
    result = _run(fit, read, store, Wishes(1, cpus_per_trial, gpus_per_trial), verbose)
    place = _save(result, fit, store, output)
    final = result.final
    click.echo(
        f"{fit.trial.variant}: fitted on {final['train_rows']:,} images for {final['epochs_done']} epochs; test "
        f"accuracy {final['test_accuracy']:.2%}, test loss {final['test_loss']:.4f} on {final['test_rows']:,} images"
    )
    click.echo(f"model: {place} ({len(result.model or b'') / 1e6:.1f} MB)")


def _run(fit: "FinalFit", read: "ReadJob", store: "Store", wishes: Any, verbose: bool) -> "Result":
    """Train; Ctrl-C keeps the last checkpoint.

    Raises:
        Interrupted: on Ctrl-C or SIGTERM.
    """
    from dataclasses import replace
    from functools import partial

    from cnnjobs.cli.doors import open_engine, open_fitting_worker
    from cnnjobs.cli.progress import Display, Meter
    from cnnjobs.cli.submit import command_line
    from cnnjobs.engine.resources import divide
    from cnnjobs.errors import Interrupted
    from cnnjobs.machine import this_machine
    from cnnjobs.store.checkpoints import Checkpoints

    machine = this_machine()
    wishes = replace(wishes, cpus_per_trial=wishes.cpus_per_trial or machine.cpus)
    data = fit.prepared.dataset
    slot, _ = divide(machine, wishes, trials=1, replicas=fit.prepared.job.replicas, data_bytes=data.nbytes)
    store.files.check_writable()
    images = fit.trial.spec.epochs * len(data.y_train)
    checkpoints = Checkpoints(store.files.below("models", "checkpoints"))
    click.echo(f"{read.job.name}: fitting {fit.trial.variant!r} on {data.name}", err=True)
    try:
        with Display(Meter(1, images), lambda trial: images, verbose=verbose) as display:
            engine = open_engine(cpus=slot.cpus, gpus=machine.gpus if slot.gpus else 0, verbose=verbose)
            make_worker = partial(open_fitting_worker, source=read.dataset)
            return fit.run(engine, make_worker, slot, store, checkpoints, display)
    except KeyboardInterrupt:
        raise Interrupted(f"Stopped. To go on from the last checkpoint:\n  {command_line()}") from None


def _save(result: "Result", fit: "FinalFit", store: "Store", output: str | None) -> str:
    """Write the model whole; return where it lies."""
    from cnnjobs.store.files import Files

    if output is None:
        plain = re.sub(r"[^a-z0-9]+", "-", fit.trial.variant.lower()).strip("-") or "variant"
        files, name = store.files.below("models"), f"{plain}.keras"
    else:
        path = Path(output)
        files, name = Files(path.parent), path.name
    files.write(name, result.model or b"")
    return f"{files.location}/{name}" if output is None else str(output)
