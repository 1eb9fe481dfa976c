"""The text that a network's function depends on: whatever it is made of makes a new trial, and nothing else does."""

import hashlib
import importlib
import linecache
import sys
import types

import pytest
from support.job_files import ids_of_files, ids_of_networks

from cnnjobs import custom
from cnnjobs.errors import SpecError
from cnnjobs.planning.identity import canonical, digest
from cnnjobs.planning.job_file import load_job
from cnnjobs.planning.trials import make_plan
from cnnjobs.planning.user_source import source_of

NET = """
from helper import width
from cnnjobs import Job, Variant, custom
FILTERS = 8
def block(x): return x {comment}
def net(input_shape, classes, depth=1):
    return block(input_shape), FILTERS, width()
job = Job(name="a", dataset="digits", repeats=1, variants={{"net": Variant(model=custom(net, depth=2))}})
"""


@pytest.fixture
def own_net(tmp_path):
    def write(text=NET, comment="", helper="def width(): return 4\n"):
        return ids_of_files(tmp_path, {"job.py": text.format(comment=comment), "helper.py": helper})

    return write


def test_the_same_function_is_the_same_trial(own_net):
    assert own_net() == own_net()


def test_editing_around_a_function_changes_nothing(own_net):
    assert own_net() == own_net("# a comment\n" + NET)


@pytest.mark.parametrize(
    "changes",
    [
        {"text": NET.replace("depth=1", "depth=3")},
        {"text": NET.replace("custom(net, depth=2)", "custom(net, depth=4)")},
        {"text": NET.replace("FILTERS = 8", "FILTERS = 16")},
        {"comment": "+ 1"},
        {"helper": "def width(): return 5\n"},
    ],
    ids=["its text", "its hyperparameter", "a constant it names", "a function it calls", "a neighbour module"],
)
def test_editing_what_a_function_depends_on_makes_a_new_trial(own_net, changes):
    assert own_net() != own_net(**changes)


RICH = """
import functools
from cnnjobs import Job, Variant, custom
import package.deep
W = 3
class Base:
    width = 4
class Block(Base):
    @staticmethod
    def size(): return W
def decorate(function):
    @functools.wraps(function)
    def wrapper(*args, **options): return function(*args, **options)
    return wrapper
TABLE = {"block": lambda x: Block.size()}
@decorate
def net(input_shape, classes, *, w=W):
    from late import late
    return TABLE["block"](w), late(), package.deep.f()
job = Job(name="a", dataset="digits", repeats=1, variants={"net": Variant(model=custom(net))})
"""
FILES = {
    "late.py": "from later import v\ndef late(): return v\n",
    "later.py": "v = 1\n",
    "package/__init__.py": "",
    "package/deep.py": "from .deeper import g\ndef f(): return g()\n",
    "package/deeper.py": "def g(): return 1\n",
}


@pytest.fixture
def rich(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    return lambda *change: ids_of_files(tmp_path, {"job.py": RICH, **FILES}, *change)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("job.py", "W = 3", "W = 5"),
        ("job.py", "width = 4", "width = 5"),
        ("job.py", "return W", "return W + 1"),
        ("job.py", "def wrapper(*args, **options): return", "def wrapper(*args, **options): return 2 *"),
        ("job.py", "lambda x: Block.size()", "lambda x: x"),
        ("late.py", "return v", "return v + 1"),
        ("later.py", "v = 1", "v = 2"),
        ("package/deep.py", "return g()", "return 2 * g()"),
        ("package/deeper.py", "return 1", "return 2"),
    ],
)
def test_whatever_a_network_is_made_of_is_part_of_its_identity(rich, file, old, new):
    before = rich()
    assert rich() == before
    assert rich(file, old, new) != before


def test_editing_the_job_beside_the_network_changes_nothing(rich):
    before = rich()
    assert set(before) < set(rich("job.py", "repeats=1", "repeats=2"))


PLACES = {
    "job.py": """
import dataclasses, json
from pathlib import Path
from cnnjobs import Job, Variant, custom
from blocks import *
from spaces.first import first
import settings

C = {"w": 1}
C["w"] = 2
D = []
D.append(3)
settings.depth = 4
READ = json.loads((Path(__file__).parent / "data.json").read_text())
HERE = str(Path(__file__).parent)
CACHE = {}

@dataclasses.dataclass
class Config:
    width: int

def helper(): return len(HERE), READ

def make(config, steps):
    def odd(n): return n if n < 1 else even(n - 1)
    def even(n): return n if n < 1 else odd(n - 1)
    def net(input_shape, classes):
        CACHE[len(CACHE)] = 1
        return block(C, D, config.width, settings.depth), first(), steps, odd, helper()
    return net

def other(x): return x + 1

print("unrelated", C)
net = make(Config(5), [other, max])
job = Job(name="a", dataset="digits", repeats=1, variants={"net": Variant(model=custom(net))})
""",
    "blocks.py": "W = 1\ndef block(*parts): return W, parts\n",
    "settings.py": "depth = 1\n",
    "spaces/first.py": "from spaces.second import second\ndef first(): return second()\n",
    "spaces/second.py": "def second(): return 1\n",
    "data.json": "[1, 2]",
}


@pytest.fixture
def placed(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    return lambda *change, folder="": ids_of_files(tmp_path / folder, PLACES, *change)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("blocks.py", "W = 1", "W = 2"),
        ("job.py", 'C["w"] = 2', 'C["w"] = 3'),
        ("job.py", "D.append(3)", "D.append(4)"),
        ("job.py", "settings.depth = 4", "settings.depth = 5"),
        ("settings.py", "depth = 1", "depth = 1; other = 2"),
        ("spaces/second.py", "return 1", "return 2"),
        ("data.json", "[1, 2]", "[1, 3]"),
        ("job.py", "Config(5)", "Config(6)"),
        ("job.py", "[other, max]", "[other, min]"),
        ("job.py", "return x + 1", "return x + 2"),
    ],
    ids=[
        *("star import", "item", "appended", "attribute of a module", "the module", "package without __init__"),
        *("data that is read", "dataclass in a closure", "built-in in a closure", "function in a list in a closure"),
    ],
)
def test_there_is_no_way_around_the_identity(placed, file, old, new):
    before = placed()
    assert placed() == before
    assert placed(file, old, new) != before


@pytest.mark.parametrize(("old", "new"), [("unrelated", "printed"), ("repeats=1", "repeats=2")])
def test_what_has_no_part_in_a_network_is_no_part_of_its_identity(placed, old, new):
    before = placed()
    assert set(before) <= set(placed("job.py", old, new))


def test_where_the_folder_lies_is_no_part_of_the_identity(placed):
    assert placed(folder="one") == placed(folder="two/deeper")


def test_a_network_that_is_built_stays_what_it_is(placed, tmp_path):
    """Though it remembers something each time it is called."""
    placed()
    plan = make_plan(load_job(tmp_path / "job.py").job, "data")
    before = digest(plan.trials[0].spec)
    plan.trials[0].spec.network.function((8, 8, 1), 10)
    assert digest(plan.trials[0].spec) == before
    assert plan.with_repeats({"net": 2}).trials[0].trial_id == plan.trials[0].trial_id


LOOP = """
variants = {"other": Variant(model=vgg(), epochs=3)}
def net(input_shape, classes, width): return width
for width in (16, 32):
    variants[f"w{width}"] = Variant(model=custom(net, width=width))
job = Job(name="a", dataset="digits", repeats=1, variants=variants | {str(width): Variant(model=custom(net,
    width=width)) for width in (64, 128)})
"""


def test_variants_that_are_made_in_a_loop_have_no_part_in_each_other(tmp_path):
    before = ids_of_networks(tmp_path, LOOP)
    after = ids_of_networks(tmp_path, LOOP.replace("epochs=3", "epochs=4").replace("repeats=1", "repeats=2"))
    assert [name for name in before if before[name] != after[name]] == ["other"]


NAMED = [
    "BLOCKS = {}\ndef register(f): BLOCKS[f.__name__] = f; return f\n@register\ndef one(x): return 64\n"
    "def net(i, c, kind='one'): return BLOCKS[kind](i)",
    "def make(w):\n    def block(x): return w\n    return block\nblock = make(int('64'))\ndef net(i, c): return block",
    'import json\nC = json.loads(\'{"w": 64, "data": "data/x"}\')\ndef net(i, c): return C[\'w\']',
    "WIDTH = 64\ndef net(i, c):\n    class Block:\n        WIDTH = WIDTH\n    return Block",
    "# pasted\u2028text\ndef helper(): pass\ndef net(i, c):\n    x = 1\n    return 64",
    '"""old\x0cpage"""\ndef net(i, c):\n    return 64',
]


@pytest.mark.parametrize("text", NAMED, ids=["registry", "made", "words", "class body", "separator", "form feed"])
def test_whatever_a_global_name_leads_to_is_part_of_the_identity(tmp_path, text):
    end = "\njob = Job(name='a', dataset='digits', repeats=1, variants={'a': Variant(model=net)})"
    first = ids_of_networks(tmp_path, text + end)
    assert ids_of_networks(tmp_path, text + end) == first
    assert ids_of_networks(tmp_path, text.replace("64", "65") + end) != first


@pytest.mark.parametrize(
    "text",
    [
        "D = {}\nD['self'] = D\n",
        "D = []\nfor _ in range(2000): D = [D]\n",
        "@dataclasses.dataclass\nclass C:\n    a: int = dataclasses.field(init=False)\nD = C()\n",
        "D = object()\n",
        "import threading\nD = threading.Lock()\n",
    ],
    ids=["holds itself", "deep", "unset field", "object", "lock"],
)
def test_data_without_a_content_are_known_by_their_text(tmp_path, text):
    end = "def net(i, c, act=lambda x: x): return D\njob = Job(name='a', dataset='digits', repeats=1, variants={'a': "
    end += "Variant(model=net)})"
    assert ids_of_networks(tmp_path, text + end) == ids_of_networks(tmp_path, text + end)
    assert ids_of_networks(tmp_path, text + end) != ids_of_networks(tmp_path, f"{text}D = 5\n{end}")


def test_paths_are_known_by_their_text(tmp_path):
    """The job lies elsewhere on a cluster."""
    text = "from pathlib import Path\nfrom blocks import block\nROOT = Path(__file__).resolve().parent.parent\n"
    text += "D = str(ROOT)\ndef net(i, c): return D, ROOT, block()\n"
    text += "job = Job(name='a', dataset='digits', repeats=1, variants={'a': Variant(model=net)})"
    blocks = "from pathlib import Path\nHERE = Path(__file__).parent\ndef block(): return HERE\n"
    one, two = (
        ids_of_networks(tmp_path / "one", text, blocks=blocks),
        ids_of_networks(tmp_path / "2" / "x", text, blocks=blocks),
    )
    assert one == two


def test_a_job_in_a_package_finds_what_lies_beside_it(tmp_path):
    text = "from blocks import block\ndef net(i, c): return block()\n"
    text += "job = Job(name='a', dataset='digits', repeats=1, variants={'a': Variant(model=net)})"
    found = [ids_of_networks(tmp_path, text, __init__="", blocks=f"def block(): return {value}\n") for value in (1, 2)]
    assert found[0] != found[1]


def test_the_order_of_networks_has_no_part_in_their_identity(tmp_path):
    text = """
def make():
    def odd(n): return even(n - 1)
    def even(n): return odd(n - 1)
    def n1(i, c): return odd(1)
    def n2(i, c): return even(1)
    return n1, n2
n1, n2 = make()
job = Job(name='a', dataset='digits', repeats=1, variants={"x": Variant(model=%s), "y": Variant(model=%s)})
"""
    one, two = ids_of_networks(tmp_path, text % ("n1", "n2")), ids_of_networks(tmp_path, text % ("n2", "n1"))
    assert (one["x"], one["y"]) == (two["y"], two["x"])


def test_a_lambda_is_refused():
    with pytest.raises(SpecError, match="must have a name"):
        canonical(custom(lambda input_shape, classes: None))


def test_a_function_without_source_is_refused():
    names = {}
    exec("def net(shape, classes): return None", names)
    with pytest.raises(SpecError, match="whose source cannot be read"):
        canonical(custom(names["net"]))


SHAPED = """
@dataclasses.dataclass(frozen=True)
class Shape:
    n: int = 2
    def layers(self): return [FILTERS] * 64
FILTERS = 8
def net(input_shape, classes, shape): return shape.layers()
job = Job(name='a', dataset='digits', repeats=1, variants={'a': Variant(model=custom(net, shape=Shape()))})
"""


@pytest.mark.parametrize(("old", "new"), [("64", "65"), ("FILTERS = 8", "FILTERS = 9"), ("n: int = 2", "n: int = 3")])
def test_methods_of_a_dataclass_that_is_a_hyperparameter_are_part_of_the_identity(tmp_path, old, new):
    first = ids_of_networks(tmp_path, SHAPED)
    assert ids_of_networks(tmp_path, SHAPED) == first
    assert ids_of_networks(tmp_path, SHAPED.replace(old, new)) != first


def test_layout_comments_and_docstrings_are_no_part_of_the_identity(tmp_path):
    text = "def net(i, c):\n    return dict(a=64, b=[1, 2])\njob = Job(name='a', dataset='digits', repeats=1, "
    text += "variants={'a': Variant(model=net)})"
    other = text.replace("return dict(a=64,", '"""Build it."""\n    # as in the paper\n    return dict(\n        a=64,')
    assert ids_of_networks(tmp_path, other) == ids_of_networks(tmp_path, text)


def test_a_module_that_was_edited_after_it_was_imported_is_not_taken_for_what_its_file_says(tmp_path, monkeypatch):
    """In a notebook: the file is new, and the code that runs is that of before."""
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "edited_blocks.py").write_text("def net(input_shape, classes): return 64\n")
    import edited_blocks

    before = source_of(edited_blocks.net)
    (tmp_path / "edited_blocks.py").write_text("def net(input_shape, classes): return 65  # more\n")
    edited = source_of(edited_blocks.net)
    importlib.reload(edited_blocks)
    assert len({before, edited, source_of(edited_blocks.net)}) == 3


CELLS = {
    "one": "import numpy as np\nWIDTH = 8\nHERE = '/data/x'\nclass Block:\n    def size(self): return WIDTH\n",
    "two": "def net(input_shape, classes): return Block().size(), HERE\n",
}


def from_cells(cells):
    """Run cells as a notebook does: each is a file of its own that is on no disk, all share their names."""
    names = {"__name__": "__main__"}
    for name, text in cells.items():
        file = f"/nowhere/{name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}.py"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        exec(compile(text, file, "exec"), names)
    return source_of(names["net"])


@pytest.mark.parametrize(
    ("old", "new"), [("WIDTH = 8", "WIDTH = 9"), ("return WIDTH", "return 2 * WIDTH"), ("/x", "/y")]
)
def test_what_other_cells_of_a_notebook_define_is_part_of_the_identity(old, new):
    first = from_cells(CELLS)
    assert from_cells(CELLS) == first
    assert from_cells({"one": CELLS["one"].replace(old, new), "two": CELLS["two"]}) != first


def test_a_cell_that_the_network_does_not_need_is_no_part_of_the_identity():
    assert from_cells({**CELLS, "three": "unrelated = 1\nprint(end='')\n"}) == from_cells(CELLS)


def test_what_has_no_content_is_refused_in_a_notebook():
    cells = {**CELLS, "one": CELLS["one"] + "HERE = np.random.default_rng(0)\n"}
    with pytest.raises(SpecError, match="uses HERE, a value of type Generator, which cannot be part"):
        from_cells(cells)


class HeNormal:
    """Stand for an initializer of Keras's, which is of a library and says what it is made with."""

    def __init__(self, seed):
        self._seed = seed

    def get_config(self):
        return {"seed": self._seed}


def test_what_says_how_it_was_made_is_known_by_that(tmp_path, monkeypatch):
    library = types.ModuleType("keraslike")
    library.__file__ = "/lib/site-packages/keraslike.py"
    monkeypatch.setitem(sys.modules, "keraslike", library)
    monkeypatch.setattr(HeNormal, "__module__", "keraslike")
    library.HeNormal = HeNormal
    text = "import keraslike\ndef make(init):\n    def net(i, c): return init\n    return net\n"
    text += (
        "job = Job(name='a', dataset='digits', repeats=1, variants={'a': Variant(model=make(keraslike.HeNormal(64)))})"
    )
    first = ids_of_networks(tmp_path, text)
    assert ids_of_networks(tmp_path, text) == first
    assert ids_of_networks(tmp_path, text.replace("64", "65")) != first


@pytest.mark.parametrize("name", ["site", "libs"])
def test_what_pip_has_installed_into_a_folder_of_any_name_is_no_code_of_the_user(tmp_path, monkeypatch, name):
    """As `pip install --target`, and PYTHONPATH: TensorFlow was followed and hashed as the user's, for minutes."""
    from cnnjobs.planning import user_code

    folder = tmp_path / name
    (folder / "library").mkdir(parents=True)
    for file in ("library/__init__.py", "single.py"):
        (folder / file).touch()
    (folder / "library-1.0.dist-info").mkdir()
    (folder / "library-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: library\nVersion: 1.0\n")
    (folder / "library-1.0.dist-info" / "RECORD").write_text("library/__init__.py,,\nsingle.py,,\n")
    monkeypatch.syspath_prepend(str(folder))
    user_code.installed_names.cache_clear()
    try:
        assert user_code.is_installed_file(str(folder / "library" / "layers.py"))
        assert user_code.is_installed_file(str(folder / "single.py"))
        assert not user_code.is_installed_file(str(folder / "mine.py")), "beside libraries, as on AWS Lambda"
        assert not user_code.is_installed_file(str(tmp_path / "library" / "layers.py"))
    finally:
        user_code.installed_names.cache_clear()
