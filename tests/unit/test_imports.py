"""TensorFlow and Ray are backends: nobody pays seconds of import for what needs neither."""

import ast
from pathlib import Path

import pytest

import cnnjobs

PACKAGE = Path(cnnjobs.__file__).parent
ROOMS = {  # which modules may import what, wherever in the file
    "tensorflow": ("training/", "models/networks/"),
    "keras": ("training/", "models/networks/"),
    "ray": ("engine/ray/", "remote/jobs_client.py"),
}

LAYERS = [  # imports point downwards
    {"errors", "spec", "versions", "messages", "parallel", "process", "files", "wording", "schema"},
    {"planning", "datasets", "store", "stats", "scoring"},
    {"models", "training", "engine", "trackers"},
    {"comparison"},
    {"report"},
    {"run"},
    {"live"},
    {"remote"},
    {"cli", "__main__"},
]


KINDS_OF_DATA = [  # the same within `datasets`; the modules beside these packages are above and below them
    {"duplicates", "storage"},
    {"pictures"},
    {"folders", "builtin", "numpy_arrays"},
    {"tables", "records"},
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


def kind_of_data(module):
    """Return the layer of `cnnjobs.datasets.<package>...`; None for all other modules."""
    parts = module.split(".")
    if parts[:2] != ["cnnjobs", "datasets"] or len(parts) < 4:
        return None
    return next((index for index, packages in enumerate(KINDS_OF_DATA) if parts[2] in packages), None)


@pytest.mark.parametrize("path", [path for path in FILES if place(path).startswith("datasets/")], ids=place)
def test_kinds_of_data_import_downwards(path):
    own = kind_of_data("cnnjobs." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts))
    for module in imports_of(path):
        other = kind_of_data(module)
        if own is not None and other is not None:
            assert other <= own, f"{place(path)} imports {module}, which lies above it"


def test_training_and_engine_do_not_know_each_other():
    for path in FILES:
        for one, other in (("training", "engine"), ("engine", "training")):
            if place(path).startswith(one):
                assert not any(module.startswith(f"cnnjobs.{other}") for module in imports_of(path))


def test_statistics_know_nothing_of_jobs_or_stores():
    for path in FILES:
        if place(path).startswith("stats/"):
            assert all(
                module.startswith("cnnjobs.stats") for module in imports_of(path) if layer_of(module) is not None
            )


def test_the_guard_can_fail(tmp_path):
    path = tmp_path / "upwards.py"
    path.write_text("def late():\n    from cnnjobs.cli.submit import submit\n    return submit\n")
    assert max(layer_of(module) for module in imports_of(path)) > layer_of("cnnjobs.remote.follow")


def test_the_public_names_are_these():
    assert sorted(cnnjobs.__all__) == sorted(
        [
            "SGD", "Adam", "Augment", "FromFunction", "ImageFolder", "Job", "Npz", "ParquetPictures", "PictureTable",
            "TFRecordPictures", "Variant", "Decide", "MixUp", "CutMix", "tta", "CrossEntropy", "Focal", "loss",
            "ColorJitter", "Cutout", "Flip", "GaussianBlur", "GaussianNoise", "Grayscale", "PadCrop", "RandAugment",
            "RandomErasing", "RandomResizedCrop", "TrivialAugment", "transform",
            "BestWeights", "CosineDecay", "Cyclical", "EarlyStopping", "ExponentialDecay", "ReduceLROnPlateau",
            "TimeDecay", "PolynomialDecay", "StepDecay", "OneCycle", "CosineRestarts", "schedule",
            "Warmup", "callback", "custom", "grid", "Finetune", "Nadam", "RMSprop",
            "AdamW", "Adagrad", "Adamax", "Lion", "Muon", "optimizer",
            "compare", "load_results", "metric", "statistics", "submit", "plan", "status", "verify", "fit", "predict",
            "clean", "gate", "application", "cnn", "mlp", "resnet", "small_cnn", "smaller_vgg", "vgg", "vgg16",
            "wide_resnet",
        ]
    )  # fmt: skip
    for name in cnnjobs.__all__:
        assert getattr(cnnjobs, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'tensorflow'"):
        cnnjobs.tensorflow  # noqa: B018


@pytest.mark.parametrize("path", FILES, ids=place)
def test_what_a_person_sees_passes_one_function(path):
    """`wording.terminal` shows what a terminal would obey: escapes in class names, file names and stored errors."""
    if place(path) == "wording/terminal.py":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("click.echo", "click.secho", "print"), (
                f"{place(path)}, line {node.lineno}: use `echo`, `note` or `write_data` of cnnjobs.wording.terminal"
            )


def test_what_a_person_sees_of_the_package():
    names = dir(cnnjobs)
    assert set(cnnjobs.__all__) < set(names)
    assert [name for name in names if not name.startswith("__") and name not in cnnjobs.__all__] == []
    words = set(cnnjobs.__doc__.replace(",", " ").split())
    assert sorted(set(cnnjobs.__all__) - words) == [], "the docstring of the package names them all"
    starred = {}
    exec("from cnnjobs import *", starred)
    assert set(cnnjobs.__all__) == set(starred) - {"__builtins__"}
