"""TensorFlow and Ray stay behind their doors: nobody pays seconds of import for what needs neither."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

import cnnjobs

PACKAGE = Path(cnnjobs.__file__).parent
HEAVY = ("tensorflow", "keras", "ray")

ROOMS = {  # which modules may import what, wherever in the file
    "tensorflow": ("training/", "models/networks.py"),
    "keras": ("training/", "models/networks.py"),
    "ray": ("engine/ray_tune.py",),
}

LAYERS = [  # imports point downwards
    {"errors", "spec"},
    {"source", "identity", "plan", "messages", "jobfile", "datasets", "store", "machine"},
    {"models", "training", "engine"},
    {"preparation", "submission"},
    {"analysis"},
    {"cli"},
]


def imports_of(path):
    """Every module that a file imports, at its top or inside a function; but not those for types only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
    ]
    skipped = {id(inner) for node in typing_only for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def place(path):
    return path.relative_to(PACKAGE).as_posix()


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=place)
def test_heavy_libraries_are_imported_only_in_their_rooms(path):
    for module in imports_of(path):
        top = module.split(".")[0]
        if top in ROOMS:
            assert place(path).startswith(ROOMS[top]), f"{place(path)} imports {module}"


def layer_of(module):
    """Return the layer of `cnnjobs.<room>...`; None for the package itself and other libraries."""
    parts = module.split(".")
    if parts[0] != "cnnjobs" or len(parts) < 2:
        return None
    return next((index for index, rooms in enumerate(LAYERS) if parts[1] in rooms), None)


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.parent != PACKAGE or path.name != "__init__.py"], ids=place
)
def test_imports_point_downwards(path):
    own = layer_of("cnnjobs." + place(path).removesuffix(".py").replace("/", "."))
    assert own is not None, f"{place(path)} belongs to no layer: name it in LAYERS"
    for module in imports_of(path):
        other = layer_of(module)
        assert other is None or other <= own, f"{place(path)} imports {module}, which lies above it"


def test_training_and_engine_do_not_know_each_other():
    for path in FILES:
        for one, other in (("training", "engine"), ("engine", "training")):
            if place(path).startswith(one):
                assert not any(module.startswith(f"cnnjobs.{other}") for module in imports_of(path))


def loaded_by(code):
    """Run code in a fresh interpreter; return which heavy libraries it has loaded."""
    check = f"\nimport sys; print('LOADED', *[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + check], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize(
    "code",
    [
        "import cnnjobs",
        "import cnnjobs.cli",
        "from cnnjobs import load_results",
        "import cnnjobs.preparation, cnnjobs.submission, cnnjobs.engine.inline, cnnjobs.cli.doors",
        "import cnnjobs.analysis.report",
        "import runpy; runpy.run_path('jobs/regularization_grid.py')",
    ],
)
def test_what_needs_neither_tensorflow_nor_ray_loads_neither(code):
    assert loaded_by(code) == []


def test_the_guard_can_fail():
    assert loaded_by("import types, sys; sys.modules['ray'] = types.ModuleType('ray')") == ["ray"]


COMMANDS = ((), ("submit",), ("plan",), ("status",), ("aggregate",))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words) or "cnnjobs")
def test_help_is_quick_and_loads_neither(command):
    code = f"import cnnjobs.cli; cnnjobs.cli.main([*{command!r}, '--help'], standalone_mode=False)"
    assert loaded_by(code) == []
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "cnnjobs.cli", *command, "--help"], capture_output=True, check=True
        )
        seconds.append(time.perf_counter() - began)
    assert b"Usage: cnnjobs" in done.stdout
    assert min(seconds) < 0.3


def test_the_public_names_are_these():
    assert sorted(cnnjobs.__all__) == sorted(
        [
            "SGD", "Adam", "Augment", "ImageFolder", "Job", "Npz", "Variant",
            "custom", "grid", "load_results", "small_cnn", "vgg",
        ]
    )  # fmt: skip
    for name in cnnjobs.__all__:
        assert getattr(cnnjobs, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'tensorflow'"):
        cnnjobs.tensorflow  # noqa: B018
