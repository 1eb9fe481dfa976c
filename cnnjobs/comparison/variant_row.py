"""One variant of a comparison: its runs and their summary."""

from collections.abc import Mapping
from dataclasses import dataclass

from cnnjobs.comparison.cost import Cost
from cnnjobs.comparison.design import Design, Key
from cnnjobs.comparison.pairwise import Comparison
from cnnjobs.stats import Difference, Summary


@dataclass(frozen=True)
class VariantRow:
    """One variant: its runs and their summary.

    Args:
        name: of the variant.
        values: (repeat, fold) -> metric of each completed run whose metric is finite.
        trials: identities of its stored runs, however they ended.
        completed: (repeat, fold) -> identity of each completed run; not of those whose metric is not finite, which have
            no result, as those that diverged: they are in no table or figure of results.
        expected: how many runs the job asks for.
        diverged: runs whose loss stopped being finite.
        failed: runs that ended with an error.
        not_finite: completed runs whose metric is missing or not finite.
        design: how they are summarised.
        summary: None without a completed run.
        comparison: with the reference; None for the reference itself.
        cost: of its runs so far.
        accuracies: (repeat, fold) -> accuracy of each completed run, of fold rows with folds and else of test rows,
            whatever variants are compared on.
        parameters: of its network; None without a run that says so.
    """

    name: str
    values: Mapping[Key, float]
    trials: tuple[str, ...]
    completed: Mapping[Key, str]
    expected: int
    diverged: int
    failed: int
    not_finite: int
    design: Design
    summary: Summary | None
    comparison: Comparison | None
    cost: Cost
    accuracies: Mapping[Key, float]
    parameters: int | None = None

    @property
    def folds(self) -> int | None:
        """Folds whose means over repeats are summarised in place of runs; None where runs themselves are."""
        return self.summary.n if self.design.same_folds and self.summary is not None else None

    @property
    def without_result(self) -> int:
        """Completed runs whose metric is not finite, though the variant has it."""
        return len(self.values) + self.not_finite - len(self.completed)

    @property
    def ended(self) -> int:
        """Runs that completed or diverged, with a result or without."""
        return len(self.values) + self.not_finite + self.diverged

    @property
    def difference(self) -> Difference | None:
        """To the reference; None for the reference itself."""
        return self.comparison.difference if self.comparison else None
