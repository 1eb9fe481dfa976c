"""What all figures share: their style, names drawn as they are, and figures as files."""

import io
import warnings
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.style import context

STYLE: dict[str, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "font.size": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "cnnjobs",  # the same figure gives the same file
}

DPI = 160
"""Pixels an inch."""

_UNDATED: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""What keeps the date out of a file, so that the same figure gives the same file."""


def render(figure: Figure, kind: str) -> bytes:
    """Return the figure as a file.

    Args:
        figure: what to draw.
        kind: "png", "svg" or "pdf".
    """
    FigureCanvasAgg(figure)
    sink = io.BytesIO()
    with context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?i).*glyph")  # a letter the font lacks is drawn as a box
        figure.savefig(sink, format=kind, dpi=DPI, metadata=_UNDATED.get(kind, {}))
    return sink.getvalue()


def as_text(name: str) -> str:
    """Return a name so that it is drawn as it is: Matplotlib takes what stands between dollar signs for formulas."""
    return name.replace("$", r"\$")
