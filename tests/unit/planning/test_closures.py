"""What the closure of a network's function holds is part of its identity, or is refused."""

import threading

import pytest
from support.job_files import ids_of_networks

from cnnjobs import custom
from cnnjobs.errors import SpecError
from cnnjobs.planning.identity import canonical


def test_values_of_a_closure_are_part_of_the_identity(tmp_path):
    text = """
from cnnjobs import Job, Variant
def make(width):
    def net(input_shape, classes): return width
    return net
job = Job(name="a", dataset="digits", repeats=1, variants={str(w): Variant(model=make(w)) for w in (4, 8)})
"""
    assert len(set(ids_of_networks(tmp_path, text).values())) == 2


MADE = """
def make(c):
    def build(input_shape, classes): return c
    return build
{before}
made = make({value})
job = Job(name="a", dataset="digits", repeats=1, variants={{"net": Variant(model=custom(made))}})
"""

HELD = [
    ("class Config: width = 64", "Config"),
    ("class Config:\n    @staticmethod\n    def width(): return 64", "Config"),
    ("class Config:\n    @property\n    def width(self): return 64", "Config()"),
    ("class Kind(enum.Enum):\n    a = 64", "Kind.a"),
    ("@dataclasses.dataclass\nclass Config:\n    a: int\n    def width(self): return 64", "Config(1)"),
    ("import contextlib\n@contextlib.contextmanager\ndef scope(): yield 64", "scope"),
    ("@functools.cache\ndef width(): return 64", "width"),
    ("", "{'a': 64}.get"),
    ("", "lambda: 64"),
    ("", "{'relu': lambda x: 64}"),
    ("class Builder:\n    def width(self): return 64", "Builder().width"),
    ("class Builder:\n    def __init__(self, width): self.width = width", "Builder(64)"),
    ("", "functools.partial(max, 64)"),
    ("import numpy as np", "np.full(3, 64)"),
    ("W = 64\ndef width(): return W", "[width]"),
    ("def kind(width):\n    class Block:\n        def size(self): return width\n    return Block", "kind(64)"),
    ("def kind(w):\n    class Block:\n        units = w\n    return Block", "kind(64)"),
    ("class Base:\n    units = 64\nclass Block(Base): pass", "Block"),
    (
        "def scaled(f):\n    def deco(block):\n        @functools.wraps(block)\n        def wrapper(x): return f * x\n"
        "        return wrapper\n    return deco",
        "scaled(64)(max.__class__)",
    ),
    ("class Slots:\n    __slots__ = ()\n    width = 64", "Slots"),
    ("from types import SimpleNamespace", "SimpleNamespace(width=64)"),
]


@pytest.mark.parametrize(("before", "value"), HELD, ids=[f"{value} {before[:12]}" for before, value in HELD])
def test_whatever_a_closure_holds_is_part_of_the_identity(tmp_path, before, value):
    text = MADE.format(before=before, value=value)
    first = ids_of_networks(tmp_path, text)
    assert ids_of_networks(tmp_path, text) == first
    assert ids_of_networks(tmp_path, text.replace("64", "65")) != first


def test_a_class_of_constants_is_known_where_another_file_makes_the_network(tmp_path):
    factory = "def make(c):\n    def build(i, c2): return c\n    return build\n"
    text = "from factory import make\nclass Config: width = 64\n" + MADE.partition("{before}")[2].format(value="Config")
    first = ids_of_networks(tmp_path, text, factory=factory)
    assert ids_of_networks(tmp_path, text.replace("64", "65"), factory=factory) != first


def test_a_generator_in_a_closure_is_refused(tmp_path):
    """It has an address in the place of a content."""
    with pytest.raises(SpecError, match="a value of type Generator, which cannot be part"):
        ids_of_networks(tmp_path, MADE.format(before="import numpy as np", value="np.random.default_rng(0)"))


@pytest.mark.parametrize(
    "value", ["np.mean", "np.dtype('float32')", "np.add", "len", "dict", "max", "functools", "vgg", "SGD()"]
)
def test_what_libraries_have_is_held_by_its_name(tmp_path, value):
    ids_of_networks(tmp_path, MADE.format(before="import numpy as np", value=value))


def test_what_has_no_content_to_tell_is_refused_in_a_closure():
    def make(value):
        def net(input_shape, classes):
            return value

        return net

    with pytest.raises(SpecError, match="net holds in its closure value a value of type lock, which cannot be part of"):
        canonical(custom(make(threading.Lock())))
