"""Variants whose runs are equal to the bit: the settings in which they differ have no effect."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from cnnjobs.comparison.design import Key
from cnnjobs.messages import Status
from cnnjobs.spec.metrics import TRAIN, TRIAL_COLUMNS, column_of

COLUMNS = TRIAL_COLUMNS
"""What is read of each trial for it."""

TELLING = column_of(TRAIN, "loss")
"""The metric that two trainings do not have in common by chance: it is of all steps of the last epoch."""

Runs = Mapping[Key, str]
"""(repeat, fold) -> every metric of a completed run, as text: nan is equal to itself there."""


def runs_of(trials: Sequence[Mapping[str, Any]]) -> Runs:
    """Return the metrics of the completed runs of a variant; those without the training loss cannot tell."""
    return {
        (trial["repeat"], trial["fold"]): repr([trial[column] for column in COLUMNS])
        for trial in trials
        if trial["status"] == Status.COMPLETED and trial[TELLING] is not None
    }


def equal_bits(one: Runs, other: Runs) -> bool:
    """Say whether every metric of every pair of runs is equal to the bit."""
    pairs = one.keys() & other.keys()
    return bool(pairs) and all(one[key] == other[key] for key in pairs)


def equal_bits_notes(runs: Mapping[str, Runs]) -> Iterator[str]:
    """Say which variants are equal to the bit, each with the first that it is equal to."""
    told: set[str] = set()
    for first, second in combinations(runs, 2):
        if second not in told and equal_bits(runs[first], runs[second]):
            told.add(second)
            pairs = len(runs[first].keys() & runs[second].keys())
            which = {1: "their pair", 2: "both pairs"}.get(pairs, f"all {pairs} pairs")
            yield (
                f"{second} and {first} are equal to the bit in {which}: "
                "the settings in which they differ have no effect"
            )
