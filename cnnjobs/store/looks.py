"""Looks at the comparisons of a job while its runs became more: a small file each, in a folder beside `job.json`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cnnjobs.errors import StoreError
from cnnjobs.files.digests import DamagedContent, document_digest
from cnnjobs.parallel import each
from cnnjobs.store.files import Files
from cnnjobs.store.json_fields import Fields, UnsoundError
from cnnjobs.wording.sentences import clause

FOLDER = "looks"
"""Folder of a store; each look has a file of its own, named by what was seen, so that no writer undoes another's."""

VERSION = 1
"""Of the layout of a file; one of a newer version cannot be read, and counts as a look at everything."""

DIGEST = "digest"
"""Key of the digest of all the rest of a file."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What was seen of a variant.

    Args:
        variant: its name at that time.
        pairs: runs that have a partner of the reference.
        runs: digest of the ids of these runs, and of their partners.
    """

    variant: str
    pairs: int
    runs: str


@dataclass(frozen=True, kw_only=True)
class Look:
    """A comparison that was shown.

    Args:
        at: when, in ISO 8601, UTC.
        metric: column that variants were compared on.
        reference: condition of the reference of the job.
        seen: condition -> what was seen of it.
    """

    at: str
    metric: str
    reference: str
    seen: Mapping[str, Seen]

    @property
    def name(self) -> str:
        """The name of its file: the same for all looks that see the same."""
        runs = {condition: one.runs for condition, one in self.seen.items()}
        return f"{document_digest({'reference': self.reference, 'runs': runs})[:16]}.json"

    def encode(self) -> bytes:
        """Return the bytes of its file."""
        seen = {condition: asdict(one) for condition, one in self.seen.items()}
        document = {"version": VERSION, "at": self.at, "metric": self.metric, "reference": self.reference, "seen": seen}
        return json.dumps(document | {DIGEST: document_digest(document)}, indent=1).encode()


@dataclass(frozen=True)
class Looks:
    """The looks that a store keeps.

    Args:
        looks: in the order of time.
        unread: file, with why it cannot be read.
    """

    looks: tuple[Look, ...] = ()
    unread: tuple[str, ...] = ()


def now(later: int = 0) -> str:
    """Return the time as looks have it.

    Args:
        later: milliseconds that are added, for looks that were kept at once and have an order.
    """
    moment = datetime.now(UTC) + timedelta(milliseconds=later)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_looks(files: Files) -> Looks:
    """Return the looks of a store; what cannot be read is named, and no error.

    Args:
        files: the store's folder.
    """
    folder = files.below(FOLDER)
    try:
        names = folder.names(".json")
    except StoreError as error:
        return Looks((), (clause(error),))
    looks, unread = [], []
    for name, found in zip(names, each(lambda name: _read(folder, name), names, files.at_once), strict=True):
        if isinstance(found, Look):
            looks.append(found)
        elif found is not None:
            unread.append(f"{folder.location}/{name} ({found})")
    return Looks(tuple(sorted(looks, key=lambda look: look.at)), tuple(unread))


def _read(folder: Files, name: str) -> Look | str | None:
    """Return a look, why it cannot be read, or None where it is gone meanwhile."""
    try:
        content = folder.read(name)
        return None if content is None else decode(content)
    except (StoreError, DamagedContent) as error:
        return clause(error)


def write_look(files: Files, look: Look) -> None:
    """Keep a look.

    Raises:
        StoreError: if it cannot be written.
    """
    files.below(FOLDER).write(look.name, look.encode())


def decode(content: bytes) -> Look:
    """Return the look of the bytes of a file.

    Raises:
        DamagedContent: if they are not what was written.
        StoreError: if they were written by a newer version.
    """
    try:
        document: Any = json.loads(content)
        if not isinstance(document, dict) or document.pop(DIGEST, None) != document_digest(document):
            raise DamagedContent("its content does not match its digest")
        fields = Fields(document)
        if fields.get("version", int) > VERSION:
            raise StoreError("It was written by a newer cnnjobs.")
        return Look(
            at=fields.get("at", str),
            metric=fields.words("metric"),
            reference=fields.get("reference", str),
            seen={condition: _seen(one) for condition, one in fields.part("seen").parts()},
        )
    except (ValueError, RecursionError, UnsoundError) as error:
        raise DamagedContent(f"it is no look: {type(error).__name__}") from error


def _seen(fields: Fields) -> Seen:
    return Seen(variant=fields.words("variant"), pairs=fields.get("pairs", int), runs=fields.get("runs", str))
