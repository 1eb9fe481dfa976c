"""The jobs that come with the package, as they are listed."""

import shutil
import textwrap
from dataclasses import dataclass

import click

from cnnjobs.planning.examples import docstring_of, example_files
from cnnjobs.planning.job_file import load_job
from cnnjobs.spec import Job
from cnnjobs.spec.data import PathSpec
from cnnjobs.wording.terminal import visible

MOST_COLUMNS = 100
"""A line of text that is longer is hard to read."""


@dataclass(frozen=True)
class Example:
    """A bundled job.

    Args:
        name: what `cnnjobs new --from` calls it.
        file: where it lies.
        question: that it asks: the first line of its docstring.
        job: that it defines.
    """

    name: str
    file: str
    question: str
    job: Job

    @property
    def dataset(self) -> str | None:
        """Name of its data set; None where it is a person's own."""
        return None if isinstance(self.job.dataset, PathSpec) else str(self.job.dataset)

    @property
    def trials(self) -> int:
        """How many trials it has: of all variants, repeats and folds."""
        repeats = self.job.repeats
        of_each = [repeats if isinstance(repeats, int) else repeats[name] for name in self.job.variants]
        return sum(of_each) * (self.job.folds or 1)

    @property
    def epochs(self) -> tuple[int, int]:
        """Least and most epochs of a trial."""
        epochs = [variant.epochs for variant in self.job.variants.values()]
        return min(epochs), max(epochs)

    @property
    def size_text(self) -> str:
        """Say how large it is."""
        least, most = self.epochs
        variants = f"{len(self.job.variants)} variant" + ("s" if len(self.job.variants) > 1 else "")
        epochs = str(least) if least == most else f"{least} to {most}"
        return f"{variants}, {self.trials} trials of {epochs} epochs"

    @property
    def data_text(self) -> str:
        """Say on what."""
        if self.dataset is None:
            return "your own pictures"
        return self.dataset if self.dataset == "digits" else f"{self.dataset}, downloaded once"


def list_examples() -> list[Example]:
    """Return the bundled jobs: what needs no download first, then the smaller ones, by epochs of all trials."""
    found = []
    for name, file in example_files().items():
        read = load_job(file)
        question = " ".join(docstring_of(read.text).partition("\n\n")[0].split())
        found.append(Example(name, str(file), question, read.job))
    return sorted(found, key=lambda one: (one.dataset != "digits", one.trials * one.epochs[1], one.name))


def examples_text(examples: list[Example]) -> str:
    """Return what `cnnjobs examples` shows, with ANSI codes.

    Args:
        examples: the bundled jobs.
    """
    width = min(shutil.get_terminal_size((MOST_COLUMNS, 24)).columns, MOST_COLUMNS) - 2
    lines = []
    for one in examples:
        lines.append(click.style(visible(one.name), bold=True))
        for text in (one.question, f"{one.size_text}; {one.data_text}"):
            lines += textwrap.indent(textwrap.fill(visible(text), width, break_on_hyphens=False), "  ").split("\n")
    return "\n".join([*lines, "", "To write one as a job file of your own: cnnjobs new NAME --from EXAMPLE"])
