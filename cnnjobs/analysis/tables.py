"""Tables of one job: a row a variant, a row a difference; the same numbers wherever they are shown."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cnnjobs.analysis.measures import show
from cnnjobs.analysis.statistics import Difference, Summary, paired_difference, summarize
from cnnjobs.errors import StoreError
from cnnjobs.spec.metrics import is_accuracy
from cnnjobs.store.store import Store

Key = tuple[int, int]
"""(repeat, fold), both counted from 0."""

VERSION_COLUMNS = (
    "cnnjobs_version",
    "tensorflow_version",
    "keras_version",
    "numpy_version",
    "python_version",
    "device",
    "cpus",
    "gpus",
    "replicas",
)
"""What should be the same in all trials of a comparison: each can change the bits of a result."""

FEWEST_FOLDS = 5
"""Below so many runs of a cross-validation there are estimates, but no interval."""


@dataclass(frozen=True)
class VariantRow:
    """One variant: its runs and their summary.

    Args:
        name: of the variant.
        values: (repeat, fold) -> metric of each completed run whose metric is finite.
        trials: identities of its stored runs, however they ended.
        expected: how many runs the job asks for.
        diverged: runs whose loss stopped being finite.
        failed: runs that ended with an error.
        not_finite: completed runs whose metric is missing or not finite.
        summary: None without a completed run.
        difference: to the reference; None for the reference itself.
    """

    name: str
    values: Mapping[Key, float]
    trials: tuple[str, ...]
    expected: int
    diverged: int
    failed: int
    not_finite: int
    summary: Summary | None
    difference: Difference | None


@dataclass(frozen=True)
class JobTable:
    """The comparison of a job's variants on one metric.

    Args:
        job: the resolved job, as in `job.json`.
        metric: which column of `trials`.
        reference: name of the variant the others are compared with.
        rows: in the order of the job.
        stale: stored trials of settings the job no longer has; left out.
        notes: what a reader should know before trusting the numbers.
        provenance: version, device or commit -> the values that the runs have.
    """

    job: Mapping[str, Any]
    metric: str
    reference: str
    rows: tuple[VariantRow, ...]
    stale: int
    notes: tuple[str, ...]
    provenance: Mapping[str, tuple[str, ...]]

    @property
    def is_accuracy(self) -> bool:
        """Whether values are fractions, shown as percentages."""
        return is_accuracy(self.metric)


def default_metric(job: Mapping[str, Any]) -> str:
    """Return fold accuracy for cross-validation, else test accuracy."""
    return "val_accuracy" if job["protocol"]["folds"] else "test_accuracy"


def job_table(store: Store, metric: str | None = None, reference: str | None = None) -> JobTable:
    """Return the comparison of a job's variants.

    Args:
        store: the job's folder.
        metric: a column of `trials`; None for `default_metric`.
        reference: name of a variant; None for the job's own.

    Raises:
        StoreError: if the reference is no variant of the job.
    """
    job = store.job or {}
    metric = metric or default_metric(job)
    reference = reference or str(job["reference"])
    if reference not in job["variants"]:
        names = ", ".join(job["variants"])
        raise StoreError(f"`--reference` must be a variant of {job['name']}: {names}. Received: {reference!r}.")
    stored = store.read("trials")
    conditions = [variant["condition_id"] for variant in job["variants"].values()]
    current = stored.table.filter(pc.is_in(stored.table["condition_id"], pa.array(conditions, pa.string())))
    trials = current.select(
        ["trial_id", "condition_id", "repeat", "fold", "status", metric, *VERSION_COLUMNS, "commit", "dirty"]
    ).to_pylist()
    rows = _rows(job, trials, metric, reference)
    provenance = _provenance(trials)
    notes = [
        *_mixed(provenance),
        *_left_out(rows, metric),
        *(f"not readable, left out: {name}" for name in stored.damaged),
    ]
    return JobTable(job, metric, reference, rows, stored.table.num_rows - current.num_rows, tuple(notes), provenance)


def _rows(
    job: Mapping[str, Any], trials: Sequence[Mapping[str, Any]], metric: str, reference: str
) -> tuple[VariantRow, ...]:
    overlap, folds = _overlap(job, metric), job["protocol"]["folds"]
    least = FEWEST_FOLDS if folds else 2
    repeats = max([job["repeats"], *(trial["repeat"] + 1 for trial in trials)])
    own = {
        name: [trial for trial in trials if trial["condition_id"] == variant["condition_id"]]
        for name, variant in job["variants"].items()
    }
    values = {name: _values(runs, metric) for name, runs in own.items()}
    rows: list[VariantRow] = []
    for name, runs in values.items():
        statuses = Counter(trial["status"] for trial in own[name])
        rows.append(
            VariantRow(
                name=name,
                values=runs,
                trials=tuple(trial["trial_id"] for trial in own[name]),
                expected=repeats * (folds or 1),
                diverged=statuses["diverged"],
                failed=statuses["failed"],
                not_finite=statuses["completed"] - len(runs),
                summary=summarize(list(runs.values()), overlap, least) if runs else None,
                difference=None if name == reference else paired_difference(runs, values[reference], overlap, least),
            )
        )
    return tuple(rows)


def _values(trials: Sequence[Mapping[str, Any]], metric: str) -> dict[Key, float]:
    """Return the finite values of the completed runs, in the order of repeats and folds."""
    found = {(trial["repeat"], trial["fold"]): trial[metric] for trial in trials if trial["status"] == "completed"}
    return {key: found[key] for key in sorted(found) if _finite(found[key])}


def _overlap(job: Mapping[str, Any], metric: str) -> float:
    """Return validation rows over training rows where runs share training rows and validate on others.

    So it is for folds, and for validation metrics over hold-outs that are drawn anew each repeat.
    """
    folds, validation = job["protocol"]["folds"], job["protocol"]["validation"]
    if folds:
        return float(1 / (folds - 1))
    if metric.startswith("val_") and validation not in ("test", None) and "split" in job["vary"]:
        return float(validation / (1 - validation))
    return 0.0


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _provenance(trials: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return what the runs were made with; more than one value is a mixture."""
    found = {}
    for column in (*VERSION_COLUMNS, "commit", "dirty"):
        values = sorted({str(trial[column]) for trial in trials if trial[column] is not None})
        if values:
            found[column.removesuffix("_version")] = tuple(values)
    return found


def _mixed(provenance: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Warn of a comparison between runs of different versions or devices."""
    return [
        f"the runs mix {len(values)} values of {name}: {', '.join(values)}; a difference may be theirs"
        for name, values in provenance.items()
        if len(values) > 1 and name not in ("commit", "dirty")
    ]


def _left_out(rows: Sequence[VariantRow], metric: str) -> list[str]:
    notes = []
    for row in rows:
        if row.diverged:
            notes.append(f"{row.name}: {row.diverged} of its runs diverged (loss not finite) and have no {metric}")
        if row.failed:
            notes.append(f"{row.name}: {row.failed} of its runs failed; submit the job again to repeat them")
        if row.difference is not None and row.difference.unmatched:
            notes.append(f"{row.name}: {row.difference.unmatched} runs, its own or the reference's, have no partner")
        if row.not_finite:
            runs = "1 completed run has" if row.not_finite == 1 else f"{row.not_finite} completed runs have"
            notes.append(f"{row.name}: {runs} no finite {metric} and {'is' if row.not_finite == 1 else 'are'} left out")
    return notes


def summary_cells(table: JobTable) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return header and rows of the summary as people read it."""
    unit = " %" if table.is_accuracy else ""
    header: tuple[str, ...] = ("variant", "n", f"mean{unit}", "SD", "median", "min", "max", "95% CI of the mean")
    rows: list[tuple[str, ...]] = []
    for row in table.rows:
        s = row.summary
        done = f"{s.n if s else 0}/{row.expected}"
        if s is None:
            rows.append((row.name, done, "no run yet", "", "", "", "", ""))
            continue
        interval = _interval(table, s.low, s.high) or _why_no_interval(s.n, s.sd)
        shown = (show(table.metric, value) for value in (s.mean, s.sd, s.median, s.minimum, s.maximum))
        rows.append((row.name, done, *shown, interval))
    return header, rows


def difference_cells(table: JobTable) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return header and rows of the paired differences as people read them."""
    header = (f"minus {table.reference}", "pairs", "mean difference", "SD", "95% CI", "verdict")
    rows: list[tuple[str, ...]] = []
    for row in table.rows:
        d = row.difference
        if d is None:
            continue
        if d.mean is None:
            rows.append((row.name, "0", "no pairs yet", "", "", ""))
            continue
        interval = _interval(table, d.low, d.high, signed=True) or "-"
        shown = (show(table.metric, d.mean, signed=True), show(table.metric, d.sd))
        rows.append((row.name, str(d.n), *shown, interval, verdict(table, d)))
    return header, rows


def verdict(table: JobTable, difference: Difference) -> str:
    """Say in a few words what the interval allows to be said."""
    if difference.n == 1:
        return "one pair: cannot tell from chance"
    if difference.sd == 0:
        return "all pairs differ alike: cannot tell"
    if difference.resolved is None:
        return f"below {FEWEST_FOLDS} folds: an estimate only"
    if not difference.resolved:
        return "not resolved: the interval holds 0"
    better = (difference.mean or 0) > 0
    return "better" if better == table.is_accuracy else "worse"


def _why_no_interval(n: int, sd: float | None) -> str:
    if n == 1:
        return "one repeat: no spread"
    return "all runs identical" if sd == 0 else f"below {FEWEST_FOLDS} folds"


def _interval(table: JobTable, low: float | None, high: float | None, *, signed: bool = False) -> str | None:
    if low is None or high is None:
        return None
    return f"[{show(table.metric, low, signed=signed)}, {show(table.metric, high, signed=signed)}]"
