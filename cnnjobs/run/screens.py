"""Displays of progress: one updated line on a terminal, plain lines in a log, events for another machine."""

import html
import json
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cnnjobs.run.calling_machine import EVENTS, MARK
from cnnjobs.wording.terminal import unstyled, visible

SHOWN_RUNNING = 4
"""How many trials under way are listed below the line."""

SHOWN_STANDING = 6
"""How many variants that are not decided are listed below the line."""

MOST_ROUTINE, ROUTINE_WITHIN_S = 20, 5.0
"""So many trials that ended within so many seconds have a line of their own on a terminal; more are counted."""

KEPT_LINES = 8
"""Lines of a terminal that the living part leaves to what was said before."""

WIDEST_BAR, LEAST_BAR = 28, 6
"""Columns of the bar."""

SEPARATOR = " · "
"""Between the parts of the line."""

EVENTS_EVERY_S = 2.0
"""Seconds between two events that only say how far trials are: 10 MB a day."""


@dataclass(frozen=True)
class ProgressSnapshot:
    """How far a run is.

    Args:
        trials: how many there are.
        ended: how many of them have ended.
        fraction: share of all images that is done.
        line: the same in words.
        left: how long it takes still, in words; empty if that is not known.
        running: label -> what it is doing, for each trial under way.
        at_most: whether some of the trials may turn out not to be needed.
        standing: how far variants are from a decision, a line each.
        means: the mean of each variant so far, a line each; none where `standing` says more.
    """

    trials: int = 0
    ended: int = 0
    fraction: float = 0.0
    line: str = ""
    left: str = ""
    running: Mapping[str, str] = field(default_factory=dict)
    at_most: bool = False
    standing: Sequence[str] = ()
    means: Sequence[str] = ()

    @property
    def count(self) -> str:
        """How many trials have ended, of how many."""
        return f"{self.ended} of at most {self.trials}" if self.at_most else f"{self.ended}/{self.trials}"


class Screen(Protocol):
    """Shows how far a run is, and what is said of its trials."""

    def start(self) -> None:
        """Begin to show."""
        ...

    def stop(self) -> None:
        """Leave nothing behind but what was said."""
        ...

    def moved(self) -> None:
        """There is news in the snapshot."""
        ...

    def log_event(self, text: str, *, routine: bool = False) -> None:
        """Say something of a trial.

        Args:
            text: what.
            routine: whether a living line says it as well.
        """
        ...

    def write_output(self, text: str) -> None:
        """Show what a trial printed."""
        ...


def open_screen(now: Callable[[], ProgressSnapshot]) -> Screen:
    """Return what fits this process.

    Args:
        now: says how far the run is.
    """
    if os.environ.get(EVENTS):
        return EventScreen(now)
    if in_notebook():
        return NotebookScreen(now)
    return TerminalScreen(now) if sys.stderr.isatty() else PlainScreen(now)


class TerminalScreen:
    """A living line on standard error, with what was said above it.

    Args:
        now: says how far the run is.
        clock: seconds that only grow.
    """

    def __init__(self, now: Callable[[], ProgressSnapshot], clock: Callable[[], float] = time.monotonic) -> None:
        self._now, self._clock = now, clock
        self._said: deque[float] = deque()
        self._held = 0
        self._console = Console(stderr=True, highlight=False)
        self._live = Live(
            get_renderable=self._render, console=self._console, refresh_per_second=4, transient=True, auto_refresh=True
        )

    def start(self) -> None:
        """Show the line."""
        self._live.start()

    def stop(self) -> None:
        """Take the line away."""
        self._tell_held()
        self._live.stop()

    def moved(self) -> None:
        """The line looks by itself."""

    def log_event(self, text: str, *, routine: bool = False) -> None:
        """Print above the line; of what is routine no more than can be read, and how much was left out."""
        if routine:
            while self._said and self._clock() - self._said[0] > ROUTINE_WITHIN_S:
                self._said.popleft()
            if len(self._said) >= MOST_ROUTINE:
                self._held += 1
                return
            self._said.append(self._clock())
            self._tell_held()
            text = f"[{self._now().count}] {text}"
        self._console.print(Text(visible(text)), soft_wrap=True)

    def _tell_held(self) -> None:
        if self._held:
            self._console.print(Text(f"  and {self._held:,} more", style="dim"), soft_wrap=True)
        self._held = 0

    def write_output(self, text: str) -> None:
        """Print above the line."""
        self._console.print(Text(unstyled(text), style="dim"), soft_wrap=True)

    def _render(self) -> RenderableType:
        now, width = self._now(), self._console.width
        standing = [f"  {one}" for one in now.standing[:SHOWN_STANDING]]
        if len(now.standing) > SHOWN_STANDING:
            standing.append(f"  and {len(now.standing) - SHOWN_STANDING} more that are not decided")
        running = [f"  {label}: {what}" for label, what in list(now.running.items())[:SHOWN_RUNNING]]
        if len(now.running) > SHOWN_RUNNING:
            running.append(f"  and {len(now.running) - SHOWN_RUNNING} more")
        room = self._console.height - len(standing) - len(running) - KEPT_LINES
        means = [f"  {one}" for one in now.means] if len(now.means) <= room else []
        listed = [_one_line(text) for text in (*standing, *means)]
        return Group(_bar(now, width), *listed, *(_one_line(text, "dim") for text in running))


def _bar(now: ProgressSnapshot, width: int) -> RenderableType:
    """Return the bar and what stands beside it, on one line: where there is no room, without rates or the bar."""
    parts = now.line.split(SEPARATOR)
    if LEAST_BAR + 1 + cell_len(now.line) > width:
        parts = [part for part in parts if "images/s" not in part]
    text = _one_line(SEPARATOR.join(parts))
    bar = min(WIDEST_BAR, width - 1 - text.cell_len)
    if bar < LEAST_BAR:
        return text
    line = Table.grid(padding=(0, 1))
    line.add_row(ProgressBar(total=1.0, completed=now.fraction, width=bar), text)
    return line


def _one_line(text: str, style: str = "") -> Text:
    """Return a text that is cut off where the line ends."""
    return Text(visible(text, lines=False), style=style, no_wrap=True, overflow="ellipsis")


def in_notebook() -> bool:
    """Say whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


class NotebookScreen:
    """A living line below the cell of a notebook.

    Args:
        now: says how far the run is.
        clock: seconds that only grow.
        every_s: seconds between two changes of the line.
    """

    def __init__(
        self, now: Callable[[], ProgressSnapshot], clock: Callable[[], float] = time.monotonic, every_s: float = 0.5
    ) -> None:
        self._now, self._clock, self._every_s = now, clock, every_s
        self._last = -every_s
        self._handle: Any = None

    def start(self) -> None:
        """Show the line."""
        from IPython.display import display

        self._handle = display(self._line(), display_id=True)  # type: ignore[no-untyped-call,unused-ignore]

    def stop(self) -> None:
        """Leave how far the run came."""
        self._handle.update(self._line())

    def moved(self) -> None:
        """Change the line, now and then."""
        if self._clock() - self._last >= self._every_s:
            self._last = self._clock()
            self._handle.update(self._line())

    def log_event(self, text: str, *, routine: bool = False) -> None:
        """Print below the line what the line does not say."""
        if not routine:
            sys.stdout.write(f"{visible(text)}\n")
        self.moved()

    def write_output(self, text: str) -> None:
        """Print it."""
        sys.stdout.write(f"{unstyled(text)}\n")

    def _line(self) -> Any:
        """Return the line, for notebooks that show HTML and for those that show text."""
        now = self._now()
        running = [f"{label}: {what}" for label, what in list(now.running.items())[:SHOWN_RUNNING]]
        about = (now.standing or now.means)[:SHOWN_STANDING]
        text = visible(SEPARATOR.join([now.line, *about, *running]), lines=False)
        bar = f'<progress max="1" value="{now.fraction:.3f}"></progress>'
        return _Shown(text, f"<div>{bar} {html.escape(text)}</div>")


@dataclass(frozen=True)
class _Shown:
    text: str
    html: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


class PlainScreen:
    """A line on standard error for whatever is said."""

    def __init__(self, now: Callable[[], ProgressSnapshot]) -> None:
        self._now = now
        self._console = Console(stderr=True, highlight=False)

    def start(self) -> None:
        """Nothing is shown before something is said."""

    def stop(self) -> None:
        """Nothing is left."""

    def moved(self) -> None:
        """Nothing is shown of it."""

    def log_event(self, text: str, *, routine: bool = False) -> None:
        """Print it, with how far the run is."""
        now = self._now()
        suffix = f" · {now.left} left" if now.left else ""
        self._console.print(Text(visible(f"[{now.count}] {text}{suffix}")), soft_wrap=True)

    def write_output(self, text: str) -> None:
        """Print it."""
        self._console.print(Text(unstyled(text)), soft_wrap=True)


class EventScreen:
    """Lines of JSON on standard error, for the machine that follows the log of a job on a cluster.

    Args:
        now: says how far the run is.
        clock: seconds that only grow.
        every_s: seconds between two events that only say how far trials are.
    """

    def __init__(
        self,
        now: Callable[[], ProgressSnapshot],
        clock: Callable[[], float] = time.monotonic,
        every_s: float = EVENTS_EVERY_S,
    ) -> None:
        self._now, self._clock, self._every_s = now, clock, every_s
        self._last = -every_s

    def start(self) -> None:
        """Say that there is something to follow."""
        self._emit({})

    def stop(self) -> None:
        """Say that there is nothing to follow any more."""
        self._emit({"over": True})

    def moved(self) -> None:
        """Tell how far the run is, now and then."""
        if self._clock() - self._last >= self._every_s:
            self._emit({})

    def log_event(self, text: str, *, routine: bool = False) -> None:
        """Tell it."""
        self._emit({"say": text, "routine": routine})

    def write_output(self, text: str) -> None:
        """Tell it."""
        self._emit({"tell": text})

    def _emit(self, event: dict[str, object]) -> None:
        self._last = self._clock()
        sys.stderr.write(f"{MARK}{json.dumps(event | {'now': asdict(self._now())})}\n")
        sys.stderr.flush()
