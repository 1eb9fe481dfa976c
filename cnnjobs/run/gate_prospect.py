"""What a gate says before anything runs: what it costs, at which level it decides, and what is within its reach."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnnjobs.comparison.decisions import Endings
from cnnjobs.comparison.gate_text import points
from cnnjobs.comparison.gating import Test, differences
from cnnjobs.stats.sequential import MOST_PAIRS, smallest_difference
from cnnjobs.store.decision_rule import METRIC
from cnnjobs.store.ledger import Ledger
from cnnjobs.store.proposals import Proposal
from cnnjobs.wording.levels import p_text

FEWEST_FOR_SD = 3
"""Runs, or pairs, from which a spread is guessed before anything runs."""


def announcement(
    test: Test, confirm: int, proposal: Proposal | None, book: Ledger | None, endings: Endings
) -> Iterator[str]:
    """Say what it will cost, at which level, and what it can reach, before anything runs."""
    asked, most = test.question, test.most_repeats
    wish = f"is {asked.candidate} better than {asked.reference}"
    if asked.no_worse_by is not None:
        wish = f"is {asked.candidate} not worse than {asked.reference} by {points(asked.no_worse_by, METRIC)} or more"
    yield f"{asked.job}: {wish}? 5 to {most} repeats of each; at most {100 * test.alpha / 2:.2g}% wrong yes"
    if test.first:
        yield f"  from repeat {test.first + 1} on, because one of the two was chosen by the repeats before"
    if proposal is not None and book is not None:
        known = " (goes on)" if proposal.ending is not None else ""
        yield (
            f"  proposal {proposal.number} of {book.path}{known}, at level {p_text(test.alpha)}: at most 5% of "
            "the accepted proposals are chance"
        )
    if confirm:
        yield f"  if it is accepted, {confirm} more repeats of {asked.candidate} on fresh seeds"
    spread = spread_of(test, endings)
    if spread is None:
        yield (
            f"  in four of five cases, {most} repeats decide a difference of "
            f"{smallest_difference(1.0, most_pairs=most, alpha=test.alpha):.2g} SD of the pairs"
        )
        return
    reached = smallest_difference(spread, most_pairs=most, alpha=test.alpha)
    yield (
        f"  in four of five cases, {most} repeats decide a difference of {points(reached, METRIC)}, given the SD of "
        f"the pairs so far, {points(spread, METRIC)}"
    )


def spread_of(test: Test, endings: Endings) -> float | None:
    """Return the SD of the pairs: of stored ones, or else as of independent runs of either side; None if unknown."""
    pairs = [value for value in differences(endings, test) if value is not None]
    if len(pairs) >= FEWEST_FOR_SD:
        return float(np.std(pairs, ddof=1)) or None
    for condition in (test.question.reference_id, test.question.candidate_id):
        own = [value for (of, _), value in endings.values.items() if of == condition and value is not None]
        if len(own) >= FEWEST_FOR_SD:
            return 2**0.5 * float(np.std(own, ddof=1)) or None
    return None


def warnings_of(test: Test, images: int, endings: Endings) -> Iterator[str]:
    """Say what makes an answer unlikely, or odd."""
    spread = spread_of(test, endings)
    margin = test.question.no_worse_by or test.margin
    if margin is not None and margin < 1 / images:
        yield (
            f"The margin of {points(margin, METRIC)} is less than one of {images:,} test images is worth, "
            f"{points(1 / images, METRIC)}"
        )
    if spread is None:
        return
    runs = [
        value
        for (condition, _), value in endings.values.items()
        if condition == test.question.reference_id and value is not None
    ]
    least = smallest_difference(spread, most_pairs=MOST_PAIRS, alpha=test.alpha)
    room = 1 - float(np.mean(runs)) if runs else 1.0
    if test.question.no_worse_by is None and least > room:
        yield (
            f"At this level even {MOST_PAIRS} repeats decide only a difference of {points(least, METRIC)}, and "
            f"{test.question.reference} leaves room for {points(room, METRIC)}: the candidate can hardly be accepted"
        )
    if test.question.no_worse_by is not None and least > test.question.no_worse_by:
        yield (
            f"A margin of {points(test.question.no_worse_by, METRIC)} can hardly be reached with {MOST_PAIRS} repeats "
            f"if the two do not differ; one of {points(least, METRIC)} can"
        )
