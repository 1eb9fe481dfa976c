"""Which rows a trial trains and validates on, and the classes that its split leaves without any."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.splits import always_on_both_sides, holdout, kfold
from cnnjobs.labels import listed
from cnnjobs.planning.trials import DataProtocol, Trial
from cnnjobs.spec import Job

Rows = NDArray[np.int64]


def split_rows(labels: NDArray[np.int32], trial: Trial) -> tuple[Rows, Rows | None]:
    """Return (training rows, validation rows), of which there may be none; None where the test set serves.

    Args:
        labels: (n,) class of each row that can be trained on.
        trial: which.
    """
    protocol: DataProtocol = trial.protocol
    if protocol.folds is not None:
        return kfold(labels, protocol.folds, trial.fold, trial.seeds.split, stratify=protocol.stratify)
    if protocol.validation == "test":
        return np.arange(len(labels)), None
    if protocol.validation is None:
        return np.arange(len(labels)), np.arange(0)
    return holdout(labels, float(protocol.validation), trial.seeds.split, stratify=protocol.stratify)


def has_small_classes(job: Job, labels: NDArray[np.int32]) -> bool:
    """Say whether a hold-out in proportion could leave a class out, so that it is given a row by choice.

    Args:
        job: the job.
        labels: (n,) class of each row that can be trained on.
    """
    if job.folds is not None or not isinstance(job.validation, float) or not job.stratify:
        return False
    return not always_on_both_sides(labels, job.validation)


def split_notes(labels: NDArray[np.int32], trials: Sequence[Trial], class_names: Sequence[str]) -> tuple[str, ...]:
    """Return notes on classes that are missing among the training or the validation rows of some trials.

    Args:
        labels: (n,) class of each row that can be trained on.
        trials: of one job.
        class_names: in the order of the labels.
    """
    trained, validated, splits = set[int](), set[int](), 0
    lacks_training = lacks_validation = 0
    for rows, validation in _splits(labels, trials):
        splits += 1
        untrained = _absent(labels[rows], class_names)
        unseen = _absent(labels[validation], class_names)
        trained |= untrained
        validated |= unseen
        lacks_training += bool(untrained)
        lacks_validation += bool(unseen)
    found = (("training", trained, lacks_training), ("validation", validated, lacks_validation))
    return tuple(
        f"{lacking} of {splits} splits {'has' if lacking == 1 else 'have'} no {part} image of some classes: "
        f"{listed(class_names[label] for label in sorted(classes))}"
        for part, classes, lacking in found
        if lacking
    )


def _splits(labels: NDArray[np.int32], trials: Sequence[Trial]) -> Iterator[tuple[Rows, Rows]]:
    """Yield (training rows, validation rows) of each split that may leave a class out, once."""
    seen = set()
    for trial in trials:
        protocol = trial.protocol
        known = (trial.seeds.split, trial.fold) in seen
        if known or (protocol.stratify and not protocol.small_classes):
            continue
        seen.add((trial.seeds.split, trial.fold))
        rows, validation = split_rows(labels, trial)
        if validation is not None and len(validation):
            yield rows, validation


def _absent(labels: NDArray[np.int32], class_names: Sequence[str]) -> set[int]:
    """Return the classes that none of the labels is."""
    return set(np.flatnonzero(np.bincount(labels, minlength=len(class_names)) == 0).tolist())
