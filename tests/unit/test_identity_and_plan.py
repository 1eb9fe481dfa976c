"""A trial is the same trial exactly when everything that decides it is the same."""

import sys
import threading

import numpy as np
import pytest

from cnnjobs import SGD, Augment, Job, Variant, custom, vgg
from cnnjobs.errors import SpecError
from cnnjobs.identity import canonical, digest
from cnnjobs.jobfile import load_job
from cnnjobs.plan import make_plan, seeds_of
from cnnjobs.spec import SOURCES

BASE = Variant(model=vgg(), optimizer=SGD(0.1))


def job(**changes):
    given = {"name": "a", "dataset": "digits", "repeats": 2, "variants": {"base": BASE, "two": BASE.but(epochs=3)}}
    return Job(**(given | changes))


def ids(one, fingerprint="data", limit=None):
    return [trial.trial_id for trial in make_plan(one, fingerprint, limit).trials]


def test_names_stay_out_of_the_identity():
    renamed = job(name="b", variants={"other": BASE, "names": BASE.but(epochs=3)})
    assert ids(renamed) == ids(job())


def test_more_repeats_keep_the_trials_there_were():
    assert set(ids(job())) < set(ids(job(repeats=5)))
    assert len(set(ids(job(repeats=5)))) == 10


@pytest.mark.parametrize(
    "other",
    [
        job(seed=1),
        job(validation=0.3),
        job(validation="test"),
        job(folds=2),
        job(replicas=2),
        job(vary=("init",)),
        job(variants={"base": BASE.but(epochs=11), "two": BASE.but(epochs=4)}),
        job(variants={"base": BASE.but(augment=Augment(shift=0.1)), "two": BASE.but(batch_size=1)}),
    ],
)
def test_whatever_decides_a_trial_changes_its_identity(other):
    assert not set(ids(other)) & set(ids(job()))


def test_the_gpus_of_a_trial_stay_out_of_its_identity_but_its_replicas_do_not():
    assert ids(job(gpus_per_trial=0.25)) == ids(job(gpus_per_trial=1)) == ids(job())
    assert ids(job(gpus_per_trial=4)) == ids(job(replicas=4)) == ids(job(replicas=4, gpus_per_trial=0))


def test_data_and_its_limit_are_part_of_the_identity():
    assert not set(ids(job())) & set(ids(job(), "other data"))
    assert not set(ids(job())) & set(ids(job(), limit=100))


def test_a_changed_default_would_change_the_identity():
    assert canonical(BASE)["optimizer"] == {"kind": "SGD", "learning_rate": 0.1, "momentum": 0.0, "nesterov": False}


def test_identities_have_at_least_sixteen_hex_digits():
    assert all(len(identity) >= 16 and int(identity, 16) >= 0 for identity in ids(job()))


def test_a_hyperparameter_without_json_form_is_refused():
    with pytest.raises(SpecError, match="must be a finite number, text, None"):
        digest({"a": object()})
    with pytest.raises(SpecError, match="must be a finite number"):
        digest({"a": float("nan")})


def test_numbers_of_numpy_are_numbers():
    numpy_ones = BASE.but(optimizer=SGD(np.float64(0.1)), epochs=np.int64(10))
    assert digest(numpy_ones) == digest(BASE)


def test_a_repeat_has_the_same_seeds_in_every_variant():
    trials = make_plan(job(folds=2), "data").trials
    for trial in trials:
        twin = next(
            t for t in trials if t.variant != trial.variant and (t.repeat, t.fold) == (trial.repeat, trial.fold)
        )
        assert twin.seeds == trial.seeds


def test_sources_and_repeats_have_seeds_of_their_own():
    values = [value for repeat in range(50) for value in vars(seeds_of(0, repeat)).values()]
    assert len(set(values)) == len(values)
    assert all(0 <= value < 2**31 for value in values)


@pytest.mark.parametrize("source", SOURCES)
def test_a_frozen_source_keeps_the_seed_of_the_first_repeat(source):
    free, frozen = seeds_of(0, 3), seeds_of(0, 3, [name for name in SOURCES if name != source])
    assert getattr(frozen, source) == getattr(seeds_of(0, 0), source)
    others = [name for name in SOURCES if name != source]
    assert [getattr(frozen, name) for name in others] == [getattr(free, name) for name in others]


def test_repeats_are_trials_of_their_own_even_when_nothing_varies():
    assert len(set(ids(job(vary=())))) == 4


def test_variants_with_repeats_of_their_own_have_the_same_trials_as_with_repeats_for_all():
    own = job(repeats={"base": 3, "two": 1})
    assert len(ids(own)) == 4
    assert set(ids(own)) < set(ids(job(repeats=3)))
    plan = make_plan(job(), "data")
    assert [trial.trial_id for trial in plan.with_repeats({"base": 3, "two": 1}).trials] == ids(own)


def test_one_variant_under_several_names_that_vary_otherwise_is_several_conditions():
    same = job(variants={"all": BASE, "init": BASE}, vary={"all": SOURCES, "init": ["init"]})
    plan = make_plan(same, "data")
    assert plan.conditions["all"] == make_plan(job(), "data").conditions["base"]
    first, second = (trial.seeds for trial in plan.trials if trial.variant == "init")
    assert (first.order, first.dropout) == (second.order, second.dropout)
    assert first.init != second.init
    assert plan.as_json()["variants"]["init"]["vary"] == ["init"]
    assert plan.as_json()["vary"] == list(SOURCES)


def test_equal_variants_are_refused():
    with pytest.raises(SpecError, match="'base' and 'copy', whose settings are all the same"):
        make_plan(job(variants={"base": BASE, "copy": BASE.but()}), "data")


def test_what_took_longest_an_epoch_starts_first():
    plan = make_plan(job(), "data")
    base, two = plan.conditions["base"], plan.conditions["two"]
    epochs = BASE.epochs
    assert [trial.variant for trial in plan.missing((), rates={base: 1.0, two: epochs})] == ["two"] * 2 + ["base"] * 2
    assert [trial.variant for trial in plan.missing((), rates={two: 5.0})] == ["base"] * 2 + ["two"] * 2, (
        "as the others"
    )


def test_missing_are_those_not_done_longest_first():
    plan = make_plan(job(), "data")
    first = plan.trials[0]
    missing = plan.missing({first.trial_id})
    assert [trial.label() for trial in missing] == ["base, repeat 2", "two, repeat 1", "two, repeat 2"]
    assert [trial.variant for trial in plan.missing((), only=("two",))] == ["two", "two"]


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

        sys.modules.pop("helper", None)
        (tmp_path / "helper.py").write_text(helper)
        (tmp_path / "net.py").write_text(text.format(comment=comment))
        return ids(load_job(tmp_path / "net.py").job)

    return write


def test_the_same_function_is_the_same_trial(own_net):
    assert own_net() == own_net()


def test_editing_around_a_function_changes_nothing(own_net):
    assert own_net() == own_net("# a comment\n" + NET)


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
    def write(file=None, old="", new=""):

        for name in ("late", "later", "package", "package.deep", "package.deeper"):
            sys.modules.pop(name, None)
        for name, text in {"job.py": RICH, **FILES}.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            changed = text.replace(old, new) if name == file else text
            assert name != file or changed != text
            (tmp_path / name).write_text(changed)
        return ids(load_job(tmp_path / "job.py").job)

    monkeypatch.setattr("sys.dont_write_bytecode", True)
    return write


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


def test_values_of_a_closure_are_part_of_the_identity(tmp_path):
    text = """
from cnnjobs import Job, Variant
def make(width):
    def net(input_shape, classes): return width
    return net
job = Job(name="a", dataset="digits", repeats=1, variants={str(w): Variant(model=make(w)) for w in (4, 8)})
"""
    (tmp_path / "job.py").write_text(text)
    assert len(set(ids(load_job(tmp_path / "job.py").job))) == 2


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


def ids_of_places(folder, monkeypatch, file=None, old="", new=""):

    monkeypatch.setattr("sys.dont_write_bytecode", True)
    for name in ("blocks", "settings", "spaces", "spaces.first", "spaces.second"):
        sys.modules.pop(name, None)
    for name, text in PLACES.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        changed = text.replace(old, new) if name == file else text
        assert name != file or changed != text
        (folder / name).write_text(changed)
    return ids(load_job(folder / "job.py").job)


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
def test_there_is_no_way_around_the_identity(tmp_path, monkeypatch, file, old, new):
    before = ids_of_places(tmp_path, monkeypatch)
    assert ids_of_places(tmp_path, monkeypatch) == before
    assert ids_of_places(tmp_path, monkeypatch, file, old, new) != before


@pytest.mark.parametrize(("old", "new"), [("unrelated", "printed"), ("repeats=1", "repeats=2")])
def test_what_has_no_part_in_a_network_is_no_part_of_its_identity(tmp_path, monkeypatch, old, new):
    before = ids_of_places(tmp_path, monkeypatch)
    assert set(before) <= set(ids_of_places(tmp_path, monkeypatch, "job.py", old, new))


def test_where_the_folder_lies_is_no_part_of_the_identity(tmp_path, monkeypatch):
    assert ids_of_places(tmp_path / "one", monkeypatch) == ids_of_places(tmp_path / "two" / "deeper", monkeypatch)


def test_a_network_that_is_built_stays_what_it_is(tmp_path, monkeypatch):
    """Though it remembers something each time it is called."""
    ids_of_places(tmp_path, monkeypatch)
    job = load_job(tmp_path / "job.py").job
    before = ids(job)
    job.variants["net"].network.function((8, 8, 1), 10)
    assert ids(job) == before


def test_what_has_no_content_to_tell_is_refused_in_a_closure():
    def make(value):
        def net(input_shape, classes):
            return value

        return net

    with pytest.raises(SpecError, match="net holds in its closure value a value of type lock, which cannot be part of"):
        canonical(custom(make(threading.Lock())))


def network_ids(folder, text, **others):
    """The identities of the variants of a job that lies in a folder."""
    folder.mkdir(exist_ok=True, parents=True)
    for name, content in others.items():
        (folder / f"{name}.py").write_text(content)
    (folder / "job.py").write_text(f"from cnnjobs import *\nimport dataclasses, enum, functools\n{text}")
    for name in others:
        sys.modules.pop(name, None)
    job = load_job(folder / "job.py").job
    return {variant: digest(spec) for variant, spec in job.variants.items()}


LOOP = """
variants = {"other": Variant(model=vgg(), epochs=3)}
def net(input_shape, classes, width): return width
for width in (16, 32):
    variants[f"w{width}"] = Variant(model=custom(net, width=width))
job = Job(name="a", dataset="digits", repeats=1, variants=variants | {str(width): Variant(model=custom(net,
    width=width)) for width in (64, 128)})
"""


def test_variants_that_are_made_in_a_loop_have_no_part_in_each_other(tmp_path):
    before = network_ids(tmp_path, LOOP)
    after = network_ids(tmp_path, LOOP.replace("epochs=3", "epochs=4").replace("repeats=1", "repeats=2"))
    assert [name for name in before if before[name] != after[name]] == ["other"]


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
    first = network_ids(tmp_path, text)
    assert network_ids(tmp_path, text) == first
    assert network_ids(tmp_path, text.replace("64", "65")) != first


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
    first = network_ids(tmp_path, text + end)
    assert network_ids(tmp_path, text + end) == first
    assert network_ids(tmp_path, text.replace("64", "65") + end) != first


def test_a_generator_in_a_closure_is_refused(tmp_path):
    """It has an address in the place of a content."""
    with pytest.raises(SpecError, match="a value of type Generator, which cannot be part"):
        network_ids(tmp_path, MADE.format(before="import numpy as np", value="np.random.default_rng(0)"))


@pytest.mark.parametrize(
    "value", ["np.mean", "np.dtype('float32')", "np.add", "len", "dict", "max", "functools", "vgg", "SGD()"]
)
def test_what_libraries_have_is_held_by_its_name(tmp_path, value):
    network_ids(tmp_path, MADE.format(before="import numpy as np", value=value))


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
    assert network_ids(tmp_path, text + end) == network_ids(tmp_path, text + end)
    assert network_ids(tmp_path, text + end) != network_ids(tmp_path, f"{text}D = 5\n{end}")


def test_paths_are_known_by_their_text(tmp_path):
    """The job lies elsewhere on a cluster."""
    text = "from pathlib import Path\nfrom blocks import block\nROOT = Path(__file__).resolve().parent.parent\n"
    text += "D = str(ROOT)\ndef net(i, c): return D, ROOT, block()\n"
    text += "job = Job(name='a', dataset='digits', repeats=1, variants={'a': Variant(model=net)})"
    blocks = "from pathlib import Path\nHERE = Path(__file__).parent\ndef block(): return HERE\n"
    one, two = (
        network_ids(tmp_path / "one", text, blocks=blocks),
        network_ids(tmp_path / "2" / "x", text, blocks=blocks),
    )
    assert one == two


def test_a_job_in_a_package_finds_what_lies_beside_it(tmp_path):
    text = "from blocks import block\ndef net(i, c): return block()\n"
    text += "job = Job(name='a', dataset='digits', repeats=1, variants={'a': Variant(model=net)})"
    found = [network_ids(tmp_path, text, __init__="", blocks=f"def block(): return {value}\n") for value in (1, 2)]
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
    one, two = network_ids(tmp_path, text % ("n1", "n2")), network_ids(tmp_path, text % ("n2", "n1"))
    assert (one["x"], one["y"]) == (two["y"], two["x"])


def test_a_lambda_is_refused():
    with pytest.raises(SpecError, match="must have a name"):
        canonical(custom(lambda input_shape, classes: None))


def test_one_number_in_two_forms_is_one_setting():
    assert digest(BASE.but(optimizer=SGD(1))) == digest(BASE.but(optimizer=SGD(1.0, momentum=0)))


def test_validation_is_no_part_of_the_identity_with_folds():
    assert ids(job(folds=2)) == ids(job(folds=2, validation=0.5))


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


def test_a_function_without_source_is_refused():
    names = {}
    exec("def net(shape, classes): return None", names)
    with pytest.raises(SpecError, match="whose source cannot be read"):
        canonical(custom(names["net"]))
