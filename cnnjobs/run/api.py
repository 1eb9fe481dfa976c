"""What Python calls: the application's functions under the names of its commands."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnnjobs.run.final_fit import FitOf
from cnnjobs.run.fit import FittedModel, fit_job
from cnnjobs.run.placement import near_place
from cnnjobs.run.plan import JobPlan, plan_job
from cnnjobs.run.predict import Answers, predict_arrays, predict_files
from cnnjobs.run.prepare import Overrides, Prepared
from cnnjobs.run.status import ResultsStatus, status_of
from cnnjobs.run.submit import Goal, RunOptions, submit_job
from cnnjobs.spec import Job
from cnnjobs.spec.half_width import HalfWidth

if TYPE_CHECKING:
    from cnnjobs.report.frames import Comparisons

RESULTS = "results"
"""Where trials are stored unless something else is said."""


def submit(
    job: Job | str | Path,
    results: str | Path = RESULTS,
    *,
    repeats: int | None = None,
    epochs: int | None = None,
    only: str | Sequence[str] = (),
    limit_train: int | None = None,
    dataset: str | None = None,
    image_size: int | None = None,
    strict: bool = False,
    half_width: float | None = None,
    most_repeats: int | None = None,
    audit: str | None = None,
    max_concurrent: int | None = None,
    cpus_per_trial: int | None = None,
    gpus_per_trial: float | None = None,
    checkpoint_every: float | None = None,
    address: str | None = None,
    insecure: bool = False,
    verbose: bool = False,
) -> Comparisons:
    """Train the trials of a job that are missing, and return the comparison of its variants.

    The same as `cnnjobs submit`, with the same progress in a terminal, in a notebook and in a plain log. A job and the
    functions of its networks may be defined in a notebook: what they refer to is part of the trials' identities, so
    that calling this again runs nothing, and runs what an edit changes.

    Args:
        job: a job, or the path of a file that defines one.
        results: folder or URI of results.
        repeats: how often each variant is trained; None for what the job says.
        epochs: of every variant; None for what the job says.
        only: a variant, or several; empty for all.
        limit_train: use only that many training images.
        dataset: another data set: a name, an .npz file, an image folder.
        image_size: resize the pictures of an image folder, pixels.
        strict: a picture that cannot be read is an error.
        half_width: then train as many more repeats as a 95% interval of test accuracy of plus and minus so many
            percentage points needs, by Stein's two-stage rule.
        most_repeats: with `half_width`, repeats of a variant at most; None for 100.
        audit: instead, train this variant with one source of chance varying at a time, as a job of its own.
        max_concurrent: at most so many trials at once.
        cpus_per_trial: cores a trial.
        gpus_per_trial: GPUs a trial, or a fraction of one.
        checkpoint_every: seconds between checkpoints of a trial; 0 for every epoch, None for about 1% of the time.
        address: "local" for this machine alone, or host:port of a cluster that this machine is a node of; None for
            $RAY_ADDRESS, then for a Ray that runs here, then for this machine alone.
        insecure: accept a cluster that asks for no token.
        verbose: show the logs of Ray and of each trial.

    Returns:
        The comparison: `.summary`, `.differences`, `.runs` are data frames; `.report()` writes the report; in a
        notebook it shows itself. Where trials failed a warning says so, and the others are compared.

    Raises:
        UserError: for whatever is wrong before a trial starts: nothing is written then.
        Interrupted: on Ctrl-C; what was finished is stored.

    Example:
        >>> import cnnjobs
        >>> comparison = cnnjobs.submit("jobs/quickstart.py")  # doctest: +SKIP
        >>> comparison.summary[["variant", "mean", "sd"]]  # doctest: +SKIP
    """
    submitted = submit_job(
        job,
        str(results),
        _overrides(repeats, epochs, only, limit_train, dataset, image_size, strict, gpus_per_trial),
        Goal(half_width=half_width, most_repeats=most_repeats, audit=audit),
        RunOptions(
            max_concurrent=max_concurrent,
            cpus_per_trial=cpus_per_trial,
            gpus_per_trial=gpus_per_trial,
            checkpoint_every=checkpoint_every,
            insecure=insecure,
            verbose=verbose,
        ),
        near_place(address, "`cnnjobs.submit`"),
        "call it again.",
    )
    if submitted.failed is not None:
        warnings.warn(str(submitted.failed), TrialsFailedWarning, stacklevel=2)
    from cnnjobs.report.frames import comparison_of

    return comparison_of(submitted.store)


class TrialsFailedWarning(UserWarning):
    """Some trials failed; the others are stored and compared."""


def plan(
    job: Job | str | Path,
    results: str | Path = RESULTS,
    *,
    repeats: int | None = None,
    epochs: int | None = None,
    only: str | Sequence[str] = (),
    limit_train: int | None = None,
    dataset: str | None = None,
    image_size: int | None = None,
    strict: bool = False,
    audit: str | None = None,
    sizes: bool = False,
) -> JobPlan:
    """Return what `submit` would run, without starting anything or writing a file.

    Args:
        job: a job, or the path of a file that defines one.
        results: folder or URI of results.
        repeats: as for `submit`.
        epochs: as for `submit`.
        only: as for `submit`.
        limit_train: as for `submit`.
        dataset: as for `submit`.
        image_size: as for `submit`.
        strict: as for `submit`.
        audit: as for `submit`.
        sizes: count the parameters of the networks, which imports TensorFlow.

    Returns:
        The plan: `.table` is a data frame, `.missing` are the trials that would run, `.notes` what to know before;
        printed, it is what `cnnjobs plan` shows.

    Raises:
        UserError: for whatever is wrong before a trial starts.

    Example:
        >>> import cnnjobs
        >>> print(cnnjobs.plan("jobs/quickstart.py").table[["variant", "repeats", "epochs"]])
                variant  repeats  epochs
        0      baseline        3      12
        1       dropout        3      12
        2  augmentation        3      12
    """
    overrides = _overrides(repeats, epochs, only, limit_train, dataset, image_size, strict, None)
    return plan_job(job, str(results), overrides, audit=audit, sizes=sizes, summary=False, go_on=_go_on)


def status(results: str | Path = RESULTS) -> ResultsStatus:
    """Return what is done, running and failed in results, with reasons.

    Args:
        results: a job's folder or a folder of jobs; a path or a URI.

    Returns:
        The status: `.table` is a data frame, `.jobs` has the failures of each job; printed, it is what
        `cnnjobs status` shows.

    Raises:
        StoreError: if there are no results.
    """
    return status_of(str(results))


def fit(
    job: Job | str | Path,
    variant: str | None = None,
    results: str | Path = RESULTS,
    *,
    repeat: int = 1,
    output: str | Path | None = None,
    epochs: int | None = None,
    limit_train: int | None = None,
    dataset: str | None = None,
    image_size: int | None = None,
    strict: bool = False,
    cpus_per_trial: int | None = None,
    gpus_per_trial: float | None = None,
    checkpoint_every: float | None = None,
    address: str | None = None,
    insecure: bool = False,
    verbose: bool = False,
) -> FittedModel:
    """Train one variant of a job on all of its training images, and save it as one `.keras` file.

    Args:
        job: a job, or the path of a file that defines one.
        variant: its name; None if the job has only one.
        results: folder or URI of results.
        repeat: whose seeds, counted from 1.
        output: the file; None for `RESULTS/<job>/models/<variant>-<identity>.keras`.
        epochs: as for `submit`.
        limit_train: as for `submit`.
        dataset: as for `submit`.
        image_size: as for `submit`.
        strict: as for `submit`.
        cpus_per_trial: cores; None for all.
        gpus_per_trial: as for `submit`.
        checkpoint_every: as for `submit`.
        address: as for `submit`.
        insecure: as for `submit`.
        verbose: as for `submit`.

    Returns:
        `.path` of the file, for `predict`, and `.metrics` on the test set.

    Raises:
        UserError: for whatever is wrong before it starts.
        TrialsFailed: if the fit failed or diverged.
        Interrupted: on Ctrl-C; the last checkpoint is kept.
    """
    options = RunOptions(
        cpus_per_trial=cpus_per_trial,
        gpus_per_trial=gpus_per_trial,
        checkpoint_every=checkpoint_every,
        insecure=insecure,
        verbose=verbose,
    )
    overrides = _overrides(None, epochs, (), limit_train, dataset, image_size, strict, gpus_per_trial)
    which = FitOf(variant, repeat, None if output is None else str(output))
    return fit_job(job, str(results), overrides, which, options, near_place(address, "`fit`"), "call it again.")


def predict(
    model: FittedModel | str | Path, images: str | Path | Sequence[str | Path] | NDArray[np.generic], *, top_k: int = 1
) -> Answers | NDArray[np.float32]:
    """Return what a model of `fit` sees in pictures.

    Args:
        model: what `fit` returned, or the path of its file.
        images: a picture, a folder of pictures, or several of these; or an array (n, height, width, channels) of the
            size that the model was trained on: uint8, or float in [0, 1].
        top_k: for files, name so many classes.

    Returns:
        For files the answers: `.table` is a data frame with label and probability, `.answers` has one a picture. For
        an array the probabilities, (n, classes) float32 in the order of the model's classes.

    Raises:
        ModelError: if the file is no such model, or images in memory do not fit it.
    """
    path = model.path if isinstance(model, FittedModel) else str(model)
    if isinstance(images, np.ndarray):
        return predict_arrays(path, images)
    several = [images] if isinstance(images, str | Path) else list(images)
    return predict_files(path, [str(image) for image in several], top_k)


def _overrides(
    repeats: int | None,
    epochs: int | None,
    only: str | Sequence[str],
    limit_train: int | None,
    dataset: str | None,
    image_size: int | None,
    strict: bool,
    gpus_per_trial: float | None,
) -> Overrides:
    return Overrides(
        repeats=repeats,
        epochs=epochs,
        only=(only,) if isinstance(only, str) else tuple(only),
        limit_train=limit_train,
        dataset=dataset,
        image_size=image_size,
        strict=strict,
        gpus_per_trial=gpus_per_trial,
    )


def _go_on(prepared: Prepared, rule: HalfWidth) -> str:
    """Return the call that runs what a half width still needs."""
    given: dict[str, Any] = {"half_width": 100 * rule.half_width, "most_repeats": rule.most, "repeats": rule.pilot}
    return f"cnnjobs.submit(job, {', '.join(f'{name}={value:g}' for name, value in given.items())})"
