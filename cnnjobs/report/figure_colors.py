"""Colours of figures that are no variant's; a page with another ground puts its own in their place."""

from collections.abc import Mapping

INK, SOFT, RULE, GROUND = "#1a1e24", "#545d69", "#d9dde3", "#ffffff"
"""Of text and axes; of remarks and of what is behind others; of grids; of the ground and the edges of marks."""

ON_DARK = "#fefefe"
"""Of text on the dark cells of a heat map, on whatever ground."""

HEAT = "#1c5a96"
"""Of the largest values of a heat map; smaller ones let more of the ground through."""

THEMED: Mapping[str, str] = {INK: "ink", SOFT: "soft", RULE: "rule", GROUND: "paper"}
"""Colour of a figure -> what a page calls its own for that."""

BRIGHTENED: Mapping[str, str] = {
    "#bd1f01": "#c12c10",
    "#832db6": "#8f42bd",
    "#445577": "#576685",
    "#aa0055": "#b92e74",
    "#336600": "#437214",
    "#2244dd": "#3d5ae1",
    "#aa1188": "#b22994",
}
"""Colour of a variant -> the one for a dark ground, where the contrast to that is at least 3.1."""
