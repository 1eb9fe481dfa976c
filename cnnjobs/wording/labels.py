"""How people read which run is meant: repeats and folds count from 1; what is stored, and read by machines, from 0."""

from collections.abc import Iterable

MOST_LISTED = 10
"""Names of a list in a sentence; the others are counted."""


def run_label(variant: str, repeat: int, fold: int | None) -> str:
    """Name a run: "vgg, repeat 3, fold 2".

    Args:
        variant: its name.
        repeat: counted from 0.
        fold: counted from 0; None where the job has no folds.
    """
    return f"{variant}, {repeat_label(repeat, fold)}"


def repeat_label(repeat: int, fold: int | None, between: str = ", ") -> str:
    """Name a repeat and fold: "repeat 3, fold 2".

    Args:
        repeat: counted from 0.
        fold: counted from 0; None where the job has no folds.
        between: stands between the two; " " where commas tell runs apart.
    """
    return f"repeat {repeat + 1}" if fold is None else f"repeat {repeat + 1}{between}fold {fold + 1}"


def count_label(runs: int | str, folds: int | None) -> str:
    """Return how many runs there are; with repeats of the same folds, which are averaged, both: "15, 5 folds".

    Args:
        runs: how many; or in words.
        folds: whose means are compared; None where runs themselves are.
    """
    return str(runs) if folds is None else f"{runs}, {folds} folds"


def listed(names: Iterable[str]) -> str:
    """List the first names of many: "a, b, c and 7 more".

    Args:
        names: in their order.
    """
    every = list(names)
    more = f" and {len(every) - MOST_LISTED:,} more" if len(every) > MOST_LISTED else ""
    return ", ".join(every[:MOST_LISTED]) + more
