"""Reports in Markdown."""

import re
from collections.abc import Iterator, Sequence

from cnnjobs.report.model import Document, Element, ReportTable, Section, Text

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
    for element in section.elements:
        yield _element(element)
    for part in section.sections:
        yield from _section(part, level + 1)


def _element(element: Element) -> str:
    if isinstance(element, Text):
        return {"note": "**Note.** "}.get(element.kind, "") + paragraph(element.text)
    if isinstance(element, ReportTable):
        return markdown_table(element.header, element.cells)
    return f"![{plain(element.title)}](figures/{element.name}.svg)"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown; numbers to the right."""
    lines = ["| " + " | ".join(plain(cell) for cell in header) + " |"]
    lines.append("| --- |" + " ---: |" * (len(header) - 1))
    lines += ["| " + " | ".join(plain(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


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
