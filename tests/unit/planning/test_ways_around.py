"""Ways in which people write networks that once escaped the identity, or changed it for nothing."""

# ruff: noqa: E501 - one network a line

import functools
import hashlib
import importlib
import linecache
import subprocess
import sys

import pytest
from support.job_files import ids_of_networks

from cnnjobs import custom
from cnnjobs.errors import SpecError
from cnnjobs.planning.identity import canonical
from cnnjobs.planning.user_source import source_of

END = "\njob = Job(name='a', dataset='digits', repeats=1, variants={'a': Variant(model=net)})"

WRITTEN = {
    "named tuple": "import typing\nclass C(typing.NamedTuple):\n    w: int = 1\n    @property\n"
    "    def units(self): return self.w * 64\nCFG = C()\ndef net(i, c): return CFG.units",
    "subclass of dict": "class C(dict):\n    def units(self): return 64\nCFG = C(a=1)\ndef net(i, c): return CFG.units()",
    "attribute of a subclass of list": "class C(list): pass\nCFG = C([1])\nCFG.w = 64\ndef net(i, c): return CFG.w",
    "factory of a defaultdict": "import collections\nD = collections.defaultdict(lambda: 64)\ndef net(i, c): return D[0]",
    "attribute that is no field": "@dataclasses.dataclass\nclass C:\n    a: int = 1\nCFG = C()\nCFG.w = 64\n"
    "def net(i, c): return CFG.w",
    "factory of a field": "def h(): return 64\n@dataclasses.dataclass\nclass B:\n    w: int = dataclasses.field(default_factory=h)\n"
    "def net(i, c): return B()",
    "attribute of a function": "def block(): return block.w\nblock.w = 64\ndef net(i, c): return block()",
    "single dispatch": "@functools.singledispatch\ndef f(x): return 0\n@f.register\ndef _(x: int): return 64\n"
    "def net(i, c): return f(1)",
    "decorator object": "class Scaled:\n    def __init__(self, f, by):\n        functools.update_wrapper(self, f); self.by = by\n"
    "    def __call__(self): return self.by\ndef raw(): return 1\nblock = Scaled(raw, 64)\ndef net(i, c): return block()",
    "two lambdas in a line": "A = [lambda: 1, lambda: 2, lambda: 64]\nB = A[2]\ndef net(i, c): return B()",
    "text that looks like a path": "import json\nC = json.loads('{\"f\": \"64/32\"}')\ndef net(i, c): return C['f']",
    "options of a script": "import argparse\nargs = argparse.Namespace(width=64)\ndef net(i, c): return args.width",
    "fraction": "import fractions\nF = fractions.Fraction('1/64')\ndef net(i, c): return F",
    "deque": "import collections\nC = collections.deque()\n_ = C.append(64)\ndef net(i, c): return C",
    "slots": "class C:\n    __slots__ = ('w',)\nCFG = C()\nfor one in [CFG]: one.w = 64\ndef net(i, c): return CFG.w",
    "cached property": "class C:\n    @functools.cached_property\n    def w(self): return 64\ndef net(i, c): return C().w",
    "static partial": "def f(w): return w\nclass C:\n    w = staticmethod(functools.partial(f, 64))\ndef net(i, c): return C.w()",
    "vectorized": "import numpy as np\ndef f(x): return 64\nV = np.vectorize(f)\ndef net(i, c): return V",
}


@pytest.mark.parametrize("name", WRITTEN)
def test_an_edit_makes_a_new_trial(tmp_path, name):
    text = WRITTEN[name] + END
    first = ids_of_networks(tmp_path, text)
    assert ids_of_networks(tmp_path, text) == first
    assert ids_of_networks(tmp_path, text.replace("64", "65")) != first


def test_lambdas_of_one_line_are_different_variants(tmp_path):
    text = """
def make(act):
    def net(i, c): return act
    return net
job = Job(name="a", dataset="digits", repeats=1, variants={
    "relu": Variant(model=make(lambda x: x)), "double": Variant(model=make(lambda x: 2 * x))})
"""
    assert len(set(ids_of_networks(tmp_path, text).values())) == 2


SETTINGS = {
    "imported again in the network": "import settings\nsettings.w = 64\ndef net(i, c):\n    import settings\n    return settings.w",
    "by another name": "import settings\nsettings.w = 64\ndef net(i, c):\n    s = settings\n    return s.w",
    "by a name that is made": "import settings\nsettings.w = 64\ndef net(i, c, name='w'): return getattr(settings, name)",
    "in a list": "import settings\nsettings.w = 64\nALL = [settings]\ndef net(i, c): return ALL[0].w",
    "by a helper that is imported late": "import settings\nsettings.w = 64\ndef net(i, c):\n    from late_helper import f\n    return f()",
    "through a package": "import pack.settings\npack.settings.w = 64\ndef net(i, c): return pack.settings.w",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_the_job_changes_in_another_module_count(tmp_path, name, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "settings.py").write_text("w = 1\n")
    (tmp_path / "late_helper.py").write_text("import settings\ndef f(): return settings.w\n")
    text = SETTINGS[name] + END
    first = ids_of_networks(tmp_path, text, settings="w = 1\n")
    assert ids_of_networks(tmp_path, text.replace("64", "65"), settings="w = 1\n") != first


@pytest.mark.parametrize(
    "text",
    [
        "WIDTH = 64\ndef net(i, c): return globals()['WIDTH']",
        "import importlib\ndef net(i, c): return importlib.import_module('late_blocks').build()",
        "def net(i, c): return __import__('late_blocks').build()",
        "@dataclasses.dataclass\nclass C:\n    a: int = 1\nCFG = C()\nCFG.w = 64\n"
        "def net(i, c, cfg): return cfg.w\nnet = custom(net, cfg=CFG)",
    ],
    ids=[
        "global names by text",
        "import by a text",
        "import by Python's own function",
        "attribute of a hyperparameter",
    ],
)
def test_what_is_named_by_a_text_counts(tmp_path, text, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    found = [
        ids_of_networks(tmp_path, text.replace("64", w) + END, late_blocks=f"def build(): return {w}\n")
        for w in ("64", "65")
    ]
    assert found[0] != found[1]


def test_modules_of_pythonpath_count(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path / "src")
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    (tmp_path / "src").mkdir()
    text = "def net(i, c):\n    import found_far\n    return found_far.w" + END
    found = []
    for width in (64, 65):
        (tmp_path / "src" / "found_far.py").write_text(f"w = {width}\n")
        found.append(ids_of_networks(tmp_path / "jobs", text))
    assert found[0] != found[1]


def test_code_that_is_older_than_its_file_is_not_taken_for_it(tmp_path, monkeypatch):
    """A package in a notebook that was edited and not imported again."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    (tmp_path / "older").mkdir()
    (tmp_path / "older" / "blocks.py").write_text("def build(): return 64\n")
    import older.blocks

    (tmp_path / "net_of_older.py").write_text("import older.blocks\ndef net(i, c): return older.blocks.build()\n")
    import net_of_older

    before = source_of(net_of_older.net)
    (tmp_path / "older" / "blocks.py").write_text("def build(): return 65  # more\n")
    edited = source_of(net_of_older.net)
    importlib.reload(older.blocks)
    assert len({before, edited, source_of(net_of_older.net)}) == 3


@pytest.mark.parametrize(
    "text",
    [
        "import operator\nclass C:\n    _w = 1\n    w = property(operator.attrgetter('_w'))\ndef net(i, c): return C().w",
        "def make():\n    n = 1\n    def inner():\n        nonlocal n\n        n += 1\n        return n\n    return inner\n"
        "inner = make()\ndef net(i, c): return inner()",
        "class C:\n    def __getattr__(self, name):\n        if name.startswith('__'): raise AttributeError(name)\n"
        "        x = C(); object.__setattr__(self, name, x); return x\nCFG = C()\ndef net(i, c): return CFG.a.b",
        "import logging\nlog = logging.getLogger('mine')\ndef net(i, c): log.info('built')",
    ],
    ids=["property of the library", "nonlocal", "attributes out of nothing", "logger"],
)
def test_odd_networks_have_an_identity(tmp_path, text):
    assert ids_of_networks(tmp_path, text + END) == ids_of_networks(tmp_path, text + END)


def test_looking_at_a_cached_property_changes_nothing(tmp_path):
    text = "class C:\n    @functools.cached_property\n    def w(self): return 64\nCFG = C()\n{}\ndef net(i, c): return CFG.w"
    assert ids_of_networks(tmp_path, text.format("") + END) == ids_of_networks(tmp_path, text.format("CFG.w") + END)


def typed(cells):
    """Run what is typed at a prompt, whose text Python keeps; return what the network is made of."""
    names = {"__name__": "__main__"}
    for place, text in enumerate(cells):
        file = f"<python-input-{place}-{hashlib.sha256(text.encode()).hexdigest()[:8]}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        exec(compile(text, file, "exec"), names)
    return source_of(names["net"])


def test_what_is_typed_at_a_prompt_is_the_users():
    cells = ["def block(): return 64\n", "def net(i, c): return block()\n"]
    assert typed(cells) == typed(cells)
    assert typed(cells) != typed([cells[0].replace("64", "65"), cells[1]])


def test_fields_of_a_dataclass_in_another_cell_count():
    """No method says in which cell it is written."""
    made = "import dataclasses\n@dataclasses.dataclass\nclass C:\n"
    made += "    filters: list = dataclasses.field(default_factory=lambda: [64])\n    depth: int = 2\n"
    net = "def net(i, c): return C().filters\n"
    assert typed([made, net]) == typed([made, net])
    assert typed([made.replace("64", "65"), net]) != typed([made, net])
    assert typed([made.replace("depth: int = 2", "depth: int = 3"), net]) != typed([made, net])


def test_an_import_inside_a_network_of_a_notebook_is_followed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cells = ["def net(i, c):\n    from beside_notebook import w\n    return w()\n"]
    found = []
    for width in (64, 65):
        (tmp_path / "beside_notebook.py").write_text(f"def w(): return {width}\n")
        found.append(typed(cells))
    assert found[0] != found[1]


class Layer:
    """Stand for a layer of Keras's, with weights and a name that counts layers."""

    def __init__(self, name, weights):
        self._name, self._weights = name, weights

    def get_config(self):
        return {"name": self._name}

    def get_weights(self):
        return self._weights


def test_weights_of_a_layer_count_and_the_number_in_its_name_does_not(monkeypatch):
    monkeypatch.setattr(Layer, "__module__", "fractions")  # of a library

    def of(layer):
        def net(input_shape, classes):
            return layer

        return canonical(custom(net))["source_sha256"]

    assert of(Layer("dense", [1.0])) == of(Layer("dense_3", [1.0]))
    assert of(Layer("dense", [1.0])) != of(Layer("dense", [2.0]))


HASHED = """
import sys; sys.path[:0] = [{tests!r}]
from pathlib import Path
from support.job_files import ids_of_networks
text = "import enum\\nclass K(enum.Flag):\\n    A = 1\\n    B = 2\\nS = {{'a', 'b', 'c'}}\\ndef net(i, c): return K.A, S"
print(ids_of_networks(Path({folder!r}), text + {end!r}))
"""


def test_the_hash_seed_of_python_has_no_part(tmp_path):
    tests = next(path for path in sys.path if path.endswith("tests"))
    code = HASHED.format(tests=tests, folder=str(tmp_path), end=END)
    seen = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment).stdout
        for environment in ({"PYTHONHASHSEED": seed, "PATH": "/usr/bin"} for seed in ("1", "2"))
    }
    assert len(seen) == 1


def test_a_generator_has_no_content():
    def make(value):
        def net(input_shape, classes):
            return value

        return net

    with pytest.raises(SpecError, match="cannot be part"):
        canonical(custom(make(iter([1]))))
    assert canonical(custom(make(functools.partial(max, 1))))
