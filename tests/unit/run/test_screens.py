"""A run looks the same here and on a cluster: events carry what a screen shows, words what was asked for."""

import json

import pytest
from support.fakes import Clock

from cnnjobs.run import screens
from cnnjobs.run.screens import MARK, EventScreen, PlainScreen, ProgressSnapshot, TerminalScreen


@pytest.fixture
def clock():
    return Clock()


def events(text):
    lines = text.splitlines()
    assert all(line.startswith(MARK) for line in lines)
    return [json.loads(line.removeprefix(MARK)) for line in lines]


NOW = ProgressSnapshot(
    trials=3, ended=1, fraction=0.25, line="1/3 done", left="2 s", running={"a, repeat 1": "epoch 1/4"}
)


def test_events_are_lines_of_json_with_how_far_the_run_is(capsys):
    screen = EventScreen(lambda: NOW)
    screen.start()
    screen.log_event("a: test accuracy 91%\n", routine=True)
    screen.write_output("two\nlines · ä")
    screen.stop()
    printed = capsys.readouterr().err
    assert printed.isascii()
    told = events(printed)
    assert [one.pop("now") for one in told] == [json.loads(json.dumps(vars(NOW)))] * 4
    assert told == [{}, {"say": "a: test accuracy 91%\n", "routine": True}, {"tell": "two\nlines · ä"}, {"over": True}]


def test_events_that_only_say_how_far_the_run_is_come_now_and_then(clock, capsys):
    screen = EventScreen(lambda: NOW, clock, every_s=2.0)
    for _ in range(100):
        clock.now += 0.25
        screen.moved()
    assert len(events(capsys.readouterr().err)) == 13


def test_the_first_move_is_told_and_one_after_a_saying_waits(clock, capsys):
    screen = EventScreen(lambda: NOW, clock, every_s=2.0)
    screen.moved()
    clock.now += 1.9
    screen.log_event("said")
    clock.now += 1.9
    screen.moved()
    assert ["say" in one for one in events(capsys.readouterr().err)] == [False, True]


def test_plain_lines_say_how_far_the_run_is_and_what_is_left(capsys):
    screen = PlainScreen(lambda: NOW)
    screen.start()
    screen.moved()
    screen.log_event("[bold]a[/bold]: test accuracy 91%", routine=True)
    screen.write_output("printed " + "x" * 300)
    screen.stop()
    assert capsys.readouterr().err == f"[1/3] [bold]a[/bold]: test accuracy 91% · 2 s left\nprinted {'x' * 300}\n"


def test_before_there_is_a_rate_nothing_is_said_of_what_is_left(capsys):
    PlainScreen(lambda: ProgressSnapshot(trials=3)).log_event("a")
    assert capsys.readouterr().err == "[0/3] a\n"


RULED = ProgressSnapshot(
    trials=60, ended=7, line="7 of at most 60 done", left="9 s to 2 min", at_most=True, standing=["a: 7 pairs"] * 8
)


def test_where_a_rule_may_end_before_the_trials_are_at_most_so_many(capsys):
    PlainScreen(lambda: RULED).log_event("a is decided")
    assert capsys.readouterr().err == "[7 of at most 60] a is decided · 9 s to 2 min left\n"


def test_how_far_variants_are_stands_below_the_line(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    screen = TerminalScreen(lambda: RULED)
    screen._console.print(screen._render())
    shown = capsys.readouterr().err
    assert "7 of at most 60 done" in shown
    assert shown.count("a: 7 pairs") == 6
    assert "and 2 more that are not decided" in shown


@pytest.mark.parametrize(("asked", "alive", "kind"), [("1", True, EventScreen), ("", True, TerminalScreen)])
def test_who_asks_for_events_gets_them_even_on_a_terminal(asked, alive, kind, monkeypatch):
    monkeypatch.setenv("CNNJOBS_EVENTS", asked)
    monkeypatch.setattr("sys.stderr.isatty", lambda: alive, raising=False)
    assert type(screens.open_screen(lambda: NOW)) is kind


def test_on_a_terminal_what_is_routine_stands_there_with_how_far_the_run_is(capsys):
    screen = TerminalScreen(lambda: NOW)
    screen.log_event("routine", routine=True)
    screen.log_event("a: FAILED: [red]no[/red]")
    screen.write_output("printed")
    assert capsys.readouterr().err == "[1/3] routine\na: FAILED: [red]no[/red]\nprinted\n"
