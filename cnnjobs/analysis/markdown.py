"""Markdown: tables, pictures, and names shown as they are."""

import re
from collections.abc import Sequence
from typing import Any


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table in Markdown; numbers to the right."""
    lines = ["| " + " | ".join(plain(str(cell)) for cell in header) + " |"]
    lines.append("| --- |" + " ---: |" * (len(header) - 1))
    lines += ["| " + " | ".join(plain(str(cell)) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def picture(name: str, what: str) -> str:
    """Return the figure `name`, a PNG beside the report, with words for those who cannot see it."""
    return f"![{plain(what)}]({name}.png)"


def plain(text: str) -> str:
    """Return `text` so that Markdown shows it as it is."""
    escaped = re.sub(r"([\\`*<>|#&])", r"\\\1", text)
    return re.sub(r"([\[\]])", r"\\\1", escaped) if "](" in text else escaped
