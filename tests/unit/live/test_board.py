"""What tabs are told: all there is at first, then what differs; a board that takes it all in shows the same."""

import json
import threading
import time

import pytest

from cnnjobs.live.board import MOST_WAITING, Board, applied


def told(tab):
    changes = []
    while (change := tab.next(0)) is not None:
        changes.append(json.loads(change))
    return changes


def test_a_tab_is_told_all_there_is_and_then_only_what_differs():
    board = Board()
    board.show({"a": 1, "b": {"x": [1]}})
    with board.tab() as tab:
        assert told(tab) == [{"reset": True, "set": {"a": 1, "b": {"x": [1]}}}]
        board.show({"a": 2, "b": {"x": [1]}})
        board.show({"a": 2})
        board.show({"a": 2})
        assert told(tab) == [{"set": {"a": 2}}, {"drop": ["b"]}]


def test_of_a_curve_that_grows_only_new_points_travel():
    board = Board()
    board.show({"t": {"text": "epoch 1", "points": [[1, 0.5]]}})
    with board.tab() as tab:
        tab.next(0)
        board.show({"t": {"text": "epoch 2", "points": [[1, 0.5], [2, 0.6]]}})
        board.show({"t": {"text": "again", "points": [[2, 0.7]]}})
        assert told(tab) == [
            {"add": {"t": {"text": "epoch 2", "points": [[2, 0.6]]}}},
            {"set": {"t": {"text": "again", "points": [[2, 0.7]]}}},
        ]


def test_another_board_that_takes_the_changes_in_shows_the_same():
    here, there, values = Board(), Board(), {}
    steps = [
        {"a": 1, "t": {"points": [1]}},
        {"a": 1, "t": {"points": [1, 2, 3]}, "u": {"points": []}},
        {"t": {"points": [9]}, "u": {"points": [5]}},
    ]
    with there.tab() as tab:
        for step in steps:
            there.show(step)
            for change in told(tab):
                here.take(change)
                values = applied(values, change)
            assert values == step
    with here.tab() as tab:
        assert told(tab) == [{"reset": True, "set": steps[-1]}]


def test_a_tab_that_falls_behind_is_told_everything_anew():
    board = Board()
    with board.tab() as tab:
        tab.next(0)
        for number in range(MOST_WAITING + 5):
            board.show({"n": number})
        assert told(tab) == [{"reset": True, "set": {"n": MOST_WAITING + 4}}]


def test_a_closed_board_tells_what_waits_still_and_then_why_nothing_comes():
    board = Board()
    with board.tab() as tab:
        tab.next(0)
        board.show({"a": 1})
        board.close("the end")
        assert json.loads(tab.next(0)) == {"set": {"a": 1}}
        with pytest.raises(EOFError, match="the end"):
            tab.next(0)
    assert board.tabs == 0


def test_a_board_that_closes_waits_until_its_tabs_are_told_but_not_for_one_that_does_not_read():
    board = Board()

    def read():
        with board.tab() as tab, pytest.raises(EOFError):
            while True:
                tab.next(10)

    thread = threading.Thread(target=read)
    thread.start()
    assert board.wait_for_tabs(10)
    board.close("the end", within_s=20)
    assert board.tabs == 0
    thread.join(10)
    with board.tab():
        began = time.monotonic()
        board.close("the end", within_s=0.1)
        assert 0.1 <= time.monotonic() - began < 10
