"""Writes a new job file: for a data set that was looked at, or from one of the jobs that come with the package."""

import re
import sys
import tempfile
import unicodedata
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cnnjobs.errors import SpecError
from cnnjobs.models import check_network, smallest_side
from cnnjobs.planning.examples import example_files, example_named
from cnnjobs.planning.job_file import load_job
from cnnjobs.process.private_folder import private_folder
from cnnjobs.run.data_facts import DataFacts, facts_of
from cnnjobs.run.example_text import with_data, with_names
from cnnjobs.run.job_text import job_text
from cnnjobs.spec import CustomModel, Job
from cnnjobs.spec.job import TAKEN
from cnnjobs.wording.sentences import cause

DIGITS = "digits"
"""The data of a new job where none are named: they need no download, and are trained on in a minute."""

LONGEST = 80
"""Characters of a job's name."""


@dataclass(frozen=True)
class NewJob:
    """A job file that was written.

    Args:
        file: its path, as it is to be typed.
        job: what it defines.
        example: the bundled job that it was made from; None for none.
        facts: of the data, where they were looked at.
    """

    file: str
    job: Job
    example: str | None
    facts: DataFacts | None

    def text(self) -> str:
        """Say what there is now, and what to do with it."""
        shown = f"'{self.file}'" if re.search(r"[^\w./-]", self.file) else self.file
        origin = f", made from the bundled {self.example}" if self.example else ""
        about = "" if self.facts is None else f", on {self.facts.name} ({self.facts.classes} classes)"
        names = ", ".join(self.job.variants)
        lines = [f"wrote {self.file}{origin}: {names}{about}", "", "what would run:", f"  cnnjobs plan {shown}"]
        return "\n".join([*lines, "train, then compare:", f"  cnnjobs submit {shown}"])


def write_new_job(name: str, *, example: str | None, dataset: str | None, own_network: bool = False) -> NewJob:
    """Write a job file; a file that is there is never written over.

    Args:
        name: of the file, with or without `.py`; the job is named alike.
        example: a bundled job that it is made from; None for a new one.
        dataset: what `Job(dataset=...)` takes; None for that of the example, or the digits.
        own_network: whether the network is a function in the file.

    Raises:
        SpecError: if there is such a file, the name does not do, or there is no such example.
        DatasetError: if the data cannot be read, or nothing can be trained on them.
    """
    path = _file_named(name)
    if own_network and example is not None:
        raise SpecError("`own_network` and `example` exclude each other: a bundled job has its networks.")
    facts = facts_of(dataset or DIGITS) if dataset is not None or example is None else None
    job = _job_named(path.stem)
    if example is None:
        assert facts is not None
        text, made_from = job_text(str(path), job, facts, own_network=own_network), None
    else:
        made_from = _example(example)
        text = with_names(example_files()[made_from].read_text(encoding="utf-8"), made_from, str(path), job)
        if facts is not None:
            text, facts = with_data(text, facts)
    defined = _checked(text, path, facts)
    try:
        with open(path, "x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise SpecError(_is_there(path)) from None
    except OSError as error:
        raise SpecError(f"{path} cannot be written: {cause(error)}.") from error
    return NewJob(str(path), defined, made_from, facts)


def _file_named(name: str) -> Path:
    """Return the file that a person means.

    Raises:
        SpecError: if there is one, or no such file can or should be written.
    """
    given = Path(name.strip())
    stem = re.sub(r"\s+", "-", given.name.removesuffix(".py").strip())
    if not re.search(r"\w", stem) or stem.startswith(("-", ".")) or "\0" in name:
        raise SpecError(f"`name` must be that of a file, such as study, which makes study.py. Received: name={name!r}.")
    path = given.with_name(f"{stem}.py")
    if not path.parent.is_dir():
        raise SpecError(f"There is no folder {path.parent} for {path.name}. Make it first: mkdir -p {path.parent}")
    if path.exists() or path.is_symlink():
        raise SpecError(_is_there(path))
    if stem in sys.stdlib_module_names or (stem.isidentifier() and _is_library(stem)):
        raise SpecError(
            f"A file {path.name} would hide the Python library {stem!r} from programs beside it. Choose another name: "
            f"{stem}-study"
        )
    return path


def _is_library(stem: str) -> bool:
    """Say whether a name is that of an installed library; what lies in the current folder is none."""
    try:
        found = find_spec(stem)
    except (ImportError, ValueError):
        return False
    return found is not None and found.origin is not None and "site-packages" in Path(found.origin).parts


def _is_there(path: Path) -> str:
    return f"There is a file {path} already; it stays as it is. Choose another name, or move the file away."


def _job_named(stem: str) -> str:
    """Return a job's name that is like a file's: it names a folder, and takes letters of ASCII only."""
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    name = re.sub(r"[^\w.-]+", "-", plain, flags=re.ASCII).strip("-._")[:LONGEST] or "job"
    return f"{name}-job" if name in TAKEN else name


def _example(example: str) -> str:
    name = example_named(example)
    if name is None:
        raise SpecError(
            f"`example` must be one of {', '.join(example_files())}. Received: {example!r}. "
            "`cnnjobs examples` says what each is about."
        )
    return name


def _checked(text: str, path: Path, facts: DataFacts | None) -> Job:
    """Return the job that a text defines, after it has been run and its networks compared with the data.

    Raises:
        SpecError: if a network does not fit the pictures.
    """
    with tempfile.TemporaryDirectory(prefix="new-", dir=private_folder()) as folder:
        tried = Path(folder) / path.name
        tried.write_text(text, encoding="utf-8")
        job = load_job(tried).job
    if facts is None:
        return job
    for name, variant in job.variants.items():
        network = variant.network
        if not isinstance(network, CustomModel) and min(facts.size) < smallest_side(network)[0]:
            check_network(name, network, (*facts.size, 3))
    if job.folds is not None and job.stratify and job.folds > facts.counts.min():
        raise SpecError(
            f"This job has {job.folds} folds, and the smallest class of {facts.name} has {facts.counts.min()} training "
            "pictures. Add pictures, or choose another job with `example`."
        )
    return job
