"""What commands write with `--format json`, compared with the schema that is shipped."""

import json
from functools import cache

import jsonschema

from cnnjobs.schema.schema_file import schema_text

SCHEMA = json.loads(schema_text())


def closed(part):
    """Return a part of the schema that refuses keys it does not name, unless it says that there may be others."""
    if isinstance(part, list):
        return [closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    made = {name: closed(one) for name, one in part.items()}
    if "properties" in part and part.get("type") == "object" and "additionalProperties" not in part:
        made["properties"].setdefault("null_reasons", {"type": "object"})
        made["additionalProperties"] = False
    return made


@cache
def validators():
    """Return what compares a document: `schema`, or that and `event` -> validator that refuses unknown keys."""
    found = {}
    for name, part in SCHEMA["$defs"].items():
        own = part.get("properties", {})
        if "schema" in own:
            whole = {"$ref": f"#/$defs/{name}", "$defs": closed(SCHEMA["$defs"])}
            kind = own["schema"]["const"], own.get("event", {}).get("const")
            found[kind] = jsonschema.Draft202012Validator(whole)
    return found


def checked(line):
    """Return a line of JSON as what it says, after a comparison with the part of the schema that it names."""
    found = json.loads(line, parse_constant=_refuse)
    validators()[found["schema"], found.get("event")].validate(found)
    return found


def document(text):
    """Return the only line that a command has written."""
    assert text.endswith("\n")
    assert text.count("\n") == 1, text
    return checked(text)


def _refuse(constant):
    raise ValueError(f"{constant} is no JSON")
