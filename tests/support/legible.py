"""Whether the text of a figure can be read: it lies inside, nothing lies on it, and it is large enough."""

import io
import warnings

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from cnnjobs.report.figures.style import DPI, render

PAGE = 358
"""What a page 390 pixels wide leaves for a figure, CSS pixels."""

LEAST = 8
"""Height of letters, CSS pixels."""

WIDE = ("漢字のとても長い名前を持つモデル", "W" * 60)
NAMES = (
    "a_variant_with_a_name_of_more_than_sixty_characters_and_no_place_to_break_it",
    "lr=0.1, momentum=0.9, weight decay 0.0001, augmentation (flip, crop 4), cosine schedule",
    r"$x_1$ and $\frac{1}{2} {unbalanced",
    *WIDE,
    "i",
    "\x1b[31m\nred",
)
"""Names that are hard to draw."""


def words_of(figure):
    """Every text that is seen, and where: (text, box in pixels)."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="(?i).*glyph")
        return list(_words_of(figure))


def _words_of(figure):
    render(figure, "svg")  # which lays it out
    figure.set_dpi(DPI)
    FigureCanvasAgg(figure).print_png(io.BytesIO())
    hidden = {id(one) for parent in figure.findobj(lambda one: not one.get_visible()) for one in parent.findobj()}
    hidden |= {id(one) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for one in _beyond_the_ends(axis)}
    for one in {id(one): one for one in figure.findobj(Text)}.values():
        if one.get_text().strip() and id(one) not in hidden:
            yield one, one.get_window_extent()


def _beyond_the_ends(axis):
    """Labels of ticks that are not drawn, beyond the ends of an axis."""
    if not axis.axes.axison:
        return axis.findobj(Text)
    drawn = {id(label) for tick in axis._update_ticks() for label in (tick.label1, tick.label2)}
    every = {id(one): one for tick in axis.get_children() for one in tick.findobj(Text)}
    own = {id(axis.label), id(axis.offsetText)}
    return [one for name, one in every.items() if name not in drawn | own]


def assert_legible(figure, *, exempt_from_size=False):
    """Assert that all text lies inside the figure, none on another, and that it is large enough on a small page."""
    found = words_of(figure)
    width, height = figure.bbox.size
    assert found
    for text, box in found:
        words = text.get_text()
        assert box.x0 >= -1, f"{words!r} begins left of the figure"
        assert box.x1 <= width + 1, f"{words!r} ends right of the figure"
        assert box.y0 >= -1, f"{words!r} ends below the figure"
        assert box.y1 <= height + 1, f"{words!r} begins above the figure"
        shown = text.get_fontsize() * 4 / 3 * min(1, PAGE / (96 * figure.get_figwidth()))
        assert exempt_from_size or shown >= LEAST, f"{words!r} is {shown:.1f} pixels high on a small page"
    for place, (text, box) in enumerate(found):
        for other, beside in found[:place]:
            across = min(box.x1, beside.x1) - max(box.x0, beside.x0)
            down = min(box.y1, beside.y1) - max(box.y0, beside.y0)
            assert min(across, down) <= 1.5, f"{text.get_text()!r} lies on {other.get_text()!r}"
