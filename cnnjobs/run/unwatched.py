"""Finished trials that differ from those to come in nothing but what these watch."""

from collections import Counter
from collections.abc import Iterator

from cnnjobs.messages import FINISHED
from cnnjobs.planning.trials import condition_id
from cnnjobs.run.prepare import Prepared
from cnnjobs.store.store import Store
from cnnjobs.wording.labels import listed


def unwatched_notes(prepared: Prepared, store: Store) -> Iterator[str]:
    """Say which variants train again because `watch` was added to them.

    Args:
        prepared: the job.
        store: its folder.
    """
    plan = prepared.plan
    watching = {name: variant for name, variant in plan.job.variants.items() if variant.watch}
    if not watching:
        return
    rows = store.read("trials", columns=["condition_id", "status"]).table.to_pylist()
    stored = Counter(row["condition_id"] for row in rows if row["status"] in FINISHED)
    for name, variant in watching.items():
        without = condition_id(plan.job, name, variant.but(watch=()), plan.protocol, prepared.dataset.fingerprint)
        count = stored[without]
        if count and not stored[plan.conditions[name]]:
            names = [column.removeprefix("val_") for column in variant.watched]
            trials = "Its finished trial has" if count == 1 else f"Its {count} finished trials have"
            yield (
                f"{name!r} trains again because it now watches {listed(names)}. {trials} no values of it by epoch, "
                "which cannot be computed afterwards; those of the test set can, by `aggregate --metric`"
            )
