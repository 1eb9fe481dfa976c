"""Fits a variant on all training images, and saves it as one `.keras` file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cnnjobs.datasets import source_of
from cnnjobs.engine.places import Here, Joined
from cnnjobs.engine.resources import ResourceRequest
from cnnjobs.errors import ClusterLost, Interrupted, SpecError, StoreError
from cnnjobs.files.uris import without_keys
from cnnjobs.planning.identity import canonical
from cnnjobs.process.machine import this_machine
from cnnjobs.run import backends
from cnnjobs.run.final_fit import FinalFit, FitOf, Trained, for_fit
from cnnjobs.run.interrupts import why_stopped
from cnnjobs.run.meter import Meter
from cnnjobs.run.networks import check_networks, trains_on_cores
from cnnjobs.run.overrides import Overrides
from cnnjobs.run.placement import Placement
from cnnjobs.run.prepare import prepare, read_job, store_at, trained_rows
from cnnjobs.run.progress import Display, Waiting
from cnnjobs.run.submit import RunOptions
from cnnjobs.run.surroundings import surroundings_notes
from cnnjobs.spec import DatasetSpec, Job
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.files import Files, plain_name
from cnnjobs.store.store import PATIENCE_S, Store
from cnnjobs.wording.sentences import cause, sentence, sentences
from cnnjobs.wording.sizes import data_size
from cnnjobs.wording.terminal import echo, note


@dataclass(frozen=True, repr=False)
class FittedModel:
    """A variant that was fitted on all training images, and its file.

    Args:
        path: path or URI of the `.keras` file, for `cnnjobs.predict`.
        variant: name of the variant.
        metrics: columns of `trials`: "test_accuracy" (a fraction), "test_loss", "test_rows", "epochs_done" and so on.
        nbytes: size of the file in bytes.
    """

    path: str
    variant: str
    metrics: Mapping[str, Any]
    nbytes: int

    def __str__(self) -> str:
        """Return test accuracy, test loss and the path of the file, in sentences."""
        final = self.metrics
        return (
            f"{self.variant}: fitted on {final['train_rows']:,} images for {final['epochs_done']} epochs; test "
            f"accuracy {final['test_accuracy']:.2%}, test loss {final['test_loss']:.4f} on {final['test_rows']:,} "
            f"images\nmodel: {self.path} ({data_size(self.nbytes)})"
        )

    __repr__ = __str__  # at the prompt it is read


def fit_job(
    job: str | Path | Job,
    results: str,
    overrides: Overrides,
    which: FitOf,
    options: RunOptions,
    place: Here | Joined,
    again: str,
) -> FittedModel:
    """Train one variant on all of its training images, and save it.

    Args:
        job: a job, or the file that defines one.
        results: folder or URI of results.
        overrides: what changes of the job.
        which: variant, repeat, and where the model goes.
        options: how it runs.
        place: where.
        again: says how to continue, should it be interrupted.

    Raises:
        UserError: for whatever is wrong before it starts.
        TrialsFailed: if it failed or diverged.
        Interrupted: on Ctrl-C; the last checkpoint is kept.
    """
    read = for_fit(read_job(job, overrides), which.variant, which.repeat)
    store, surroundings = store_at(results, read.job), surroundings_notes()
    if which.output is not None:
        _check_output(which.output)
    fit = FinalFit(prepare(read, overrides, Waiting()))
    for one in (*fit.notes, *surroundings):
        note(one)
    on_cores = isinstance(place, Here) and trains_on_cores(read.job)
    check_networks(fit.prepared, [fit.trial], (), Waiting(), sure=on_cores, timeout_s=options.trial_timeout)
    plain = plain_name(fit.trial.variant)
    folder, name = store.files.below("models"), f"{plain}-{fit.trial.trial_id[:8]}.keras"
    if which.output is None:
        folder.check_writable()
    checkpoints = Checkpoints(folder.below("checkpoints", plain), options.checkpoint_every)
    all_cores = this_machine().cpus if isinstance(place, Here) else None
    request = ResourceRequest(1, options.cpus_per_trial or all_cores, options.gpus_per_trial, read.job.gpus_per_trial)
    with Placement(place, request, insecure=options.insecure, verbose=options.verbose) as placement:
        trained = _run(fit, read.dataset, store, checkpoints, placement, options, again=again)
        path = _save(trained, folder, name, which.output)
        checkpoints.remove(fit.trial.trial_id)
    return FittedModel(path, fit.trial.variant, trained.final, len(trained.model))


def _check_output(output: str) -> None:
    """Refuse, before anything is trained, a place where the model could not be written."""
    path = Path(output.partition("?")[0] if "://" in output else output)
    if path.suffix != ".keras" or path.is_dir():
        what = "a folder" if path.is_dir() else repr(_shown(output))
        raise SpecError(f"`output` must be a file whose name ends with .keras. Received: {what}.")
    try:
        _place(output)[0].check_writable()
    except StoreError as error:
        raise StoreError(f"`output` {_shown(output)} cannot be written: {sentence(cause(error))}") from error


def _place(output: str) -> tuple[Files, str]:
    """Return the folder and the name of a file, given as a path or a URI."""
    if "://" not in output:
        path = Path(output).absolute()
        return Files(path.parent), path.name
    plain, mark, settings = output.partition("?")
    folder, _, name = plain.rpartition("/")
    return Files(f"{folder}{mark}{settings}"), name


def _shown(output: str) -> str:
    return without_keys(output)


def _run(
    fit: FinalFit,
    source: DatasetSpec,
    store: Store,
    checkpoints: Checkpoints,
    placement: Placement,
    options: RunOptions,
    *,
    again: str,
) -> Trained:
    """Train; Ctrl-C keeps the last checkpoint.

    Raises:
        Interrupted: on Ctrl-C or SIGTERM.
    """
    data = fit.prepared.dataset
    resources, _ = placement.trial_resources(fit.prepared, trials=1)
    images = fit.trial.spec.epochs * trained_rows(fit.prepared.plan, data)
    echo(f"{fit.prepared.job.name}: fitting {fit.trial.variant!r} on {data.name}", err=True)

    def go_on() -> str:
        kept = fit.trial.trial_id in checkpoints.trial_ids()
        how = "To go on from the last checkpoint" if kept else "There is no checkpoint yet. To start over"
        return f"{how}, {again}"

    try:
        with Display(Meter([fit.trial], lambda trial: images), verbose=options.verbose) as display:
            engine = placement.engine(resources, 1, lambda error: echo(f"{error} {go_on()}", err=True))
            read = source_of(source).as_loaded(data)
            make_worker = partial(backends.open_final_fit_worker, source=read, settings=canonical(fit.trial.spec))
            return fit.run(engine, make_worker, resources, store, checkpoints, display, options.trial_timeout)
    except ClusterLost as lost:
        raise ClusterLost(sentences(lost, go_on())) from lost
    except KeyboardInterrupt:
        raise Interrupted(f"{why_stopped()}. {go_on()}") from None


def _save(trained: Trained, folder: Files, name: str, output: str | None) -> str:
    """Write the model whole; return where it lies."""
    if output is None:
        folder.write(name, trained.model, PATIENCE_S)
        return f"{folder.location}/{name}"
    place, file = _place(output)
    place.write(file, trained.model, PATIENCE_S)
    return _shown(output)
