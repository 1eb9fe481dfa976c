"""How often the comparisons of a job were looked at, and what that does to a verdict."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cnnjobs.comparison.variant_row import VariantRow
from cnnjobs.files.digests import digest_of
from cnnjobs.spec.metrics import Metric
from cnnjobs.store.looks import Look, Looks, Seen, now
from cnnjobs.store.stored_job import StoredJob
from cnnjobs.wording.labels import listed

FEWEST_SEEN = 2
"""Fewer pairs say nothing of chance: a look at them is none."""

MEANS = (
    'Where nothing differs, more than 5% of jobs then call a variant "better" or "worse" by chance: 8% with looks at 5 '
    "and 10 pairs, 20% with a look at every number of pairs from 5 to 20, and 28% up to 50. With "
    "`cnnjobs submit --decide` you may look as often as you like"
)
"""Of 20,000 simulated jobs, by the paired t test and Holm's adjustment, with one variant or three."""


@dataclass(frozen=True)
class Looked:
    """How often the comparisons of a job were looked at while its runs became more.

    Args:
        pairs: variant -> its pairs at each look that showed it with other runs than the looks before, in the order of
            time; the present one is the last of them.
        unread: kept looks that cannot be read, each counted as a look at every variant.
        present: this look, if it shows a variant with runs that no other has shown; None else.
    """

    pairs: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    present: Look | None = None

    def times(self, variant: str) -> int:
        """Return how often a variant was looked at."""
        return len(self.pairs.get(variant, ())) + len(self.unread)

    @property
    def most(self) -> int:
        """How often the variant was looked at that was looked at most."""
        return max(map(self.times, self.pairs), default=0)

    def notes(self) -> Iterator[str]:
        """Yield what a reader should know before trusting a verdict."""
        for place in self.unread:
            yield f"{place}, the record of an earlier look, cannot be read and counts as a look at every variant"
        if self.most > 1:
            after = "; ".join(f"{name} at {listed(map(str, pairs))} pairs" for name, pairs in self._by_pairs())
            yield (
                f"The comparison was looked at {self.most} times, each time with other runs ({after}), without a rule "
                f"that allows for it. {MEANS}"
            )

    def _by_pairs(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Yield variants with their pairs, those with the same together."""
        for pairs in dict.fromkeys(self.pairs.values()):
            yield listed(name for name, own in self.pairs.items() if own == pairs), pairs


def looked(job: StoredJob, rows: Sequence[VariantRow], metric: Metric, kept: Looks) -> Looked:
    """Return how often variants were looked at, with the present look.

    A look is a comparison that was shown to a person or a program. One at runs that another look has shown already is
    none, whatever its metric or reference: it is the further runs that give chance another opportunity.

    Args:
        job: as `job.json` keeps it.
        rows: of the comparison.
        metric: of the comparison.
        kept: looks before; a job with a rule for its repeats has paid for all of them.
    """
    present = None if job.audit is not None else _look(job, rows, metric)
    if present is None:
        return Looked()
    pairs, is_new = {}, False
    for condition, seen in present.seen.items():
        earlier = [look.seen[condition] for look in kept.looks if condition in look.seen]
        before = {one.runs: one.pairs for one in earlier}
        is_new |= seen.runs not in before
        before.pop(seen.runs, None)
        pairs[seen.variant] = (*before.values(), seen.pairs)
    new = present if is_new else None
    return Looked(present=new) if job.decide is not None else Looked(pairs, kept.unread, new)


def _look(job: StoredJob, rows: Sequence[VariantRow], metric: Metric) -> Look | None:
    """Return the present look, by the runs that have a partner of the job's own reference; None if it shows nothing."""
    reference = next(row for row in rows if row.name == job.reference)
    seen = {}
    for row in rows:
        shared = sorted(row.completed.keys() & reference.completed.keys())
        if row is not reference and len(shared) >= FEWEST_SEEN:
            ids = [side.completed[key] for key in shared for side in (row, reference)]
            runs = digest_of("\n".join(ids).encode())[:16]
            seen[job.conditions[row.name]] = Seen(variant=row.name, pairs=len(shared), runs=runs)
    conditions = job.conditions
    return Look(at=now(), metric=metric.column, reference=conditions[job.reference], seen=seen) if seen else None
