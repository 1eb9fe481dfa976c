"""The text of a bundled job, as a job file of a person's own: with other names, and other data."""

import ast
import re
from dataclasses import replace

from cnnjobs.run.data_facts import DataFacts
from cnnjobs.run.job_choices import STEPS_OF_BATCH, Choices
from cnnjobs.run.job_text import dataset_text, quoted
from cnnjobs.spec import BuiltinDataset
from cnnjobs.spec.data import PicturesSpec

FOR_SMALL = 32
"""Side of the pictures that most bundled jobs are made for: their networks leave nothing of smaller ones."""


def with_names(text: str, example: str, file: str, job: str) -> str:
    """Return a bundled job with another name, and its commands with another file.

    Args:
        text: of the bundled job.
        example: its name.
        file: the new one's path.
        job: the new job's name.
    """
    before = ast.literal_eval(_keyword(text, "name"))
    shown = f"'{file}'" if " " in file else file
    text = text.replace(f"jobs/{example}.py", shown).replace(f"results/{before}", f"results/{job}")
    return _with(text, _keyword(text, "name"), quoted(job))


def with_data(text: str, facts: DataFacts) -> tuple[str, DataFacts]:
    """Return a bundled job with other data and a line that says so, and what its pictures are brought to.

    Args:
        text: of the job file.
        facts: of the data.
    """
    before, spec = _keyword(text, "dataset"), facts.spec
    if isinstance(spec, PicturesSpec):
        facts = replace(facts, size=_size_for(before, facts))
    text = _with(text, before, dataset_text(facts))
    text = _with_batches(text, facts)
    text = _with_import(text, type(spec).__name__ if isinstance(spec, PicturesSpec) else None)
    head, _, rest = text.partition("\n\n")
    name = spec.name if isinstance(spec, BuiltinDataset) else dataset_text(facts)
    said = f"Its data here are {name}; the text below on data and figures is about the bundled job."
    return f"{head}\n\n{said.replace(chr(92), '/').replace(chr(34), chr(39))}\n\n{rest}", facts


def _size_for(before: ast.expr, facts: DataFacts) -> tuple[int, int]:
    """Return the size of the pictures: that of the bundled job's own, where it is not made for any size.

    Args:
        before: the bundled job's data set.
        facts: of the data.
    """
    if isinstance(before, ast.Constant):
        return facts.size if before.value == "digits" else (FOR_SMALL, FOR_SMALL)
    sizes = [
        ast.literal_eval(one.value) for one in ast.walk(before) if isinstance(one, ast.keyword) and one.arg == "size"
    ]
    return (sizes[0], sizes[0]) if sizes else facts.size


def _with_batches(text: str, facts: DataFacts) -> str:
    """Return a job whose batches the training images fill."""
    usual = Choices.for_data(facts).batch_size
    large = [
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.keyword)
        and node.arg == "batch_size"
        and ast.literal_eval(node.value) * STEPS_OF_BATCH > facts.trained
    ]
    for node in sorted(large, key=lambda one: (-one.lineno, -one.col_offset)):
        text = _with(text, node, str(usual))
    return text


def _keyword(text: str, name: str) -> ast.expr:
    """Return the value that the job is given by a keyword."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Job":
            return next(one.value for one in node.keywords if one.arg == name)
    raise ValueError(f"the bundled job makes no Job with {name}")


def _with(text: str, node: ast.expr | ast.stmt, written: str) -> str:
    """Return a text with something else in the place of a node."""
    lines = text.encode().splitlines(keepends=True)
    assert node.end_lineno is not None and node.end_col_offset is not None
    begin = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    content = text.encode()
    return (content[:begin] + written.encode() + content[end:]).decode()


def _with_import(text: str, needed: str | None) -> str:
    """Return a text that imports what it uses of cnnjobs, and nothing else of it."""
    statement = next(
        node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom) and node.module == "cnnjobs"
    )
    others = _with(text, statement, "")
    names = {alias.name for alias in statement.names} | ({needed} if needed else set())
    used = [name for name in names if re.search(rf"\b{name}\b", others)]
    used.sort(key=lambda name: (name.islower(), not name.isupper(), name))
    line = f"from cnnjobs import {', '.join(used)}"
    if len(line) > 100:
        line = "from cnnjobs import (\n" + "".join(f"    {name},\n" for name in used) + ")"
    return _with(text, statement, line)
