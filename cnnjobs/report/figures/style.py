"""Shared parts of figures: style, literal names, and files."""

import contextlib
import functools
import io
import re
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any

import matplotlib
import matplotlib.font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import get_registered_canvas_class
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.lines import Line2D

from cnnjobs.report.file_names import variant_mark
from cnnjobs.wording.terminal import visible

__all__ = [
    "DPI",
    "ON_DARK",
    "ON_LIGHT",
    "Figure",
    "Line2D",
    "drawing_variant",
    "lacks_letters",
    "of_variant",
    "render",
    "short",
    "styled",
    "text",
    "wrapped",
]

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

ON_LIGHT, ON_DARK = "#222222", "#fefefe"
"""Colours of text on a heat map's light and dark cells."""

METADATA: Mapping[str, dict[str, None]] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
"""Kinds of file, and what keeps the date out of each: the same figure gives the same file."""

OTHER_FONTS = (
    *("Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Zen Hei"),
    *("WenQuanYi Micro Hei", "Droid Sans Fallback", "PingFang SC", "Hiragino Sans", "Microsoft YaHei", "Yu Gothic"),
    *("Noto Sans CJK KR", "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans Devanagari", "Nirmala UI"),
    *(
        "Noto Sans Bengali",
        "Noto Sans Tamil",
        "Noto Sans Thai",
        "Leelawadee UI",
        "Noto Sans Arabic",
        "Noto Sans Hebrew",
    ),
    *("Arial Unicode MS", "Noto Emoji", "Noto Sans Symbols", "Symbola", "Unifont"),
)
"""Fonts that have letters which Matplotlib's own lacks; those that are installed are used for them, in this order."""


@functools.cache
def fonts() -> tuple[str, ...]:
    """Return the names of the fonts that text is drawn with, each for the letters that those before lack."""
    installed = {font.name for font in matplotlib.font_manager.fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in OTHER_FONTS if name in installed))


def lacks_letters(name: str) -> bool:
    """Say whether a name has letters that no font here has, which are drawn as boxes."""
    return any(not _is_drawn(letter) for letter in name if not letter.isspace())


@functools.cache
def _is_drawn(letter: str) -> bool:
    families = (matplotlib.font_manager.FontProperties(family=name) for name in fonts())
    files = (matplotlib.font_manager.get_font(matplotlib.font_manager.findfont(family)) for family in families)
    return any(file.get_char_index(ord(letter)) for file in files)


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


def text(name: str) -> str:
    """Return a name so that it is drawn as it is: Matplotlib takes what stands between dollar signs for formulas.

    What no file of a figure can hold, as of names that are not UTF-8, is drawn as the terminal shows it.
    """
    return visible(name).replace("$", r"\$")


def short(name: str, most: int = 24) -> str:
    """Return a name as `text` does, cut to `most` letters."""
    return text(name if len(name) <= most else f"{name[: most - 1]}\u2026")


def wrapped(name: str, width: int = 14, most: int = 4) -> str:
    """Return a name as `text` does, in at most so many lines: broken at its spaces, or where a word is too long."""
    lines = textwrap.wrap(name, width) or [""]
    return text(
        "\n".join(lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1][: width - 1]}\u2026"])
    )
