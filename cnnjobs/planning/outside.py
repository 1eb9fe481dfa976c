"""What a user's function seems to read from outside of a job: it can change numbers, and no identity holds it."""

import re
from collections.abc import Mapping
from typing import Any

from cnnjobs.errors import SpecError
from cnnjobs.planning.user_source import source_of

SIGNS: Mapping[str, re.Pattern[str]] = {
    "environment variables": re.compile(r"(?:attr|id)='(?:environ|getenv)'"),
    "files": re.compile(
        r"Call\(func=Name\(id='open'\)|attr='(?:load|loadtxt|genfromtxt|fromfile|memmap|read_csv|read_parquet|read_text|"
        r"read_bytes|imread|load_model|load_weights|read_image|iterdir|glob)'"
    ),
    "the network": re.compile(r"(?:attr|id)='(?:urlopen|urlretrieve|get_file)'|Name\(id='requests'\)"),
    "the clock": re.compile(
        r"value=Name\(id='(?:time|datetime|date)'\), attr='(?:time|time_ns|perf_counter|now|today)'"
    ),
    "chance without a seed": re.compile(
        r"value=Name\(id='(?:secrets|uuid)'\)|(?:attr|id)='(?:urandom|SystemRandom)'|(?:attr|id)='default_rng'\)(?!, )"
    ),
}
"""What is read -> what shows it in the syntax of a function and of all that it refers to.

No more than a sign: a function may read in other ways, and what looks like reading may be none.
"""

_TEXT = re.compile(r"""Constant\(value=(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\)""")


def read_from_outside(definition: Any) -> list[str]:
    """Return what a function, or something of the user's that it refers to, seems to read."""
    try:
        source = _TEXT.sub("", source_of(definition))
    except SpecError:
        return []  # which is told elsewhere
    return [what for what, sign in SIGNS.items() if sign.search(source)]
