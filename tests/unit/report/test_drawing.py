"""Figures are the same bytes whoever draws them, and what a helping process cannot draw, this one does."""

import os
import time
from functools import partial
from pathlib import Path

import pytest
from support.stores import document_of, make_store, quiet

from cnnjobs.process.machine import child_processes
from cnnjobs.report import drawing
from cnnjobs.report.drawing import Helpers, chart_files
from cnnjobs.report.model import Chart

HERE = os.getpid()
FIGURE = "__import__('matplotlib.figure').figure.Figure(figsize=(1, 1))"
ELSEWHERE = f"__import__('os').getpid() != {HERE}"
SYSTEM = "__import__('os')"


@pytest.fixture
def three_cores(monkeypatch):
    """Two processes help where there are enough figures."""
    monkeypatch.setattr(drawing, "usable_cpus", lambda: 3)
    monkeypatch.setattr(drawing, "free_bytes", lambda: 1 << 40)


def chart(name, expression):
    """A figure that is what an expression comes to, in whichever process."""
    return Chart(name, name, partial(eval, expression), ("process",), partial(eval, "[[__import__('os').getpid()]]"))


def test_a_report_is_the_same_bytes_in_one_process_and_in_three(tmp_path, three_cores):
    charts = document_of(make_store(tmp_path, {"a": [0.5, 0.6], "b": [0.7, 0.9]}, curves=True)).charts
    kinds = {one.name.split("-")[0]: one for one in charts}
    with Helpers(12) as helpers:
        files = helpers.draw([*kinds.values()], ("png", "pdf"), quiet)
    alone = Helpers(0).draw([*kinds.values()], ("png", "pdf"), quiet)
    assert list(files) == list(alone)
    assert [name for name in files if files[name] != alone[name]] == []


def test_several_processes_draw_and_are_ended_at_once(three_cores):
    before = set(child_processes(HERE))
    with Helpers(12) as helpers:
        charts = [chart(f"figure-{number}", f"__import__('time').sleep(0.2) or {FIGURE}") for number in range(16)]
        files = helpers.draw(charts, (), quiet)
        who = {content for name, content in files.items() if name.endswith(".csv")}
        assert len(who) > 1
        assert set(child_processes(HERE)) > before
    assert set(child_processes(HERE)) == before


def test_few_figures_take_no_further_process(three_cores):
    before = child_processes(HERE)
    with Helpers(5):
        assert child_processes(HERE) == before


def test_what_a_process_does_not_live_to_draw_is_drawn_here(monkeypatch):
    monkeypatch.setattr(drawing, "usable_cpus", lambda: 4)
    monkeypatch.setattr(drawing, "free_bytes", lambda: 1 << 40)
    ends = [f"{SYSTEM}._exit(3)", f"{SYSTEM}.kill({SYSTEM}.getpid(), 9)", "1 / 0"]
    charts = [chart(f"figure-{number}", f"({end}) if {ELSEWHERE} else {FIGURE}") for number, end in enumerate(ends)]
    at_first = len(child_processes(HERE))
    began = time.monotonic()

    def until_two_have_ended(what, done, total):
        while len(child_processes(HERE)) > at_first + 1 and time.monotonic() < began + 60:
            time.sleep(0.05)

    with Helpers(18) as helpers:
        assert len(child_processes(HERE)) == at_first + 3
        files = helpers.draw(charts, (), until_two_have_ended)
    assert time.monotonic() < began + 60
    assert list(files) == [f"figure-{number}.{kind}" for number in range(3) for kind in ("svg", "csv")]
    assert {files[f"figure-{number}.csv"] for number in range(3)} == {f"process\n{HERE}\n".encode()}


def test_a_figure_that_cannot_be_sent_is_drawn_here(three_cores):
    with Path(__file__).open() as here:  # no other process can have it
        charts = [Chart("a", "a", lambda: eval(FIGURE) if here else None, ("x",), lambda: [[1]])] * 3
        with Helpers(12) as helpers:
            assert helpers.draw(charts, (), quiet) == chart_files(charts[0], ())


def test_an_error_of_a_figure_is_the_one_it_raises_here(three_cores):
    charts = [chart("fine", FIGURE), chart("broken", "{}['broken']")]
    with pytest.raises(KeyError, match="broken"), Helpers(12) as helpers:
        helpers.draw(charts, (), quiet)
    assert helpers.draw(charts[:1], (), quiet), "without them"


def test_an_interrupt_ends_the_processes(three_cores):
    before = set(child_processes(HERE))

    def interrupted(what, done, total):
        raise KeyboardInterrupt

    charts = [chart("endless", f"__import__('time').sleep(60) if {ELSEWHERE} else {FIGURE}")] * 4
    with pytest.raises(KeyboardInterrupt), Helpers(12) as helpers:
        helpers.draw(charts, (), interrupted)
    assert set(child_processes(HERE)) == before
