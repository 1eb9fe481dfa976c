"""What a function may depend on that no identity holds is found by its syntax; other things are not."""

import ast

import pytest

from cnnjobs.planning import unfollowed
from cnnjobs.planning.unfollowed import notes_on


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("os.environ['WIDTH']", "OF_ENVIRONMENT"),
        ("environ.get('WIDTH')", "OF_ENVIRONMENT"),
        ("os.getenv('WIDTH')", "OF_ENVIRONMENT"),
        ("np.load(PATH)", "OF_FILES"),
        ("open('a').read()", "OF_FILES"),
        ("PATH.read_text()", "OF_FILES"),
        ("keras.models.load_model('a.keras')", "OF_FILES"),
        ("model.load_weights('a.weights.h5')", "OF_FILES"),
        ("keras.utils.get_file('a', 'http://a')", "OF_FILES"),
        ("requests.get('http://a')", "OF_FILES"),
        ("time.time()", "OF_CHANGE"),
        ("uuid.uuid4()", "OF_CHANGE"),
        ("np.random.default_rng()", "OF_CHANGE"),
        ("importlib.import_module(name)", "OF_IMPORTS"),
        ("eval(text)", "OF_TEXTS"),
        ("block.__doc__", "OF_DOCSTRINGS"),
    ],
)
def test_what_cannot_be_followed_is_told_with_its_line(line, why):
    (note,) = notes_on(ast.parse(f"def net(i, c):\n    return {line}"))
    assert note.startswith("line 2: ")
    assert note.endswith(getattr(unfollowed, why))


@pytest.mark.parametrize(
    "line",
    [
        "np.random.default_rng(3)",
        "np.random.RandomState(3)",
        "keras.layers.TimeDistributed(keras.layers.Dense(3))",
        "importlib.import_module('blocks')",
        "(input_shape, 'os.environ')",
        "x.open()",
        "model.load(3)",
    ],
)
def test_what_can_be_followed_is_not_told(line):
    assert list(notes_on(ast.parse(f"def net(i, c):\n    return {line}"))) == []
