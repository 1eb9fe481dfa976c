"""What a person sees of a submit: on a terminal of 80 x 24, on a narrow one, and in a pipe."""

import io
import os
import sys
from pathlib import Path

import pytest
from rich.console import Console
from support.fakes import Clock, submit_in, write_job
from support.terminal_screens import drawn, seen_of

from cnnjobs.run import screens
from cnnjobs.run.screens import ProgressSnapshot, TerminalScreen

SUBMIT = """
import sys, time
from support.fakes import FakeWorker
from cnnjobs.cli import main
from cnnjobs.engine.inline import InlineEngine
from cnnjobs.report.write import Written
from cnnjobs.run import aggregate, backends

class Slow(FakeWorker):
    def run(self, trial):
        for message in super().run(trial):
            time.sleep(0.06)
            yield message

def write(*_):
    time.sleep(0.3)
    return Written("report", None, ())

aggregate.write_document = write
backends.open_engine = lambda **_: InlineEngine()
backends.open_worker = lambda dataset, resources, checkpoints: Slow(dataset, resources)
main(sys.argv[1:])
"""


def command(folder, *words, **job):
    path = write_job(folder, **({"epochs": 5, "repeats": 3} | job))
    return [sys.executable, "-c", SUBMIT, "submit", str(path), *words]


@pytest.fixture
def options(tmp_path):
    """Where and with what a command runs."""
    tests = str(Path(__file__).parents[2])
    path = os.pathsep.join([tests, *filter(None, [os.environ.get("PYTHONPATH")])])
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    return {"cwd": tmp_path, "env": kept | {"PYTHONPATH": path, "TERM": "xterm-256color"}}


def test_finished_trials_stand_above_the_bar_and_the_means_below_it(options, tmp_path):
    seen = seen_of(command(tmp_path), 80, 24, **options)
    assert seen.code == 0, seen.text
    for number in range(1, 7):
        assert f"[{number}/6] " in seen.text, "a line a trial stays, as in a pipe"
    assert seen.text.count("test accuracy") >= 6
    assert "mean of" not in seen.text, "the living part goes"
    assert "drawing figures" not in seen.text
    living = [frame for frame in seen.frames if "running" in frame]
    assert any("one: " in frame and "mean of 2" in frame for frame in living)
    for frame in living:
        lines = [line for line in frame.splitlines() if "running" in line]
        assert len(lines) == 1, "the bar is one line"
    assert any(frame.endswith("drawing figures ...") for frame in seen.frames)


def test_the_same_lines_are_in_a_pipe(tmp_path):
    done = submit_in(tmp_path, repeats=3)
    lines = [line for line in done.stderr.splitlines() if line.startswith("[")]
    assert [line.split()[0] for line in lines] == [f"[{number}/6]" for number in range(1, 7)]
    assert "mean of" not in done.stderr
    assert "drawing" not in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


# one screen, drawn


def screen_of(now, columns=80, rows=24, clock=None):
    """A screen whose terminal is a text, and the text."""
    screen = TerminalScreen(lambda: now, clock or Clock())
    screen._console = Console(file=io.StringIO(), force_terminal=True, width=columns, height=rows, highlight=False)
    return screen, screen._console.file


def living(now, columns=80, rows=24):
    screen, text = screen_of(now, columns, rows)
    screen._console.print(screen._render())
    return drawn(text.getvalue(), columns, rows).splitlines()


BUSY = ProgressSnapshot(
    trials=1000,
    ended=113,
    fraction=0.113,
    line="113/1000 done · 4 running · 1.9 epochs/s, 12,247 images/s · 2 h 14 min left",
    running={f"a variant with a name that is long, repeat {number}": "epoch 7/12" for number in range(1, 7)},
    means=[f"variant {number}: 97.{number:02d}%, mean of 9" for number in range(10)],
)


@pytest.mark.parametrize("columns", [200, 120, 80, 60, 40, 30])
def test_the_living_part_has_a_line_for_each_thing(columns):
    lines = living(BUSY, columns, rows=40)
    assert len(lines) == 1 + 10 + 5
    assert "113/1000 done" in lines[0]
    assert max(map(len, lines)) <= columns
    assert ("images/s" in lines[0]) == (columns >= 120), "rates give way to the bar and the time left"
    if columns >= 60:
        assert lines[0].endswith("2 h 14 min left")


def test_means_that_do_not_fit_are_left_out_and_what_runs_is_not(capsys):
    lines = living(BUSY, rows=20)
    assert len(lines) == 1 + 5
    assert lines[-1] == "  and 2 more"


def test_of_a_thousand_short_trials_as_many_lines_come_as_can_be_read():
    clock = Clock()
    screen, text = screen_of(BUSY, clock=clock)
    for number in range(1000):
        clock.now += 0.02
        screen.log_event(f"trial {number}", routine=True)
        if number == 500:
            screen.log_event("trial 500: FAILED")
    screen._tell_held()
    lines = text.getvalue().splitlines()
    alone = [line for line in lines if line.startswith("[113/1000] trial")]
    held = [int(line.split("and ")[1].split()[0]) for line in lines if "and" in line]
    assert len(alone) + sum(held) == 1000, "all are accounted for"
    assert 80 <= len(alone) <= 20 * screens.MOST_ROUTINE
    assert "trial 500: FAILED" in lines, "what is not routine is always said"


# what is said of a trial, and after --only


def test_with_folds_a_trial_is_said_by_its_validation_accuracy_which_is_compared(tmp_path):
    done = submit_in(
        tmp_path, "--only", "one", repeats=1, change=lambda text: text.replace("repeats=", "folds=2, repeats=")
    )
    assert "[1/2] one, repeat 1, fold 1: validation accuracy 50.00%" in done.stderr
    assert "test accuracy" not in done.stderr
    assert "one" in done.stdout
    assert "two" not in done.stdout, "nobody asked for it"


def test_means_count_what_was_stored_before(monkeypatch, tmp_path):
    submit_in(tmp_path, "--repeats", "2")
    seen = []
    monkeypatch.setattr("cnnjobs.run.progress.Display.stop", lambda self: seen.append(self._meter.snapshot().means))
    submit_in(tmp_path, "--repeats", "3")
    assert [line.split(", ")[-1] for line in seen[-1]] == ["mean of 3", "mean of 3"]
