"""A data set in one figure: pictures by class, sizes of classes and pictures, what was passed over, duplicates."""

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cnnjobs.report.figures.dataset_charts import GREY, SMALL, axes_at, draw_bars, draw_passed_over, draw_sizes
from cnnjobs.report.figures.dataset_view import DatasetView, class_label, shown_classes
from cnnjobs.report.figures.lettering import broken, ending, line_height, text
from cnnjobs.report.figures.style import styled
from cnnjobs.report.figures.tiles import HEAD_FONT, draw_tile, sheet, tile_size

WIDTH, MARGIN, GAP = 9.0, 0.3, 0.08
"""Of the figure, around it, and between tiles; inches."""

NAMES = 1.45
"""Width of the names of classes, inches."""

LARGEST_TILE = 0.8
"""Longest side of a picture, inches."""

MOST_ACROSS = 12
"""Pictures of a class in a line."""

MOST_ROWS, MOST_BARS, MOST_PAIRS = 12, 20, 12
"""Classes of which pictures are shown, classes with bars, pairs that are drawn; of more classes the largest and the
smallest."""

PAIRS_ACROSS = 4
"""Pairs in a line."""

BAR, SIZES, AXIS, BETWEEN, HEADING = 0.21, 2.6, 0.45, 0.75, 0.26
"""Heights, inches: of a class among the bars, of the plot of sizes, of numbers below an axis, between two plots, and
of the title of a panel."""


@dataclass(frozen=True)
class _Panel:
    """A part of the figure, as wide as it: its height in inches, and what draws it below a place."""

    height: float
    draw: Callable[[Figure, Axes, float], None]


def dataset_figure(view: DatasetView) -> Figure:
    """Return the figure of a data set.

    Args:
        view: what is drawn.
    """
    panels = [_head(view), _pictures(view), _charts(view), _pairs(view), _notes(view)]
    there = [panel for panel in panels if panel is not None]
    with styled():
        figure, axes = sheet(WIDTH, MARGIN + sum(panel.height + MARGIN for panel in there))
        top = MARGIN
        for panel in there:
            panel.draw(figure, axes, top)
            top += panel.height + MARGIN
    return figure


def _head(view: DatasetView) -> _Panel:
    lines = broken(view.title, WIDTH - 2 * MARGIN, HEAD_FONT, 4)

    def draw(figure: Figure, axes: Axes, top: float) -> None:
        axes.text(MARGIN, top, text("\n".join(lines)), va="top", fontsize=HEAD_FONT, weight="bold")

    return _Panel(len(lines) * line_height(HEAD_FONT), draw)


def _heading(axes: Axes, top: float, words: str, about: str = "") -> None:
    """Draw the title of a panel, and a line about it beside."""
    axes.text(MARGIN, top, words, va="top", fontsize=9, weight="bold")
    if about:
        left = MARGIN + NAMES + 0.1
        [line] = broken(about, WIDTH - MARGIN - left, SMALL, 1)
        axes.text(left, top + 0.01, text(line), va="top", fontsize=SMALL, color=GREY)


def _pictures(view: DatasetView) -> _Panel:
    """Return lines of pictures, a class after the other."""
    labels = [label for label in shown_classes(view.counts["train"], MOST_ROWS) if label in view.pictures]
    across = max(1, min(MOST_ACROSS, max(len(view.pictures[label]) for label in labels)))
    room = WIDTH - 2 * MARGIN - NAMES - 0.1
    side = min(LARGEST_TILE, room / across - GAP)
    width, height = tile_size(view.pictures[labels[0]].shape[1:], side)
    lines = {label: -(-len(view.pictures[label]) // across) for label in labels}
    split = len(labels) // 2 if len(labels) < len(view.class_names) else None
    between = 0.25 if split else 0.0
    least = 2 * line_height(SMALL) + GAP  # a name and a count stand beside the pictures
    heights = {label: max(least, count * (height + GAP)) for label, count in lines.items()}
    about = (
        "training pictures"
        if split is None
        else (
            f"training pictures of the {split} largest and the {len(labels) - split} smallest of "
            f"{len(view.class_names):,} classes"
        )
    )

    def draw(figure: Figure, axes: Axes, top: float) -> None:
        _heading(axes, top, "Pictures", about)
        y = top + HEADING
        for place, label in enumerate(labels):
            if split and place == split:
                words = f"{len(view.class_names) - len(labels):,} classes between"
                axes.text(MARGIN, y + 0.06, words, va="top", fontsize=SMALL, color=GREY, style="italic")
                y += between
            _class_name(axes, view, label, y)
            for index, picture in enumerate(view.pictures[label]):
                line, column = divmod(index, across)
                left = MARGIN + NAMES + 0.1 + column * (side + GAP)
                draw_tile(axes, picture, (left, y + line * (height + GAP), width, height))
            y += heights[label]

    return _Panel(HEADING + sum(heights.values()) + between, draw)


def _class_name(axes: Axes, view: DatasetView, label: int, y: float) -> None:
    [name] = broken(class_label(view, label), NAMES, SMALL, 1)
    axes.text(MARGIN, y, text(name), va="top", fontsize=SMALL)
    counts = ", ".join(f"{counts[label]:,} {part}" for part, counts in view.counts.items())
    axes.text(MARGIN, y + line_height(SMALL), counts, va="top", fontsize=SMALL - 1, color=GREY)


def _charts(view: DatasetView) -> _Panel:
    """Return bars of the classes, and sizes of pictures and what was passed over, where there is anything of them."""
    labels = shown_classes(view.counts["train"], MOST_BARS)
    bars = max(1.2, BAR * (len(labels) + (len(labels) < len(view.class_names))))
    files = 0.2 * (1 + len(view.passed_over))
    below_bars = view.sizes is not None and bars < SIZES  # what was passed over goes into the shorter column
    columns = [bars, SIZES if view.sizes is not None else 0.0]
    if view.passed_over:
        columns[0 if below_bars else 1] += files + (BETWEEN if view.sizes is not None else 0)
    left, room = MARGIN + NAMES + 0.1, WIDTH - 2 * MARGIN - NAMES - 0.1
    width = 0.52 * room if columns[1] else room
    beside, right = left + width + 0.75, room - width - 0.75

    def draw(figure: Figure, axes: Axes, top: float) -> None:
        _heading(axes, top, "Classes")
        top += HEADING
        draw_bars(axes_at(figure, (left, top, width, bars)), view, labels)
        if view.sizes is not None:
            draw_sizes(axes_at(figure, (beside, top, right, SIZES)), view.sizes, view.size)
        if view.passed_over:
            above = BETWEEN + (bars if below_bars else SIZES) if view.sizes is not None else 0
            place = (left, width) if below_bars else (beside + 0.4, right - 0.4)
            draw_passed_over(axes_at(figure, (place[0], top + above, place[1], files)), view.passed_over)

    return _Panel(HEADING + max(columns) + AXIS, draw)


def _pairs(view: DatasetView) -> _Panel | None:
    """Return pairs of pictures side by side; none if there are none."""
    if not view.pairs:
        return None
    pairs = view.pairs[:MOST_PAIRS]
    room = (WIDTH - 2 * MARGIN + 3 * GAP) / PAIRS_ACROSS - 3 * GAP
    width, height = tile_size(pairs[0].pictures[0].shape, min(LARGEST_TILE, (room - GAP) / 2))
    below = 3 * line_height(SMALL - 1) + 0.06
    said = broken(view.pairs_text, WIDTH - 2 * MARGIN, SMALL, 3)
    above = HEADING + len(said) * line_height(SMALL) + 0.05

    def draw(figure: Figure, axes: Axes, top: float) -> None:
        _heading(axes, top, "The same or alike")
        axes.text(MARGIN, top + HEADING - 0.04, text("\n".join(said)), va="top", fontsize=SMALL, color=GREY)
        for index, pair in enumerate(pairs):
            line, column = divmod(index, PAIRS_ACROSS)
            left, y = MARGIN + column * (room + 3 * GAP), top + above + line * (height + below + GAP)
            for place, picture in enumerate(pair.pictures):
                draw_tile(axes, picture, (left + place * (width + GAP / 2), y, width, height))
            words = [pair.about, *(ending(name, room, SMALL - 1) for name in pair.names)]
            axes.text(left, y + height + 0.04, text("\n".join(words)), va="top", fontsize=SMALL - 1, color=GREY)

    lines = -(-len(pairs) // PAIRS_ACROSS)
    return _Panel(above + lines * (height + below) + (lines - 1) * GAP, draw)


def _notes(view: DatasetView) -> _Panel | None:
    """Return what a person should know, in words; none if there is nothing."""
    said = [note for note in (view.sizes_text, *view.notes) if note]
    if not said:
        return None
    lines: list[str] = []
    for note in said:
        first, *more = broken(note, WIDTH - 2 * MARGIN - 0.2, SMALL, 5)
        lines += [f"\u2022 {first}", *(f"   {line}" for line in more)]

    def draw(figure: Figure, axes: Axes, top: float) -> None:
        _heading(axes, top, "Notes")
        axes.text(MARGIN, top + HEADING - 0.04, text("\n".join(lines)), va="top", fontsize=SMALL, linespacing=1.25)

    return _Panel(HEADING + len(lines) * line_height(SMALL), draw)
