"""The document of `cnnjobs examples --format json`."""

from collections.abc import Sequence
from typing import Any

from cnnjobs.run.examples import Example
from cnnjobs.schema.output import document


def examples_document(examples: Sequence[Example]) -> dict[str, Any]:
    """Return the jobs that come with the package."""
    return document("examples", {"examples": [_example(one) for one in examples]})


def _example(example: Example) -> dict[str, Any]:
    least, most = example.epochs
    return {
        "name": example.name,
        "file": example.file,
        "question": example.question,
        "dataset": example.dataset,
        "variants": list(example.job.variants),
        "folds": example.job.folds,
        "trials": example.trials,
        "epochs": {"least": least, "most": most},
    }
