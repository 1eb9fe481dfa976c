"""Writes docs/api.md from the stored schemas and the docstrings, so that it cannot say anything else.

python docs/make_api.py
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa

from cnnjobs import statistics
from cnnjobs.report import frames
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
    "status": "completed, diverged (loss not finite) or failed",
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
    "learning_rate": "of the epoch's last step",
    "example": "row of the test set, from 0",
    "label": "class, from 0",
    "predicted": "class, from 0",
    "probabilities": "(classes,) of each class",
}

PATTERNS = {  # for columns of a kind
    r".*accuracy": "fraction",
    r".*loss": "nats, cross-entropy",
    r".*mse": "mean over classes of squared differences of probabilities",
    r"seed_.*": "of this source of chance",
    r".*_version": "text",
}

PARTS = ("Args", "Raises", "Example")


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


def constant_docs() -> dict[str, str]:
    """Return what stands under the constants of `outcomes`."""
    body = ast.parse(inspect.getsource(statistics.outcomes)).body
    return {
        first.targets[0].id: str(second.value.value)
        for first, second in pairwise(body)
        if isinstance(first, ast.Assign) and isinstance(second, ast.Expr) and isinstance(first.targets[0], ast.Name)
    }


def signature(value: Callable[..., Any]) -> str:
    """Return a signature as it is written in the source; of a class, its fields."""
    tree = ast.parse(inspect.getsource(value)).body[0]
    if isinstance(tree, ast.ClassDef):
        return f"({', '.join(ast.unparse(node) for node in tree.body if isinstance(node, ast.AnnAssign))})"
    assert isinstance(tree, ast.FunctionDef) and tree.returns is not None
    return f"({ast.unparse(tree.args)}) -> {ast.unparse(tree.returns)}"


def _docstring(value: Any) -> Iterator[str]:
    text = inspect.getdoc(value) or ""
    pieces = re.split(rf"^({'|'.join(PARTS)}):\n", text, flags=re.M)
    yield pieces[0].strip()
    for title, body in zip(pieces[1::2], pieces[2::2], strict=True):
        lines = inspect.cleandoc(body).strip()
        if title == "Example":
            yield f"```python\n{lines}\n```"
        else:
            items = re.findall(r"^(\w+): (.*(?:\n .*)*)", lines, flags=re.M)
            yield f"{title}:\n\n" + "\n".join(f"- `{name}`: {' '.join(words.split())}" for name, words in items)


def api() -> str:
    """Return the page."""
    text = (DOCS / "api.template.md").read_text(encoding="utf-8")
    parts = {name: columns_table(schema) for name, schema in TABLES.items()}
    parts |= {"load_results": described("cnnjobs.load_results", load_results)}
    parts |= {"compare": described("cnnjobs.compare", frames.compare), "frames": frame_tables()}
    functions = (described(name, getattr(statistics, name)) for name in statistics.__all__)
    parts |= {"statistics": "\n\n".join(functions)}
    for name, part in parts.items():
        text = text.replace(f"<!-- {name} -->", part)
    return text


if __name__ == "__main__":
    (DOCS / "api.md").write_text(api(), encoding="utf-8")
