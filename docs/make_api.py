"""Writes docs/api.md from the stored schemas and the docstrings, so that it cannot say anything else.

python docs/make_api.py
"""

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa

import cnnjobs
from cnnjobs import statistics
from cnnjobs.report import frames
from cnnjobs.run.fit import FittedModel
from cnnjobs.run.gate import GateAnswer
from cnnjobs.run.plan import JobPlan
from cnnjobs.run.predict import Answers
from cnnjobs.run.status import ResultsStatus
from cnnjobs.run.verify import Verification
from cnnjobs.spec import metric_names, own_metric
from cnnjobs.store.results import load_results
from cnnjobs.store.schemas import TABLES

DOCS = Path(__file__).parent

UNITS = {  # what a column is in, and what it says where its name does not
    "trial_id": "hash of everything that decides the numbers of a trial",
    "condition_id": "hash of the variant on this data set, without chance",
    "job": "name",
    "variant": "name",
    "repeat": "counts from 0",
    "fold": "counts from 0; 0 without folds",
    "status": "completed, diverged (loss or objective not finite) or failed",
    "error": "of a trial that failed",
    "log": "where what a failed trial printed is kept",
    "epochs_done": "epochs",
    "best_epoch": "counts from 1; set where callbacks put the weights of that epoch back",
    "parameters": "weights of the network, trainable or not",
    "dataset": "name",
    "dataset_fingerprint": "hash of the content",
    "classes": "count",
    "train_rows": "images trained on",
    "validation_rows": "images",
    "test_rows": "images",
    "validation": "how validation rows were chosen, in words",
    "folds": "count; null without",
    "limit_train": "images kept of the training rows; null for all",
    "epochs": "asked for",
    "batch_size": "images, over all replicas",
    "settings": "the full variant as JSON",
    "numerics_version": "raised when the training code changes numbers",
    "started_at": "UTC",
    "finished_at": "UTC",
    "seconds": "s, wall clock, of the whole trial",
    "setup_seconds": "s",
    "train_seconds": "s",
    "validation_seconds": "s",
    "test_seconds": "s",
    "tta_seconds": "s, null without test-time augmentation",
    "first_batch_seconds": "s, the first prediction",
    "batch_seconds": "s, median of later predictions",
    "batch_images": "images in each of these",
    "gpu_seconds": "s times GPUs",
    "cpus": "count",
    "gpus": "count, may be a fraction",
    "replicas": "devices of the trial",
    "host": "name",
    "device": "kind, whatever the number",
    "commit": "of the job file's repository",
    "dirty": "whether it had changes that were not committed",
    "epoch": "counts from 1",
    "objective": "what is minimised, mean over the training rows; null in files of layout 1",
    "watched": "metrics that the variant watches, of the validation rows: name, `val_macro_f1`, -> value; "
    "null without any, and in files of layout 1. In the frames of `load_results` each is a column of its own",
    "train_objective": "what is minimised, in the last epoch, mean over the training rows; null in files of layout 1",
    "learning_rate": "of the epoch's last step",
    "example": "row of the test set, from 0",
    "label": "class, from 0",
    "predicted": "class, from 0",
    "label_name": "name of the class",
    "predicted_name": "name of the class",
    "probabilities": "(classes,) of each class",
}

PATTERNS = {  # for columns of a kind
    r".*accuracy": "fraction",
    r".*loss": "nats, cross-entropy",
    r".*mse": "mean over classes of squared differences of probabilities",
    r"seed_.*": "of this source of chance",
    r".*_version": "text",
}

PARTS = ("Args", "Returns", "Raises", "Example")

WORDS = {  # of a job file, by section
    "job": ("Job", "Decide", "Variant", "Finetune", "grid"),
    "networks": (
        *("cnn", "vgg", "small_cnn", "smaller_vgg", "mlp", "resnet", "wide_resnet"),
        *("application", "vgg16", "custom"),
    ),
    "augment": (
        "Augment",
        "Flip",
        "PadCrop",
        "RandomResizedCrop",
        "ColorJitter",
        "Grayscale",
        "GaussianBlur",
        "GaussianNoise",
        "Cutout",
        "RandomErasing",
        "RandAugment",
        "TrivialAugment",
        "transform",
        "MixUp",
        "CutMix",
        "tta",
    ),
    "losses": ("CrossEntropy", "Focal", "loss"),
    "schedules": (
        *("CosineDecay", "PolynomialDecay", "ExponentialDecay", "StepDecay", "TimeDecay"),
        *("Cyclical", "OneCycle", "CosineRestarts", "Warmup", "schedule"),
    ),
    "optimizers": (
        *("SGD", "RMSprop", "Adam", "Nadam", "AdamW", "Adamax", "Adagrad", "Lion", "Muon"),
        "optimizer",
    ),
    "callbacks": ("EarlyStopping", "BestWeights", "ReduceLROnPlateau", "callback"),
    "datasets": ("Npz", "FromFunction", "ImageFolder", "PictureTable", "ParquetPictures", "TFRecordPictures"),
}

COMMANDS: dict[str, Any] = {  # each with what it returns; of `submit` that has a section of its own
    "submit": None,
    "gate": GateAnswer,
    "plan": JobPlan,
    "status": ResultsStatus,
    "verify": Verification,
    "fit": FittedModel,
    "predict": Answers,
}

LINE = 110
"""Characters of a signature on one line."""


def unit_of(column: str) -> str:
    """Return what a column is in.

    Raises:
        KeyError: for one that is not described; describe it in `UNITS`.
    """
    if column in UNITS:
        return UNITS[column]
    return next(unit for pattern, unit in PATTERNS.items() if re.fullmatch(pattern, column))


def columns_table(schema: pa.Schema) -> str:
    """Return the columns of a stored table in Markdown."""
    rows = (f"| `{field.name}` | {field.type} | {unit_of(field.name)} |" for field in schema)
    return "\n".join(["| column | type | unit or meaning |", "| --- | --- | --- |", *rows])


def frame_tables() -> str:
    """Return the columns of the frames of `cnnjobs.compare`."""
    columns: Mapping[str, tuple[str, ...]] = {
        "summary": ("job", "metric", *frames.SUMMARY_COLUMNS),
        "differences": ("job", "metric", *frames.DIFFERENCE_COLUMNS),
        "pairs": ("job", "metric", *frames.PAIR_COLUMNS),
        "best": ("job", "metric", *frames.BEST_COLUMNS),
        "effects": ("job", "metric", *frames.EFFECT_COLUMNS),
        "runs": ("job", "metric", *frames.RUN_COLUMNS),
        "ranks": frames.RANK_COLUMNS,
    }
    about = {name: inspect.getdoc(getattr(frames.Comparisons, name)) for name in columns}
    listed = {name: ", ".join(f"`{one}`" for one in own) for name, own in columns.items()}
    return "\n\n".join(f"`{name}`: {about[name]} Columns: {listed[name]}." for name in columns)


def described(name: str, value: Any) -> str:
    """Return a class, function or constant in Markdown: heading, signature, what its docstring says."""
    if not callable(value):
        return f"### `{name}`\n\n{value!r}: {constant_docs()[name]}"
    return "\n\n".join([f"### `{name}`", f"```text\n{name}{signature(value)}\n```", *_docstring(value)])


def words(names: Iterable[str]) -> str:
    """Return words of the job file in Markdown, those that make changed copies with how they do it."""
    return "\n\n".join(
        described(name, value) + ("\n\n" + members(value, ("but",)) if hasattr(value, "but") else "")
        for name, value in ((name, getattr(cnnjobs, name)) for name in names)
    )


def command(name: str, returned: Any) -> str:
    """Return a function that runs something in Markdown, with the class of what it returns."""
    own = described(f"cnnjobs.{name}", getattr(cnnjobs, name))
    return own if returned is None else "\n\n".join([own, described_class(returned)])


def described_class(value: type) -> str:
    """Return a class that users get but do not make: its fields and members, without a signature."""
    texts = [text for text in _docstring(value) if not text.startswith("Args:")]
    fields = _items(_parts(value).get("Args", ""))
    lines = [f"- `.{name}`: {text}" for name, text in fields]
    return "\n\n".join([f"### `{value.__name__}`", *texts, "\n".join([*lines, members(value)])])


def members(value: type, names: Iterable[str] | None = None) -> str:
    """Return the properties and methods of a class as a list; None for all that are public."""
    own = vars(value) if names is None else {name: vars(value)[name] for name in names}
    shown = {name: one for name, one in own.items() if not name.startswith("_") and inspect.getdoc(one)}
    return "\n".join(
        f"- `.{name}{_call(one) if inspect.isfunction(one) else ''}`: {_summary(one)}"
        for name, one in shown.items()
        if inspect.isfunction(one) or isinstance(one, property | cached_property)
    )


def _call(function: Callable[..., Any]) -> str:
    _, _, rest = signature(function).partition("(self")
    return "(" + rest.removeprefix(", ")


def _summary(value: Any) -> str:
    return (inspect.getdoc(value) or "").partition("\n\n")[0].replace("\n", " ")


def constant_docs() -> dict[str, str]:
    """Return what stands under the constants of `outcomes`."""
    body = ast.parse(inspect.getsource(statistics.outcomes)).body
    return {
        first.targets[0].id: str(second.value.value)
        for first, second in pairwise(body)
        if isinstance(first, ast.Assign) and isinstance(second, ast.Expr) and isinstance(first.targets[0], ast.Name)
    }


def signature(value: Callable[..., Any]) -> str:
    """Return a signature with annotations as they are written in the source, and the values of defaults."""
    if inspect.isclass(value):
        return _wrapped(list(_fields(value)), "")
    tree = ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]
    assert isinstance(tree, ast.FunctionDef) and tree.returns is not None
    return _wrapped(list(_parameters(value, tree.args)), f" -> {ast.unparse(tree.returns)}")


def _fields(value: type) -> Iterator[str]:
    """Yield the fields of a dataclass, those of its bases among them."""
    written = {
        node.target.id: ast.unparse(node.annotation)
        for base in reversed(value.__mro__[:-1])
        for node in ast.parse(inspect.getsource(base)).body[0].body  # type: ignore[attr-defined]
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    bare = True
    for field in (field for field in dataclasses.fields(value) if field.init):
        if field.kw_only and bare:
            bare = False
            yield "*"
        made = field.default_factory
        default = field.default if made is dataclasses.MISSING else made()
        yield f"{field.name}: {written[field.name]}" + _default(default, dataclasses.MISSING)


def _parameters(function: Callable[..., Any], arguments: ast.arguments) -> Iterator[str]:
    """Yield the parameters of a function."""
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    written = {one.arg: one.annotation for one in every if one is not None}
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    bare = arguments.vararg is None
    for name, one in inspect.signature(function).parameters.items():
        if one.kind is inspect.Parameter.KEYWORD_ONLY and bare:
            bare = False
            yield "*"
        note = written[name]
        annotation = "" if note is None else f": {ast.unparse(note)}"
        yield f"{stars.get(one.kind, '')}{name}{annotation}{_default(one.default, one.empty)}"


def _default(value: Any, missing: Any) -> str:
    return "" if value is missing else f" = {value!r}"


def _wrapped(parts: list[str], end: str) -> str:
    """Return a signature on one line, or where that is long on a line a parameter."""
    line = f"({', '.join(parts)}){end}"
    if len(line) <= LINE:
        return line
    return "(\n" + "".join(f"    {part},\n" for part in parts) + f"){end}"


def _parts(value: Any) -> dict[str, str]:
    """Return the parts of a docstring by title; the text before them has none."""
    pieces = re.split(rf"^({'|'.join(PARTS)}):\n", inspect.getdoc(value) or "", flags=re.M)
    bodies = (textwrap.dedent(body).strip() for body in pieces[2::2])
    return {"": pieces[0].strip(), **dict(zip(pieces[1::2], bodies, strict=True))}


def metrics_table() -> str:
    """Return the metrics that are computed from stored predictions, as a table."""
    named = [(name, metric.words) for name, metric in metric_names.OF_ALL_CLASSES.items()]
    named += [(f"{name}[CLASS]", f"{words} of one class") for name, words in metric_names.OF_A_CLASS.items()]
    named += [("topK_accuracy", "top-K accuracy, for any K below the number of classes")]
    lines = ["| name | what it is |", "| --- | --- |", *(f"| `{name}` | {words} |" for name, words in named)]
    return "\n".join(lines)


def _items(body: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each item of `Args` or `Raises`."""
    for name, text in re.findall(r"^(\*{0,2}\w+): (.*(?:\n .*)*)", body, flags=re.M):
        yield name, " ".join(text.split())


def _docstring(value: Any) -> Iterator[str]:
    for title, body in _parts(value).items():
        if title == "Example":
            yield f"```python\n{body}\n```"
        elif title in ("", "Returns"):
            yield f"{title}: {body}".removeprefix(": ")
        else:
            yield f"{title}:\n\n" + "\n".join(f"- `{name}`: {text}" for name, text in _items(body))


def api() -> str:
    """Return the page."""
    text = (DOCS / "api.template.md").read_text(encoding="utf-8")
    parts = {name: columns_table(schema) for name, schema in TABLES.items()}
    parts |= {"load_results": described("cnnjobs.load_results", load_results)}
    parts |= {"compare": described("cnnjobs.compare", frames.compare), "frames": frame_tables()}
    parts |= {"metric": described("cnnjobs.metric", own_metric.metric), "computed_metrics": metrics_table()}
    parts |= {section: words(names) for section, names in WORDS.items()}
    parts |= {name: command(name, returned) for name, returned in COMMANDS.items()}
    parts |= {"comparisons": described_class(frames.Comparisons)}
    functions = (described(name, getattr(statistics, name)) for name in statistics.__all__)
    parts |= {"statistics": "\n\n".join(functions)}
    for name, part in parts.items():
        text = text.replace(f"<!-- {name} -->", part)
    return text


if __name__ == "__main__":
    (DOCS / "api.md").write_text(api(), encoding="utf-8")
