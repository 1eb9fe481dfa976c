"""Draws the figures of reports: many of them in several processes."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType

from cnnjobs.engine.child_process import Child, Lost
from cnnjobs.engine.pickling import Packed, packed
from cnnjobs.process.machine import free_bytes, usable_cpus
from cnnjobs.report.figure_files import kinds_of
from cnnjobs.report.figures.style import render
from cnnjobs.report.model import Chart
from cnnjobs.report.render.csv import csv_text

OnProgress = Callable[[str, int, int], None]
"""Is told (what is going on, done, total)."""

FEWEST_FOR_A_HELPER = 6
"""Figures that a further process must have to draw: it takes as long to start as to draw about five."""

MOST_HELPERS = 15
"""Processes beside this one."""

HELPER_BYTES = 300 << 20
"""Memory that must be free for each of them; one takes half of it."""

Files = dict[str, bytes]
"""name -> content."""


def chart_files(chart: Chart, formats: Sequence[str]) -> Files:
    """Return a figure as files, with its values.

    Args:
        chart: the figure.
        formats: of `FORMATS`, beside SVG.
    """
    figure = chart.draw()
    drawn = {f"{chart.name}.{kind}": render(figure, kind) for kind in kinds_of(chart.name, formats)}
    return drawn | {f"{chart.name}.csv": csv_text(chart.columns, chart.rows()).encode()}


def _files_of(asked: tuple[Chart, Sequence[str]]) -> Files:
    return chart_files(*asked)


class Helpers:
    """Processes that draw beside this one, from before there is anything to draw: they import Matplotlib meanwhile.

    Ended at once when this is left: they hold nothing.

    Args:
        figures: how many there will be to draw, about; few are drawn by this process alone.
    """

    def __init__(self, figures: int) -> None:
        most = min(figures // FEWEST_FOR_A_HELPER, usable_cpus() - 1, MOST_HELPERS)
        count = min(most, free_bytes() // HELPER_BYTES) if most > 0 else 0
        self._children = [Child(_files_of) for _ in range(count)]
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "Helpers":
        """Draw with them."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them."""
        self._end()

    def _end(self) -> None:
        for child in self._children:
            child.kill()
        for thread in self._threads:
            thread.join()
        for child in self._children:
            child.end()

    def draw(self, charts: Sequence[Chart], formats: Sequence[str], on_progress: OnProgress) -> Files:
        """Return the figures as files, in the order of the charts; the same bytes whoever draws them.

        Args:
            charts: the figures.
            formats: of `FORMATS`, beside SVG.
            on_progress: is told how many figures are drawn.

        Raises:
            Exception: that drawing a figure raises.
        """
        work = _Work(charts, formats)
        self._threads = [
            threading.Thread(target=work.help_with, args=(child,), daemon=True) for child in self._children
        ]
        for thread in self._threads:
            thread.start()
        try:
            self._draw_beside_them(work, on_progress)
        except BaseException:  # also where the next report is drawn after an error
            self._end()
            raise
        return {name: content for place in range(len(charts)) for name, content in work.drawn[place].items()}

    def _draw_beside_them(self, work: "_Work", on_progress: OnProgress) -> None:
        waited_for = iter(self._threads)
        while True:
            on_progress("drawing figures", len(work.drawn), work.total)
            if work.draw_next():
                continue
            thread = next(waited_for, None)
            if thread is None:
                return
            thread.join()  # a process that ended may leave a figure


class _Work:
    """The figures that are left to draw, taken by this process from the first on, by others from the last on."""

    def __init__(self, charts: Sequence[Chart], formats: Sequence[str]) -> None:
        self._charts, self._formats = charts, formats
        self._left = deque(range(len(charts)))
        self.total = len(charts)
        self.drawn: dict[int, Files] = {}

    def draw_next(self) -> bool:
        """Draw a figure that nobody has taken; say whether there was one."""
        place = self._next(deque.popleft)
        if place is not None:
            self.drawn[place] = chart_files(self._charts[place], self._formats)
        return place is not None

    def help_with(self, child: Child) -> None:
        """Have a process draw what is left; what it cannot draw, this process does, and says why it cannot."""
        while not child.over and (place := self._next(deque.pop)) is not None:
            argument = self._packed(place)
            files = Lost("it cannot be sent") if argument is None else child.result_of(argument)
            if isinstance(files, Lost):
                self._left.append(place)
                return
            self.drawn[place] = files

    def _next(self, end: Callable[[deque[int]], int]) -> int | None:
        try:
            return end(self._left)
        except IndexError:
            return None

    def _packed(self, place: int) -> Packed | None:
        try:
            return packed((self._charts[place], self._formats), ())
        except Exception:
            return None
