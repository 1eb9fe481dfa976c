"""Functions of the user's in a worker process: the code that runs there is the code that the identity was made of."""

import itertools
import os
import pickle
import subprocess
import sys
from types import SimpleNamespace

import pytest
from support.commands import StartedProcess
from support.fakes import tiny_dataset

import cnnjobs
from cnnjobs.engine.base import TrialResources, Work
from cnnjobs.engine.pickling import packed
from cnnjobs.errors import SpecError
from cnnjobs.planning.job_file import job_of_session, load_job
from cnnjobs.planning.needs import needs_of
from cnnjobs.planning.trials import make_plan

WORKER = """
import os, pickle, sys
import cnnjobs.engine.ray.tune
for line in sys.stdin:
    read, write = os.pipe()
    if os.fork() == 0:
        try:
            work = pickle.loads(open(line.rstrip("\\n"), "rb").read()).unpacked()
            values = [trial.spec.network.function((8, 8, 1), 10, **trial.spec.network.options) for trial in work.trials]
            told = repr(values)
        except BaseException as error:
            told = f"{type(error).__name__}: {error}"
        os.write(write, told.encode())
        os._exit(0)
    os.close(write)
    with open(read, "rb") as stream:
        print(stream.read().decode().replace("\\n", " "), flush=True)
    os.wait()
"""
"""A process that makes a fresh one for each job, as Ray's workers are, and has it call the networks."""

DECOY = "W = -1\ndef head(): return -1\ndef build(): return -1\nw = -1\n"


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    """Calls the networks of a job in a process that stands in a folder with other files of the same names."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name in ("blocks", "settings", "helper"):
        (elsewhere / f"{name}.py").write_text(DECOY)
    count = itertools.count()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(elsewhere)])}
    with StartedProcess(
        [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stderr=None, cwd=elsewhere, env=environment
    ) as process:

        def called(file):
            from cnnjobs.engine.ray.tune import TuneRun

            needs = needs_of(file.job, file)
            trials = make_plan(file.job, "data").trials
            work = Work(
                trials,
                tiny_dataset(),
                _unused,
                TrialResources(1, 0, 1),
                1,
                modules=file.modules,
                user_modules=needs.modules,
            )
            path = elsewhere / f"{next(count)}.bin"
            path.write_bytes(pickle.dumps(TuneRun(SimpleNamespace(shares_disk=True))._shared(work)))
            process.stdin.write(f"{path}\n")
            process.stdin.flush()
            return process.stdout.readline().strip()

        yield called
        process.stdin.close()


def _unused(*_):
    raise AssertionError


def job_in(folder, text, files=()):
    """Write a job of one network `net`, and modules beside it: name, without ending -> text."""
    for name, content in dict(files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.py").write_text(content)
    end = "\njob = Job(name='a', dataset='digits', repeats=1, variants={'a': Variant(model=net)})\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "job.py").write_text(f"from cnnjobs import *\n{text}{end}")
    return folder / "job.py"


BLOCKS = "W = 1\ndef head(): return W\ndef build(): return 2 * W\n"

CASES = {
    "imported inside": ("def net(i, c):\n    from blocks import head\n    return head()", {"blocks": BLOCKS}, 1),
    "module imported inside": ("def net(i, c):\n    import blocks as b\n    return b.build()", {"blocks": BLOCKS}, 2),
    "imported at the top": ("from blocks import head\ndef net(i, c): return head()", {"blocks": BLOCKS}, 1),
    "both": (
        "from blocks import head\ndef net(i, c):\n    import blocks\n    return head(), blocks.build()",
        {"blocks": BLOCKS},
        (1, 2),
    ),
    "in a method": (
        "class Net:\n    def __call__(self):\n        import blocks\n        return blocks.build()\n"
        "def net(i, c): return Net()()",
        {"blocks": BLOCKS},
        2,
    ),
    "by a function": (
        "import importlib\ndef net(i, c): return importlib.import_module('blocks').build()",
        {"blocks": BLOCKS},
        2,
    ),
    "in a condition": (
        "def net(i, c):\n    if c > 5:\n        import blocks\n    else:\n        import settings as blocks\n"
        "    return blocks.build()",
        {"blocks": BLOCKS, "settings": "def build(): return 9\n"},
        2,
    ),
    "set by the network": (
        "import blocks\ndef net(i, c):\n    blocks.W = 64\n    return blocks.build()",
        {"blocks": BLOCKS},
        128,
    ),
    "set by the network after an import inside": (
        "import settings\nfrom helper import build\ndef net(i, c):\n    import settings as s\n    s.w = 7\n"
        "    return settings.w, build()",
        {"settings": "w = 1\n", "helper": "import settings\ndef build(): return settings.w\n"},
        (7, 7),
    ),
    "set by the job": (
        "import settings\nsettings.w = 64\ndef net(i, c): return settings.w",
        {"settings": "w = 1\n"},
        64,
    ),
    "set by the job, imported inside": (
        "import settings\nsettings.w = 64\ndef net(i, c):\n    from settings import w\n    return w",
        {"settings": "w = 1\n"},
        64,
    ),
    "set by the job, read by a helper that is imported inside": (
        "import settings\nsettings.w = 64\ndef net(i, c):\n    from helper import build\n    return build()",
        {"settings": "w = 1\n", "helper": "import settings\ndef build(): return settings.w\n"},
        64,
    ),
    "set by the job, read by another name": (
        "import settings\nsettings.w = 64\ndef net(i, c):\n    s = settings\n    return s.w, getattr(settings, 'w')",
        {"settings": "w = 1\n"},
        (64, 64),
    ),
    "registered by the job": (
        "from blocks import register, make\n@register\ndef mine(): return 64\ndef net(i, c): return make('mine')",
        {"blocks": "R = {}\ndef register(f): R[f.__name__] = f; return f\ndef make(name): return R[name]()\n"},
        64,
    ),
    "a package": (
        "def net(i, c):\n    import pack.deep.sub\n    from pack import other\n    return pack.deep.sub.f(), other.g()",
        {
            "pack/__init__": "from .other import g\n",
            "pack/other": "def g(): return 3\n",
            "pack/deep/__init__": "",
            "pack/deep/sub": "from ..other import g\nfrom . import last\ndef f(): return g() + last.x\n",
            "pack/deep/last": "x = 40\n",
        },
        (43, 3),
    ),
    "a package without __init__": (
        "def net(i, c):\n    from spaces.one import f\n    return f()",
        {"spaces/one": "from spaces.two import g\ndef f(): return g()\n", "spaces/two": "def g(): return 5\n"},
        5,
    ),
    "a package of which a part is imported at the top": (
        "import pack.settings\npack.settings.w = 64\ndef net(i, c):\n    from pack.settings import w\n"
        "    from pack.late import late\n    return w, late(), pack.settings.w",
        {
            "pack/__init__": "",
            "pack/settings": "w = 1\n",
            "pack/late": "from pack.settings import w\ndef late(): return w\n",
        },
        (64, 64, 64),
    ),
    "classes": (
        "from blocks import Base\nclass Own(Base): pass\ndef net(i, c):\n    from blocks import is_base\n"
        "    return is_base(Own())",
        {"blocks": "class Base: pass\ndef is_base(x): return isinstance(x, Base)\n"},
        True,
    ),
    "where the file says it lies": (
        "def net(i, c):\n    from blocks import text\n    return text()",
        {"blocks": "from pathlib import Path\ndef text(): return (Path(__file__).parent / 'job.py').is_file()\n"},
        True,
    ),
    "what cannot be sent and is not needed": (
        "import blocks\ndef net(i, c): return blocks.build()",
        {
            "blocks": "import threading\nLOCK = threading.Lock()\ndef locked():\n    with LOCK: pass\n"
            "def build(): return 2\n"
        },
        2,
    ),
    "the text of a function": (
        "import inspect\nfrom blocks import build\n"
        "def net(i, c): return inspect.getsource(build), inspect.getsource(net)[:7]",
        {"blocks": "def build(): return 2\n"},
        ("def build(): return 2\n", "def net"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_network_uses_beside_the_job_is_what_runs(name, worker, tmp_path, monkeypatch):
    """A worker stands elsewhere, among files of the same names; it calls what the job's own process would call."""
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    text, files, expected = CASES[name]
    assert worker(load_job(job_in(tmp_path / "a job's folder", text, files))) == repr([expected])


def test_jobs_of_one_session_have_each_their_own_files(worker, tmp_path, monkeypatch):
    """Two jobs with files of the same names beside them, one after the other, and the first once more."""
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    text = "from blocks import head\ndef net(i, c):\n    from helper import build\n    return head(), build()"
    for place, value in (("one", 1), ("two", 20), ("one", 1), ("one", 300)):
        files = {"blocks": f"def head(): return {value}\n", "helper": f"import blocks\ndef build(): return {-value}\n"}
        assert worker(load_job(job_in(tmp_path / place, text, files))) == repr([(value, -value)])


def test_a_job_that_is_reached_by_a_link_has_the_files_of_its_target(worker, tmp_path):
    """Jobs are often links into a folder of experiments."""
    path = job_in(tmp_path / "real", "def net(i, c):\n    import blocks\n    return blocks.build()", {"blocks": BLOCKS})
    (tmp_path / "blocks.py").write_text(DECOY)
    (tmp_path / "link.py").symlink_to(path)
    assert worker(load_job(tmp_path / "link.py")) == "[2]"


def test_modules_of_a_session_travel_as_well(worker, tmp_path, monkeypatch):
    """A script puts a folder on its path, imports from it, and makes a job."""
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.syspath_prepend(tmp_path / "src")
    text = "def net(i, c):\n    from blocks_of_session import late\n    return WIDTH, late.build()\nWIDTH = 8\n"
    job_in(tmp_path / "src", "", {"nets_of_session": text, "blocks_of_session/late": BLOCKS})
    import nets_of_session

    from cnnjobs import Job, Variant

    nets_of_session.WIDTH = 16
    job = Job(name="a", dataset="digits", repeats=1, variants={"a": Variant(model=nets_of_session.net)})
    assert worker(job_of_session(job)) == "[(16, 2)]"


def test_packages_that_lie_elsewhere_travel_as_a_whole(worker, tmp_path, monkeypatch):
    """A `src` layout on PYTHONPATH, which the worker has not."""
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.syspath_prepend(tmp_path / "src")
    files = {
        "far_away/__init__": "from .layers import size\n",
        "far_away/layers": "from . import settings\ndef size(): return settings.w\n",
        "far_away/settings": "w = 1\n",
        "far_away/late": "from far_away import size\ndef twice(): return 2 * size()\n",
    }
    job_in(tmp_path / "src", "", files)
    text = "import far_away.settings\nfrom far_away import size\nfar_away.settings.w = 64\n"
    text += "def net(i, c):\n    from far_away.late import twice\n    return size(), twice(), far_away.settings.w"
    try:
        assert worker(load_job(job_in(tmp_path / "jobs", text))) == "[(64, 128, 64)]"
    finally:
        for name in [name for name in sys.modules if name.startswith("far_away")]:
            del sys.modules[name]


def test_a_file_with_the_name_of_a_module_that_is_loaded_is_refused(tmp_path):
    """`import random` in a network, and a `random.py` beside the job: which one that means is chance."""
    path = job_in(tmp_path, "def net(i, c):\n    import random\n    return random.random()", {"random": "x = 1\n"})
    file = load_job(path)
    with pytest.raises(SpecError, match="Give the file another name"):
        needs_of(file.job, file)


def test_a_trial_finds_modules_as_the_one_before_it_has_found_them(tmp_path):
    """A network sets what it builds with; the next trial in the same process is of a variant that does not."""
    text = """
import blocks, helper
TABLE = [1]
def net(i, c, set=False):
    import late
    if set:
        blocks.W = 64
        TABLE.append(2)
        late.w = 5
    return blocks.build(), helper.build(), TABLE, late.w
"""
    files = {"blocks": BLOCKS, "helper": "from blocks import build\n", "late": "w = 0\n"}
    file = load_job(job_in(tmp_path, text, files))
    sent = packed(file.job.variants["a"].network.function, file.modules, needs_of(file.job, file).modules)
    code = f"""
import pickle
from cnnjobs.planning.user_modules import HeldState
net = pickle.loads({pickle.dumps(sent)}).unpacked()
held = HeldState([net])
first = repr(net(1, 2))
print(net(1, 2, set=True))
held.restore()
print(repr(net(1, 2)) == first, first)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.splitlines() == ["(128, 128, [1, 2], 5)", "True (2, 2, [1], 0)"], done.stderr[-500:]


NOTED = {
    "import importlib\ndef net(i, c, kind='a'): return importlib.import_module(kind)": "import_module(...): the module",
    "import numpy as np\ndef net(i, c):\n    return np.load('weights.npy')": "line 4: np.load(...): its content",
    "import os\ndef net(i, c): return os.environ['WIDTH']": "os.environ: its variables are no part",
    "def net(i, c):\n    from helper import build\n    return build()": "helper.py, line 2: open(...): its content",
    "import time\ndef net(i, c): return time.time()": "time.time(...): it gives another value each time",
    "def net(i, c): return eval('c + 1')": "eval(...): code that is made of text",
    "def block():\n    'three'\ndef net(i, c): return block.__doc__": "block.__doc__: comments and docstrings are",
}


@pytest.mark.parametrize("text", NOTED)
def test_what_cannot_be_followed_is_said(text, tmp_path):
    """A network depends on what no identity holds: `plan` names the function and the line."""
    files = {
        "helper": "from pathlib import Path\nW = open(Path(__file__).parent / 'w.txt').read()\ndef build(): return W\n"
    }
    path = job_in(tmp_path, text, files)
    (tmp_path / "helper_data.txt").write_text("1")
    notes = cnnjobs.plan(path, sizes=False, results=str(tmp_path / "results")).notes
    assert [NOTED[text] in note for note in notes] == [True], notes


def test_networks_that_are_followed_get_no_note(tmp_path):
    """An ordinary job."""
    path = job_in(tmp_path, "from blocks import build\ndef net(i, c): return build()", {"blocks": BLOCKS})
    assert cnnjobs.plan(path, sizes=False, results=str(tmp_path / "results")).notes == ()
