"""Which rows a trial trains and validates on, and what there is to say of the splits of a job."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cnnjobs.datasets.arrays import Dataset
from cnnjobs.datasets.group_splits import Rows
from cnnjobs.datasets.groups import FAR_OFF
from cnnjobs.datasets.splits import always_on_both_sides
from cnnjobs.datasets.training_rows import TrainingRows
from cnnjobs.planning.trials import DataProtocol, Plan, Trial, make_plan
from cnnjobs.spec import Job
from cnnjobs.wording.labels import listed

MOST_GROUPED_ROWS = 500_000
"""Splits of whole groups are looked at until they come to so many rows: a split takes some microseconds a row."""

LEAST_SPLITS = 5
"""So many splits are looked at in any case."""


def plan_on(job: Job, data: Dataset, limit_train: int | None = None) -> Plan:
    """Return the trials of a job on a data set.

    Args:
        job: the job.
        data: the data set, from `used_by`.
        limit_train: what the data set was limited to; None for all rows.
    """
    rows = data.training_rows
    return make_plan(
        job,
        data.fingerprint,
        limit_train,
        small_classes=has_small_classes(job, rows),
        groups=rows.are_grouped and _divides(job, rows),
        own_rows=rows.own_validation_rows,
    )


def used_by(job: Job, data: Dataset) -> Dataset:
    """Return the data set as a job uses it: its own validation set validates, or is among the training rows.

    Args:
        job: the job.
        data: the data set.

    Raises:
        SpecError: if its own validation set is asked for and it has none.
    """
    own = job.validation_on(has_own=data.is_validation is not None) == "own"
    return data if own else data.pooled()


def pooled_note(job: Job, data: Dataset) -> tuple[str, ...]:
    """Return a note on the data set's own validation set, where that does not validate; nothing otherwise.

    Args:
        job: the job.
        data: the data set as it was loaded.
    """
    if data.is_validation is None or used_by(job, data).is_validation is not None:
        return ()
    count = int(data.is_validation.sum())
    pictures = f"{count:,} picture{'s' * (count > 1)}"
    return (f"{data.name}: its own validation set ({pictures}) does not validate here, and is among the training rows",)


def split_rows(rows: TrainingRows, trial: Trial) -> tuple[Rows, Rows | None]:
    """Return (training rows, validation rows), of which there may be none; None where the test set serves.

    Args:
        rows: that can be trained on.
        trial: which.
    """
    protocol: DataProtocol = trial.protocol
    if protocol.folds is not None:
        return rows.fold(protocol.folds, trial.fold, trial.seeds.split, stratify=protocol.stratify)
    if protocol.validation == "own":
        return rows.own_split()
    if protocol.validation == "test":
        return np.arange(len(rows)), None
    if protocol.validation is None:
        return np.arange(len(rows)), np.arange(0)
    return rows.holdout(float(protocol.validation), trial.seeds.split, stratify=protocol.stratify)


def has_small_classes(job: Job, rows: TrainingRows) -> bool:
    """Say whether a hold-out in proportion could leave a class out, so that it is given a row by choice.

    Args:
        job: the job.
        rows: that can be trained on.
    """
    fraction = job.validation_on(has_own=rows.is_validation is not None)
    if not isinstance(fraction, float) or not job.stratify or rows.are_grouped:
        return False
    return not always_on_both_sides(rows.labels, fraction)


def _divides(job: Job, rows: TrainingRows) -> bool:
    """Say whether trials hold rows out of the training rows."""
    own = rows.is_validation is not None
    return job.folds is not None or isinstance(job.validation_on(has_own=own), float)


@dataclass
class _Seen:
    """What the splits of a job came to.

    Args:
        splits: how many were looked at.
        lacking: part -> classes that it lacks in some split.
        lacks: part -> splits that lack some class.
        shares: of the rows that validate, one a split.
    """

    splits: int = 0
    lacking: dict[str, set[int]] = field(default_factory=lambda: {"training": set(), "validation": set()})
    lacks: dict[str, int] = field(default_factory=lambda: {"training": 0, "validation": 0})
    shares: list[float] = field(default_factory=list)


def split_notes(rows: TrainingRows, trials: Sequence[Trial], class_names: Sequence[str]) -> tuple[str, ...]:
    """Return notes on classes that some training or validation rows lack, and on the size of grouped splits.

    Args:
        rows: that can be trained on.
        trials: of one job.
        class_names: in the order of the labels.
    """
    seen, grouped = _Seen(), trials[0].protocol.groups
    for trained, validating in _splits(rows, trials):
        seen.splits += 1
        seen.shares.append(len(validating) / (len(trained) + len(validating)))
        for part, found in (("training", trained), ("validation", validating)):
            absent = _absent(rows.labels[found], class_names)
            seen.lacking[part] |= absent
            seen.lacks[part] += bool(absent)
        if grouped and seen.splits >= max(LEAST_SPLITS, MOST_GROUPED_ROWS // len(rows)):
            break
    notes = [
        f"{lacking} of {seen.splits} splits {'has' if lacking == 1 else 'have'} no {part} image of some classes: "
        f"{listed(class_names[label] for label in sorted(seen.lacking[part]))}"
        for part, lacking in seen.lacks.items()
        if lacking
    ]
    return (*notes, *_shares_note(seen.shares, trials[0].protocol)) if grouped and seen.shares else tuple(notes)


def _shares_note(shares: Sequence[float], protocol: DataProtocol) -> tuple[str, ...]:
    """Say how large validation sets of whole groups are, where they are far from what was asked for."""
    asked = 1 / protocol.folds if protocol.folds else float(protocol.validation or 0)
    least, most = min(shares), max(shares)
    if max(most - asked, asked - least) <= FAR_OFF * asked:
        return ()
    span = f"{least:.0%}" if f"{least:.0%}" == f"{most:.0%}" else f"{least:.0%} to {most:.0%}"
    even = " of equal folds; in means over folds all folds count alike" if protocol.folds else ""
    return (f"Whole groups make validation sets of {span} of the training rows, instead of the {asked:.0%}{even}",)


def _splits(rows: TrainingRows, trials: Sequence[Trial]) -> Iterator[tuple[Rows, Rows]]:
    """Yield (training rows, validation rows) of each split that there may be something to say of, once."""
    seen = set[tuple[int, int]]()
    for trial in trials:
        protocol = trial.protocol
        known = (trial.seeds.split, trial.fold) in seen or (protocol.validation == "own" and seen)
        complete = protocol.stratify and not (protocol.small_classes or protocol.groups)
        if known or (complete and protocol.validation != "own"):
            continue
        seen.add((trial.seeds.split, trial.fold))
        found, validation = split_rows(rows, trial)
        if validation is not None and len(validation):
            yield found, validation


def _absent(labels: NDArray[np.int32], class_names: Sequence[str]) -> set[int]:
    """Return the classes that none of the labels is."""
    return set(np.flatnonzero(np.bincount(labels, minlength=len(class_names)) == 0).tolist())
