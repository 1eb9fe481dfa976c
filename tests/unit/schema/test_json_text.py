"""Values as JSON: what has no form in it is null with a reason, times are UTC, and a terminal obeys nothing."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from cnnjobs.messages import Status
from cnnjobs.schema.json_text import json_text, utc

NAN, INFINITY = math.nan, math.inf


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1 + 0.2, "0.30000000000000004"),
        (np.float32(0.5), "0.5"),
        (np.float64(1 / 3), "0.3333333333333333"),
        (np.int64(7), "7"),
        (2**63, "9223372036854775808"),
        (np.bool_(True), "true"),
        (None, "null"),
        (Status.DIVERGED, '"diverged"'),
        (Path("results/a"), '"results/a"'),
        (np.eye(2, dtype=np.int32), "[[1, 0], [0, 1]]"),
        (("a", 1), '["a", 1]'),
        (utc(0.0), '"1970-01-01T00:00:00.000Z"'),
        (datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))), '"2025-12-31T22:00:00.000Z"'),
        (datetime(2026, 1, 1), '"2026-01-01T00:00:00.000Z"'),
        ("Größe 猫", '"Größe 猫"'),
        ({1: {"b": 2}}, '{"1": {"b": 2}}'),
    ],
)
def test_values(value, text):
    assert json_text({"x": value}) == f'{{"x": {text}}}'


def test_numbers_that_json_has_not_are_null_and_the_object_that_holds_them_says_so():
    found = json.loads(
        json_text({"rows": [{"mean": NAN, "n": 3}], "ends": np.array([1.0, INFINITY]), "low": -INFINITY})
    )
    assert found == {
        "rows": [{"mean": None, "n": 3, "null_reasons": {"mean": "nan"}}],
        "ends": [1.0, None],
        "low": None,
        "null_reasons": {"ends[1]": "infinity", "low": "-infinity"},
    }


@pytest.mark.parametrize("odd", ["\x1b[31m", "\x9b", "\x7f", "\u202e", "\u2028", "\ufffe", "a\nb", "\udcff"])
def test_no_text_is_obeyed_by_a_terminal_or_ends_a_line_and_all_of_it_arrives(odd):
    text = json_text({odd: odd})
    assert text.isprintable()
    assert json.loads(text.encode("utf-8")) == {odd: odd}


@pytest.mark.parametrize("value", [object(), b"bytes", 1j])
def test_what_has_no_form_is_an_error_that_names_the_key(value):
    with pytest.raises(TypeError, match=r"x\[0\] is "):
        json_text({"x": [value]})


def test_the_example_of_a_time_is_one():
    moment = datetime(2026, 11, 29, 6, 34, 28, 120000, tzinfo=UTC)
    assert json_text({"at": moment}) == '{"at": "2026-11-29T06:34:28.120Z"}'
