"""The comparison of a job's variants, the source of all tables and figures."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cnnjobs.comparison.adjusted import Family
from cnnjobs.comparison.collapsed import accuracy_of, collapsed_notes
from cnnjobs.comparison.cost import COLUMNS as COST_COLUMNS
from cnnjobs.comparison.cost import cost_of
from cnnjobs.comparison.decisions import COLUMNS as DECIDING
from cnnjobs.comparison.decisions import Ruling, ruling_of
from cnnjobs.comparison.design import Design, Key, design_of, overlap_of, vary_of
from cnnjobs.comparison.equal_bits import COLUMNS as OUTCOMES
from cnnjobs.comparison.equal_bits import equal_bits, equal_bits_notes, runs_of
from cnnjobs.comparison.looked import Looked, looked
from cnnjobs.comparison.metric_rows import one_row
from cnnjobs.comparison.pairwise import Comparison, compare, why_dependent
from cnnjobs.comparison.provenance import ORIGINS, VERSION_COLUMNS, mixed, provenance_of
from cnnjobs.comparison.run_notes import left_out, remarks, stale_note, unmatched
from cnnjobs.comparison.secondary import rule_note, secondary_note, secondary_of
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.comparison.watched import is_watched, watched_scores
from cnnjobs.errors import StoreError
from cnnjobs.messages import Status
from cnnjobs.scoring.prediction_metrics import metric_named
from cnnjobs.scoring.run_scores import RunScores, scores_of
from cnnjobs.scoring.scorer import PredictionMetric
from cnnjobs.spec.metrics import TTA, WATCHED, Metric
from cnnjobs.stats import ALPHA, not_compared
from cnnjobs.stats.pairs import untested
from cnnjobs.store.expectation import current, dropped_conditions, expected_runs
from cnnjobs.store.looks import read_looks
from cnnjobs.store.reading import OnProgress
from cnnjobs.store.store import Store
from cnnjobs.store.stored_job import StoredJob
from cnnjobs.wording.nearest import not_a_variant

COLUMNS = (
    *("trial_id", "condition_id", "repeat", "fold", "status", "train_rows", "validation_rows"),
    *("dataset_fingerprint", "limit_train", "parameters", "started_at", "finished_at"),
)
"""What else is read of each trial, beside its metric, its cost and its versions."""

NO_VIEWS = "its variant has no test-time augmentation"
NOT_RECORDED = "it was not recorded"
"""Why a run has no value of a metric."""

OTHER_SOURCES = "its repeats vary other sources of chance"
"""Why a variant is not compared with the reference."""

BY_RULE = "the repeats ended by a rule that looks at results"
"""Why the usual tests and intervals of a difference do not hold."""


@dataclass(frozen=True)
class JobTable:
    """The comparison of a job's variants on one metric.

    Args:
        job: the resolved job, as `job.json` keeps it.
        metric: what they are compared on.
        reference: name of the variant the others are compared with.
        rows: in the order of the job.
        stale: stored trials of settings the job no longer has; left out.
        notes: what a reader should know before trusting the numbers.
        provenance: version, device or commit -> the values that the runs have.
        design: how runs are compared; each variant has its own, of how they are summarised.
        alpha: of tests; one minus the level of intervals.
        margin: the difference one would like to resolve, as stored; None if none was named.
        damaged: files that could not be read; their runs are left out.
        dropped: conditions with results that the job no longer lists; they count among the comparisons.
        secondary: in what the comparison is another than the job's own, and so without verdicts; empty if it is that.
        ruling: what the rule of the job says, of a comparison on its metric with its reference; else None.
        looked: how often the comparisons were looked at, this time included.
        period: when the first run began and the last one ended; None if no run says so.
    """

    job: StoredJob
    metric: Metric
    reference: str
    rows: tuple[VariantRow, ...]
    stale: int
    notes: tuple[str, ...]
    provenance: Mapping[str, tuple[str, ...]]
    design: Design
    alpha: float
    margin: float | None
    damaged: tuple[str, ...] = ()
    dropped: int = 0
    secondary: str = ""
    ruling: Ruling | None = None
    looked: Looked = field(default_factory=Looked)
    period: tuple[datetime, datetime] | None = None

    @property
    def ended_by_rule(self) -> bool:
        """Whether the job has a rule by which its repeats end: then no test or interval of a difference is usual."""
        return self.job.decide is not None

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """Variant -> its comparison with the reference."""
        return {row.name: row.comparison for row in self.rows if row.comparison is not None}

    @property
    def level(self) -> str:
        """Level of the intervals: "95%"."""
        return f"{100 * (1 - self.alpha):g}%"

    @property
    def higher_is_better(self) -> bool:
        """Whether the variant with the higher mean is the better one."""
        return self.metric.higher_is_better

    @property
    def in_percent(self) -> bool:
        """Whether values are fractions, shown as percentages."""
        return self.metric.in_percent


def default_metric(job: StoredJob) -> Metric:
    """Return fold accuracy for cross-validation, else test accuracy."""
    return accuracy_of(job)


def job_table(
    store: Store,
    metric: Metric | str | None = None,
    reference: str | None = None,
    alpha: float = ALPHA,
    margin: float | None = None,
    on_progress: OnProgress | None = None,
) -> JobTable:
    """Return the comparison of a job's variants.

    Args:
        store: the job's folder.
        metric: or its name, as `metric_named` takes it; None for `default_metric`.
        reference: name of a variant; None for the job's own.
        alpha: of tests; one minus the level of intervals.
        margin: the difference one would like to resolve, in the unit in which differences are shown; None for
            the metric's own, but at least what one of the rows is worth that it is of.
        on_progress: is told (what is read, files done, files in all).

    Raises:
        StoreError: if the store has no job, the reference is no variant of it, or the metric is of no class of it.
        UserError: if there is no metric of that name, or a function of the user's fails.
    """
    job = store.kept_job()
    metric = metric_named(metric) if isinstance(metric, str) else metric or default_metric(job)
    reference = reference or job.reference
    if reference not in job.variants:
        raise StoreError(not_a_variant("reference", reference, job.name, job.variants))
    by_rule = () if job.decide is None else (*DECIDING, job.decide.metric)
    columns = list(dict.fromkeys([*COLUMNS, *COST_COLUMNS, *OUTCOMES, *VERSION_COLUMNS, *ORIGINS, WATCHED, *by_rule]))
    stored = store.read("trials", columns=columns, on_progress=on_progress)
    every, trials = stored.table.to_pylist(), current(job, stored.table).to_pylist()
    stale = len(every) - len(trials)
    scores = _scores(store, job, metric, trials, on_progress)
    expected = expected_runs(job, trials)
    repeats = max(expected.values()) // (job.protocol.folds or 1)
    overlap = overlap_of(trials) if job.protocol.groups else None
    designs = {name: design_of(job, name, metric.part, alpha, repeats, overlap) for name in job.variants}
    ruling = _ruling(job, every, metric, reference)
    asked_alpha = alpha if job.decide is None else ALPHA  # a rule has its own
    secondary = secondary_of(job, metric, default_metric(job), reference, asked_alpha) if ruling is None else ""
    family = Family(alpha, len(dropped_conditions(job, every)), bool(secondary))
    rows = _rows(job, trials, scores, reference, designs, expected, family, ruling)
    provenance, so_far = provenance_of(trials), looked(job, rows, metric, read_looks(store.files))
    notes = [
        *(secondary_note(secondary) or so_far.notes()),
        *([] if ruling is None else rule_note(ruling.rule, alpha, margin)),
        *stale_note(stale),
        *mixed(provenance),
        *left_out(rows, metric, scores.missing, job.protocol.folds),
        *remarks(metric, scores.remarks, len(scores.values)),
        *unmatched(rows, reference, job.protocol.folds),
        *_collapsed(job, rows, reference),
        *(equal_bits_notes({name: runs_of(runs) for name, runs in _own(job, trials).items()}) if not job.audit else ()),
        *(f"{name} cannot be read and is left out" for name in stored.damaged),
    ]
    named = metric.margin if margin is None else margin
    stored_margin = None if named is None else named / metric.factor
    if margin is None and stored_margin is not None:
        stored_margin = max(stored_margin, one_row(job, metric) or 0.0)
    return JobTable(
        job=job,
        metric=metric,
        reference=reference,
        rows=rows,
        stale=stale,
        notes=tuple(notes),
        provenance=provenance,
        design=designs[reference],
        alpha=alpha,
        margin=stored_margin,
        damaged=(*stored.damaged, *scores.damaged),
        dropped=family.dropped,
        secondary=secondary,
        ruling=ruling,
        looked=so_far,
        period=_period(trials),
    )


def _period(trials: Sequence[Mapping[str, Any]]) -> tuple[datetime, datetime] | None:
    """Return when the first run began and the last one ended."""
    began, ended = ([trial[of] for trial in trials if trial[of]] for of in ("started_at", "finished_at"))
    return (min(began), max(ended)) if began and ended else None


def _collapsed(job: StoredJob, rows: Sequence[VariantRow], reference: str) -> Iterator[str]:
    """Yield what tests of the differences do not speak of."""
    other = next(row for row in rows if row.name == reference)
    for row in rows:
        if row.comparison is not None:
            yield from collapsed_notes(job, row, other)


def _ruling(job: StoredJob, trials: Sequence[Mapping[str, Any]], metric: Metric, reference: str) -> Ruling | None:
    """Return what the rule of the job says, if the comparison is on its metric and with its reference."""
    if job.decide is None or job.decide.metric != metric.column:
        return None
    found = ruling_of(job, trials)
    return found if found is not None and found.reference == reference else None


def _scores(
    store: Store,
    job: StoredJob,
    metric: Metric,
    trials: Sequence[Mapping[str, Any]],
    on_progress: OnProgress | None,
) -> RunScores:
    """Return the metric of the completed runs; those whose value is not finite have neither a score nor a reason."""
    completed = [trial for trial in trials if trial["status"] == Status.COMPLETED]
    if isinstance(metric, PredictionMetric):
        ids = [trial["trial_id"] for trial in completed]
        return scores_of(store, metric, ids, job.dataset.names_of_classes, on_progress).finite()
    if is_watched(metric):
        return watched_scores(job, metric, completed).finite()
    found = {trial["trial_id"]: trial[metric.column] for trial in completed}
    values = {trial: value for trial, value in found.items() if value is not None}
    why = NO_VIEWS if metric.part == TTA else NOT_RECORDED
    return RunScores(values, {trial: why for trial, value in found.items() if value is None}).finite()


def _rows(
    job: StoredJob,
    trials: Sequence[Mapping[str, Any]],
    scores: RunScores,
    reference: str,
    designs: Mapping[str, Design],
    expected: Mapping[str, int],
    family: Family,
    ruling: Ruling | None,
) -> tuple[VariantRow, ...]:
    own = _own(job, trials)
    values = {name: _values(runs, scores.values) for name, runs in own.items()}
    design, varying = designs[reference], vary_of(job, reference)
    alone = {reference} if job.audit is None else set(own)  # means of audited sources are not of interest
    differences = [
        None
        if name in alone
        else design.difference(_used(runs, name, ruling), _used(values[reference], name, ruling))
        if vary_of(job, name) == varying
        else not_compared(OTHER_SOURCES)
        for name, runs in values.items()
    ]
    dependent = why_dependent(design)
    if job.decide is not None:
        differences = [one and untested(one, BY_RULE) for one in differences]
        dependent = BY_RULE
    compared = compare(differences, design, family, dependent)
    outcomes = {name: runs_of(runs) for name, runs in own.items()}
    marked = [
        one and replace(one, equal_bits=equal_bits(outcomes[name], outcomes[reference]))
        for name, one in zip(own, compared, strict=True)
    ]
    return tuple(
        _row(job, name, own[name], values[name], scores.missing, expected[name], designs[name], comparison)
        for name, comparison in zip(values, marked, strict=True)
    )


def _used(values: Mapping[Key, float], name: str, ruling: Ruling | None) -> Mapping[Key, float]:
    """Return the values that the rule compares a variant by."""
    if ruling is None or name not in ruling.decisions:
        return values
    return {key: value for key, value in values.items() if key[0] < ruling.decisions[name].repeats}


def _own(job: StoredJob, trials: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return variant -> its trials."""
    return {
        name: [trial for trial in trials if trial["condition_id"] == condition]
        for name, condition in job.conditions.items()
    }


def _row(
    job: StoredJob,
    name: str,
    trials: Sequence[Mapping[str, Any]],
    values: Mapping[Key, float],
    missing: Mapping[str, str],
    expected: int,
    design: Design,
    comparison: Comparison | None,
) -> VariantRow:
    statuses = Counter(trial["status"] for trial in trials)
    completed = {(one["repeat"], one["fold"]): one for one in trials if one["status"] == Status.COMPLETED}
    accuracies = {key: one[accuracy_of(job).column] for key, one in sorted(completed.items())}
    return VariantRow(
        name=name,
        values=values,
        trials=tuple(trial["trial_id"] for trial in trials),
        completed={
            key: one["trial_id"] for key, one in completed.items() if key in values or one["trial_id"] in missing
        },
        expected=expected,
        diverged=statuses[Status.DIVERGED],
        failed=statuses[Status.FAILED],
        not_finite=statuses[Status.COMPLETED] - len(values),
        design=design,
        summary=design.summary(values),
        comparison=comparison,
        cost=cost_of(trials),
        accuracies={key: one for key, one in accuracies.items() if one is not None and math.isfinite(one)},
        parameters=next((one["parameters"] for one in trials if one["parameters"] is not None), None),
    )


def _values(trials: Sequence[Mapping[str, Any]], of: Mapping[str, float]) -> dict[Key, float]:
    """Return the values of the runs that have one, in the order of repeats and folds."""
    found = {(run["repeat"], run["fold"]): of[run["trial_id"]] for run in trials if run["trial_id"] in of}
    return {key: found[key] for key in sorted(found)}
