"""The Python API of models: fits a model, and predicts with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnjobs.errors import SpecError
from cnnjobs.process.streams import steady_streams
from cnnjobs.run.api import RESULTS
from cnnjobs.run.final_fit import FitOf
from cnnjobs.run.fit import FittedModel, fit_job
from cnnjobs.run.interrupts import signals_as_interrupts
from cnnjobs.run.overrides import overrides_of, place_of
from cnnjobs.run.placement import near_place
from cnnjobs.run.predict import Answers, predict_arrays, predict_files
from cnnjobs.run.submit import RunOptions
from cnnjobs.spec import Job
from cnnjobs.spec.arguments import arguments_named


@arguments_named
def fit(
    job: Job | str | Path,
    variant: str | None = None,
    results: str | Path = RESULTS,
    *,
    repeat: int = 1,
    output: str | Path | None = None,
    epochs: int | str | None = None,
    limit_train: int | None = None,
    dataset: str | None = None,
    image_size: int | None = None,
    strict: bool = False,
    cpus_per_trial: int | None = None,
    gpus_per_trial: float | None = None,
    checkpoint_every: float | None = None,
    trial_timeout: float | None = None,
    address: str | None = None,
    insecure: bool = False,
    verbose: bool = False,
) -> FittedModel:
    """Train one variant of a job on all of its training images, and save it as one `.keras` file.

    Args:
        job: a job, or the path of a job file.
        variant: name of the variant; None if the job has only one.
        results: folder or URI of the results.
        repeat: number of the repeat whose seeds are used, counted from 1.
        output: path or URI of the file; None for `RESULTS/<job>/models/<variant>-<trial id>.keras`.
        epochs: as for `submit`.
        limit_train: as for `submit`.
        dataset: as for `submit`.
        image_size: as for `submit`.
        strict: as for `submit`.
        cpus_per_trial: number of CPU cores; None for all cores of this machine.
        gpus_per_trial: as for `submit`.
        checkpoint_every: as for `submit`.
        trial_timeout: as for `submit`.
        address: as for `submit`.
        insecure: as for `submit`.
        verbose: as for `submit`.

    Returns:
        The fitted model: `.path` of its file, for `predict`, and `.metrics` on the test set.

    Raises:
        UserError: for a mistake in the arguments or the job, before training starts.
        TrialsFailed: if the fit failed or diverged.
        Interrupted: on Ctrl-C; the last checkpoint is kept.

    Example:
        >>> import cnnjobs
        >>> fitted = cnnjobs.fit("jobs/quickstart.py", "dropout")  # doctest: +SKIP
        >>> fitted.metrics["test_accuracy"]  # doctest: +SKIP
    """
    options = RunOptions(
        cpus_per_trial=cpus_per_trial,
        gpus_per_trial=gpus_per_trial,
        checkpoint_every=checkpoint_every,
        trial_timeout=trial_timeout,
        insecure=insecure,
        verbose=verbose,
    )
    overrides = overrides_of(None, epochs, None, limit_train, dataset, image_size, strict, gpus_per_trial)
    which = FitOf(variant, repeat, None if output is None else str(output))
    with steady_streams(), signals_as_interrupts():
        return fit_job(
            job, place_of(results), overrides, which, options, near_place(address, "`fit`"), "call it again."
        )


@arguments_named
def predict(
    model: FittedModel | str | Path, images: str | Path | Sequence[str | Path] | NDArray[np.generic], *, top_k: int = 1
) -> Answers | NDArray[np.float32]:
    """Return the predictions of a fitted model for pictures or an array.

    Args:
        model: the return value of `fit`, or the path of its file.
        images: a picture, a folder of pictures, or several of these; or an array (n, height, width, channels) with the
            model's image size, uint8 or float in [0, 1].
        top_k: number of classes in each prediction, at least 1; only for files.

    Returns:
        For files, the predictions: the data frame `.table` with labels and probabilities, and `.answers`, one per
        picture. For an array, the probabilities, (n, classes) float32 in the order of the model's classes.

    Raises:
        ModelError: if the file is not a model of `fit`, or the array does not fit the model.

    Example:
        >>> import cnnjobs
        >>> cnnjobs.predict("reader.keras", "photos/", top_k=3).table  # doctest: +SKIP
        >>> cnnjobs.predict("reader.keras", x_test).argmax(axis=1)  # doctest: +SKIP
    """
    path = model.path if isinstance(model, FittedModel) else str(model)
    if isinstance(images, np.ndarray):
        return predict_arrays(path, images)
    several = [images] if isinstance(images, str | Path) else images
    if not isinstance(several, list | tuple) or not all(isinstance(image, str | Path) for image in several):
        kinds = sorted({type(image).__name__ for image in several}) if isinstance(several, list | tuple) else []
        raise SpecError(
            "`images` must be a path, a list of paths, or one array (n, height, width, channels). Received: a "
            f"{type(images).__name__}{' of ' + ', '.join(kinds) if kinds else ''}. Use np.stack(images) for arrays."
        )
    return predict_files(path, [str(image) for image in several], top_k)
