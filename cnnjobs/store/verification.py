"""Reads every file of a store and compares it with its digest: what is damaged, and which trials are not whole."""

import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow.compute as pc

from cnnjobs.errors import StoreError
from cnnjobs.files.digests import DamagedContent, without_digest
from cnnjobs.messages import FINISHED, Status
from cnnjobs.parallel import each
from cnnjobs.store.checkpoints import FOLDERS
from cnnjobs.store.files import Files
from cnnjobs.store.looks import FOLDER as LOOKS
from cnnjobs.store.looks import decode
from cnnjobs.store.reading import TRIES, OnProgress, TableFiles, VanishedError
from cnnjobs.store.schemas import KEYS, TABLES
from cnnjobs.store.stored_job import StoredJob

JOB = "job.json"

_COLUMNS: Mapping[str, list[str]] = {
    "trials": ["trial_id", "status", "epochs_done", "test_rows"],
    "epochs": list(KEYS["epochs"]),
    "predictions": list(KEYS["predictions"]),
}
"""What is looked at in each table once a file's digest is right."""


@dataclass(frozen=True)
class StoreCheck:
    """What was found in a store.

    Args:
        files: the store's folder.
        checked: how many files were read.
        damaged: file, as its path in the store -> why it is no good.
        incomplete: trial -> what is missing of it, though its row in `trials` is there.
        problems: what else is wrong, as sentences; it is not repaired.
    """

    files: Files
    checked: int
    damaged: Mapping[str, str]
    incomplete: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.damaged or self.incomplete or self.problems)


@dataclass
class _Found:
    """What is found on the way."""

    checked: int = 0
    job: StoredJob | None = None
    damaged: dict[str, str] = field(default_factory=dict)
    rows: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in TABLES})
    asked: dict[str, dict[str, int]] = field(default_factory=lambda: {"epochs": {}, "predictions": {}})


def is_store(files: Files) -> bool:
    """Say whether a folder is a job's, be its `job.json` there or not."""
    return JOB in files.names(JOB) or bool(files.below("trials").names(".parquet"))


def check_store(files: Files, on_progress: OnProgress | None = None) -> StoreCheck:
    """Return what is wrong with the files of a store; nothing is changed.

    Logs and reports carry no digests: the first are for people, the second are written anew from the tables.

    Args:
        files: the store's folder.
        on_progress: is told (what, files done, files in all), a table at a time.

    Raises:
        StoreError: if it cannot be read, or a file is of a newer version.
    """
    found = _Found()
    problems = [*_check_job(files, found)]
    for name in TABLES:
        _check_table_in_peace(files, name, found, on_progress)
    for name in FOLDERS:
        _check_states(files, name, found)
    _check_looks(files, found)
    problems += _check_models(files, found)
    problems += _conflicts(files)
    problems += _decisions(files, found)
    return StoreCheck(files, found.checked, found.damaged, _incomplete(found), tuple(problems))


def _check_job(files: Files, found: _Found) -> Iterator[str]:
    try:
        content = files.read(JOB)
        if content is None:
            yield f"{files.location}/{JOB} is missing: the next submit of the job writes it"
            return
        found.checked += 1
        found.job = StoredJob.decode(content, JOB)
    except StoreError as error:
        found.damaged[JOB] = str(error).removeprefix(f"{JOB} is ").partition(". ")[0]


def _check_table_in_peace(files: Files, name: str, found: _Found, on_progress: OnProgress | None) -> None:
    """Check a table again if a submit has compacted it meanwhile."""
    for _ in range(TRIES):
        own = _Found(asked=found.asked)
        try:
            _check_table(files, name, own, on_progress)
        except VanishedError:
            continue
        found.checked += own.checked
        found.damaged |= own.damaged
        found.rows[name] = own.rows[name]
        return
    raise StoreError(f"{files.location} changes faster than it can be read. Try again.")


def _check_table(files: Files, name: str, found: _Found, on_progress: OnProgress | None) -> None:
    table = TableFiles(files.below(name), name)
    names, columns = table.folder.names(".parquet"), _COLUMNS[name]
    read = each(lambda file: table.rows_or_damage(file, None, columns), names, files.at_once)
    for number, (file, rows) in enumerate(zip(names, read, strict=True), start=1):
        found.checked += 1
        if isinstance(rows, str):
            found.damaged[f"{name}/{file}"] = rows
            continue
        if name == "trials":
            for row in rows.to_pylist():
                found.rows[name][row["trial_id"]] += 1
                if row["status"] in FINISHED:
                    found.asked["epochs"][row["trial_id"]] = row["epochs_done"] or 0
                if row["status"] == Status.COMPLETED:
                    found.asked["predictions"][row["trial_id"]] = row["test_rows"] or 0
        else:
            for count in pc.value_counts(rows["trial_id"]).to_pylist():
                trial = count["values"]  # the same rows in two files are there once
                found.rows[name][trial] = max(found.rows[name][trial], count["counts"])
        if on_progress is not None:
            on_progress(f"checking {table.folder.location}", number, len(names))


def _check_states(files: Files, name: str, found: _Found) -> None:
    folder = files.below(name)
    for file in folder.names(".npz"):
        try:
            content = folder.read(file)
            if content is None:
                continue  # a running trial has replaced it
            found.checked += 1
            without_digest(content, file)
        except DamagedContent as error:
            found.damaged[f"{name}/{file}"] = str(error)


def _check_looks(files: Files, found: _Found) -> None:
    folder = files.below(LOOKS)
    for file in folder.names(".json"):
        content = folder.read(file)
        if content is None:
            continue  # it has been set aside meanwhile
        found.checked += 1
        try:
            decode(content)
        except DamagedContent as error:
            found.damaged[f"{LOOKS}/{file}"] = str(error)


def _check_models(files: Files, found: _Found) -> Iterator[str]:
    """Yield which model files are damaged, by the checksums of their parts."""
    folder = files.below("models")
    for file in folder.names(".keras"):
        found.checked += 1
        try:
            content = folder.read(file) or b""
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                wrong = archive.testzip()
        except Exception as error:  # a damaged archive raises many kinds
            wrong = str(error)
        if wrong is not None:
            yield f"{folder.location}/{file} is damaged ({wrong}): `cnnjobs fit` makes it again"


def _decisions(files: Files, found: _Found) -> Iterator[str]:
    """Yield which decisions of the job's rule lack runs that they were made from."""
    rule = None if found.job is None else found.job.decide
    if found.job is None or rule is None:
        return
    for name, condition in found.job.conditions.items():
        made = rule.decisions.get(condition)
        missing = [] if made is None else [one for one in made.trial_ids if not found.rows["trials"][one]]
        if made is not None and missing:
            yield (
                f"{files.location}: of the {len(made.trial_ids)} runs by which {name!r} was decided, {len(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} missing: `cnnjobs submit --decide` runs what is missing again"
            )


def _incomplete(found: _Found) -> dict[str, str]:
    """Return trial -> what its row in `trials` promises and is not there."""
    lacking: dict[str, str] = {}
    for name, asked in found.asked.items():
        for trial, count in asked.items():
            there = found.rows[name][trial]
            if f"{name}/{trial}.parquet" in found.damaged:
                lacking[trial] = f"its {name} are damaged"
            elif there < count:
                lacking[trial] = f"{there} of {count} rows of its {name} are there"
    return lacking


def _conflicts(files: Files) -> Iterator[str]:
    """Yield why tables cannot be read as a whole: two files hold a trial with different results."""
    for name in ("trials", "epochs"):
        try:
            TableFiles(files.below(name), name).read(columns=["trial_id"])
        except StoreError as error:
            yield str(error).rstrip(".")
