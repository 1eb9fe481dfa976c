"""Small panels in rows and columns, one per variant, all with the same scale."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from cnnjobs.report.figures.lettering import SMALL_FONT, WIDTH, fits, fitted, line_height
from cnnjobs.report.figures.style import of_variant

MOST_TOGETHER = 4
"""Up to so many variants are drawn in the same panel; of more, each has a panel of its own."""

MOST_PANELS = 24
"""So many variants have panels at most, the first of them."""

LINES = 3
"""A name over a panel has at most so many lines."""


@dataclass(frozen=True)
class SmallPanels:
    """The panels of a figure as wide as most.

    Args:
        variants: names, one a panel.
        labels: what the figure calls them.
    """

    variants: Sequence[str]
    labels: Sequence[str]

    @property
    def across(self) -> int:
        """Panels beside each other: three where all names have room then."""
        return 3 if all(fits(label, _room(3), SMALL_FONT, LINES) for label in self.labels) else 2

    @property
    def down(self) -> int:
        """Panels one above the other."""
        return math.ceil(len(self.labels) / self.across)

    @property
    def names(self) -> list[str]:
        """What is written over each panel."""
        return [fitted(label, _room(self.across), SMALL_FONT, LINES) for label in self.labels]

    def depth(self, panel: float) -> float:
        """Return the height of all of them with numbers below, inches.

        Args:
            panel: height of one, inches.
        """
        lines = max(name.count("\n") + 1 for name in self.names)
        return self.down * (panel + 0.12 + lines * line_height(SMALL_FONT)) + 0.3

    def panels(self, figure: Figure | SubFigure, below: str) -> Iterator[tuple[str, Axes]]:
        """Yield each variant with its panel, empty but for the name over it.

        Args:
            figure: that they fill.
            below: what the axis says below the last of each column.
        """
        all_axes: list[Axes] = list(
            figure.subplots(self.down, self.across, sharex=True, sharey=True, squeeze=False).flat
        )
        for axes in all_axes[len(self.variants) :]:
            axes.set_visible(False)
        for place, (axes, variant, name) in enumerate(zip(all_axes, self.variants, self.names, strict=False)):
            of_variant(variant, axes.set_title(name, loc="left", fontsize=SMALL_FONT, pad=3))
            axes.yaxis.set_major_locator(MaxNLocator(4))
            if place + self.across >= len(self.variants):
                axes.tick_params(labelbottom=True)
                axes.set_xlabel(fitted(below, _room(self.across), SMALL_FONT, 2), fontsize=SMALL_FONT)
            yield variant, axes


def _room(across: int) -> float:
    """Return the room for a name over a panel, inches."""
    return (WIDTH - 0.75) / across - 0.1


def left_out(count: int) -> list[str]:
    """Say how many of so many variants have no panel; nothing where all have."""
    return [f"{count - MOST_PANELS} more variants have no panel here"] if count > MOST_PANELS else []
