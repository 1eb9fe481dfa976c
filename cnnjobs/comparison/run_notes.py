"""Notes of a comparison on its runs: which are left out of it, and why."""

from collections.abc import Iterator, Mapping, Sequence

from cnnjobs.comparison.design import Key
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.spec.metrics import Metric
from cnnjobs.wording.labels import repeat_label
from cnnjobs.wording.sentences import clause

MOST_NAMED = 10
"""So many runs a note names."""


def stale_note(stale: int) -> list[str]:
    """Say how many stored trials are not the job's any longer."""
    trials, their = ("1 stored trial is", "its") if stale == 1 else (f"{stale} stored trials are", "their")
    return [f"{trials} left out, because the job no longer has {their} settings"] if stale else []


def left_out(rows: Sequence[VariantRow], metric: Metric, missing: Mapping[str, str], folds: int | None) -> list[str]:
    """Say which runs are not among the values.

    Args:
        rows: of the comparison.
        metric: what they are compared on.
        missing: completed run -> why it has no value, where more can be said than that it is not finite.
        folds: of the job; None without.
    """
    name, notes = metric.words, []
    for row in rows:
        if row.diverged:
            have = "has" if row.diverged == 1 else "have"
            notes.append(
                f"{row.name}: {row.diverged} of its runs diverged (their loss is not finite) and {have} no {name}; "
                "its numbers describe only the runs that completed"
            )
        if row.failed:
            them = "it" if row.failed == 1 else "them"
            notes.append(f"{row.name}: {row.failed} of its runs failed; submit the job again to repeat {them}")
        whys = {key: missing[trial] for key, trial in sorted(row.completed.items()) if trial in missing}
        if whys:
            notes += _without_value(row, name, whys, folds)
        if row.without_result:
            runs = "1 completed run has" if row.without_result == 1 else f"{row.without_result} completed runs have"
            them = "is" if row.without_result == 1 else "are"
            notes.append(
                f"{row.name}: {runs} no finite {name} and {them} left out of all results, like diverged runs; learning "
                "curves and costs include all runs"
            )
    return notes


def _without_value(row: "VariantRow", name: str, whys: Mapping[Key, str], folds: int | None) -> Iterator[str]:
    """Name the completed runs without a value, those with the same reason together."""
    for why in dict.fromkeys(whys.values()):
        keys = [key for key, own in whys.items() if own == why]
        which = "all its runs" if len(keys) == len(row.completed) else _named_runs(keys, folds)
        yield f"{row.name}: {name} is not known for {which}: {clause(why)}"


def _named_runs(keys: Sequence[Key], folds: int | None) -> str:
    named = ", ".join(repeat_label(r, f if folds else None, " ") for r, f in keys[:MOST_NAMED])
    return named + (f" and {len(keys) - MOST_NAMED} more" if len(keys) > MOST_NAMED else "")


def remarks(metric: Metric, remarks: Mapping[str, int], runs: int) -> Iterator[str]:
    """Say what to know of the values."""
    for remark, count in remarks.items():
        of = "" if count == runs else f" ({count} of {runs} runs)"
        yield f"{metric.words}: {remark}{of}"


def unmatched(rows: Sequence[VariantRow], reference: str, folds: int | None) -> list[str]:
    """List the runs whose partner is expected but is not there."""
    other = next(row for row in rows if row.name == reference)
    notes = []
    for row in rows:
        if row.comparison is None:
            continue
        alone = sorted({*_without_partner(row, other, folds), *_without_partner(other, row, folds)})
        if alone:
            named = _named_runs(alone, folds)
            notes.append(f"{row.name}: no partner in the comparison with {reference} for {named}")
    return notes


def _without_partner(row: "VariantRow", other: "VariantRow", folds: int | None) -> list[Key]:
    """Return the runs of `row` that have none of `other`, where `other` is to have one."""
    repeats = other.expected // (folds or 1)
    return [key for key in row.values if key not in other.values and key[0] < repeats]
