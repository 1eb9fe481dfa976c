"""Requests for a rule that ends the repeats, and checks that the rule is valid for a job."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from cnnjobs.errors import SpecError
from cnnjobs.spec.decide import Decide
from cnnjobs.spec.job import Job
from cnnjobs.wording.labels import listed


@dataclass(frozen=True)
class AskedRule:
    """A rule that was requested.

    Args:
        rule: the rule as it would start now.
        fixed: those of "margin" and "alpha" that were requested; the others may be those with which the rule started.
        most_asked: whether the number of repeats was requested with it, so that it may be smaller than before.
    """

    rule: Decide
    fixed: frozenset[str] = frozenset()
    most_asked: bool = False


def asked_rule(
    job: Job, decide: bool | float, most_repeats: int | None = None, only: Collection[str] = ()
) -> AskedRule:
    """Return the rule for a job.

    Args:
        job: the job, with or without a rule of its own.
        decide: percentage points within which a variant counts as equal; a bool uses the margin of the job.
        most_repeats: largest number of repeats per variant; None uses that of the job.
        only: the only variants that are to run; empty for all.

    Raises:
        SpecError: if no rule is valid for the job.
    """
    _check(job, only)
    rule = job.decide or Decide()
    fixed = {"margin", "alpha"} if job.decide is not None else set()
    if not isinstance(decide, bool):
        rule, fixed = replace(rule, margin=decide), fixed | {"margin"}
    if most_repeats is not None:
        rule = replace(rule, most_repeats=most_repeats)
    return AskedRule(rule, frozenset(fixed), most_repeats is not None)


def _check(job: Job, only: Collection[str]) -> None:
    """Refuse jobs for which the rule does not hold."""
    if job.folds is not None:
        raise SpecError(
            f"`decide` needs independent repeats. Received: a job with folds={job.folds}, whose runs share training "
            "rows, so that the rate of false verdicts is unknown. Use a job without folds."
        )
    if len(job.variants) < 2:
        raise SpecError(
            f"`decide` compares variants with the first of the job. Received: a job with {job.reference!r} alone. "
            "Add a variant, or use `half_width=POINTS` for the mean of one."
        )
    _check_sources(job)
    if isinstance(job.repeats, Mapping):
        raise SpecError(
            "`decide` repeats all variants alike, each until it is decided. Received: "
            f"repeats={dict(job.repeats)}. Give the job one number of repeats; `most_repeats=N` is the most of each."
        )
    if only:
        raise SpecError(
            "`decide` and `only` exclude each other: the rule looks at all variants after every repeat that they "
            f"have in common. Received: only={list(only)}. Leave it out, or ask for `repeats=N` in place of the rule."
        )


def _check_sources(job: Job) -> None:
    """Refuse repeats that are all the same, and pairs whose two sides vary in other things."""
    fixed = [name for name in job.variants if not job.vary_of(name)]
    if fixed:
        raise SpecError(
            f"`decide` needs repeats that differ. Received: vary=() for {listed(map(repr, fixed))}, whose repeats are "
            "all the same. Remove `vary` from the job."
        )
    reference = set(job.vary_of(job.reference))
    others = [name for name in job.variants if set(job.vary_of(name)) != reference]
    if others:
        raise SpecError(
            "`decide` needs the same sources of chance in all variants: what one has fixed at its first repeat may "
            f"favour it in every pair. Received: other sources in `vary` for {listed(map(repr, others))} than for the "
            f"reference, {job.reference!r}. Use the same for all."
        )
