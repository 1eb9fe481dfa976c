"""Reports in Markdown."""

import re
from collections.abc import Iterator

from cnnjobs.report.model import Document, Element, Passage, ReportTable, Section, Terms, Text
from cnnjobs.report.render.html_tables import columns_and_lines

DEEPEST = 4
"""Level of headings below which parts of parts do not go."""


def markdown_report(document: Document) -> str:
    """Return the report; pictures are those in `figures/`, beside it."""
    lines = [f"# {plain(document.title)}"]
    for section in document.sections:
        lines += _section(section, 2)
    return "\n\n".join(lines) + "\n"


def _section(section: Section, level: int) -> Iterator[str]:
    yield f"{'#' * min(level, DEEPEST)} {plain(section.title)}"
    if section.how_to_read:
        yield f"*How to read this:* {paragraph(section.how_to_read)}"
    for element in section.elements:
        yield _element(element)
    for part in section.sections:
        yield from _section(part, level + 1)


def _element(element: Element) -> str:
    if isinstance(element, Text):
        return {"note": "**Note.** "}.get(element.kind, "") + paragraph(element.text)
    if isinstance(element, ReportTable):
        return markdown_table(element)
    if isinstance(element, Passage):
        return f"{plain(element.title)} ([{element.file}](text/{element.file})):\n\n{_quoted(element)}"
    if isinstance(element, Terms):
        return "\n".join(f"- **{plain(term)}**: {paragraph(meaning)}" for term, meaning in element.meanings.items())
    return f"![{plain(element.title)}](figures/{element.name}.svg)"


def _quoted(passage: Passage) -> str:
    """Return a text to be copied: as code, or as a quotation whose lines are wrapped by the reader."""
    if not passage.code:
        return "\n".join(f"> {plain(line)}".rstrip() for line in passage.text.splitlines())
    fence = "`" * (3 + max((len(run) for run in re.findall("`+", passage.text)), default=0))
    return f"{fence}\n{passage.text}\n{fence}"


def markdown_table(report_table: ReportTable) -> str:
    """Return a table in Markdown; numbers to the right."""
    columns, _ = columns_and_lines(report_table)
    rules = ["---:" if column.numeric else "---" for column in columns]
    rows = [[plain(cell) for cell in cells] for cells in (report_table.header, *report_table.cells)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (rows[0], rules, *rows[1:]))


def paragraph(text: str) -> str:
    """Return plain words in which backticks mean code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backtick of its own is a letter
        return plain(text)
    return "`".join(part if index % 2 else plain(part) for index, part in enumerate(parts))


def plain(text: str) -> str:
    """Return `text` so that Markdown shows it as it is."""
    escaped = re.sub(r"([\\`*<>|#&])", r"\\\1", text)
    return re.sub(r"([\[\]])", r"\\\1", escaped) if "](" in text else escaped
