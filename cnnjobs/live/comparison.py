"""The comparison on a page that shows a job while it runs: who looks at it, and what that means."""

import time
from collections.abc import Mapping
from typing import Any

from cnnjobs.comparison.looked import MEANS
from cnnjobs.comparison.shown import shown_table
from cnnjobs.comparison.table import JobTable, job_table
from cnnjobs.report.sections.comparison import shown_differences
from cnnjobs.report.sections.verdicts import notes
from cnnjobs.report.sections.verdicts import sentences as verdicts
from cnnjobs.store.looks import FOLDER as LOOKS
from cnnjobs.store.store import Store
from cnnjobs.wording.sentences import sentence

LEAST_S, TIMES = 5.0, 20.0
"""A comparison that keeps itself up is made anew after so many seconds, and so many times those that it takes."""

BY_RULE = (
    "The job repeats its variants until they are decided (`decide`). Its rule allows for a look after every repeat, so "
    "that you may watch this comparison."
)
ASKED = (
    "Differences between variants are shown only when you ask for them, because that counts as a look. If you look, "
    f"add repeats and look again, you take chance for an effect more often. {MEANS}."
)
SEEN = "These runs have been compared before, so this look does not count again."


class LiveComparison:
    """The comparison of a job, which is made when it is asked for, or where looking at it costs nothing.

    A look is kept for each set of runs that is shown, never for a page that is open.
    """

    def __init__(self) -> None:
        self._shown: Mapping[str, Any] | None = None
        self._of = -1
        self._checked = (-1, -1)
        self._made = self._took = 0.0
        self._at = ""

    def look(self, store: Store, changes: int) -> None:
        """Compare what there is now, and keep that somebody looked.

        Args:
            store: the job's.
            changes: a number that is another when there are other runs.
        """
        self._take(shown_table(store), changes)

    def follow(self, store: Store, changes: int, *, runs: bool) -> None:
        """Compare what there is now if that is no look: by the job's rule, or of runs that were compared before.

        Args:
            store: the job's.
            changes: a number that is another when there are other runs.
            runs: whether a submit is at work: then other runs than those that were compared come, most likely.
        """
        rule = store.kept_job().decide is not None
        if changes == self._of or (runs and not rule):
            return
        asked = changes, len(store.files.below(LOOKS).names(".json"))  # the end of a submit is a look
        wait = max(LEAST_S, TIMES * self._took) if rule else 0.0
        if asked == self._checked or time.monotonic() - self._made < wait:
            return
        self._checked, began = asked, time.monotonic()
        table = job_table(store)
        self._made = time.monotonic()
        self._took = self._made - began
        if rule or table.looked.present is None:
            self._take(table, changes)

    def part(self, store: Store, changes: int) -> Mapping[str, Any]:
        """Return what the page shows."""
        by_rule = store.kept_job().decide is not None
        told: dict[str, Any] = {"ask": not by_rule and changes != self._of, "about": BY_RULE if by_rule else ASKED}
        if self._shown is not None:
            is_old = changes != self._of
            told |= {**self._shown, "at": self._at, "old": is_old}
            told["about"] = told["about"] if by_rule or is_old else SEEN
        return told

    def _take(self, table: JobTable, changes: int) -> None:
        self._shown, self._of, self._at = _shown(table), changes, time.strftime("%H:%M:%S")


def _shown(table: JobTable) -> dict[str, Any]:
    """Return a comparison as the terminal shows it."""
    told: dict[str, Any] = {
        "sentences": list(map(sentence, verdicts(table))),
        "notes": list(map(sentence, notes(table))),
    }
    if not table.comparisons:
        return told
    differences, note = shown_differences(table)
    compact = differences.compact
    return told | {"title": differences.title, "header": compact.header, "cells": compact.cells, "note": note}
