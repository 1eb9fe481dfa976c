"""A data set in one figure: pictures by class, sizes of classes and pictures, what was passed over, duplicates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter
from numpy.typing import NDArray

from cnnjobs.report.figures.style import COLORS, lacks_letters, short, styled, text
from cnnjobs.report.figures.tiles import HEAD_FONT, broken, draw_tile, ending, line_height, sheet, tile_size

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

SMALL = 8
"""Size of most text, points."""

GREY = "#555555"
"""Colour of what is said beside the pictures."""

Picture = NDArray[np.generic]


@dataclass(frozen=True)
class DrawnPair:
    """Two pictures side by side.

    Args:
        pictures: each (height, width, 1 or 3).
        names: what they are called.
        about: where they are, and how alike.
    """

    pictures: tuple[Picture, Picture]
    names: tuple[str, str]
    about: str


@dataclass(frozen=True, kw_only=True)
class DatasetView:
    """What is drawn of a data set.

    Args:
        title: its name, and how many pictures of what size it has.
        class_names: one a class, in the order of the labels.
        counts: part -> (classes,) pictures of each class.
        pictures: label -> (n, height, width, 1 or 3), of the classes that are shown.
        size: (height, width) in which pictures are trained on.
        sizes: (n, 2) heights and widths of the pictures where they come from; None if they have only one.
        sizes_text: what is said of them.
        passed_over: reason -> number of files.
        pairs: of pictures that are the same or look alike, the worst first.
        pairs_text: what is said of them.
        notes: what a person should know.
    """

    title: str
    class_names: Sequence[str]
    counts: Mapping[str, NDArray[np.int64]]
    pictures: Mapping[int, Picture]
    size: tuple[int, int]
    sizes: NDArray[np.int64] | None = None
    sizes_text: str = ""
    passed_over: Mapping[str, int] = field(default_factory=dict)
    pairs: Sequence[DrawnPair] = ()
    pairs_text: str = ""
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class _Panel:
    """A part of the figure, as wide as it: its height in inches, and what draws it below a place."""

    height: float
    draw: Callable[[Figure, Axes, float], None]


def shown_classes(counts: NDArray[np.int64], most: int) -> list[int]:
    """Return labels: all in their order, or, of more than `most`, the largest and the smallest by their pictures.

    Args:
        counts: (classes,) pictures of each class.
        most: an even number.
    """
    if len(counts) <= most:
        return list(range(len(counts)))
    order: list[int] = np.argsort(-counts, kind="stable").tolist()
    return [*order[: most // 2], *order[-(most // 2) :]]


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
    [name] = broken(_named(view, label), NAMES, SMALL, 1)
    axes.text(MARGIN, y, text(name), va="top", fontsize=SMALL)
    counts = ", ".join(f"{counts[label]:,} {part}" for part, counts in view.counts.items())
    axes.text(MARGIN, y + line_height(SMALL), counts, va="top", fontsize=SMALL - 1, color=GREY)


def _named(view: DatasetView, label: int) -> str:
    """Return the name of a class; one with letters that the fonts lack has its number as well."""
    name = " ".join(view.class_names[label].split()) or "(no name)"
    return f"{label}: {name}" if lacks_letters(name) else name


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
        _bars(_axes_at(figure, (left, top, width, bars)), view, labels)
        if view.sizes is not None:
            _sizes(_axes_at(figure, (beside, top, right, SIZES)), view.sizes, view.size)
        if view.passed_over:
            above = BETWEEN + (bars if below_bars else SIZES) if view.sizes is not None else 0
            place = (left, width) if below_bars else (beside + 0.4, right - 0.4)
            _passed_over(_axes_at(figure, (place[0], top + above, place[1], files)), view.passed_over)

    return _Panel(HEADING + max(columns) + AXIS, draw)


def _axes_at(figure: Figure, box: tuple[float, float, float, float]) -> Axes:
    """Return axes at (left, top, width, height) inches from the upper left corner."""
    left, top, width, height = box
    total = figure.get_figheight()
    axes: Axes = figure.add_axes((left / WIDTH, 1 - (top + height) / total, width / WIDTH, height / total))
    axes.tick_params(labelsize=SMALL - 1, length=2)
    return axes


def _bars(axes: Axes, view: DatasetView, labels: Sequence[int]) -> None:
    """Draw pictures of each class, a bar a part; between the largest and the smallest stands what is left out."""
    left_out = len(view.class_names) - len(labels)
    split = len(labels) // 2 if left_out else len(labels)
    places = np.arange(len(labels)) + (np.arange(len(labels)) >= split)
    thick = 0.8 / len(view.counts)
    most = max(int(counts[labels].max()) for counts in view.counts.values())
    for number, (part, counts) in enumerate(view.counts.items()):
        where = places - 0.4 + thick * (number + 0.5)
        axes.barh(where, counts[labels], thick, color=COLORS[number], label=part, edgecolor="white", linewidth=0.3)
        for place, count in zip(where, counts[labels], strict=True):
            axes.text(count + most / 150, place, f"{count:,}", va="center", fontsize=max(4.5, 9 * thick), color=GREY)
    names = [short(_named(view, label), 22) for label in labels]
    axes.set_yticks(places, names, fontsize=SMALL - 1)
    if left_out:
        axes.text(
            0, split, f"   {left_out:,} classes between", va="center", fontsize=SMALL - 1, style="italic", color=GREY
        )
    axes.set(xlim=(0, 1.12 * most), ylim=(places[-1] + 0.6, -0.6))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_xlabel("pictures", fontsize=SMALL)
    axes.grid(visible=False, axis="y")
    axes.legend(fontsize=SMALL - 1, frameon=False, ncols=len(view.counts), loc="lower right", bbox_to_anchor=(1, 1))


def _sizes(axes: Axes, sizes: NDArray[np.int64], trained: tuple[int, int]) -> None:
    """Draw the sizes that pictures have where they come from, and the one that they are trained on in."""
    heights, widths = sizes.T
    height, width = trained
    axes.scatter(widths, heights, s=9, color=COLORS[0], alpha=0.4, linewidths=0, label="as they are")
    axes.scatter([width], [height], s=36, color=COLORS[2], marker="x", label=f"as trained on, {height} x {width}")
    for axis, scale, sides, side in (
        (axes.xaxis, axes.set_xscale, widths, width),
        (axes.yaxis, axes.set_yscale, heights, height),
    ):
        low, high = min(sides.min(), side), max(sides.max(), side)
        if high > 8 * low:
            scale("log")
            axis.set_major_locator(LogLocator(subs=(1.0,) if high > 200 * low else (1.0, 3.0)))
            axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
            axis.set_minor_formatter(NullFormatter())
    axes.set_title("Sizes", fontsize=9, weight="bold", loc="left")
    axes.set_xlabel("width, pixels", fontsize=SMALL)
    axes.set_ylabel("height, pixels", fontsize=SMALL)
    axes.legend(
        fontsize=SMALL - 1,
        frameon=False,
        loc="lower right",
        bbox_to_anchor=(1.02, 0.98),
        ncols=2,
        handletextpad=0.2,
        columnspacing=0.8,
        borderpad=0,
    )


def _passed_over(axes: Axes, counts: Mapping[str, int]) -> None:
    """Draw how many files were passed over, by reason."""
    places = np.arange(len(counts))
    axes.barh(places, list(counts.values()), 0.7, color=COLORS[3])
    for place, count in enumerate(counts.values()):
        axes.text(count, place, f" {count:,}", va="center", fontsize=SMALL - 1, color=GREY)
    axes.set_yticks(places, [short(reason, 18) for reason in counts], fontsize=SMALL - 1)
    axes.set(xlim=(0, 1.15 * max(counts.values())), ylim=(len(counts) - 0.5, -0.5))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_title("Files passed over", fontsize=9, weight="bold", loc="left")
    axes.grid(visible=False, axis="y")


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
