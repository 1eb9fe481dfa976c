"""Writes the keys of docs/automation.md from the JSON Schema, so that it cannot say anything else.

python docs/make_automation.py
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cnnjobs.schema.schema_file import schema_text

PAGE = Path(__file__).with_name("automation.md")
EVERYWHERE = ("schema", "cnnjobs", "notes", "error")
"""Keys of every document, which the rules at the beginning of the page say."""

BEGIN, END = "<!-- keys: written by docs/make_automation.py -->\n", "<!-- end of keys -->\n"


def page() -> str:
    """Return the page with the keys as the schema has them."""
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    return f"{before}{BEGIN}\n{keys(json.loads(schema_text()))}\n{END}{after}"


def keys(schema: Mapping[str, Any]) -> str:
    """Return a list of keys for each document and event, and for what several of them hold."""
    parts = schema["$defs"]
    lines: list[str] = []
    for name, part in parts.items():
        if "properties" in part:
            lines += [f"### {_title(name, part)}", "", part["description"], "", *_listed(part, parts), ""]
    return "\n".join(lines)


def _title(name: str, part: Mapping[str, Any]) -> str:
    known = part["properties"].get("schema", {}).get("const")
    event = part["properties"].get("event", {}).get("const")
    return f"`{known}`" + (f", event `{event}`" if event else "") if known else f"Object `{name}`"


def _listed(part: Mapping[str, Any], parts: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Yield a line for each key, and below it for those of the objects that it holds."""
    required = part.get("required", ())
    for name, value in part["properties"].items():
        if name in EVERYWHERE and not indent and "schema" in part["properties"]:
            continue
        found, kind = _looked_up(value, parts), _kind(value)
        about = value.get("description") or found.get("description", "")
        optional = "" if name in required else ", not always there"
        yield f"{indent}- `{name}` ({kind}{optional}){': ' if about else ''}{about}{_enumerated(value, parts)}"
        inner = value.get("items", value)
        if "properties" in inner:
            yield from _listed(inner, parts, f"{indent}  ")


def _looked_up(value: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping[str, Any]:
    known: Mapping[str, Any] = parts[value["$ref"].rpartition("/")[2]] if "$ref" in value else value
    return known


def _kind(value: Mapping[str, Any]) -> str:
    if "$ref" in value:
        return value["$ref"].rpartition("/")[2].replace("_", " ")
    if "const" in value:
        return f'always `"{value["const"]}"`'
    if "oneOf" in value:
        return " or ".join(map(_kind, value["oneOf"]))
    kinds = value.get("type", "string")
    said = " or ".join(kinds) if isinstance(kinds, list) else kinds
    items = value.get("items")
    return f"{said} of {_plural(_kind(items))}" if items and items != {} else said


def _plural(kind: str) -> str:
    return kind if kind.endswith("scores") else f"{kind}es" if kind.endswith("s") else f"{kind}s"


def _enumerated(value: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    found = value.get("enum") or _looked_up(value, parts).get("enum") or value.get("items", {}).get("enum")
    return f" One of {', '.join(f'`{one}`' for one in found if one is not None)}." if found else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
