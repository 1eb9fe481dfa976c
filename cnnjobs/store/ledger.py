"""A ledger of proposals: a file that only grows, in which each has its level before it is tested and its end after.

Lines of JSON, one an event, each with a digest of itself and of the line before. The level of every proposal follows
from the events before it (LORD++), so that whoever reads the file computes all of them again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cnnjobs.errors import StoreError
from cnnjobs.files.digests import document_digest
from cnnjobs.stats.outcomes import ALPHA
from cnnjobs.store.json_fields import Fields, UnsoundError
from cnnjobs.store.locked_lines import LockedLines
from cnnjobs.store.proposals import Confirmation, Ending, Proposal, Question, Record
from cnnjobs.wording.sentences import clause

Json = dict[str, Any]

VERSION = 1
"""Of the file; a higher one is of a newer cnnjobs."""

HEADER: Json = {"ledger": "cnnjobs", "version": VERSION, "rule": "LORD++", "gamma": "j^-1.6", "alpha": ALPHA}
"""What the first line says: the rule that gives proposals their levels, and the share of chance that it allows."""

DIGEST_DIGITS = 16
"""Hexadecimal digits of the digest of a line."""


class Ledger:
    """The file of a ledger; each call reads it whole, and what it adds is added while nobody else may.

    Args:
        path: of the file, on a disk; it is made by the first proposal.
        clock: seconds since 1970.

    Raises:
        StoreError: if it can be no file, by any of its calls also if it is another file, or its lines do not follow
            from each other.
    """

    def __init__(self, path: str | Path, clock: Callable[[], float] = time.time) -> None:
        self._lines, self._clock = LockedLines(path, "ledger", json.dumps(_sealed(HEADER, ""))), clock
        self.path = self._lines.path

    def read(self) -> Record:
        """Return what it says; an empty record if there is no file yet."""
        return _record(self._lines.read(), self.path)

    def propose(self, question: Question) -> Proposal:
        """Return the proposal with its level: the one that asked the same, or a new one, which is written first."""
        with self._lines.locked() as held:
            record = _record(held.lines, self.path)
            found = record.find(question)
            if found is not None:
                return found
            number, alpha, first = len(record.proposals) + 1, record.next_level, record.first_repeat(question)
            made = Proposal(number=number, time=self._now(), question=question, alpha=alpha, first=first)
            event = {"event": "proposal", "number": number, "time": made.time, "alpha": alpha, "first": first}
            lines = [] if record.digest else [_sealed(HEADER, "")]
            before = record.digest or str(lines[0]["digest"])
            held.append([*lines, _sealed(event | asdict(question), before)])
            return made

    def end(self, number: int, ending: Ending) -> None:
        """Write what the test of a proposal came to, if that is news.

        Args:
            number: of the proposal.
            ending: what it came to.
        """
        self._add("ending", number, asdict(ending), lambda proposal: proposal.ending == ending)

    def confirm(self, number: int, confirmation: Confirmation) -> None:
        """Write how an accepted candidate was measured again, if that is news.

        Args:
            number: of the proposal.
            confirmation: on seeds that did not decide.
        """
        fields = asdict(confirmation) | {"repeats": list(confirmation.repeats)}
        self._add("confirmation", number, fields, lambda proposal: proposal.confirmation == confirmation)

    def _add(self, kind: str, number: int, fields: Json, is_known: Callable[[Proposal], bool]) -> None:
        with self._lines.locked() as held:
            record = _record(held.lines, self.path)
            known = record.proposals[number - 1]
            if is_known(known) or (kind == "ending" and known.ending is not None and known.ending.final):
                return
            event = {"event": kind, "number": number, "time": self._now()} | fields
            held.append([_sealed(event, record.digest)])

    def _now(self) -> str:
        moment = datetime.fromtimestamp(self._clock(), UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _record(lines: list[str], path: Path) -> Record:
    """Return what lines say.

    Raises:
        StoreError: if they are not those of a ledger, or do not follow from each other.
    """
    record = Record()
    for number, line in enumerate(lines, start=1):
        try:
            event = _opened(line, record.digest)
            if number == 1:
                _check_header(Fields(event))
            else:
                record.take(Fields(event))
        except (ValueError, RecursionError) as error:
            if number == 1:
                raise StoreError(
                    f"{path} is not a ledger of cnnjobs: {clause(error)}. Choose another file with `ledger=FILE`; it "
                    "is made by the first proposal."
                ) from error
            raise StoreError(
                f"{path} is not as it was written: line {number}: {clause(error)}. The levels of its proposals "
                "cannot be relied on. Was it edited, or put together from two versions? Restore it, or begin a new "
                "ledger with `ledger=FILE`."
            ) from error
        record.digest = str(event["digest"])
    return record


def _sealed(event: Mapping[str, Any], before: str) -> Json:
    """Return an event with the digest of itself and of the line before."""
    return {**event, "digest": _digest(event, before)}


def _opened(line: str, before: str) -> Json:
    """Return the event of a line.

    Raises:
        ValueError: if it is none, or its digest is another.
    """
    event = json.loads(line)
    if not isinstance(event, dict):
        raise UnsoundError("it is not an object.")
    said = Fields(event).get("digest", str)
    if said != _digest({name: value for name, value in event.items() if name != "digest"}, before):
        raise UnsoundError("`digest` is of another line, or of another line before it.")
    return event


def _digest(event: Mapping[str, Any], before: str) -> str:
    return document_digest({"event": dict(event), "before": before})[:DIGEST_DIGITS]


def _check_header(header: Fields) -> None:
    """Refuse a ledger whose levels follow another rule.

    Raises:
        UnsoundError: if they do.
    """
    if header.get("version", int) > VERSION:
        raise header.unsound("version", f"at most {VERSION}: a newer cnnjobs has written it")
    for name, expected in HEADER.items():
        if header.any(name) != expected:
            raise header.unsound(name, f"{expected!r}")
