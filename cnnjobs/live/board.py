"""What a page shows, by parts, and what changes of it, for all tabs that look at it."""

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

MOST_WAITING = 200
"""A tab that is so many changes behind is told everything anew."""

POINTS = "points"
"""Key of a part under which a list only grows: of it what is new travels."""

Change = dict[str, Any]
"""`set`: part -> its value; `add`: part -> a value of which the points come behind those that are there; `drop`: parts;
`reset`: whether all else goes."""


class Board:
    """Parts of a page, and who looks at them."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._tabs: list[Tab] = []
        self._news = threading.Condition()
        self.over: str | None = None
        """Why nothing comes any more; None while something may."""

    def show(self, values: Mapping[str, Any]) -> None:
        """Show these parts and no others; tabs are told what differs.

        Args:
            values: part -> its value, as JSON; it must not be changed afterwards.
        """
        with self._news:
            self.take(_difference(self._values, values), values)

    def take(self, change: Change, values: Mapping[str, Any] | None = None) -> None:
        """Make a change, as another board has told it.

        Args:
            change: of the parts.
            values: the parts after it, where they are known.
        """
        if not change:
            return
        told = encoded(change)
        with self._news:
            self._values = dict(applied(self._values, change) if values is None else values)
            for tab in self._tabs:
                tab.waiting.append(told)
            self._news.notify_all()

    def close(self, why: str, within_s: float = 0.0) -> None:
        """Tell all tabs that nothing comes any more; wait until they have been told, or so long."""
        with self._news:
            self.over = why
            self._news.notify_all()
            self._news.wait_for(lambda: not self._tabs, within_s)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is shown yet."""
        return not self._values

    @property
    def tabs(self) -> int:
        """How many look."""
        return len(self._tabs)

    def wait_for_tabs(self, seconds: float) -> bool:
        """Wait until somebody looks, or so long; say whether somebody does."""
        with self._news:
            return self._news.wait_for(lambda: bool(self._tabs) or self.over is not None, seconds)

    @contextmanager
    def tab(self) -> Iterator["Tab"]:
        """Yield what one tab is told, beginning with all there is."""
        tab = Tab(self)
        with self._news:
            self._tabs.append(tab)
            self._news.notify_all()
        try:
            yield tab
        finally:
            with self._news:
                self._tabs.remove(tab)
                self._news.notify_all()


class Tab:
    """What one tab is told.

    Args:
        board: that it looks at.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self.waiting: deque[str] = deque()
        self._is_new = True

    def next(self, seconds: float) -> str | None:
        """Return the next change as JSON; None when none came within so many seconds.

        Raises:
            EOFError: with the reason, when nothing comes any more.
        """
        board = self._board
        with board._news:
            board._news.wait_for(lambda: bool(self._is_new or self.waiting or board.over is not None), seconds)
            if self._is_new or len(self.waiting) > MOST_WAITING:
                self._is_new = False
                self.waiting.clear()
                return encoded({"reset": True, "set": board._values})
            if self.waiting:
                return self.waiting.popleft()
            if board.over is not None:
                raise EOFError(board.over)
            return None


def encoded(change: Change) -> str:
    """Return a change as JSON in one line."""
    return json.dumps(change, separators=(",", ":"), allow_nan=False)


def applied(values: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """Return the parts after a change."""
    dropped = change.get("drop", ())
    now = {} if change.get("reset") else {key: value for key, value in values.items() if key not in dropped}
    now |= change.get("set", {})
    for key, value in change.get("add", {}).items():
        now[key] = {**value, POINTS: [*now[key][POINTS], *value[POINTS]]}
    return now


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> Change:
    """Return what leads from some parts to others."""
    change: Change = {"set": {}, "add": {}, "drop": [key for key in before if key not in now]}
    for key, value in now.items():
        old = before.get(key)
        if old is value or old == value:
            continue
        if isinstance(old, dict) and isinstance(value, dict) and _goes_on(old.get(POINTS), value.get(POINTS)):
            change["add"][key] = {**value, POINTS: value[POINTS][len(old[POINTS]) :]}
        else:
            change["set"][key] = value
    return {name: what for name, what in change.items() if what}


def _goes_on(old: Any, new: Any) -> bool:
    return isinstance(old, list) and isinstance(new, list) and new[: len(old)] == old
