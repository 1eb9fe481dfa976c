"""Comparison over data sets: the variants that jobs share, and their ranks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from math import comb
from typing import Any

import numpy as np

from cnnjobs.comparison.secondary import secondary_note
from cnnjobs.comparison.table import JobTable
from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.spec.metrics import Metric
from cnnjobs.stats import Friedman, Outcome, critical_difference, friedman, pairwise_wilcoxon
from cnnjobs.stats.outcomes import Reals
from cnnjobs.stats.pairs import DECIMALS

MOST_CHOICES = 1000
"""So many sets of shared variants are looked at, those that make the largest tables; jobs of a kind share a few."""

Names = tuple[str, ...]
"""Of variants, in the order of the first job that has them."""


@dataclass(frozen=True)
class Score:
    """A variant on a data set.

    Args:
        mean: over its completed runs, as stored; where repeats of the same folds are averaged, over folds.
        sd: of these with ddof=1; None for one.
        n: completed runs.
        folds: whose means are averaged; None where runs are.
    """

    mean: float
    sd: float | None
    n: int
    folds: int | None = None


@dataclass(frozen=True)
class Block:
    """A data set with the job that is taken of it.

    Args:
        dataset: its name; with the job's where two data sets have the same.
        job: name.
        scores: variant -> score, of every variant that is compared.
    """

    dataset: str
    job: str
    scores: Mapping[str, Score]


@dataclass(frozen=True)
class AcrossDatasets:
    """Variants compared over data sets; a block is a data set, never a repeat.

    Args:
        metric: what they are compared on.
        alpha: of tests, over all pairs.
        variants: names, at least two.
        blocks: at least two.
        notes: what was chosen, what was left out and why.
        secondary: in what the comparison is another than that of one of the jobs, and so without verdicts; else empty.
        looks: how often the variant of a job was looked at, while repeats were added, that was looked at most.
        dropped: variants that every one of the jobs had and lists no longer; they count among the pairs.
    """

    metric: Metric
    alpha: float
    variants: Names
    blocks: tuple[Block, ...]
    notes: tuple[str, ...]
    secondary: str = ""
    looks: int = 0
    dropped: int = 0

    @property
    def means(self) -> Reals:
        """Mean scores as stored, (data sets, variants)."""
        return np.array([[block.scores[name].mean for name in self.variants] for block in self.blocks])

    @property
    def better(self) -> Reals:
        """What is ranked, (data sets, variants): mean scores, higher better, equal where only rounding differs."""
        return np.round(self.means if self.metric.higher_is_better else -self.means, DECIMALS)

    @property
    def ranks(self) -> Reals:
        """Rank of each variant on each data set, (data sets, variants); 1 the best, ties share theirs."""
        from scipy.stats import rankdata

        return np.asarray(rankdata(-self.better, axis=1))

    @cached_property
    def friedman(self) -> Friedman:
        """Mean ranks in the order of `variants`, and the tests of their equality."""
        return friedman(self.better)

    @cached_property
    def critical_difference(self) -> float:
        """The smallest significant difference of two mean ranks (Nemenyi)."""
        return critical_difference(len(self.variants), len(self.blocks), self.alpha)

    @cached_property
    def pairs(self) -> Mapping[tuple[int, int], Outcome]:
        """Indices of two variants -> Wilcoxon's test, p adjusted by Holm over all pairs."""
        return pairwise_wilcoxon(self.better, self.alpha, self.family - comb(len(self.variants), 2))

    @property
    def family(self) -> int:
        """Pairs of variants, with those that were dropped."""
        return comb(len(self.variants) + self.dropped, 2)


def compare_over_datasets(tables: Sequence[JobTable]) -> AcrossDatasets | str:
    """Return the comparison of the variants that jobs on different data sets share, or why there is none.

    Variants are the same where their names are; settings that differ between data sets are named in the notes. Of
    all sets of shared variants the one is taken that makes the largest table of data sets x variants; it depends on
    what the jobs ask for, and on no result. A data set on which one of these variants has no run is left out.

    Args:
        tables: one per job, on the same metric.
    """
    datasets = {dataset_of(table) for table in tables}
    if len(datasets) < 2:
        count = "one data set" if datasets else "no job"
        return ": ".join(filter(None, [_listed(_names(tables)), f"{count}; ranks need two data sets"]))
    if len({table.metric.column for table in tables}) > 1:
        metrics = "; ".join(f"{table.job.name} by {table.metric.column}" for table in tables)
        return f"jobs are compared on one metric, but {metrics}: choose one for all with `metric`"
    variants = _shared(tables)
    if not variants:
        return f"{_listed(_names(tables))}: no two data sets share two variants of the same names"
    return _compared(tables, variants)


def _compared(tables: Sequence[JobTable], variants: Names) -> AcrossDatasets | str:
    fitting = [table for table in tables if not _lacking(table, variants)]
    notes = [
        f"{table.job.name} is left out: it lacks {_listed(lacking)}"
        for table in tables
        if (lacking := _lacking(table, variants))
    ]
    taken, doubled = _one_a_dataset(fitting, variants)
    complete = [table for table in taken if not _without_a_run(table, variants)]
    notes += doubled + [_incomplete(table, variants) for table in taken if _without_a_run(table, variants)]
    if len(complete) < 2:
        return "; ".join([f"fewer than two data sets have runs of {_listed(variants)}", *notes])
    notes += [*_different_settings(complete, variants), *_ended_by_rule(complete)]
    return _ranked(complete, variants, notes)


def _ranked(tables: Sequence[JobTable], variants: Names, notes: Iterable[str]) -> AcrossDatasets:
    metric, alpha, blocks = tables[0].metric, tables[0].alpha, _blocks(tables, variants)
    secondary = next((table.secondary for table in tables if table.secondary), "")
    return AcrossDatasets(
        metric,
        alpha,
        variants,
        blocks,
        (*secondary_note(secondary), *notes),
        secondary,
        max(table.looked.most for table in tables),
        min(table.dropped for table in tables),
    )


def dataset_of(table: JobTable) -> str:
    """Return what tells data sets apart: the fingerprint of the content, or the name in stores without one."""
    dataset = table.job.dataset
    return dataset.fingerprint or dataset.name


def _shared(tables: Sequence[JobTable]) -> Names:
    """Return the variants of the largest table of data sets x variants, of two or more each; () if there is none."""
    size = partial(_size, tables)
    sets: set[frozenset[str]] = set()
    for table in tables:
        own = frozenset(table.job.variants)
        met = {own, *sets, *(own & other for other in sets)}
        sets = set(sorted((names for names in met if len(names) > 1), key=size)[-MOST_CHOICES:])
    best = max((names for names in sets if size(names)[1] > 1), key=size, default=())
    order = dict.fromkeys(name for table in tables for name in table.job.variants)
    return tuple(name for name in order if name in best)


def _size(tables: Sequence[JobTable], variants: frozenset[str]) -> tuple[int, int, list[str]]:
    """Return cells of the table, data sets, and names, so that equally large ones have an order."""
    datasets = {dataset_of(table) for table in tables if variants <= set(table.job.variants)}
    cells = len(variants) * len(datasets) if len(datasets) > 1 else 0
    return cells, len(datasets), sorted(variants)


def _one_a_dataset(tables: Sequence[JobTable], variants: Names) -> tuple[list[JobTable], list[str]]:
    """Return the job taken of each data set, and a note where there was a choice."""
    groups: dict[str, list[JobTable]] = {}
    for table in tables:
        groups.setdefault(dataset_of(table), []).append(table)
    taken = [max(group, key=lambda table: _fullness(table, variants)) for group in groups.values()]
    notes = [
        f"{_listed(_names(group))} are {'both' if len(group) == 2 else 'all'} on {table.job.dataset.name}, which "
        f"counts once: {table.job.name} "
        f"is taken, with {sum(len(row.values) for row in _rows(table, variants))} runs of these variants"
        for table, group in zip(taken, groups.values(), strict=True)
        if len(group) > 1
    ]
    return taken, notes


def _fullness(table: JobTable, variants: Names) -> tuple[int, int]:
    """Return how many variants have runs, and how many runs there are; the first of equals is taken."""
    return len(variants) - len(_without_a_run(table, variants)), sum(len(r.values) for r in _rows(table, variants))


def _rows(table: JobTable, variants: Names) -> list[VariantRow]:
    rows = {row.name: row for row in table.rows}
    return [rows[name] for name in variants]


def _without_a_run(table: JobTable, variants: Names) -> list[VariantRow]:
    return [row for row in _rows(table, variants) if not row.values]


def _lacking(table: JobTable, variants: Names) -> list[str]:
    return [name for name in variants if name not in table.job.variants]


def _incomplete(table: JobTable, variants: Names) -> str:
    missing = ", ".join(
        f"{row.name} ({row.diverged} diverged)" if row.diverged else row.name for row in _without_a_run(table, variants)
    )
    name = table.job.dataset.name
    return f"{name} is left out: no completed run with a finite {table.metric.words} of {missing} in {table.job.name}"


def _blocks(tables: Sequence[JobTable], variants: Names) -> tuple[Block, ...]:
    names = [table.job.dataset.name for table in tables]
    labels = [
        f"{name} ({table.job.name})" if names.count(name) > 1 else name
        for name, table in zip(names, tables, strict=True)
    ]
    return tuple(
        Block(label, table.job.name, {row.name: _score(row) for row in _rows(table, variants)})
        for label, table in zip(labels, tables, strict=True)
    )


def _score(row: VariantRow) -> Score:
    assert row.summary is not None, "rows without a run are left out"
    return Score(row.summary.mean, row.summary.sd, len(row.values), row.folds)


def _different_settings(tables: Sequence[JobTable], variants: Names) -> list[str]:
    """Say which settings a variant has not alike on all data sets: each may be tuned, but the reader should know."""
    notes = []
    for name in variants:
        settings = [flat(table.job.variants[name].settings) for table in tables]
        keys = dict.fromkeys(key for own in settings for key in own)
        different = [
            key for key in keys if any(own.get(key, _ABSENT) != settings[0].get(key, _ABSENT) for own in settings)
        ]
        if different:
            notes.append(f"{name}: settings that differ between data sets: {', '.join(different)}")
    return notes


def _ended_by_rule(tables: Sequence[JobTable]) -> list[str]:
    """Say of which jobs the repeats ended by a rule.

    Where variants do not differ it stops on either side alike, so that ranks and tests over data sets hold.
    """
    by_rule = [table.job.name for table in tables if table.ended_by_rule]
    if not by_rule:
        return []
    return [
        f"The repeats of {_listed(by_rule)} ended by a rule that looks at results. Differences between these means are "
        "therefore a little too large, by about a tenth of the SD of pairs. The report of each job has its decisions"
    ]


_ABSENT = object()


def flat(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return nested settings by their path: `optimizer.learning_rate`."""
    by_path: dict[str, Any] = {}
    for key, value in settings.items():
        by_path |= flat(value, f"{before}{key}.") if isinstance(value, Mapping) else {f"{before}{key}": value}
    return by_path


def _names(tables: Sequence[JobTable]) -> list[str]:
    return [table.job.name for table in tables]


def _listed(names: Sequence[str]) -> str:
    return "".join(names) if len(names) < 2 else f"{', '.join(names[:-1])} and {names[-1]}"
