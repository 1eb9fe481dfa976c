"""A gate: one variant compared with another, and the answer that a program waits for."""

from __future__ import annotations

from dataclasses import dataclass

from cnnjobs.errors import SpecError
from cnnjobs.spec.checks import flag, number, whole
from cnnjobs.spec.decide import FEWEST_REPEATS, MOST_REPEATS
from cnnjobs.spec.job import Job
from cnnjobs.wording.nearest import not_a_variant

DEFAULT_CONFIRM = 5
"""Default number of fresh repeats of a candidate that a gate with a ledger accepts."""

MOST_CONFIRM = 1000
"""Largest number of fresh repeats; more are taken for a typing error."""


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The question of a gate.

    Args:
        candidate: name of the variant that is proposed.
        reference: name of the variant with which it is compared; None for the reference of the job.
        margin: difference in percentage points of test accuracy within which the two count as equal or, with
            `no_worse`, by which the candidate may be worse; None if they are never to count as equal.
        no_worse: whether it suffices that the candidate is worse by less than the margin.
        most_repeats: largest number of repeats of each, 5 to 100; None for 20, or more if a ledger gives a smaller
            level.
        confirm: number of fresh repeats of an accepted candidate; None for 5 with a ledger and none without.

    Raises:
        SpecError: for a value out of range, or `no_worse` without a margin.
    """

    candidate: str
    reference: str | None = None
    margin: float | None = None
    no_worse: bool = False
    most_repeats: int | None = None
    confirm: int | None = None

    def __post_init__(self) -> None:
        for name in ("candidate", "reference"):
            value = getattr(self, name)
            if not isinstance(value, str) and not (name == "reference" and value is None):
                raise SpecError(f"`{name}` must be the name of a variant. Received: {name}={value!r}.")
        if self.margin is not None:
            hint = "They are percentage points of test accuracy."
            object.__setattr__(self, "margin", number("margin", self.margin, hint, above=0, below=100))
        if flag("no_worse", self.no_worse) and self.margin is None:
            raise SpecError(
                "`no_worse` needs `margin=POINTS`: by how many percentage points of test accuracy the candidate may be "
                "worse. Received: no margin."
            )
        if self.most_repeats is not None:
            most = whole("most_repeats", self.most_repeats, least=FEWEST_REPEATS, most=MOST_REPEATS)
            object.__setattr__(self, "most_repeats", most)
        if self.confirm is not None:
            object.__setattr__(self, "confirm", whole("confirm", self.confirm, least=0, most=MOST_CONFIRM))

    def of(self, job: Job) -> tuple[str, str]:
        """Return the names of candidate and reference, two variants of the job that can be compared in pairs.

        Raises:
            SpecError: if they cannot.
        """
        reference = job.reference if self.reference is None else self.reference
        for option, name in (("candidate", self.candidate), ("reference", reference)):
            if name not in job.variants:
                raise SpecError(not_a_variant(option, name, job.name, job.variants))
        if self.candidate == reference:
            which = "the reference of the job" if self.reference is None else "both"
            raise SpecError(
                f"`candidate` must be another variant than `reference`. Received: {self.candidate!r}, which is {which}."
            )
        if job.folds is not None:
            raise SpecError(
                f"A gate needs independent repeats. Received: a job with folds={job.folds}, whose runs share training "
                "rows. Use a job without folds."
            )
        vary = [job.vary_of(name) for name in (self.candidate, reference)]
        if not all(vary):
            raise SpecError(
                "A gate needs repeats that differ. Received: a job with vary=(), whose repeats are all the same. "
                "Remove `vary` from the job."
            )
        if set(vary[0]) != set(vary[1]):
            raise SpecError(
                f"A gate needs the same sources of chance on both sides. Received: {', '.join(vary[0])} of "
                f"{self.candidate!r} and {', '.join(vary[1])} of {reference!r}. Give both the same `vary`."
            )
        return self.candidate, reference
