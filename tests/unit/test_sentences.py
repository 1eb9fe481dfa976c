"""Messages are composed in one place: no stop within a sentence, none twice, nothing raw on a terminal."""

import ast
import itertools
import re

import pytest
from support.wording import BROKEN
from unit.test_imports import FILES, place

from cnnjobs.wording.sentences import cause, clause, sentence, sentences

FOREIGN = {"error", "lost", "reason", "why", "note", "across", "failure", "stopped", "exc", "problem"}
"""Names of what others have worded: it may end in a stop, or in none, and have many lines."""


@pytest.mark.parametrize(
    ("given", "within", "whole"),
    [
        ("it broke", "it broke", "it broke."),
        ("It broke.", "It broke", "It broke."),
        ("It broke. Mend it.", "It broke. Mend it", "It broke. Mend it."),
        ("two\n  lines.\n", "two lines", "two\n  lines."),
        ("is it? ", "is it?", "is it?"),
        ("and so on ...", "and so on ...", "and so on ..."),
        ("a; ", "a", "a;."),
        ("", "", ""),
    ],
)
def test_a_text_as_part_of_a_sentence_and_as_one(given, within, whole):
    assert clause(given) == within
    if given != "a; ":
        assert sentence(given) == whole


def test_texts_one_after_the_other():
    assert sentences("a", "", "b.", "run it:\n  cmd") == "a. b. run it:\n  cmd"


def test_why_something_failed():
    assert cause(PermissionError(13, "Permission denied", "/x")) == "Permission denied"
    assert cause(ValueError("no.")) == "no"
    assert cause(KeyError()) == "KeyError"


def strings_of(path):
    """Every f-string and constant text of a module that is no docstring, as (line, text, names before a stop)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented)
        and (body := node.body)
        and isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, node.values
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, [node]


def is_foreign(value):
    """Say whether a part of an f-string is the text of an error, as it came."""
    if not isinstance(value, ast.FormattedValue) or value.conversion == ord("r"):
        return False
    named = value.value
    if isinstance(named, ast.Call) and isinstance(named.func, ast.Name) and named.func.id == "str" and named.args:
        named = named.args[0]
    if isinstance(named, ast.Attribute) and named.attr in ("error", "strerror", "msg", "message"):
        return True
    return isinstance(named, ast.Name) and named.id in FOREIGN


OWN = {
    "report/sections/verdicts.py",
    "report/sections/half_width.py",
    "report/cells.py",
    "report/sections/seed_audit.py",
}
"""Modules whose `why` is a clause of our own statistics."""


@pytest.mark.parametrize("path", FILES, ids=place)
def test_what_others_have_worded_is_fitted_into_sentences(path):
    """The text of an error that is followed by a stop, a bracket or more words passes `clause` or `cause`."""
    if place(path) in OWN:
        return
    for line, parts in strings_of(path):
        for part, following in itertools.pairwise(parts):
            if is_foreign(part) and isinstance(following, ast.Constant) and re.match(r"[.);,]| [A-Z]", following.value):
                raise AssertionError(f"{place(path)}, line {line}: pass it through clause(), cause() or sentences()")


@pytest.mark.parametrize("path", FILES, ids=place)
def test_messages_as_they_are_written_have_no_stop_too_many(path):
    for line, parts in strings_of(path):
        text = "".join(part.value if isinstance(part, ast.Constant) else "x" for part in parts)
        if (
            re.search("[a-wyz]", text) and " " in text.strip() and not re.search(r"[{}<>\\^]|https?:", text)
        ):  # words, no code
            assert not BROKEN.search(text.strip("\n")), f"{place(path)}, line {line}: {text!r}"
