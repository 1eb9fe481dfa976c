r"""A terminal obeys nothing of what comes from files: the one way to it shows escapes as text."""

import click
import pytest
from click.testing import CliRunner

from cnnjobs.report.render.text import table_text
from cnnjobs.wording.terminal import echo, note, unstyled, visible, write_data

HOSTILE = "cat\x1b[2J\x1b]0;owned\x07\x9b1m\u202etac\r\udcff"
SHOWN = r"cat\x1b[2J\x1b]0;owned\x07\x9b1m\u202etac\r\udcff"


@pytest.mark.parametrize("text", ["Größe, 猫, 👨‍👩‍👧, naïve", "two\nlines\tand a tab", "a ± b · 5"])
def test_what_people_write_stays_as_it_is(text):
    assert visible(text) == text


def test_what_a_terminal_would_obey_is_shown():
    assert visible(HOSTILE) == SHOWN
    assert visible("a\nb\tc", lines=False) == r"a\nb\tc"
    assert visible(ValueError("\x1b[0m")) == r"\x1b[0m"


def printed_by(call, tty):
    """What a call prints, on a terminal that shows colours or into a pipe."""

    @click.command()
    def command():
        call()

    done = CliRunner().invoke(command, color=tty)
    assert done.exception is None
    return done.stdout, done.stderr


@pytest.mark.parametrize("tty", [True, False])
def test_nothing_raw_is_printed(tty):
    assert printed_by(lambda: echo(HOSTILE), tty) == (f"{SHOWN}\n", "")
    assert printed_by(lambda: note(f"{HOSTILE}."), tty)[1] == f"note: {SHOWN}\n".replace(r"\r", " ")


def test_styles_of_our_own_stay_and_others_do_not():
    styled = click.style("bold", bold=True) + click.style("red", fg="red") + "\x1b[8mhidden\x1b[5mblinks\x1b[1A"
    shown, _ = printed_by(lambda: echo(styled, styled=True), tty=True)
    assert shown == "\x1b[1mbold\x1b[0m\x1b[31mred\x1b[0m" + r"\x1b[8mhidden\x1b[5mblinks\x1b[1A" + "\n"


def test_names_in_tables_are_shown_in_their_cells():
    text = table_text(HOSTILE, ("a\x1b[31m", "b"), [("\x1b[1mx\ny", "1")], "n\x07")
    shown = text.replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\x1b[2m", "")
    assert "\x1b" not in shown
    assert r"\x1b[1mx\ny" in shown
    assert r"n\x07" in shown


def test_output_of_other_programs_loses_its_colours():
    assert unstyled("\x1b[32mok\x1b[0m\r\n\x1b[2K50%\r") == "ok\n50%" + r"\r"


def test_data_for_other_programs_is_written_as_it_is():
    assert printed_by(lambda: write_data("a\x1b[1mb\n"), tty=True)[0] == "a\x1b[1mb\n"
