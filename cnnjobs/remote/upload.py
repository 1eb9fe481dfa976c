"""What a job file needs on another machine: itself and the files beside it that it imports. Never the data."""

import ast
import functools
import shutil
import site
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cnnjobs.errors import JobFileError
from cnnjobs.planning.imports import Origin, files_imported
from cnnjobs.planning.job_file import JobFile
from cnnjobs.planning.user_code import installed_names
from cnnjobs.wording.sizes import data_size

MOST_BYTES = 100 << 20
"""A job file and its neighbours are text; Ray takes at most 512 MiB."""

OWN = Path(__file__).resolve().parents[1]
"""This package, which is installed on the cluster."""

NAMED = 5
"""So many of the biggest files are named when there is too much."""


@dataclass(frozen=True)
class Upload:
    """Files that travel with a job.

    Args:
        folder: of the job file.
        files: in it, relative; the job file comes first.
        nbytes: of all of them.
    """

    folder: Path
    files: tuple[Path, ...]
    nbytes: int

    def describe(self) -> str:
        """Say in words what travels."""
        count = f"{len(self.files)} file" + ("s" if len(self.files) > 1 else "")
        return f"{count}, {data_size(self.nbytes)}"

    def copy_to(self, target: Path) -> None:
        """Copy them, folders kept."""
        for file in self.files:
            place = target / file
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.folder / file, place)


def upload_of(job: JobFile, most_bytes: int = MOST_BYTES) -> Upload:
    """Return what a job needs on another machine.

    Args:
        job: as it was loaded here.
        most_bytes: that may travel.

    Raises:
        JobFileError: if it imports a file from elsewhere, or there is too much.
    """
    if job.path is None:
        raise JobFileError("Only a job that a file defines can be uploaded. Write it into a file, and submit that.")
    path = job.path.resolve()
    folder = path.parent
    later = files_imported([ast.parse(job.text)], Origin(path))
    _refuse_strangers(job, folder, later)
    modules = {Path(str(module.__file__)).resolve() for module in job.neighbours}
    modules |= {init for init in (path.parent / "__init__.py" for path in modules) if init.is_file()}
    modules |= {file for file in later.values() if file.is_relative_to(folder)}
    modules = {file for file in modules if file != path and not file.is_relative_to(OWN)}
    files = (path, *sorted(modules))
    sizes = {file.relative_to(folder): file.stat().st_size for file in files}
    total = sum(sizes.values())
    if total > most_bytes:
        biggest = sorted(sizes, key=lambda file: -sizes[file])[:NAMED]
        named = ", ".join(f"{file} ({data_size(sizes[file])})" for file in biggest)
        raise JobFileError(
            f"What {job.name} imports from {folder} is too much to upload: {data_size(total)}, at most "
            f"{data_size(most_bytes)}. The biggest files: {named}. Put data on the cluster (or in object storage) "
            "instead of into modules."
        )
    return Upload(folder, tuple(sizes), total)


def _refuse_strangers(job: JobFile, folder: Path, later: Mapping[str, Path]) -> None:
    loaded = {module.__name__: Path(str(module.__file__)).resolve() for module in job.imported}
    for name, file in {**later, **loaded}.items():
        if file.is_relative_to(folder) or file.is_relative_to(OWN) or _is_installed(name, file):
            continue
        raise JobFileError(
            f"{job.name} imports {name} from {file}, outside the folder of the job file, which is all "
            "that is uploaded. Put it beside the job file, or install it here and on the cluster as a package."
        )


def _is_installed(name: str, file: Path) -> bool:
    """Whether a module is of Python or of an installed package, which the cluster must have as well."""
    top = name.partition(".")[0]
    return (
        top in sys.stdlib_module_names
        or any(file.is_relative_to(place) for place in _installed_places())
        or top in installed_names()  # of packages that are installed from where they are edited
    )


@functools.cache
def _installed_places() -> tuple[Path, ...]:
    places = (*sysconfig.get_paths().values(), *site.getsitepackages(), site.getusersitepackages())
    return tuple({Path(place).resolve() for place in places})
