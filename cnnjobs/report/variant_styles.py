"""The colour and the marker of each variant: the same in all figures of a report, on its page and while a job runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle

COLORS = (
    *("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd"),
    *("#5555ff", "#aaaaff", "#445577", "#aa0055", "#ee22bb", "#336600", "#2244dd", "#cc66ff", "#bb8866", "#ee8800"),
    *("#0088aa", "#aa1188", "#dd99cc"),
)
"""Colours that can be told apart, also by those who do not see red and green as others do.

The first ten are those of Petroff (Accessible color sequences for data visualization, 2021). Each of the others is the
colour that lies farthest from all before it, in Oklab, seen plainly and with simulated protanopia and deuteranopia
(Machado et al., 2009), among those that are seen on white and on near black. No two are closer than the closest two of
Petroff's.
"""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""As Matplotlib names them; variants that follow each other have different ones."""

MOST_VARIANTS = len(COLORS) * len(MARKERS)
"""So many variants all look different: the numbers of colours and of markers have no common divisor."""


@dataclass(frozen=True)
class VariantStyle:
    """How a variant is drawn.

    Args:
        color: as "#rrggbb".
        marker: of `MARKERS`.
    """

    color: str
    marker: str


def variant_styles(variants: Iterable[str]) -> dict[str, VariantStyle]:
    """Return how each variant is drawn.

    Args:
        variants: all names of a job, in its order, whichever of them are shown.
    """
    return {
        name: VariantStyle(color, marker)
        for name, color, marker in zip(dict.fromkeys(variants), cycle(COLORS), cycle(MARKERS), strict=False)
    }
