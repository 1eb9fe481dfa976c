"""Shared parts of figures: style, titles, marks of variants, and files."""

import contextlib
import io
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import get_registered_canvas_class
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine, PlaceHolderLayoutEngine
from matplotlib.lines import Line2D

from cnnjobs.report.figure_colors import GROUND, INK, RULE, SOFT
from cnnjobs.report.figures.lettering import FONT, SMALL_FONT, WIDTH, fitted, fonts
from cnnjobs.report.file_names import variant_mark

__all__ = [
    "DPI",
    "Figure",
    "Line2D",
    "drawing_variant",
    "foot",
    "head",
    "named",
    "of_variant",
    "render",
    "sideways",
    "styled",
]

STYLE: dict[str, Any] = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": GROUND,
    "axes.facecolor": "none",
    "font.size": FONT,
    "xtick.labelsize": SMALL_FONT,
    "ytick.labelsize": SMALL_FONT,
    "legend.fontsize": SMALL_FONT,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "cnnjobs",  # the same figure gives the same file
}

DPI = 160
"""Pixels an inch."""

EDGE = 0.05
"""Between text and the edges of a figure, inches."""

METADATA: Mapping[str, dict[str, None]] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""Kinds of file, and what keeps the date out of each: the same figure gives the same file."""


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Draw with Matplotlib's defaults and ours, whatever a person has set; put theirs back in the end."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        parameters: Any = matplotlib.rcParams
        parameters.update(STYLE | {"font.family": [*fonts(), "sans-serif"]})
        yield


def render(figure: Figure, kind: str) -> bytes:
    """Return the figure as a file.

    `Figure.savefig` draws everything twice, and lays it out anew each time; this lays it out once for all kinds, and
    draws once a kind.

    Args:
        figure: what to draw.
        kind: "png", "svg" or "pdf".
    """
    sink = io.BytesIO()
    with styled(), _any_letter():
        layout = figure.get_layout_engine()
        if not isinstance(layout, PlaceHolderLayoutEngine | None):
            FigureCanvasAgg(figure)
            layout.execute(figure)
            figure.set_layout_engine("none")  # which puts a placeholder in its place
        figure.set_dpi(DPI)
        canvas: Any = get_registered_canvas_class(kind)(figure)  # which is imported now: few want PDF
        getattr(canvas, f"print_{kind}")(sink, metadata=METADATA[kind])
    return _marks_apart(sink.getvalue()) if kind == "svg" else sink.getvalue()


def sideways(height: float) -> Figure:
    """Return an empty figure for numbers along a horizontal axis: the last of them has room beyond the axis."""
    return Figure(figsize=(WIDTH, height), layout=ConstrainedLayoutEngine(w_pad=0.16))


def head(figure: Figure, words: str) -> None:
    """Write a title over a figure, in at most three lines that have room in it."""
    place: Any = {"x": EDGE / figure.get_figwidth(), "ha": "left", "multialignment": "left"}
    figure.suptitle(_across(figure, words, FONT, 3), fontsize=FONT, **place)


def named(figure: Figure, words: str, names: Mapping[str, str], handles: Sequence[Artist], across: int = 1) -> None:
    """Write a title over a figure, and below it what the lines of variants are called.

    Args:
        figure: whose.
        words: of the title.
        names: variant -> what it is called.
        handles: one line per variant, then others, which have labels.
        across: names beside each other.
    """
    others = [str(handle.get_label()) for handle in handles[len(names) :]]
    room = figure.get_figwidth() / across - 0.7
    legend = figure.legend(
        handles,
        [fitted(name, room, SMALL_FONT, 2) for name in (*names.values(), *others)],
        loc="outside upper left",
        title=_across(figure, words, FONT, 3),
        title_fontsize=FONT,
        alignment="left",
        ncols=across,
        borderpad=0.1,
        borderaxespad=0.2,
    )
    for variant, name, line in zip(names, legend.get_texts(), legend.legend_handles, strict=False):
        of_variant(variant, name, *([line] if line is not None else []))


def foot(figure: Figure, words: str) -> None:
    """Write below a figure how it is read, in lines that have room in it."""
    place: Any = {"x": EDGE / figure.get_figwidth(), "ha": "left", "multialignment": "left"}
    figure.supxlabel(_across(figure, words, SMALL_FONT, 6), fontsize=SMALL_FONT, color=SOFT, **place)


def _across(figure: Figure, words: str, size: float, most: int) -> str:
    return fitted(words, figure.get_figwidth() - 2 * EDGE, size, most)


def of_variant(name: str, *artists: Artist | Iterable[Artist]) -> None:
    """Say that what is drawn belongs to a variant, so that a page can hide it: marks, labels, and in the legend.

    Args:
        name: of the variant.
        artists: what is drawn, also as lists.
    """
    for one in artists:
        for artist in (one,) if isinstance(one, Artist) else one:
            artist.set_gid(variant_mark(name))


@contextlib.contextmanager
def drawing_variant(axes: Axes, name: str) -> Iterator[None]:
    """Say of everything that is drawn meanwhile that it belongs to a variant, as `of_variant` does.

    Args:
        axes: on which it is drawn.
        name: of the variant.
    """
    before = set(axes.get_children())
    yield
    of_variant(name, set(axes.get_children()) - before)


def _marks_apart(svg: bytes) -> bytes:
    """Return an SVG in which the marks of variants, which are ids there, are numbered: no two are alike."""
    number = count(1)
    return re.sub(rb'id="(variant\.[\w.-]+)"', lambda found: b'id="%b.%d"' % (found[1], next(number)), svg)


@contextlib.contextmanager
def _any_letter() -> Iterator[None]:
    """Draw a letter that the font lacks as a box, without a warning."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?i).*glyph")
        yield
