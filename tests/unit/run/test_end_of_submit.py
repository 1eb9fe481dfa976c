"""From the last result to the prompt: what is told in which order, and what an interrupt leaves."""

import pytest
from support.fakes import submit_in

from cnnjobs.engine.inline import InlineEngine


class TakenDown(InlineEngine):
    """Keeps what had happened when it was waited for."""

    def __init__(self, shown):
        self.shown, self.closed = shown, []

    def close(self):
        self.closed.append(list(self.shown))


@pytest.fixture
def shown(monkeypatch):
    """Return what is shown and written of a report, in order."""
    found = []
    monkeypatch.setattr("cnnjobs.run.tables.table_lines", lambda *_: found.append("table") or ["the table"])
    return found


def test_the_table_is_shown_before_what_ran_the_trials_is_waited_for(tmp_path, shown):
    engine = TakenDown(shown)
    done = submit_in(tmp_path, engine=engine)
    assert done.exit_code == 0, done.output
    assert engine.closed == [["table"]]
    assert "the table" in done.output


def test_ctrl_c_while_the_report_is_written_says_what_is_stored_and_how_to_go_on(tmp_path, shown, monkeypatch):
    def interrupt(*_):
        shown.append("interrupt")
        raise KeyboardInterrupt

    monkeypatch.setattr("cnnjobs.run.aggregate.job_document", interrupt)
    engine = TakenDown(shown)
    done = submit_in(tmp_path, engine=engine)
    assert done.exit_code == 130
    assert engine.closed == [["table", "interrupt"]], "nothing is left running"
    assert "The results are stored; to write it: cnnjobs aggregate results/tiny" in done.output
    assert not list((tmp_path / "results/tiny").glob("running-*")), "the claim was taken back before"


def test_the_second_stage_begins_when_what_ran_the_first_is_down(tmp_path, shown):
    engine = TakenDown(shown)
    done = submit_in(tmp_path, "--half-width", "2", "--most-repeats", "6", engine=engine, repeats=3)
    assert done.exit_code == 0, done.output
    assert engine.closed[0] == [], "its memory is counted"
    assert engine.closed[-1] == ["table"]
