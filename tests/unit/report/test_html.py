"""The report as a web page: everything is in it, nothing asks for anything from elsewhere, every label is only text."""

import base64
import gzip
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure
from support.reports import HOSTILE, LONG, NAMES, QUOTES, files_of, made_up_document

from cnnjobs.report.figures.style import render
from cnnjobs.report.model import Chart, DisplayColumn, Document, Passage, ReportTable, Section, Terms, Text
from cnnjobs.report.render.html import html_report
from cnnjobs.report.render.html_colors import DARK, LIGHT
from cnnjobs.report.render.html_figures import inline
from cnnjobs.report.render.html_files import LARGEST, MOST_BYTES, packed_files
from cnnjobs.report.render.html_page import LONG_TABLE
from cnnjobs.report.render.html_tables import columns_and_lines
from cnnjobs.report.render.html_words import Glossary, Linker

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """What a page consists of: (tag, attributes, text below) of every element, in order."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.stack = [], []
        self.feed(html)
        self.close()
        assert not self.stack, f"never closed: {self.stack}"

    def handle_starttag(self, tag, attributes):
        self.elements.append([tag, dict(attributes), ""])
        if tag not in VOID:
            self.stack.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag, attributes):
        self.elements.append([tag, dict(attributes), ""])

    def handle_endtag(self, tag):
        assert self.stack.pop()[0] == tag

    def handle_data(self, data):
        for _, place in self.stack:
            self.elements[place][2] += data

    def of(self, *tags, **attributes):
        return [
            element
            for element in self.elements
            if element[0] in tags and all(element[1].get(name) == value for name, value in attributes.items())
        ]

    def texts(self, *tags, **attributes):
        return [" ".join(text.split()) for _, _, text in self.of(*tags, **attributes)]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A document, the page's source, and its elements."""
    document, figures = made_up_document(tmp_path_factory.mktemp("store"))
    html = html_report(document, figures, files_of(document))
    return document, html, Page(html)


def page_of(*sections):
    return Page(html_report(Document("a report", sections), {}))


def grid_of(rows, by="x"):
    columns = (DisplayColumn("name", lambda row: str(row["name"])), DisplayColumn("x", lambda row: str(row["x"]), by))
    return ReportTable("one", "One table", ("name", "x"), rows, columns)


def squashed(text):
    return " ".join(text.split())


def test_a_variant_named_as_a_script_is_only_text_everywhere(report):
    _, html, page = report
    assert [attributes.get("type") for _, attributes, _ in page.of("script")] == ["application/json", None]
    assert html.count("<script") == 2
    assert not page.of("img", "iframe", "object", "embed", "base")
    assert not [element for element in page.elements if any(name.startswith("on") for name in element[1])]
    for tag in ("h1", "th", "text", "figcaption"):
        assert any(HOSTILE[:20] in text for text in page.texts(tag)), tag
    labels = [attributes["aria-label"] for _, attributes, _ in page.of("svg")]
    for name in (HOSTILE, QUOTES):
        assert f"Learning curves of {name}" in labels
    assert squashed(QUOTES) in page.texts("h3")


def test_ids_and_names_of_files_are_plain_whatever_the_labels(report):
    _, _, page = report
    values = [attributes.get(name) for _, attributes, _ in page.elements for name in ("id", "data-file")]
    assert {
        value for value in values if value and not re.fullmatch(r"((tables|figures|text)/)?[\w.-]+", value)
    } == set()


def test_no_id_stands_twice_and_every_reference_leads_somewhere(report):
    _, html, page = report
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = re.findall(r"url\(#([^)]+)\)", html)
    for _, attributes, _ in page.elements:
        targets += attributes.get("aria-labelledby", "").split()
        targets += [attributes[name][1:] for name in ("href", "xlink:href") if attributes.get(name, "")[:1] == "#"]
    assert len(targets) > 100
    assert set(targets) <= set(ids)


def test_the_page_asks_for_nothing_from_elsewhere(report):
    _, html, page = report
    addresses = [
        value
        for _, attributes, _ in page.elements
        for name, value in attributes.items()
        if name in ("src", "href", "xlink:href", "srcset", "action", "data", "poster")
    ]
    within = re.compile(r"#[\w.-]+|data:(image/png;base64,[\w+/=\s]+|,)")
    assert [address for address in addresses if not within.fullmatch(address)] == []
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)
    names = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink")
    assert set(re.findall(r"https?:[^\"'\s]+", html)) == set(names), "names of XML, never fetched"
    assert "default-src 'none'" in html


def test_every_paragraph_cell_and_chart_is_there(report):
    document, _, page = report
    everything = squashed(page.of("main")[0][2])
    for element in document.elements:
        if isinstance(element, Text):
            assert squashed(element.text.replace("`", "")) in everything.replace("`", "")
    cells = [
        squashed(cell)
        for report_table in document.tables
        for row in (report_table.header, *report_table.cells)
        for cell in row
    ]
    assert page.texts("th", "td") == cells
    titles = [f"Figure {number}. {chart.title}" for number, chart in enumerate(document.charts, 1)]
    assert page.texts("figcaption") == [squashed(title) for title in titles]
    assert [attributes["aria-label"] for _, attributes, _ in page.of("svg", role="img")] == [
        chart.title for chart in document.charts
    ]


def test_headings_follow_the_sections_and_the_contents_lead_to_them(report):
    document, _, page = report
    assert page.texts("h2") == [section.title for section in document.sections]
    inner = [squashed(part.title) for section in document.sections for part in section.sections]
    assert page.texts("h3") == inner
    contents = page.of("nav")[0][2]
    assert all(squashed(title) in squashed(contents) for title in (*page.texts("h2"), *inner))


def test_every_table_has_a_caption_and_scoped_headers_in_a_named_region(report):
    document, _, page = report
    assert page.texts("caption") == [
        f"Table {n}. {squashed(report_table.title)}" for n, report_table in enumerate(document.tables, 1)
    ]
    assert {attributes["scope"] for _, attributes, _ in page.of("th")} == {"row", "col"}
    regions = page.of("div", **{"class": "scroll"})
    assert len(regions) == len(document.tables)
    assert all(attributes["tabindex"] == "0" and attributes["aria-labelledby"] for _, attributes, _ in regions)


def test_verdicts_and_notes_are_not_plain_paragraphs():
    texts = [Text("yes", "verdict"), Text("no", "verdict"), Text("but", "note"), Text("so `a < b`")]
    page = page_of(Section("In short", texts))
    assert page.texts("div", **{"class": "verdict"}) == ["yes no"]
    assert page.texts("div", role="note") == ["but"]
    assert page.texts("code") == ["a < b"]


def test_a_backtick_without_a_partner_stays_one():
    assert page_of(Section("s", [Text("a ` b")])).texts("p")[-2] == "a ` b"


def test_rows_carry_the_values_that_they_are_sorted_by():
    rows = [{"name": "a", "x": 10.5}, {"name": "b", "x": None}, {"name": "c", "x": float("nan")}, {"name": "d", "x": 9}]
    columns, lines = columns_and_lines(grid_of(rows))
    assert [column.kind for column in columns] == ["cell", "number"]
    assert [line.cells[1].key for line in lines] == ["10.5", "", "", "9.0"]
    assert [line.cells[0].key for line in lines] == [None] * 4


def test_a_column_of_words_is_sorted_as_words():
    columns, lines = columns_and_lines(grid_of([{"name": "a", "x": "z"}, {"name": "b", "x": None}]))
    assert columns[1].kind == "text"
    assert [line.cells[1].key for line in lines] == ["z", ""]


@pytest.mark.parametrize(
    ("texts", "numeric"),
    [(["0.91 ± 0.01", "-"], True), (["[-1.2, +3.4]"], True), (["< 0.001"], True), (["one repeat", "2"], False)],
)
def test_columns_that_look_like_numbers_stand_to_the_right(texts, numeric):
    columns, _ = columns_and_lines(grid_of([{"name": "1", "x": text} for text in texts], by=None))
    assert [column.numeric for column in columns] == [False, numeric], "the first column names the row"


def unpacked(page):
    """The files of a page: name -> content."""
    [held] = page.of("script", id="files")
    said = json.loads(held[2])
    content = gzip.decompress(base64.b64decode(said["gzip"]))
    return {name: content[start:end] for name, (start, end) in said["places"].items()}


def test_the_page_holds_the_files_of_tables_figures_and_texts_and_a_button_for_each(report):
    document, _, page = report
    assert unpacked(page) == files_of(document)
    buttons = [attributes for _, attributes, _ in page.of("button", **{"class": "file"})]
    assert sorted(one["data-file"] for one in buttons) == sorted(files_of(document))
    assert all("hidden" in one for one in buttons), "without scripts they do nothing"
    assert "Save LaTeX of table 1" in [one["aria-label"] for one in buttons]


def test_what_is_too_large_or_no_longer_fits_is_not_in_the_page():
    table = "tables/a.csv"
    files = {"figures/a.csv": bytes(LARGEST), "figures/b.csv": bytes(LARGEST + 1), table: b"1"}
    assert list(packed_files(files).files) == [table, "figures/a.csv"], "tables come first"
    many = {f"figures/{number}.csv": bytes(LARGEST) for number in range(10)} | {table: b"1"}
    kept = packed_files(many).files
    assert sum(map(len, kept.values())) <= MOST_BYTES
    assert len(kept) == MOST_BYTES // LARGEST


def test_a_page_without_files_offers_none():
    page = page_of(Section("s", [grid_of([])]))
    assert not page.of("script", id="files")
    assert not page.of("button", **{"class": "file"})
    assert "No rows." in page.of("main")[0][2]


def test_the_first_part_is_open_and_others_are_closed():
    page = page_of(Section("all", [], [Section(f"part {number}", []) for number in range(3)]))
    found = page.of("details", **{"class": "part"})
    assert ["open" in attributes for _, attributes, _ in found] == [True, False, False]


def test_a_folded_section_is_closed_and_says_what_it_holds():
    shown, hidden = (
        Section("a", [grid_of([])]),
        Section("b", [], [Section("x", []), Section("y" * 200, [])], folded=True),
    )
    page = page_of(shown, replace(shown, title="c", folded=True), hidden)
    assert page.texts("h2") == ["a", "c", "b"]
    folds = page.of("details", **{"class": "fold"})
    assert ["open" in attributes for _, attributes, _ in folds] == [False, False]
    assert page.texts("span", **{"class": "gist"}) == ["One table", f"x; {'y' * 156}\u2026"]


def test_what_belongs_to_a_variant_is_marked_by_its_place(report):
    _, _, page = report
    chips = page.of("input")
    assert [attributes["data-name"] for _, attributes, _ in chips] == list(NAMES)
    rows = [attributes.get("data-variants") for _, attributes, text in page.of("tr") if QUOTES[:5] in text]
    assert sorted(filter(None, rows)) == ["3", "3", "3 0", "3 1", "3 2"], "difference, summary, and pairs"
    marked = {tag for tag, attributes, _ in page.elements if attributes.get("data-variants") == "3"}
    assert {"tr", "figure", "details", "li", "g"} <= marked
    assert all(
        re.fullmatch(r"[0-3]( [0-3])?", one[1]["data-variants"]) for one in page.elements if "data-variants" in one[1]
    )


def test_a_column_of_a_variant_is_marked_as_well():
    columns = (DisplayColumn("A", lambda row: "x"), DisplayColumn("1", lambda row: "2", variant="b"))
    document = Document(
        "a", [Section("s", [ReportTable("t", "T", (), [{}], columns)])], {"a": "#000000", "b": "#00ff00"}
    )
    page = Page(html_report(document, {}))
    assert [attributes.get("data-variants") for _, attributes, _ in page.of("th", "td")] == [None, "1", None, "1"]


def test_a_page_of_one_variant_has_nothing_to_pick():
    page = Page(html_report(Document("a", [Section("s", [])], {"only": "#000000"}), {}))
    assert not page.of("input")


def test_two_variants_can_be_picked_where_there_is_a_table_of_pairs(report):
    assert [squashed(text) for text in report[2].texts("option")] == [squashed(name) for name in (*NAMES, *NAMES)]
    assert not page_of(Section("s", [replace(grid_of([]), name="pairs")])).of("form", id="pick-two"), "no variants"


def test_a_term_is_linked_where_it_first_stands_in_a_section(report):
    _, _, page = report
    links = page.of("a", **{"class": "term"})
    assert [text for _, _, text in links] == ["Churn", "floor SD"]
    assert links[0][1] == {"class": "term", "href": "#s-term-churn", "title": "what changes between two runs"}
    assert page.texts("dt") == ["churn", "floor SD"]


def test_terms_are_whole_words_and_abbreviations_keep_their_letters():
    words = Linker(
        Glossary({"run": "s-run", "SD": "s-sd", "P(A > B)": "s-p"}, {"run": "", "SD": "", "P(A > B)": ""})
    ).words
    linked = re.findall(r">([^<]+)</a>", words("overrun sd SDs <b> runs run `SD` P(A > B) SD"))
    assert linked == ["runs", "P(A &gt; B)", "SD"]


def test_a_header_with_a_term_says_what_it_means():
    columns = (DisplayColumn("n", lambda row: ""), DisplayColumn("churn, %", lambda row: ""))
    sections = [Section("s", [ReportTable("t", "T", (), [], columns), Terms({"churn": "what changes"})])]
    page = page_of(*sections)
    assert [(text, attributes["title"]) for _, attributes, text in page.of("abbr")] == [("churn, %", "what changes")]


def test_a_long_table_scrolls_within_itself():
    rows = [{"name": str(number), "x": number} for number in range(LONG_TABLE + 1)]
    assert page_of(Section("s", [grid_of(rows)])).of("div", **{"class": "scroll long"})


def test_a_section_says_how_it_is_read_and_what_its_terms_mean():
    page = page_of(Section("s", [Terms({"a <b>": "of `n`"})], how_to_read="The `p` of <it>"))
    assert page.texts("p", **{"class": "how"}) == ["How to read this: The p of <it>"]
    assert (page.texts("dt"), page.texts("dd"), page.texts("code")) == (["a <b>"], ["of n"], ["p", "n"])
    assert not page_of(Section("s", [])).of("p", **{"class": "how"})


def test_texts_to_be_copied_keep_their_paragraphs_or_lines():
    page = page_of(Section("s", [Passage("a.txt", "Words", "one <b>\n\ntwo"), Passage("b.bib", "B", "x {\n  y", True)]))
    quoted = page.elements.index(page.of("blockquote")[0])
    assert [text for tag, _, text in page.elements[quoted + 1 : quoted + 3]] == ["one <b>", "two"]
    assert page.of("pre")[0][2] == "x {\n  y"


def test_a_folded_part_is_closed():
    parts = [Section("shown", []), Section("hidden", [], folded=True)]
    found = page_of(Section("all", [], parts)).of("details", **{"class": "part"})
    assert ["open" in attributes for _, attributes, _ in found] == [True, False]


def test_damaged_files_are_named():
    page = page_of(Section("s", [], damaged=["trials/<a>.parquet"]))
    assert page.texts("li")[-1] == "trials/<a>.parquet"


def test_a_chart_without_a_figure_is_an_error_that_names_it():
    chart = Chart("box", "A box", Figure, (), list)
    with pytest.raises(ValueError, match=r"`figures` must have an SVG of every chart\. Received none of: box"):
        html_report(Document("a", [Section("s", [chart])]), {})


def drawing():
    figure = Figure()
    axes = figure.add_subplot()
    axes.plot([0, 1], [2, 3], "o-", color="tab:red")
    axes.set_title("a < b & c")
    return render(figure, "svg")


def test_a_figure_is_one_well_formed_image_with_a_name():
    root = ElementTree.fromstring(inline(drawing(), "f1-", 'a "title" <b>').svg)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == root[0].text == 'a "title" <b>'
    assert "a < b & c" in "".join(root.itertext())
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not names & {"metadata", "style", "script"}


def test_a_figures_ids_are_its_own_and_only_those_needed():
    roots = [ElementTree.fromstring(inline(drawing(), prefix, "t").svg) for prefix in ("f1-", "f2-")]
    first, second = ({e.attrib["id"] for e in root.iter() if "id" in e.attrib} for root in roots)
    assert first
    assert not first & second
    links = {value[1:] for e in roots[0].iter() for name, value in e.attrib.items() if name.endswith("href")}
    clips = {e.attrib["clip-path"][5:-1] for e in roots[0].iter() if "clip-path" in e.attrib}
    assert links | clips == first


def test_a_figure_keeps_its_colours():
    drawn = drawing()
    colors = re.compile(r"(?<!\()#[0-9a-f]{6}\b")
    svg = inline(drawn, "f1-", "t").svg
    assert set(colors.findall(svg)) == set(colors.findall(drawn.decode())) | {"#000000"}
    assert {"var(--paper, #ffffff)", "var(--ink, #000000)"} <= set(re.findall(r"var\([^)]+\)", svg)), "the page's own"
    assert "stroke: #d62728" in svg


def luminance(color):
    """Relative luminance (WCAG 2.2) of "#rrggbb"."""
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(*colors):
    """Contrast ratio (WCAG 2.2) of two colours, from 1 to 21."""
    low, high = sorted(map(luminance, colors))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("page", [LIGHT, DARK])
def test_words_stand_out_from_what_is_behind_them(page):
    for words in ("ink", "soft", "accent"):
        assert contrast(page[words], page["paper"]) >= 4.5
    for ground in ("panel", "verdict", "note"):
        assert contrast(page["ink"], page[ground]) >= 7


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


def test_the_longest_name_is_whole_in_the_page(report):
    assert LONG in " ".join(report[2].texts("th"))
