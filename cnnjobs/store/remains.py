"""What a store holds that its job asks for no longer: found, and removed so that it is readable at any moment."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from cnnjobs.store.checkpoints import FOLDERS as STATES
from cnnjobs.store.checkpoints import Checkpoints
from cnnjobs.store.compaction import rewrite_without
from cnnjobs.store.expectation import dropped_conditions
from cnnjobs.store.files import Files
from cnnjobs.store.reading import COMPACTED, TableFiles
from cnnjobs.store.repair import ASIDE
from cnnjobs.store.schemas import TABLES
from cnnjobs.store.store import Store

COLUMNS = ("trial_id", "condition_id", "variant", "status", "dataset_fingerprint", "limit_train")


@dataclass(frozen=True)
class Remains:
    """What can go.

    Args:
        trials: variant, as it was called -> ids of its stale trials.
        orphans: ids of trials that have rows in other tables and none in `trials`: of a removal that was cut off.
        counted: conditions of stale trials that comparisons count.
        files: about how many files that is.
        bytes: about how much room that takes.
        aside: files in `damaged/`, where they are asked for.
    """

    trials: Mapping[str, tuple[str, ...]]
    orphans: tuple[str, ...]
    counted: tuple[str, ...]
    files: int
    bytes: int
    aside: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """All trials of which something goes."""
        return (*(one for ids in self.trials.values() for one in ids), *self.orphans)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to remove."""
        return not self.ids and not self.aside


def remains_of(store: Store, *, damaged: bool = False) -> Remains:
    """Return what a store holds that its job asks for no longer.

    A checkpoint, or a kept state, of a trial that is not stored may be one that the job goes on from: it stays.

    Args:
        store: the job's.
        damaged: also what was set aside as damaged.

    Raises:
        StoreError: if something cannot be read.
    """
    job = store.kept_job()
    stored = store.read("trials", columns=COLUMNS)
    rows, listed = stored.table.to_pylist(), {*job.conditions.values()}
    trials: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if row["condition_id"] not in listed:
            trials[row["variant"]] = (*trials.get(row["variant"], ()), row["trial_id"])
    stale = {one for ids in trials.values() for one in ids}
    orphans = () if stored.damaged else _orphans(store, {row["trial_id"] for row in rows})
    sizes = [
        size for name in (*TABLES, "logs", STATES[0]) for size in _sizes(store.files.below(name), {*stale, *orphans})
    ]
    aside = [f"{folder}/{name}" for folder, name in _aside(store.files)] if damaged else []
    return Remains(trials, orphans, dropped_conditions(job, rows), len(sizes) + len(aside), sum(sizes), tuple(aside))


def remove(store: Store, remains: Remains) -> None:
    """Remove what was found, `trials` first: without its row there nothing of a trial counts.

    Call it only under the claim of `StoreLock`, on what was found under it.

    Args:
        store: the job's.
        remains: of it.

    Raises:
        StoreError: if the store cannot be written.
    """
    job = store.kept_job()
    counted = tuple(dict.fromkeys([*job.removed, *remains.counted]))
    store.write_job(replace(job, removed=counted))  # before anything goes: a comparison counts what was dropped
    ids = remains.ids
    for name in COMPACTED[::-1]:
        table = TableFiles(store.files.below(name), name)
        outdated = rewrite_without(table, ids)
        table.folder.remove_all([*(f"{one}.parquet" for one in ids), *outdated])
    store.files.below("predictions").remove_all(f"{one}.parquet" for one in ids)
    store.files.below("logs").remove_all(f"{one}.log" for one in ids)
    checkpoints = Checkpoints(store.files.below(STATES[0]))
    for one in checkpoints.trial_ids() & {*ids}:
        checkpoints.remove(one)
    for place in remains.aside:
        folder, _, name = place.rpartition("/")
        store.files.below(folder).remove(name)


def _orphans(store: Store, known: Collection[str]) -> tuple[str, ...]:
    """Return trials with predictions or epochs whose row in `trials` is gone."""
    single = {
        name.removesuffix(".parquet") for table in ("epochs", "predictions") for name in store.files_of(table).loose()
    }
    return tuple(sorted((single | set(store.files_of("epochs").compacted())) - set(known)))


def _sizes(folder: Files, trials: Collection[str]) -> list[int]:
    """Return the bytes of the files that are named after trials, checkpoints among them: `<trial>-<epoch>.npz`."""
    stems = ((name.partition(".")[0], size) for name, (_, size) in folder.stamps().items())
    return [size for stem, size in stems if stem in trials or stem.rpartition("-")[0] in trials]


def _aside(files: Files) -> list[tuple[str, str]]:
    """Return (folder, name) of what was set aside."""
    found = []
    for when in files.below(ASIDE).folders():
        places = [f"{ASIDE}/{when}", *(f"{ASIDE}/{when}/{name}" for name in files.below(ASIDE, when).folders())]
        found += [(place, name) for place in places for name in files.below(place).names()]
    return found
