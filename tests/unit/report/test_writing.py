"""Every table and figure is written in every format, with the same numbers in all of them."""

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from support.stores import VALUES, document_of, made_up_store, make_store, quiet

from cnnjobs.comparison.metric_format import metric_format
from cnnjobs.report.model import Chart, DisplayColumn, Document, Passage, ReportTable, Section, Terms, Text
from cnnjobs.report.render.csv import table_csv
from cnnjobs.report.render.latex import ESCAPES, latex_table
from cnnjobs.report.render.markdown import markdown_report, markdown_table, paragraph
from cnnjobs.report.render.parquet import table_parquet
from cnnjobs.report.write import write_document
from cnnjobs.store.files import Files

NUMBER = re.compile(r"(?<![\w.])[+-]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[+-]\d+)?(?![\w.]|/)")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A document of a real comparison, and the folder it was written into."""
    runs = {name: values * 2 for name, values in VALUES.items()}
    store = make_store(tmp_path_factory.mktemp("job"), runs, repeats=10, curves=True, seconds=60.0, cpus=1)
    document, folder = document_of(store), Files(tmp_path_factory.mktemp("report"))
    write_document(folder, document, quiet, ("png", "pdf"))
    return document, Path(folder.location)


def test_every_format_of_every_table_and_figure_is_there_and_nothing_else(written):
    document, folder = written
    tables = {f"{report_table.name}.{kind}" for report_table in document.tables for kind in ("csv", "tex", "parquet")}
    figures = {f"{chart.name}.{kind}" for chart in document.charts for kind in ("svg", "png", "pdf", "csv")}
    assert {path.name for path in (folder / "tables").iterdir()} == tables
    assert {path.name for path in (folder / "figures").iterdir()} == figures
    assert {report_table.name for report_table in document.tables} >= {
        "summary",
        "differences",
        "planning",
        "noise",
        "provenance",
    }
    assert {chart.name for chart in document.charts} >= {"differences", "box", "curves-alike", "roc-alike"}


def test_names_of_files_are_plain_and_no_two_alike(written):
    document, _ = written
    for elements in (document.tables, document.charts):
        names = [element.name for element in elements]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z0-9_-]+", name) for name in names)


def test_csv_and_parquet_hold_the_same_values(written):
    document, folder = written
    for report_table in document.tables:
        stored = pq.read_table(folder / "tables" / f"{report_table.name}.parquet")
        rows = list(csv.DictReader(io.StringIO((folder / "tables" / f"{report_table.name}.csv").read_text())))
        assert stored.column_names == list(report_table.columns)
        for row, other in zip(rows, stored.to_pylist(), strict=True):
            for name, value in other.items():
                text = "" if value is None else str(value)
                assert row[name] == text or float(row[name]) == value


def test_markdown_latex_and_html_show_the_same_cells(written):
    document, folder = written
    markdown = (folder / "report.md").read_text()
    page = Tables()
    page.feed((folder / "index.html").read_text())
    assert page.tables == [[list(cells) for cells in report_table.cells] for report_table in document.tables]
    for report_table in document.tables:
        assert markdown_table(report_table) in markdown
        shown = unescaped((folder / "tables" / f"{report_table.name}.tex").read_text())
        for cells in report_table.compact.cells:
            assert " & ".join(cells) + r" \\" in shown


class Tables(HTMLParser):
    """The cells of the bodies of a page's tables, as text."""

    def __init__(self):
        super().__init__()
        self.tables, self._cell = [], None
        self._body = False

    def handle_starttag(self, tag, attrs):
        if tag == "tbody":
            self._body = True
            self.tables.append([])
        elif tag == "tr" and self._body:
            self.tables[-1].append([])
        elif tag in ("td", "th") and self._body:
            self._cell = ""

    def handle_endtag(self, tag):
        if tag == "tbody":
            self._body = False
        elif tag in ("td", "th") and self._body:
            self.tables[-1][-1].append(" ".join(self._cell.split()))
            self._cell = None

    def handle_data(self, data):
        if self._cell is not None:
            self._cell += data


def unescaped(tex):
    """LaTeX as people read it."""
    for letter, code in sorted(ESCAPES.items(), key=lambda item: -len(item[1])):
        tex = tex.replace(code, letter) if code not in ("--", "$-$") else tex
    return tex.replace("$+$", "+").replace("$-$", "-")


def test_cells_are_the_values_rounded(written, tmp_path):
    """Every number that people read is one of its row's values, in the unit and with the digits it is shown in."""
    factor = metric_format("test_accuracy").factor
    report_tables = {
        report_table.name: report_table for report_table in document_of(made_up_store(tmp_path, runs=6)).tables
    }
    report_tables |= {
        report_table.name: report_table
        for report_table in written[0].tables
        if report_table.name in ("summary", "differences", "planning")
    }
    for name in ("summary", "differences", "planning", "noise", "new_examples", "ensembles"):
        report_table = report_tables[name]
        for row, cells in zip(report_table.rows, report_table.cells, strict=True):
            values = [float(value) for value in row.values() if isinstance(value, (int, float))]
            values += [factor * value for value in values] + [factor * abs(value) ** 0.5 for value in values]
            for cell in cells[1:]:
                for number in NUMBER.findall(cell.replace("< 0.001", "").split("(")[0]):
                    shown = float(number.replace(",", ""))
                    unit = 10.0 ** -len(number.partition(".")[2])
                    assert np.min(np.abs(np.array(values) - shown)) <= 0.5001 * unit, (name, cell, row)


def test_a_figure_has_the_values_it_draws(written):
    _, folder = written
    rows = list(csv.DictReader(io.StringIO((folder / "figures" / "box.csv").read_text())))
    assert [(row["repeat"], row["fold"]) for row in rows[:3]] == [("0", "0"), ("1", "0"), ("2", "0")], "from 0"
    own = [float(row["value"]) for row in rows if row["variant"] == "alike"]
    assert own == pytest.approx([0.92, 0.91, 0.90, 0.94, 0.93] * 2)
    (first, *_) = csv.DictReader(io.StringIO((folder / "figures" / "differences.csv").read_text()))
    assert float(first["mean"]) == pytest.approx(1.8), "in points, as it is drawn"


def test_what_an_earlier_report_wrote_is_removed(tmp_path):
    folder = Files(tmp_path)
    write_document(folder, Document("job", [Section("Table", [hostile_table()])]), quiet)
    assert folder.below("tables").names()
    write_document(folder, Document("job", [Section("Words", [Text("only words")])]), quiet)
    assert not folder.below("tables").names()


def test_a_column_of_whole_numbers_with_gaps_stays_whole():
    report_table = ReportTable(
        "g", "title", ("n", "x", "why", "none"), ({"n": 1, "x": 0.5, "why": "a", "none": None},) * 2, ()
    )
    schema = pq.read_schema(io.BytesIO(table_parquet(report_table)))
    assert [str(field.type) for field in schema] == ["int64", "double", "string", "double"]
    assert schema.metadata[b"title"] == b"title"


HOSTILE = "a & b_c #1 50% $x$ {y} \\z ~ ^ <script> | \u00b1"


def hostile_table():
    return ReportTable("g", HOSTILE, ("name", "x"), ({"name": HOSTILE, "x": -0.5},), (
        DisplayColumn("name", lambda row: row["name"]), DisplayColumn("x", lambda row: f"{row['x']:+.2f}", "x"),
    ))  # fmt: skip


def test_latex_shows_every_letter_as_it_is():
    tex = latex_table(hostile_table())
    assert r"a \& b\_c \#1 50\% \$x\$ \{y\} \textbackslash{}z \textasciitilde{} \textasciicircum{}" in tex
    assert r"& $-$0.50 \\" in tex
    assert unescaped(tex).count(HOSTILE) == 2


def test_a_row_that_begins_with_a_bracket_is_no_option_of_the_line_before():
    report_table = ReportTable("g", "t", ("a",), ({"a": "[1, 2]"},), (DisplayColumn("[a]", lambda row: row["a"]),))
    assert [line.strip() for line in latex_table(report_table).splitlines() if "[" in line] == [
        r"{}[a] \\",
        r"{}[1, 2] \\",
    ]


def test_csv_quotes_what_needs_it():
    report_table = ReportTable("g", "t", ("a", "b"), ({"a": 'one, "two"', "b": None},), ())
    assert list(csv.reader(io.StringIO(table_csv(report_table)))) == [["a", "b"], ['one, "two"', ""]]


def test_markdown_of_words_notes_parts_and_pictures():
    chart = Chart("box", "runs of a | b", lambda: None, (), list)
    inner = Section("a <b>", (chart, Text("mind `--margin` and `x|y`", "note")))
    text = markdown_report(Document("*job*", [Section("Part", (Text("5 < 6"),), (inner,))]))
    assert text == (
        "# \\*job\\*\n\n## Part\n\n5 \\< 6\n\n### a \\<b\\>\n\n![runs of a \\| b](figures/box.svg)\n\n"
        "**Note.** mind `--margin` and `x|y`\n"
    )


def test_markdown_says_how_to_read_a_section_and_quotes_what_is_to_be_copied():
    passages = (Passage("a.txt", "Words", "5 < 6\n\nnext"), Passage("b.bib", "Entries", "@misc{x,\n}", code=True))
    terms = Terms({"floor": "of `n` images", "a|b": "c"})
    text = markdown_report(Document("job", [Section("Part", (*passages, terms), how_to_read="Look at `p`.")]))
    assert text == (
        "# job\n\n## Part\n\n*How to read this:* Look at `p`.\n\nWords ([a.txt](text/a.txt)):\n\n> 5 \\< 6\n>\n> next"
        "\n\nEntries ([b.bib](text/b.bib)):\n\n```\n@misc{x,\n}\n```\n\n- **floor**: of `n` images\n- **a\\|b**: c\n"
    )


def test_texts_to_be_copied_are_files_that_the_next_report_removes(tmp_path):
    folder = Files(str(tmp_path))
    write_document(folder, Document("job", [Section("Methods", [Passage("a.txt", "Words", "é 1")])]), quiet)
    assert (tmp_path / "text" / "a.txt").read_text(encoding="utf-8") == "é 1\n"
    write_document(folder, Document("job", [Section("Words", [Text("only words")])]), quiet)
    assert not (tmp_path / "text" / "a.txt").exists()


def test_a_backtick_of_its_own_is_only_a_letter():
    assert paragraph("a`b * c") == r"a\`b \* c"
