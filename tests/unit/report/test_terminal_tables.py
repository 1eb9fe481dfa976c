"""The tables of a comparison on a terminal: whole numbers at 80 columns, and rows of what was asked for."""

import pytest
from support.stores import made_up_store
from support.terminal_screens import drawn

from cnnjobs.comparison.table import job_table
from cnnjobs.report.render.comparison_text import table_lines
from cnnjobs.report.render.text import plain, table_text
from cnnjobs.store.files import Files
from cnnjobs.store.store import Store

HEADER = ("minus a baseline", "pairs", "mean difference", "95% CI", "p (Holm)", "verdict")
ROWS = [
    ("a variant of long name", "6", "+0.60", "[-10.15, +11.35]", "0.186", "3 pairs: a verdict needs five"),
    ("another", "12", "-14.79", "[-2.39, +0.82]", "< 0.001", "not resolved"),
]
NOTE = (
    "Runs are paired by repeat and fold, with t intervals. A verdict needs five pairs and p below 0.05 after Holm's "
    "adjustment for 2 comparisons."
)


@pytest.fixture
def on_terminal(monkeypatch):
    def of(columns):
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        monkeypatch.setenv("COLUMNS", str(columns))
        return drawn(table_text("A title", HEADER, ROWS, NOTE), columns, 60)

    return of


@pytest.mark.parametrize("columns", [160, 80, 60, 40])
def test_lines_are_no_wider_than_the_terminal_and_words_whole_where_they_can_be(on_terminal, columns):
    shown = on_terminal(columns)
    assert max(map(len, shown.splitlines())) <= columns
    assert " ".join(shown.split()).endswith(NOTE), "the note breaks between words"
    if columns >= 80:
        for row in ROWS:
            assert all(cell in shown for cell in row[1:5]), "no number is broken"
        assert "resolved" in shown


def test_in_a_pipe_nothing_breaks():
    lines = plain(table_text("A title", HEADER, ROWS, NOTE)).splitlines()
    assert len(lines) == 1 + 2 + len(ROWS) + 1
    assert lines[-1] == NOTE


@pytest.fixture
def table(tmp_path):
    made_up_store(tmp_path, variants=("a", "b", "c"), runs=5)
    return job_table(Store(Files(tmp_path / "job")))


def first_words(table, *only):
    return [line.split()[0] for line in plain("\n".join(table_lines(table, only))).splitlines() if line.strip()]


def test_only_the_variants_asked_for_have_rows_and_the_reference_they_are_compared_with(table):
    words = first_words(table)
    assert [words.count(name) for name in "abc"] == [1, 2, 2]
    words = first_words(table, "b")
    assert [words.count(name) for name in "abc"] == [1, 2, 0]
    words = first_words(table, "a")
    assert [words.count(name) for name in "abc"] == [1, 0, 0], "the reference alone has no differences"


def test_without_runs_of_the_reference_the_variant_asked_for_stands_alone(tmp_path):
    made_up_store(tmp_path, variants=("a", "b", "c"), runs=5)
    for path in (tmp_path / "job" / "trials").glob("*.parquet"):
        if _variant(path) == "a":
            path.unlink()
    words = first_words(job_table(Store(Files(tmp_path / "job"))), "b")
    assert [words.count(name) for name in "abc"] == [0, 1, 0]


def _variant(path):
    import pyarrow.parquet as pq

    return pq.read_table(path, columns=["variant"])["variant"][0].as_py()
