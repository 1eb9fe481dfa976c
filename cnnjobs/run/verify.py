"""Verifies stored results: every file against the digest of its content; repairs by setting damaged ones aside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnnjobs.errors import DamagedResults, StoreError
from cnnjobs.run.claim import claim
from cnnjobs.store.files import Files
from cnnjobs.store.repair import set_aside
from cnnjobs.store.verification import StoreCheck, check_store, is_store
from cnnjobs.wording.sentences import clause

if TYPE_CHECKING:
    import pandas as pd

OnProgress = Callable[[str, int, int], None]

COLUMNS = ("folder", "file", "trial", "problem")
"""Of `Verification.table`."""


@dataclass(frozen=True, repr=False)
class Verification:
    """The result of checking stored results. `print` shows the output of `cnnjobs verify`.

    Args:
        checks: one entry per job folder: `.damaged` files, `.incomplete` trials and other `.problems`, each with the
            reason.
        repaired: one text per file that was moved, with its new place.
    """

    checks: tuple[StoreCheck, ...]
    repaired: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every file has the content that was written, and every stored trial has all its rows."""
        return all(check.whole for check in self.checks)

    @property
    def table(self) -> pd.DataFrame:
        """One row per damaged file, incomplete trial or other problem; empty if there is no problem."""
        import pandas as pd

        rows = [(check.files.location, *row) for check in self.checks for row in _rows(check)]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    @property
    def damage(self) -> DamagedResults | None:
        """The error, with advice; None if there is no problem."""
        if self.whole:
            return None
        if self.repaired:
            return DamagedResults(
                "Some files are damaged or missing: see above. Submit the job again to run what is missing."
            )
        return DamagedResults(
            "Put intact copies in the place of damaged files, or run `cnnjobs verify --repair`: it moves them to a "
            "folder damaged/ of the job, and the next submit runs their trials again."
        )

    def __str__(self) -> str:
        """Return the result as text."""
        lines = []
        for check in self.checks:
            name = check.files.location
            lines += [f"damaged: {name}/{file} ({clause(reason)})" for file, reason in check.damaged.items()]
            lines += [f"incomplete: {name}: trial {trial}: {reason}" for trial, reason in check.incomplete.items()]
            lines += [f"problem: {problem}" for problem in check.problems]
            lines.append(f"{name}: {check.checked} files, {'all whole' if check.whole else 'NOT whole'}")
        return "\n".join([*(f"repaired: {line}" for line in self.repaired), *lines])

    __repr__ = __str__  # at the prompt it is read


def refuse_damaged(damaged: Sequence[str]) -> None:
    """Say at the end that what was shown is not all.

    Args:
        damaged: files that could not be read, each with the reason.

    Raises:
        DamagedResults: if there are any.
    """
    if damaged:
        files = "1 file of the results is" if len(damaged) == 1 else f"{len(damaged)} files of the results are"
        raise DamagedResults(
            f"{files} damaged, and left out of what is shown. Put intact copies in their place, or run `cnnjobs verify "
            "--repair`, which sets them aside: the next submit runs their trials again."
        )


def verify_results(results: str, *, repair: bool = False, on_progress: OnProgress | None = None) -> Verification:
    """Return what is wrong with a job's folder, or a folder of jobs.

    Args:
        results: path or URI.
        repair: set aside what is damaged.
        on_progress: is told how far it is.

    Raises:
        StoreError: if there are no results, they cannot be read, or (with `repair`) written; or a submit is at work.
    """
    places = _stores(Files(results))
    checks = [check_store(files, on_progress) for files in places]
    if not repair or all(check.whole for check in checks):
        return Verification(tuple(checks))
    repaired: list[str] = []
    for number, files in enumerate(places):
        if checks[number].damaged or checks[number].incomplete:
            with claim(files):
                check = check_store(files, on_progress)  # a submit may have ended before the claim
                repaired += set_aside(files, check.damaged, check.incomplete, time.time())
                checks[number] = check_store(files, on_progress)
    return Verification(tuple(checks), tuple(repaired))


def _rows(check: StoreCheck) -> Iterator[tuple[str | None, str | None, str]]:
    """Yield file, trial and what is wrong with it."""
    yield from ((file, None, reason) for file, reason in check.damaged.items())
    yield from ((None, trial, reason) for trial, reason in check.incomplete.items())
    yield from ((None, None, problem) for problem in check.problems)


def _stores(files: Files) -> list[Files]:
    """Return the folders of jobs at a place: itself, or those below it."""
    if not files.exists():
        raise StoreError(f"There is no folder {files.location}.")
    if is_store(files):
        return [files]
    below = (files.below(name) for name in files.folders() if not name.startswith("."))
    found = [folder for folder in below if is_store(folder)]
    if not found:
        raise StoreError(f"{files.location} has no results: expected a job's folder, or a folder of such folders.")
    return found
